/**
 * The provider for every endpoint that speaks OpenAI's chat completions: OpenAI, Azure, vLLM, Ollama, LiteLLM.
 * Retries are the pipeline's own business, so the SDK's are off.
 */
import { createHash } from 'node:crypto'
import type { Duration } from '#core/duration.ts'
import { realSystem, type System } from '#core/system.ts'
import { CleanText } from './clean-text.ts'
import type { ConnectionOptions, LeanInit } from './lean-fetch.ts'
import { type Model, type ModelReply, type ModelRequest, type TextStream, Withheld } from './model.ts'
import { openAiClient } from './openai-client.ts'
import { Deltas } from './openai-deltas.ts'
import type { Endpoint, EndpointOptions } from './openai-endpoint.ts'
import { modelErrorOf } from './openai-errors.ts'
import { replyOf } from './openai-reply.ts'
import { ModelTerms } from './openai-terms.ts'
import { VisibleText } from './visible-text.ts'

/** The endpoint, the model, and what its calls may take. */
export interface OpenAiOptions extends EndpointOptions {
  /** Asked for when a request names no model. */
  readonly model: string
  /** Names of this provider for models that requests ask for by another name. */
  readonly aliases?: Readonly<Record<string, string>>
  /** How long a call may take; a minute when left out. */
  readonly timeout?: Duration
  readonly connections?: ConnectionOptions
  /** Sends what a simulated model may know as the field `caudal`; never for a real one. */
  readonly sendHints?: boolean
}

/** A model with connections that must be closed. */
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
  const { client, endpoint, timeoutMs, close } = openAiClient(options)
  const terms = new Map<string, ModelTerms>()
  const termsOf = (model: string): ModelTerms => {
    const known = terms.get(model) ?? new ModelTerms(model, system)
    terms.set(model, known)
    return known
  }
  return {
    async complete(request, call) {
      const model = nameOf(request, options)
      const isStreamed = call.stream !== undefined
      const sent = { ...request, isStreamed, ...(!options.sendHints && { hints: undefined }) }
      const learned = termsOf(model)
      let start = system.monotonic()
      try {
        const completion = await learned.ask(
          sent,
          body => {
            // A brake may have been set while the call waited for the terms of its model.
            call.mayBegin?.(request.model ?? options.model)
            start = system.monotonic()
            return client.post('/chat/completions', {
              body,
              signal: call.signal,
              headers: { 'X-Request-Id': requestIdHeader(call.requestId) },
              fetchOptions: hearing(call.stream, endpoint),
            })
          },
          call.signal,
        )
        const reply = replyOf(completion, sent, model, system.monotonic() - start)
        if (request.schema && reply.fault === undefined) learned.replied(reply.text)
        return withoutSecrets(reply, endpoint)
      } catch (error) {
        if (call.signal.aborted) throw call.signal.reason
        if (error instanceof Withheld) throw error
        const { baseUrl, by, redact } = endpoint
        const asked = { model, baseUrl, by, timeoutMs, now: system.now() }
        throw modelErrorOf(error, asked).redacted(redact)
      }
    },
    close,
  }
}

/**
 * The SDK takes streamed replies as they are. Here one reader reads each reply, streamed or not, and knows what gateways
 * and proxies make of them. So the SDK is given the whole, and the pieces are heard beside it.
 */
function hearing(stream: TextStream | undefined, { redactReply }: Endpoint): object {
  const heard: LeanInit['heard'] = ({ status, contentType }) => {
    if (!stream || status !== 200 || !contentType.startsWith('text/event-stream')) return undefined
    const visible = new VisibleText(new CleanText(stream, redactReply))
    visible.begin()
    const deltas = new Deltas(visible)
    return bytes => deltas.push(bytes)
  }
  return stream ? { heard } : {}
}

/** A secret may come in pieces, or escaped: it is whole only in what was read. A fault may quote an error of the server. */
function withoutSecrets(reply: ModelReply, { redact, redactReply }: Endpoint): ModelReply {
  const { text, model, fault } = reply
  const clean = { ...reply, text: redactReply(text), model: redactReply(model) }
  return fault === undefined ? clean : { ...clean, fault: redact(fault) }
}

function nameOf(request: ModelRequest, options: OpenAiOptions): string {
  const asked = request.model ?? options.model
  return options.aliases?.[asked] ?? asked
}

/** Identities are free text, headers are not: what does not fit is sent as its digest. */
export function requestIdHeader(id: string): string {
  return /^[\x21-\x7e]{1,200}$/.test(id) ? id : createHash('sha256').update(id).digest('hex')
}
