/**
 * The provider for every endpoint that speaks OpenAI's chat completions: OpenAI, Azure, vLLM, Ollama, LiteLLM. The
 * only importer of the `openai` package. Retries are the pipeline's own business, so the SDK's are off.
 */
import { createHash } from 'node:crypto'
import OpenAI from 'openai'
import { realSystem, type System } from '#engine/core/system.ts'
import { type ConnectionOptions, leanFetch } from './lean-fetch.ts'
import type { Model, ModelCall, ModelReply, ModelRequest, Usage } from './model.ts'
import { ModelError } from './model.ts'
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
  return {
    async complete(request, call) {
      const model = nameOf(request, options)
      const start = system.now()
      try {
        const completion = await client.chat.completions.create(bodyOf(request, model, options), {
          signal: call.signal,
          headers: { 'X-Request-Id': requestIdHeader(call.requestId) },
        })
        return replyOf(completion, request, model, system.now() - start)
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

function bodyOf(request: ModelRequest, model: string, options: OpenAiOptions) {
  const { schema, temperature, tokensMax, hints } = request
  return {
    model,
    messages: request.messages.map(({ role, content }) => ({ role, content })),
    ...(temperature === undefined ? {} : { temperature }),
    ...(tokensMax === undefined ? {} : { max_tokens: tokensMax }),
    ...(schema && {
      response_format: {
        type: 'json_schema' as const,
        json_schema: { name: schema.name, strict: true, schema: { ...schema.schema } },
      },
    }),
    ...(options.sendHints && hints ? { caudal: hints } : {}),
  }
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

function replyOf(completion: unknown, request: ModelRequest, model: string, latencyMs: number): ModelReply {
  const received = (completion ?? {}) as Received // Every field is checked before it is used.
  const choice = Array.isArray(received.choices) ? received.choices[0] : undefined
  if (!choice?.message) {
    const excerpt = (JSON.stringify(completion) ?? String(completion)).slice(0, 200)
    throw new ModelError('invalid', { model, reason: `the reply has no choices: ${excerpt}` })
  }
  const { content, refusal } = choice.message
  const text = typeof content === 'string' ? content : ''
  return {
    text,
    usage: usageOf(received, request, text),
    model: typeof received.model === 'string' && received.model !== '' ? received.model : model,
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

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}

function failure(error: unknown, call: ModelCall, asked: Parameters<typeof modelErrorOf>[1]): unknown {
  return call.signal.aborted ? call.signal.reason : modelErrorOf(error, asked)
}
