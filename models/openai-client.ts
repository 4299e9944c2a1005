/** The SDK's client for an endpoint, over our own connections: the one place that makes one. Nothing is connected yet. */
import OpenAI from 'openai'
import { type Duration, msOf } from '#core/duration.ts'
import { type ConnectionOptions, type LeanResponse, leanFetch } from './lean-fetch.ts'
import { type Endpoint, type EndpointOptions, endpointOf } from './openai-endpoint.ts'
import { inOpenAiWords } from './openai-wire.ts'

/** An endpoint, and the time and connections that its calls may take. */
export interface ClientOptions extends EndpointOptions {
  /** How long a call may take; a minute when left out. */
  readonly timeout?: Duration
  readonly connections?: ConnectionOptions
}

/** The SDK of one endpoint, with what its errors need. */
export interface Client {
  readonly client: OpenAI
  readonly endpoint: Endpoint
  readonly timeoutMs: number
  /** Ends the connections; calls in flight fail. */
  close(): Promise<void>
}

/** Makes the client of an endpoint. No connection is opened before the first call. */
export function openAiClient(options: ClientOptions): Client {
  const endpoint = endpointOf(options)
  const lean = leanFetch({ ...options.connections, proxy: options.proxy })
  const fetch = async (...asked: Parameters<typeof lean>) =>
    inOpenAiWords(withoutSecrets(await lean(...asked), endpoint))
  const timeoutMs = msOf('timeout', options.timeout ?? '1m', 1)
  const client = new OpenAI({
    baseURL: endpoint.baseUrl,
    apiKey: options.apiKey || 'none',
    organization: null,
    project: null,
    maxRetries: 0,
    timeout: timeoutMs,
    logLevel: 'off',
    defaultHeaders: endpoint.headers,
    defaultQuery: endpoint.query,
    // The SDK reads ok, status, url, headers.get and .entries, body and text() of a reply, and LeanResponse has these.
    fetch: fetch as unknown as typeof globalThis.fetch,
  })
  return { client, endpoint, timeoutMs, close: () => lean.close() }
}

/** Before anything is cut: half a key could not be found. */
function withoutSecrets(response: LeanResponse, { redact, redactReply }: Endpoint): LeanResponse {
  const clean = response.ok ? redactReply : redact
  return {
    ...response,
    headers: new Map([...response.headers].map(([name, value]) => [name, redact(value)])),
    text: async () => clean(await response.text()),
  }
}
