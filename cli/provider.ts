/** Where models are called, and how, as the settings name it. */
import type { Configuration } from './configuration.ts'

export const OPENAI_URL = 'https://api.openai.com/v1'
/** The name under which a model gets the reference answer, which only the simulated one may know. */
export const SIMULATED = 'simulated'

export const isSimulated = ({ openAiApiKey, openAiBaseUrl }: Configuration): boolean =>
  openAiApiKey === '' && openAiBaseUrl === ''

/** One endpoint that speaks the OpenAI API. */
export interface Endpoint {
  readonly baseUrl: string
  readonly apiKey: string
  readonly model: string
}

/** How an endpoint of models is reached. */
export function providerOptions(configuration: Configuration, provider: Endpoint) {
  const sendHints = isSimulated(configuration) || provider.model === SIMULATED
  const { openAiKeyHeader, httpProxy, httpsProxy, noProxy } = configuration
  const proxyUrl = new URL(provider.baseUrl).protocol === 'https:' ? httpsProxy : httpProxy
  // The simulated model is in this process, where no proxy can find it.
  const proxy = proxyUrl === '' || isSimulated(configuration) ? undefined : { url: proxyUrl, except: noProxy }
  const apiKeyHeader = openAiKeyHeader === 'authorization' ? undefined : openAiKeyHeader
  const { callTimeoutMs: timeout } = configuration
  // It is in this process, and late only where the machine has no time for either side.
  const connections = isSimulated(configuration) ? { connectTimeout: timeout } : {}
  return { ...provider, apiKeyHeader, proxy, timeout, connections, sendHints }
}
