/** The bytes of a file as UTF-8 text, whatever it was saved as; an encoding that is not certain is refused, never guessed. */
import { isUtf8 } from 'node:buffer'
import { createGunzip } from 'node:zlib'
import { CaudalError, reasonOf } from '#core/errors.ts'
import { refused, unreadable } from './input-fault.ts'
import { SevenBitText } from './seven-bit.ts'

const GZIP = Buffer.from([0x1f, 0x8b])
/** What files that are no text begin with, and what to do with them. */
const NO_TEXT: readonly (readonly [head: Buffer, why: string, at?: number])[] = [
  [GZIP, 'is packed twice: unpack it once'],
  [
    Buffer.from('PK\x03\x04'),
    'is a zip archive, as workbooks of Excel are: unpack it, or save the sheet as CSV',
  ],
  [Buffer.from([0xd0, 0xcf, 0x11, 0xe0]), 'is an old workbook of Excel: save the sheet as CSV'],
  [Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), 'is packed by zstd: unpack it, or pack it by gzip'],
  [Buffer.from('BZh'), 'is packed by bzip2: unpack it, or pack it by gzip'],
  [Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a]), 'is packed by xz: unpack it, or pack it by gzip'],
  [Buffer.from('PAR1'), 'is a Parquet file: convert it to CSV or to JSON lines'],
  [Buffer.from('%PDF'), 'is a PDF: convert it to text'],
  [Buffer.from('\0ustar'), 'is a tar archive: unpack it', 256],
  [Buffer.from('7z\xbc\xaf\x27\x1c', 'latin1'), 'is a 7z archive: unpack it'],
  [Buffer.from('Rar!\x1a\x07', 'latin1'), 'is a RAR archive: unpack it'],
  [Buffer.from([0x04, 0x22, 0x4d, 0x18]), 'is packed by lz4: unpack it, or pack it by gzip'],
  [Buffer.from('Obj\x01', 'latin1'), 'is an Avro file: convert it to JSON lines'],
  [Buffer.from('ARROW1'), 'is an Arrow file: convert it to CSV or to JSON lines'],
  [Buffer.from('SQLite format 3\0'), 'is an SQLite database: export the table as CSV'],
  [Buffer.from([0xff, 0xfe, 0, 0]), 'is UTF-32: save it as UTF-8'],
  [Buffer.from([0, 0, 0xfe, 0xff]), 'is UTF-32: save it as UTF-8'],
]
export const UTF8_MARK = Buffer.from([0xef, 0xbb, 0xbf])
const LINE_FEED = 0x0a

/** Unpacked and without its byte order mark. Throws REJECTED at the first byte that is no text. */
export async function* decoded(input: Input, source: string): AsyncGenerator<Buffer> {
  const [chunks, head] = await beginning(unpacked(await beginning(readable(input, source)), source))
  const [, why] =
    NO_TEXT.find(([known, , at = 0]) => head.subarray(at, at + known.length).equals(known)) ?? []
  if (why !== undefined) throw refused(source, why)
  const encoding = encodingOf(head)
  if (encoding !== 'utf-8') yield* recoded(chunks, encoding, source)
  else yield* checked(chunks, source)
}

type Input = AsyncIterable<Buffer | string>
type Chunks = AsyncIterable<Buffer>

/** An error of reading, as of a disk or of a folder as the standard input, names what was read. */
async function* readable(input: Input, source: string): AsyncGenerator<Buffer | string> {
  try {
    yield* input
  } catch (error) {
    throw error instanceof CaudalError ? error : unreadable(source, error)
  }
}

/** The chunks with the first of them looked at: at least HEAD_BYTES, where there are as many. */
async function beginning(input: Input): Promise<readonly [Chunks, Buffer]> {
  const iterator = input[Symbol.asyncIterator]()
  let head = Buffer.alloc(0)
  while (head.length < HEAD_BYTES) {
    const { value, done } = await iterator.next()
    if (done) break
    head = Buffer.concat([head, Buffer.from(value)])
  }
  async function* all(): AsyncGenerator<Buffer> {
    if (head.length > 0) yield head
    for (;;) {
      const { value, done } = await iterator.next()
      if (done) return
      yield Buffer.from(value)
    }
  }
  return [all(), head]
}
/** The mark of a tar archive is that far in. */
const HEAD_BYTES = 264

/** The chunks with their first character that is not blank; nothing where there is none. */
export async function firstCharacter(input: Chunks): Promise<readonly [Chunks, string | undefined]> {
  const iterator = input[Symbol.asyncIterator]()
  const read: Buffer[] = []
  let first: string | undefined
  while (first === undefined) {
    const { value, done } = await iterator.next()
    if (done) break
    read.push(value)
    first = value.toString('latin1').trimStart()[0]
  }
  async function* all(): AsyncGenerator<Buffer> {
    yield* read
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
  }
  return [all(), first]
}

async function* unpacked([chunks, head]: readonly [Chunks, Buffer], source: string): AsyncGenerator<Buffer> {
  if (!head.subarray(0, 2).equals(GZIP)) return yield* chunks
  const gunzip = createGunzip()
  const feeding = feed(chunks, gunzip)
  try {
    for await (const chunk of gunzip) yield chunk
    await feeding
  } catch (error) {
    throw error instanceof CaudalError
      ? error
      : refused(source, `is no whole gzip file (${reasonOf(error)})`, error)
  }
}

async function feed(chunks: Chunks, gunzip: ReturnType<typeof createGunzip>): Promise<void> {
  try {
    for await (const chunk of chunks) {
      if (!gunzip.write(chunk)) await new Promise(resolve => gunzip.once('drain', resolve))
    }
    gunzip.end()
  } catch (error) {
    gunzip.destroy(error instanceof Error ? error : undefined)
  }
}

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be'

/** By the byte order mark, else by where zeros are: the first character of an event is ASCII, and UTF-8 has no zeros. */
function encodingOf(head: Buffer): Encoding {
  const [first, second] = head
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  const hasZero = (from: 0 | 1) => head.some((byte, index) => index % 2 === from && byte === 0)
  if (second === 0 && !hasZero(0)) return 'utf-16le'
  return first === 0 && !hasZero(1) ? 'utf-16be' : 'utf-8'
}

async function* recoded(chunks: Chunks, encoding: Encoding, source: string): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding, { fatal: true })
  const valid = (text: string): Buffer => {
    // As in UTF-32, which begins like UTF-16.
    if (text.includes('\0'))
      throw refused(source, `begins as ${encoding.toUpperCase()} and has zero characters: save it as UTF-8`)
    return Buffer.from(text)
  }
  try {
    for await (const chunk of chunks) yield valid(decoder.decode(chunk, { stream: true }))
    yield valid(decoder.decode())
  } catch (error) {
    if (error instanceof CaudalError) throw error
    throw refused(source, `begins as ${encoding.toUpperCase()} and is not: save it as UTF-8`, error)
  }
}

/** Chunks that end with a whole character, each of them valid. A zero byte is no text; nor is what only passes as ASCII. */
async function* checked(chunks: Chunks, source: string): AsyncGenerator<Buffer> {
  let line = 1
  let rest: Buffer = Buffer.alloc(0)
  let sevenBit: SevenBitText | undefined
  const valid = (bytes: Buffer): Buffer => {
    const bad = bytes.includes(0) || !isUtf8(bytes)
    const fault = bad ? whereInvalid(bytes, line) : sevenBit?.push(bytes)
    if (fault !== undefined) throw refused(source, fault)
    line += countLines(bytes)
    return bytes
  }
  let isFirst = true
  for await (const chunk of chunks) {
    let bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    if (isFirst && bytes.subarray(0, 3).equals(UTF8_MARK)) bytes = bytes.subarray(3)
    else if (isFirst) sevenBit = new SevenBitText()
    isFirst = false
    const whole = wholeCharacters(bytes)
    rest = bytes.subarray(whole)
    if (whole > 0) yield valid(bytes.subarray(0, whole))
  }
  if (rest.length > 0) yield valid(rest)
  const fault = sevenBit?.end()
  if (fault !== undefined) throw refused(source, fault)
}

/** How many bytes are left when a character that is cut at the end is not counted. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) return bytes.length
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return length > back ? bytes.length - back : bytes.length
    }
  }
  return bytes.length
}

function whereInvalid(bytes: Buffer, firstLine: number): string {
  let line = firstLine
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(LINE_FEED, start)
    const end = found < 0 ? bytes.length : found + 1
    const own = bytes.subarray(start, end)
    if (own.includes(0))
      return `is no text: line ${line} has a zero byte; save what it holds as UTF-8, as CSV or as JSON lines`
    if (!isUtf8(own)) break
    line++
    start = end
  }
  return `is not UTF-8 in line ${line}: save it as UTF-8, or convert it from what it was saved as (iconv -f latin1 -t utf-8, or -f shift-jis)`
}

function countLines(bytes: Buffer): number {
  let lines = 0
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) lines++
  return lines
}
