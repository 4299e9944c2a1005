/** What gateways and proxies answer, put in the words of OpenAI's API, so that one reader understands all of them. */
import type { LeanResponse } from './lean-fetch.ts'
import { briefly } from './model.ts'
import { wholeOf } from './openai-stream.ts'

const BAD_GATEWAY = 502
const UNAVAILABLE = 503
const SAID_CHARACTERS_MAX = 1_000

/**
 * - JSON is JSON, whatever its content type says
 * - a stream of events is put together
 * - an error with a status of 200 has the status that it names, or that of a server in trouble
 * - a web page with a status of 200 comes from something in between: the server behind it was not reached
 * - an error without `error.message` gets one, since there it is looked for
 */
export async function inOpenAiWords(response: LeanResponse): Promise<LeanResponse> {
  const sent = (await response.text()).replace(/^\uFEFF/, '')
  const whole = parsed(sent) === undefined ? wholeOf(sent) : undefined
  const text = whole ?? sent
  const json = parsed(text)
  if (!response.ok)
    return response.status < 400 || hasMessage(json) ? response : failing(response, response.status, text)
  if (isObject(json) && 'error' in json && json.error && !('choices' in json))
    return failing(response, statusOf(json.error), saidIn(json.error), json.error)
  if (json !== undefined) return { ...response, ...withJson(response, text) }
  if (/^\s*<(?:!doctype|html|head|body)/i.test(text))
    return failing(response, BAD_GATEWAY, `a web page came instead of a reply: ${text}`)
  return response
}

function failing(response: LeanResponse, status: number, said: string, error?: unknown): LeanResponse {
  const message = briefly(said, SAID_CHARACTERS_MAX)
  const text = JSON.stringify({ error: { ...(isObject(error) && error), message } })
  return { ...response, ...withJson(response, text), ok: false, status }
}

function withJson({ headers }: LeanResponse, text: string): Pick<LeanResponse, 'headers' | 'text'> {
  const own = new Map(headers)
  own.set('content-type', 'application/json')
  own.delete('content-length')
  return { headers: own, text: () => Promise.resolve(text) }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

function hasMessage(json: unknown): boolean {
  if (!isObject(json) || !('error' in json) || !isObject(json.error)) return false
  return 'message' in json.error && typeof json.error.message === 'string'
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The status that an error in a reply names, as a number or in a word. */
function statusOf(error: unknown): number {
  const fields = isObject(error) ? Object.values(error) : []
  const named = fields.map(Number).find(code => Number.isInteger(code) && code >= 400 && code < 600)
  if (named !== undefined) return named
  const words = JSON.stringify(error)
  if (/rate.?limit|too.?many|overload.*quota/i.test(words)) return 429
  if (/invalid.?request|context.?length|bad.?request/i.test(words)) return 400
  return UNAVAILABLE
}

const saidIn = (error: unknown): string =>
  isObject(error) && 'message' in error && typeof error.message === 'string'
    ? error.message
    : JSON.stringify(error)
