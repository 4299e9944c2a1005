/** The parts of an endpoint's address: where the endpoint is, and the credentials for it. */
import { decoded, type Redactor, redactor, secretsOfAddress } from '#core/secrets.ts'
import type { HttpProxy } from './lean-fetch.ts'

/** Where calls go, with which credentials, and how texts about the endpoint hide them. */
export interface Endpoint {
  /** Without user, password and query: fit to be shown. */
  readonly baseUrl: string
  readonly query: Readonly<Record<string, string>>
  /** `null` leaves out what the SDK would send. */
  readonly headers: Readonly<Record<string, string | null>>
  /** What calls go through, for people; nothing where they go directly. */
  readonly by: string
  /** Takes the key and every other secret of the endpoint out of a text. */
  readonly redact: Redactor
  /** The same for a reply, where only what cannot be a word is taken out. */
  readonly redactReply: Redactor
}

/** A key of a server at home may be "ollama", of which an answer may well tell. */
const KEY_CHARACTERS_MIN = 16

/** How a program names an endpoint. */
export interface EndpointOptions {
  /** Up to and with the version: `https://api.openai.com/v1`, `http://127.0.0.1:11434/v1`. It may carry user, password and a query. */
  readonly baseUrl: string
  /** Left out for servers that want none. */
  readonly apiKey?: string | undefined
  /** The header that carries the key, where it is not `authorization`: `api-key` on Azure. */
  readonly apiKeyHeader?: string | undefined
  /** Calls go through it. */
  readonly proxy?: HttpProxy | undefined
  /** Added to every request. */
  readonly headers?: Readonly<Record<string, string>>
  /** Added to every address, for instance `api-version` on Azure. */
  readonly query?: Readonly<Record<string, string>>
}

/** User and password of the address go where HTTP wants them, and its query is added to every call. */
export function endpointOf(options: EndpointOptions): Endpoint {
  const { apiKey, apiKeyHeader, headers, query, proxy } = options
  const url = new URL(options.baseUrl)
  const { username, password } = url
  const credentials = `${decoded(username)}:${decoded(password)}`
  const basic =
    username === '' ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
  const byHeader = apiKey && apiKeyHeader ? { authorization: null, [apiKeyHeader]: apiKey } : {}
  const own = { ...headers, ...basic, ...byHeader }
  const secrets = [
    apiKey ?? '',
    ...secretsOfAddress(options.baseUrl),
    ...secretsOfAddress(proxy?.url ?? ''),
    ...Object.values(own).filter(each => each !== null),
  ]
  return {
    baseUrl: `${url.origin}${url.pathname.replace(/\/$/, '')}`,
    query: { ...Object.fromEntries(url.searchParams), ...query },
    headers: own,
    by: proxy ? ` by the proxy ${new URL(proxy.url).origin}` : '',
    redact: redactor(secrets),
    redactReply: redactor(secrets, KEY_CHARACTERS_MIN),
  }
}
