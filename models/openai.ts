/**
 * The provider for every endpoint that speaks OpenAI's chat completions: OpenAI, Azure, vLLM, Ollama, LiteLLM. The
 * only importer of the `openai` package. Retries are the pipeline's own business, so the SDK's are off.
 */
import { createHash } from 'node:crypto'
import OpenAI from 'openai'
import { realSystem, type System } from '#engine/core/system.ts'
import { type ConnectionOptions, leanFetch } from './lean-fetch.ts'
import type { Model, ModelCall, ModelReply, ModelRequest, Usage } from './model.ts'
import { briefly, ModelError } from './model.ts'
import { bodyOf, RefusedParameters } from './openai-body.ts'
import { modelErrorOf } from './openai-errors.ts'

export interface OpenAiOptions {
  /** Up to and with the version: `https://api.openai.com/v1`, `http://127.0.0.1:11434/v1`. */
  readonly baseUrl: string
  /** Left out for servers that want none. */
  readonly apiKey?: string | undefined
  /** Asked for when a request names no model. */
  readonly model: string
  /** Names of this provider for models that requests ask for by another name. */
  readonly aliases?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
  readonly connections?: ConnectionOptions
  /** Added to every request, for instance `api-key` on Azure. */
  readonly headers?: Readonly<Record<string, string>>
  /** Added to every address, for instance `api-version` on Azure. */
  readonly query?: Readonly<Record<string, string>>
  /** Sends what a simulated model may know as the field `caudal`; never for a real one. */
  readonly sendHints?: boolean
}

export interface Provider extends Model {
  /** Ends the connections; calls in flight fail. */
  close(): Promise<void>
}

/**
 * Declares a provider; nothing is connected before the first call.
 *
 * ```ts
 * const model = openAi({ baseUrl: 'https://api.openai.com/v1', apiKey, model: 'gpt-4o-mini' })
 * const reply = await model.complete({ messages: [{ role: 'user', content: 'Hi' }] }, { signal, requestId })
 * ```
 */
export function openAi(options: OpenAiOptions, system: System = realSystem): Provider {
  const fetch = leanFetch(options.connections)
  const timeout = options.timeoutMs ?? 60_000
  const client = new OpenAI({
    baseURL: options.baseUrl,
    apiKey: options.apiKey || 'none',
    organization: null,
    project: null,
    maxRetries: 0,
    timeout,
    logLevel: 'off',
    defaultHeaders: options.headers,
    defaultQuery: options.query,
    // The SDK reads ok, status, url, headers.get and .entries, body and text() of a reply, and LeanResponse has these.
    fetch: fetch as unknown as typeof globalThis.fetch,
  })
  const refused = new RefusedParameters()
  /** A parameter that the model does not take is left out at once: nothing was bought. Each can be refused once, which ends it. */
  const ask = async (request: ModelRequest, model: string, call: ModelCall): Promise<unknown> => {
    const body = bodyOf(request, model, refused)
    try {
      return await client.chat.completions.create(body, {
        signal: call.signal,
        headers: { 'X-Request-Id': requestIdHeader(call.requestId) },
      })
    } catch (error) {
      if (call.signal.aborted || !refused.learn(body, error)) throw error
      return ask(request, model, call)
    }
  }
  return {
    async complete(asked, call) {
      const model = nameOf(asked, options)
      const request = options.sendHints ? asked : { ...asked, hints: undefined }
      const start = system.monotonic()
      try {
        const completion = await ask(request, model, call)
        return replyOf(completion, request, model, system.monotonic() - start)
      } catch (error) {
        throw failure(error, call, { model, baseUrl: options.baseUrl, timeoutMs: timeout, now: system.now() })
      }
    },
    close: () => fetch.close(),
  }
}

function nameOf(request: ModelRequest, options: OpenAiOptions): string {
  const asked = request.model ?? options.model
  return options.aliases?.[asked] ?? asked
}

/** Identities are free text, headers are not: what does not fit is sent as its digest. */
export function requestIdHeader(id: string): string {
  return /^[\x21-\x7e]{1,200}$/.test(id) ? id : createHash('sha256').update(id).digest('hex')
}

/** What an endpoint really sends: the SDK types it as complete, but checks nothing. */
interface Received {
  readonly model?: unknown
  readonly choices?: readonly {
    readonly finish_reason?: unknown
    readonly message?: { readonly content?: unknown; readonly refusal?: unknown }
  }[]
  readonly usage?: { readonly prompt_tokens?: unknown; readonly completion_tokens?: unknown } | null
}

const EXCERPT_CHARACTERS_MAX = 200
const NAME_CHARACTERS_MAX = 200

function replyOf(completion: unknown, request: ModelRequest, model: string, latencyMs: number): ModelReply {
  if (typeof completion === 'string')
    throw new ModelError('invalid', {
      model,
      reason: `the reply is not JSON by its content type: ${briefly(completion, EXCERPT_CHARACTERS_MAX)}`,
    })
  const received = (completion ?? {}) as Received // Every field is checked before it is used.
  const choice = Array.isArray(received.choices) ? received.choices[0] : undefined
  if (!choice?.message) {
    const excerpt = briefly(JSON.stringify(completion) ?? String(completion), EXCERPT_CHARACTERS_MAX)
    throw new ModelError('invalid', { model, reason: `the reply has no choices: ${excerpt}` })
  }
  const { content, refusal } = choice.message
  const text = typeof content === 'string' ? content : ''
  return {
    text,
    usage: usageOf(received, request, text),
    model: briefly(
      typeof received.model === 'string' && received.model !== '' ? received.model : model,
      NAME_CHARACTERS_MAX,
    ),
    latencyMs,
    finish: finishOf(choice.finish_reason, refusal),
  }
}

function finishOf(reason: unknown, refusal: unknown): ModelReply['finish'] {
  if (refusal || reason === 'content_filter') return 'refused'
  return reason === 'length' ? 'length' : 'stop'
}

/** As counted by the provider; where it counts nothing, four characters are taken for a token. */
function usageOf(received: Received, request: ModelRequest, text: string): Usage {
  const characters = () => request.messages.reduce((sum, message) => sum + message.content.length, 0)
  return {
    promptTokens: count(received.usage?.prompt_tokens) ?? Math.ceil(characters() / 4),
    completionTokens: count(received.usage?.completion_tokens) ?? Math.ceil(text.length / 4),
  }
}

/** More than any model can be sent or say: a count above it is nonsense, and would not fit into a record for long. */
const TOKENS_MAX = 1e9

function count(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= TOKENS_MAX ? Math.round(value) : undefined
}

function failure(error: unknown, call: ModelCall, asked: Parameters<typeof modelErrorOf>[1]): unknown {
  return call.signal.aborted ? call.signal.reason : modelErrorOf(error, asked)
}
