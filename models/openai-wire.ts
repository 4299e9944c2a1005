/** What gateways and proxies answer, put in the words of OpenAI's API, so that one reader understands all of them. */
import type { LeanResponse } from './lean-fetch.ts'
import { isObject } from './loose-values.ts'
import { briefly } from './model.ts'
import { bodyIn } from './openai-envelope.ts'
import { errorIn, saidIn, statusNamed } from './openai-meanings.ts'

/** Unlike 502, it spends an attempt: a wrong address answers with a page for ever. */
const SERVER_ERROR = 500
const SAID_CHARACTERS_MAX = 1_000

/**
 * - JSON is JSON, whatever its content type says
 * - line breaks inside strings, `NaN`, and commas too many, none of which JSON takes, are replaced
 * - a stream of events is put together, as are its pieces line by line or in a list
 * - of a reply among other text, or before another one, the first is taken
 * - a reply inside other objects, lists or strings is taken out of them
 * - an error with a status of 200, in whatever shape, has the status that it names
 * - a web page with a status of 200 is a failure of the server
 * - an error without `error.message` gets one, since there it is looked for
 */
export async function inOpenAiWords(response: LeanResponse): Promise<LeanResponse> {
  const sent = (await response.text()).replace(/^\uFEFF/, '')
  const { text, json } = bodyIn(sent)
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

function hasMessage(json: unknown): boolean {
  return isObject(json) && isObject(json.error) && typeof json.error.message === 'string'
}
