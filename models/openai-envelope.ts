/** The reply in a body, whatever a gateway has put around it: what is in it was paid for. */
import { objectsIn, tightened, withControlsEscaped } from './loose-json.ts'
import { isObject, type Loose, parsed } from './loose-values.ts'
import { choicesIn, errorIn } from './openai-meanings.ts'
import { isPiece, joined, wholeOf } from './openai-stream.ts'

/** Wrappings around a reply, such as the answer of a function that has the reply as text in its `body`. */
const WRAPPINGS_MAX = 3
/** Fields that are looked into, of each object. */
const FIELDS_MAX = 100

/** The body as JSON, of which `text` is the writing. Of what is no JSON, `text` is what came, and `json` is nothing. */
export interface Body {
  readonly text: string
  readonly json: unknown
}

/** What came as JSON in a string is read as that. Where no wrapping is found, the text stays as it came. */
export function bodyIn(sent: string): Body {
  const text = jsonIn(sent)
  const json = parsed(text)
  const value = typeof json === 'string' ? (parsed(jsonIn(json)) ?? json) : json
  const isBare = isObject(value) && choicesIn(value).length > 0 && !Array.isArray(value)
  const found = isBare || !text.includes('choices') ? undefined : replyWithin(value, WRAPPINGS_MAX)
  const body = found ?? value
  return body === json ? { text, json } : { text: JSON.stringify(body), json: body }
}

/**
 * The first reply in a value, with the fields around it. They may count its tokens, or say that it broke off.
 * Pieces of a stream in a list are put together.
 */
function replyWithin(value: unknown, depth: number): Loose | undefined {
  if (isReply(value)) return value
  if (depth === 0) return undefined
  if (typeof value === 'string')
    return value.includes('choices') ? replyWithin(parsed(jsonIn(value)), depth - 1) : undefined
  if (Array.isArray(value) && value.length > 1 && value.some(isPiece))
    return joined(value.filter(isObject), false)
  const fields: Loose = isObject(value) ? value : {}
  for (const [name, inner] of Object.entries(fields).slice(0, FIELDS_MAX)) {
    const found = replyWithin(inner, depth - 1)
    if (found) return Array.isArray(value) ? found : { ...fields, [name]: undefined, ...said(found) }
  }
  return undefined
}

const said = (reply: Loose): Loose =>
  Object.fromEntries(Object.entries(reply).filter(([, value]) => value !== undefined && value !== null))

/** An answer may be JSON with choices of its own, as of a quiz: those of a reply have a message. */
function isReply(value: unknown): value is Loose {
  if (!isObject(value) || Array.isArray(value)) return false
  return choicesIn(value).some(
    choice => choice.message || choice.delta || ('text' in choice && 'finish_reason' in choice),
  )
}

/** The text as JSON, where that can be had. Otherwise the text as it came. */
function jsonIn(sent: string): string {
  if (parsed(sent) !== undefined) return sent
  const whole = wholeOf(sent)
  if (whole !== undefined) return whole
  if (/^\s*</.test(sent)) return sent
  for (const repaired of [withControlsEscaped(sent), tightened(sent)]) {
    if (parsed(repaired) !== undefined) return repaired
    const found = firstIn(repaired)
    if (found !== undefined) return JSON.stringify(found)
  }
  return sent
}

/** Of several objects in a text, the first, if that is a reply or an error; of pieces of a stream, what they are together. */
function firstIn(text: string): unknown {
  const objects = objectsIn(text).toReversed().map(parsed).filter(isObject)
  const [first] = objects
  if (!isReply(first) || isPiece(first)) {
    if (objects.length > 1 && objects.some(isPiece)) return joined(objects, /\[DONE\]\s*$/.test(text))
  }
  return first && ('choices' in first || errorIn(first) !== undefined) ? first : undefined
}
