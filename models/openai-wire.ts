/** What gateways and proxies answer, put in the words of OpenAI's API, so that one reader understands all of them. */
import type { LeanResponse } from './lean-fetch.ts'
import { objectsIn, withControlsEscaped } from './loose-json.ts'
import { briefly } from './model.ts'
import { errorIn, saidIn, statusNamed } from './openai-meanings.ts'
import { wholeOf } from './openai-stream.ts'

/** Unlike 502, it spends an attempt: a wrong address answers with a page for ever. */
const SERVER_ERROR = 500
const SAID_CHARACTERS_MAX = 1_000

/**
 * - JSON is JSON, whatever its content type says
 * - line breaks inside strings, which JSON does not take, are escaped
 * - a stream of events is put together
 * - of a reply among other text, or before another one, the first is taken
 * - an error with a status of 200, in whatever shape, has the status that it names
 * - a web page with a status of 200 is a failure of the server
 * - an error without `error.message` gets one, since there it is looked for
 */
export async function inOpenAiWords(response: LeanResponse): Promise<LeanResponse> {
  const sent = (await response.text()).replace(/^\uFEFF/, '')
  const text = jsonIn(sent)
  const json = parsed(text)
  const error = errorIn(json)
  if (!response.ok) {
    if (response.status < 400 || hasMessage(json)) return response
    return failing(response, response.status, error === undefined ? text : saidIn(error), error)
  }
  if (error !== undefined) return failing(response, statusNamed(error), saidIn(error), error)
  if (json !== undefined) return { ...response, ...withJson(response, text) }
  if (/^\s*</.test(text))
    return failing(response, SERVER_ERROR, `a web page came instead of a reply: ${text}`)
  return response
}

/** The text as JSON, where that can be had: what is in it was paid for. Otherwise the text as it came. */
function jsonIn(sent: string): string {
  if (parsed(sent) !== undefined) return sent
  const whole = wholeOf(sent)
  if (whole !== undefined) return whole
  if (/^\s*</.test(sent)) return sent
  const repaired = withControlsEscaped(sent)
  if (parsed(repaired) !== undefined) return repaired
  const first = objectsIn(repaired).at(-1) ?? ''
  return isReply(parsed(first)) ? first : sent
}

const isReply = (json: unknown): boolean =>
  isObject(json) && ('choices' in json || errorIn(json) !== undefined)

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
