/** JSON as gateways and models really write it, made into JSON: what is in it was paid for. */

/** Every character below the space. */
const CONTROL = '[^\\u0020-\\uffff]'
const ESCAPE_QUOTE_CONTROL = new RegExp(`\\\\.|"|${CONTROL}`, 'gs')

/** Line breaks and other control characters inside strings, which JSON does not take, as escapes. */
export function withControlsEscaped(text: string): string {
  let isInside = false
  return text.replace(ESCAPE_QUOTE_CONTROL, found => {
    if (found === '"') isInside = !isInside
    return isInside && found < ' ' ? escaped(found) : found
  })
}

const escaped = (control: string): string => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`

const STRINGS = /("(?:\\.|[^"\\])*")|'((?:\\.|[^'\\])*)'/
const OUT_OF_TEN = /(?<=:\s{0,99})(\d+(?:\.\d+)?)\s*\/\s*10\b/
const PERCENT = /(?<=:\s{0,99})(\d+(?:\.\d+)?\s?%)/
const BARE_KEY = /(?=[A-Za-z_])(?<=[{,]\s{0,99})([A-Za-z_]\w*)(?=\s{0,99}:)/
const COMMENTS = /\/\/[^\n]*|\/\*.*?\*\//
/** A comma behind a last element, a plus before a number, a point behind one. */
const SUPERFLUOUS = /,(?=\s{0,99}[}\]])|\+(?<=:\s{0,99}\+)(?=\d)|(?<=\d)\.(?=\s{0,99}[,}\]])/
/** Spaces that JSON does not take. */
const SPACES = /([^\S \n\r\t]|[\u200b\u2060])/
/** Python's words for values, and numbers that are none. */
const WORD = /(?=[-INuTF])(?<=[:,[]\s{0,99})(-?Infinity|NaN|undefined|None|True|False)\b/
const WORDS: Readonly<Record<string, string>> = { True: 'true', False: 'false' }
const LOOSE = new RegExp(
  [STRINGS, OUT_OF_TEN, PERCENT, BARE_KEY, SPACES, WORD, COMMENTS, SUPERFLUOUS]
    .map(({ source }) => source)
    .join('|'),
  'gs',
)

/**
 * What models write instead of JSON, as JSON:
 * - strings in single quotes, as Python has them
 * - keys without quotes
 * - comments, and a comma after a last element
 * - `8/10` as a number, which is 8, and so are `+8` and `8.`
 * - `80%`, as a text
 * - spaces that do not break
 * - `True`, `False` and `None`, and numbers that are none
 */
export function tightened(text: string): string {
  const mended = text.replace(LOOSE, (_, double, single, number, percent, key, space, word) => {
    if (double !== undefined) return double
    if (single !== undefined) return JSON.stringify(single.replace(/\\(['"])/g, '$1'))
    if (percent !== undefined) return JSON.stringify(percent)
    if (key !== undefined) return JSON.stringify(key)
    if (word !== undefined) return WORDS[word] ?? 'null'
    return number ?? (space === undefined ? '' : ' ')
  })
  return withControlsEscaped(mended)
}

/**
 * From the first brace on, with the last brace that is missing. A number at the very end may be half of one: then there is
 * nothing.
 */
export function closed(text: string): readonly string[] {
  const begin = text.indexOf('{')
  const trimmed = text.trimEnd()
  const rest = trimmed.endsWith('```') ? trimmed.slice(begin, -'```'.length) : text.slice(begin)
  return begin < 0 || !/[}\]"'\s]$/.test(rest) ? [] : [`${rest}}`]
}

/** Every object in a text that stands in no other one, the last one first: a draft comes before what counts. */
export function objectsIn(text: string): readonly string[] {
  const found: string[] = []
  let depth = 0
  let from = 0
  let isInside = false
  for (const { 0: mark, index } of text.matchAll(/\\.|["{}]/gs)) {
    if (mark === '"' && depth > 0) isInside = !isInside
    if (isInside) continue
    if (mark === '{' && depth++ === 0) from = index
    if (mark === '}' && depth > 0 && --depth === 0) found.push(text.slice(from, index + 1))
  }
  return found.reverse()
}
