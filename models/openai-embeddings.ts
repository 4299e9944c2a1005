/** The embedder for every endpoint that has OpenAI's `/embeddings`. Each vector is checked before anything keeps it. */
import { CaudalError } from '#core/errors.ts'
import { realSystem, type System } from '#core/system.ts'
import { checkedVector, type Embedder } from './embedder.ts'
import { requestIdHeader } from './openai.ts'
import { type ClientOptions, openAiClient } from './openai-client.ts'
import { modelErrorOf } from './openai-errors.ts'

/** The endpoint, the model and the length of its vectors. */
export interface OpenAiEmbedderOptions extends ClientOptions {
  readonly model: string
  /** Of the vectors that the model gives. */
  readonly dimensions: number
}

/** An embedder with connections that must be closed. */
export interface ProviderEmbedder extends Embedder {
  /** Ends the connections; calls in flight fail. */
  close(): Promise<void>
}

/**
 * Declares an embedder; nothing is connected before the first call.
 *
 * ```ts
 * const embedder = openAiEmbedder({ baseUrl, apiKey, model: 'text-embedding-3-small', dimensions: 1536 })
 * const vector = await embedder.embed('Why is the sky blue?', { signal, requestId })
 * ```
 */
export function openAiEmbedder(
  options: OpenAiEmbedderOptions,
  system: System = realSystem,
): ProviderEmbedder {
  const { model, dimensions } = options
  const { client, endpoint, timeoutMs, close } = openAiClient(options)
  const shape = { name: `${model}-${dimensions}`, dimensions }
  return {
    ...shape,
    async embed(text, { signal, requestId }) {
      try {
        const headers = { 'X-Request-Id': requestIdHeader(requestId) }
        const body = { model, input: text, encoding_format: 'float' } as const
        const reply = await client.embeddings.create(body, { signal, headers })
        return checkedVector(shape, reply.data?.[0]?.embedding ?? [])
      } catch (error) {
        if (signal.aborted) throw signal.reason
        if (error instanceof CaudalError) throw error
        const { baseUrl, by, redact } = endpoint
        throw modelErrorOf(error, { model, baseUrl, by, timeoutMs, now: system.now() }).redacted(redact)
      }
    },
    close,
  }
}
