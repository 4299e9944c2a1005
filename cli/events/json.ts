/** Events as JSON: one a line, one alone, or all in one array. */
import { reasonOf } from '#core/errors.ts'
import { ArrayScan } from './array-scan.ts'
import type { InputEvent } from './input-event.ts'
import { refused } from './input-fault.ts'
import { UTF8_MARK } from './text.ts'

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
/** What JSON text sequences (RFC 7464) begin each record with. */
const RECORD_SEPARATOR = 0x1e
/** No topic takes as much: of a longer line or element only its length is of interest. */
const LINE_BYTES_MAX = 4 * 1024 * 1024
/** An array that comes as a stream is held whole: it is looked through before anything of it is fed. */
const STREAMED_ARRAY_BYTES_MAX = 128 * 1024 * 1024
/** A file that begins with half an object may be one object over several lines; larger ones are not looked through for that. */
export const DOCUMENT_BYTES_MAX = 16 * 1024 * 1024

type Chunks = AsyncIterable<Buffer> | Iterable<Buffer>

/**
 * Lines are handed on as they are: whether they are events is for the pipeline to say, with a reason. A line ends with a line
 * feed, a return, or both: neither can stand inside JSON.
 */
export async function* jsonLineEvents(input: Chunks): AsyncGenerator<InputEvent> {
  let line = 0
  let parts: Buffer[] = []
  let length = 0
  let isAfterReturn = false
  const take = (part: Buffer): void => {
    if (length < LINE_BYTES_MAX) parts.push(part.subarray(0, LINE_BYTES_MAX - length))
    length += part.length
  }
  const ended = (): InputEvent | undefined => {
    line++
    const whole = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
    const value = unmarked(whole)
    const tooLong = length > LINE_BYTES_MAX ? length : undefined
    parts = []
    length = 0
    return isBlank(value) ? undefined : { line, value, tooLong }
  }
  for await (const chunk of input) {
    const nextEnd = lineEndsOf(chunk)
    let start = isAfterReturn && chunk[0] === LINE_FEED ? 1 : 0
    if (chunk.length > 0) isAfterReturn = false
    while (start < chunk.length) {
      const end = nextEnd(start)
      take(chunk.subarray(start, end))
      if (end === chunk.length) break
      const isOfWindows = chunk[end] === CARRIAGE_RETURN && chunk[end + 1] === LINE_FEED
      isAfterReturn = chunk[end] === CARRIAGE_RETURN && end + 1 === chunk.length
      start = end + (isOfWindows ? 2 : 1)
      const event = ended()
      if (event) yield event
    }
  }
  const last = length > 0 ? ended() : undefined
  if (last) yield last
}

/** Where the line ends that begins at a place. Each of the two characters is looked for once, not once a line. */
function lineEndsOf(chunk: Buffer): (start: number) => number {
  const places = [LINE_FEED, CARRIAGE_RETURN].map(byte => ({ byte, at: -1 }))
  return start => {
    for (const place of places) {
      if (place.at >= start) continue
      const found = chunk.indexOf(place.byte, start)
      place.at = found < 0 ? chunk.length : found
    }
    return Math.min(...places.map(({ at }) => at))
  }
}

/** Without the mark that a file begins with that was joined to another, and without that of a record. */
function unmarked(line: Buffer): Buffer {
  const from = line.subarray(0, UTF8_MARK.length).equals(UTF8_MARK) ? UTF8_MARK.length : 0
  return line.subarray(line[from] === RECORD_SEPARATOR ? from + 1 : from)
}

const isBlank = (bytes: Uint8Array) => bytes.every(byte => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d))

/**
 * The elements of an array, each counted as a line, byte for byte: a number keeps digits that no double has. Throws REJECTED at
 * the first place where it is no array.
 */
export async function* jsonArrayEvents(input: Chunks, source: string): AsyncGenerator<InputEvent> {
  const scan = new ArrayScan(LINE_BYTES_MAX)
  let line = 0
  try {
    for await (const chunk of input)
      for (const element of scan.push(chunk)) yield { line: ++line, ...element }
    scan.end()
  } catch (error) {
    if (error instanceof SyntaxError) throw noArray(source, error)
    throw error
  }
}

function noArray(source: string, error: unknown) {
  const reason = `${reasonOf(error)}): one array is taken, or one JSON object a line`
  return refused(source, `begins as a JSON array and is none (${reason}`, error)
}

/** An array that can be read once only: its elements come once all of it was looked through. */
export async function* streamedArrayEvents(
  input: AsyncIterable<Buffer>,
  source: string,
): AsyncGenerator<InputEvent> {
  const chunks = await held(input, STREAMED_ARRAY_BYTES_MAX)
  if (!chunks)
    throw refused(
      source,
      `is one JSON array of more than ${STREAMED_ARRAY_BYTES_MAX} bytes: name it as a file, or send one object a line (jq -c '.[]')`,
    )
  for await (const _ of jsonArrayEvents(chunks, source));
  yield* jsonArrayEvents(chunks, source)
}

/** One object, also over several lines. */
export async function* jsonDocumentEvents(
  input: AsyncIterable<Buffer>,
  source: string,
): AsyncGenerator<InputEvent> {
  const chunks = await held(input, DOCUMENT_BYTES_MAX)
  if (!chunks) throw refused(source, `is one JSON object of more than ${DOCUMENT_BYTES_MAX} bytes`)
  const text = Buffer.concat(chunks).toString('utf8').trim()
  try {
    JSON.parse(text)
  } catch (error) {
    throw refused(source, `is no JSON object (${reasonOf(error)})`, error)
  }
  yield { line: 1, value: Buffer.from(text) }
}

/** All of it; nothing where it is larger. */
async function held(input: AsyncIterable<Buffer>, bytesMax: number): Promise<readonly Buffer[] | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of input) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > bytesMax) return undefined
  }
  return chunks
}
