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

const LOOSE =
  /("(?:\\.|[^"\\])*")|'((?:\\.|[^'\\])*)'|(?<=:\s*)(\d+(?:\.\d+)?)\s*\/\s*10\b|\/\/[^\n]*|\/\*.*?\*\/|,(?=\s*[}\]])/gs

/**
 * What models write instead of JSON, as JSON:
 * - strings in single quotes, as Python has them
 * - comments, and a comma after a last element
 * - `8/10` as a number, which is 8
 */
export function tightened(text: string): string {
  const mended = text.replace(LOOSE, (_, double?: string, single?: string, number?: string) => {
    if (double !== undefined) return double
    return single === undefined ? (number ?? '') : JSON.stringify(single.replace(/\\(['"])/g, '$1'))
  })
  return withControlsEscaped(mended)
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
