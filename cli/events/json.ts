/** Events as JSON: one a line, or all in one array. */
import { reasonOf } from '#core/errors.ts'
import type { InputEvent } from './input-event.ts'
import { refused, UTF8_MARK } from './text.ts'

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
/** No topic takes as much: of a longer line only its length is of interest. */
const LINE_BYTES_MAX = 4 * 1024 * 1024
/** An array is held whole. */
const ARRAY_BYTES_MAX = 128 * 1024 * 1024

/** Lines are handed on as they are: whether they are events is for the pipeline to say, with a reason. */
export async function* jsonLineEvents(input: AsyncIterable<Buffer>): AsyncGenerator<InputEvent> {
  let line = 0
  let bytesRead = 0
  let parts: Buffer[] = []
  let length = 0
  const take = (part: Buffer): void => {
    if (length < LINE_BYTES_MAX) parts.push(part.subarray(0, LINE_BYTES_MAX - length))
    length += part.length
  }
  const ended = (): InputEvent | undefined => {
    line++
    const whole = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
    const value = trimmed(whole)
    const tooLong = length > LINE_BYTES_MAX ? length : undefined
    parts = []
    length = 0
    return isBlank(value) ? undefined : { line, value, bytesRead, tooLong }
  }
  for await (const chunk of input) {
    for (let start = 0; start < chunk.length; ) {
      const found = chunk.indexOf(LINE_FEED, start)
      const end = found < 0 ? chunk.length : found
      take(chunk.subarray(start, end))
      bytesRead += end - start + (found < 0 ? 0 : 1)
      start = end + 1
      const event = found < 0 ? undefined : ended()
      if (event) yield event
    }
  }
  const last = length > 0 ? ended() : undefined
  if (last) yield last
}

/** Without the end of a line of Windows, and without the mark that a file begins with that was joined to another. */
function trimmed(line: Buffer): Buffer {
  const from = line.subarray(0, UTF8_MARK.length).equals(UTF8_MARK) ? UTF8_MARK.length : 0
  return line.subarray(from, line.at(-1) === CARRIAGE_RETURN ? -1 : undefined)
}

const isBlank = (bytes: Uint8Array) => bytes.every(byte => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d))

/** The elements of an array, each counted as a line, byte for byte: a number keeps digits that no double has. */
export async function* jsonArrayEvents(
  input: AsyncIterable<Buffer>,
  source: string,
): AsyncGenerator<InputEvent> {
  const chunks: Buffer[] = []
  let bytesRead = 0
  for await (const chunk of input) {
    chunks.push(chunk)
    bytesRead += chunk.length
    if (bytesRead > ARRAY_BYTES_MAX)
      throw refused(
        source,
        `is one JSON array of more than ${ARRAY_BYTES_MAX} bytes: one object a line is taken in any size (jq -c '.[]')`,
      )
  }
  const text = Buffer.concat(chunks).toString('utf8')
  let line = 0
  for (const element of isArray(text, source) ? elementsOf(text) : [text.trim()])
    yield { line: ++line, value: Buffer.from(element), bytesRead }
}

/** Or any other single value. */
function isArray(text: string, source: string): boolean {
  try {
    return Array.isArray(JSON.parse(text))
  } catch (error) {
    const reason = `${reasonOf(error)}): one array is taken, or one JSON object a line`
    throw refused(source, `begins as a JSON array and is none (${reason}`, error)
  }
}

/** The texts of the elements of a valid array. */
function* elementsOf(array: string): Generator<string> {
  let depth = 0
  let from = 0
  for (let at = 0; at < array.length; at++) {
    const character = array[at]
    if (character === '"') at = endOfString(array, at)
    if (character === '[' || character === '{') depth++
    if (character === ']' || character === '}') depth--
    if (depth === 1 && character === '[') from = at + 1
    const isEnd = (depth === 1 && character === ',') || (depth === 0 && character === ']')
    if (!isEnd) continue
    const element = array.slice(from, at).trim()
    if (element !== '') yield element
    from = at + 1
  }
}

/** Where the string that begins at a place ends. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; ; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"' || at >= text.length) return at
  }
}
