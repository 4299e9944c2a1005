/** What stands between two JSON objects on one line: a character that the writer took for the end of a line, or nothing. */
import { asText } from '#core/codec.ts'

const SEPARATORS_MAX = 4

/** The characters between the first object and the second by their names; nothing where the line is something else. */
export function betweenObjects(value: Uint8Array): string | undefined {
  const text = asText(value)
  const end = endOfObject(text)
  if (end === undefined) return undefined
  const next = text.indexOf('{', end)
  const between = text.slice(end, next)
  if (next < 0 || between.length > SEPARATORS_MAX || !isObject(text.slice(0, end))) return undefined
  return between === '' ? 'nothing' : [...between].map(nameOf).join(' ')
}

/** Behind the bracket that closes the first one. */
function endOfObject(text: string): number | undefined {
  if (!text.trimStart().startsWith('{')) return undefined
  let depth = 0
  for (const { 0: found, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}]/gs)) {
    if (found === '{') depth++
    else if (found === '}') depth--
    if (depth === 0) return index + 1
  }
  return undefined
}

function isObject(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}

function nameOf(character: string): string {
  if (/[!-~]/.test(character)) return `"${character}"`
  const point = character.codePointAt(0) ?? 0
  return `U+${point.toString(16).toUpperCase().padStart(4, '0')}`
}
