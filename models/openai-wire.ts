/** What gateways and proxies answer, put in the words of OpenAI's API, so that one reader understands all of them. */
import type { LeanResponse } from './lean-fetch.ts'
import { isFields } from './loose-values.ts'
import { briefly } from './model.ts'
import { bodyIn } from './openai-envelope.ts'
import { errorIn, statusNamed } from './openai-meanings.ts'
import { saidIn } from './openai-said.ts'
import { readJson } from './structured.ts'

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
 * - a web page, an empty body or plain words with a status of 200 are a failure of the server
 * - an error gets all that it says as its `error.message`, since there it is looked for
 * - a generation that failed its check is a reply: it was paid for
 */
export async function inOpenAiWords(response: LeanResponse): Promise<LeanResponse> {
  const sent = (await response.text()).replace(/^\uFEFF/, '')
  const { text, json } = bodyIn(sent)
  const error = errorIn(json)
  if (!response.ok) {
    if (response.status < 400) return response
    return failing(response, response.status, error ?? (isFields(json) ? json : text))
  }
  if (error !== undefined) return failing(response, statusNamed(error), error)
  if (json !== undefined) return { ...response, ...withJson(response, text) }
  const fault = faultOf(response, text)
  return fault === undefined ? response : failing(response, SERVER_ERROR, fault)
}

/** Of a body with a status of 200 that is no JSON, why it can be no reply. Cut JSON may be one. */
function faultOf({ headers }: LeanResponse, text: string): string | undefined {
  if (text.trim() === '') return 'the reply was empty'
  if (/^\s*</.test(text)) return `a web page came instead of a reply: ${text}`
  const isPlain = (headers.get('content-type') ?? '').startsWith('text/plain')
  return isPlain && !/^\s*[[{]/.test(text) ? `plain text came instead of a reply: ${text}` : undefined
}

function failing(response: LeanResponse, status: number, error: unknown): LeanResponse {
  const fields = isFields(error) ? error : {}
  if (typeof fields.failed_generation === 'string') return generated(response, fields.failed_generation)
  const message = briefly(saidIn(error), SAID_CHARACTERS_MAX)
  const text = JSON.stringify({ error: { ...fields, message } })
  return { ...response, ...withJson(response, text), ok: false, status }
}

/** Groq refuses by 400 what its model wrote and what is not the JSON that was asked for. What can be read is a reply. */
function generated(response: LeanResponse, content: string): LeanResponse {
  const finish_reason = 'value' in readJson(content) ? 'stop' : 'json_validate_failed'
  const text = JSON.stringify({ choices: [{ message: { content }, finish_reason }] })
  return { ...response, ...withJson(response, text), ok: true, status: 200 }
}

function withJson({ headers }: LeanResponse, text: string): Pick<LeanResponse, 'headers' | 'text'> {
  const own = new Map(headers)
  own.set('content-type', 'application/json')
  own.delete('content-length')
  return { headers: own, text: () => Promise.resolve(text) }
}
