/** Files of events, read as they are meant, or refused as a whole before anything of them is fed. */
import { accessSync, constants, createReadStream, statSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { CaudalError, hasCode, reasonOf } from '#core/errors.ts'
import { csvEvents } from './csv.ts'
import type { InputEvent } from './input-event.ts'
import { jsonArrayEvents, jsonLineEvents } from './json.ts'
import { type Content, faultOfFirst, jsonIn, LineCheck } from './line-check.ts'
import { decoded, firstCharacter, refused } from './text.ts'

export interface InputFile {
  readonly events: AsyncIterable<InputEvent>
  /** Unknown for a stream. */
  readonly bytesTotal: number | undefined
  /** Known to have no events. */
  readonly isEmpty?: boolean
}

/** A file that begins with half an object may be one object over several lines; larger ones are not looked through for that. */
const DOCUMENT_BYTES_MAX = 16 * 1024 * 1024

/**
 * A file is read twice. The first time checks it to its end: nothing is fed from a file that is not text, or whose lines are
 * mostly no events. The second time reads what was checked, also where the file has grown since. Throws REJECTED with what to do
 * about it. Files may be UTF-8 or UTF-16, packed by gzip, JSON lines, one JSON array, or CSV.
 *
 * `-` is the standard input. That and a pipe can be read once only: they are refused by their first line, else checked while
 * they are fed.
 *
 * `check` is given each event of that first reading, and throws at one that makes the whole file useless.
 */
export async function openEvents(
  source: string,
  stdin: Readable,
  csv: boolean = isNamedCsv(source),
  check?: (event: InputEvent) => void,
): Promise<InputFile> {
  const streamedFrom = (input: Readable, name: string): InputFile => ({
    events: streamed(input, name, csv, check ? 'any' : 'questions'),
    bytesTotal: undefined,
  })
  if (source === '-') return streamedFrom(stdin, 'standard input')
  const bytesTotal = bytesOf(source)
  if (bytesTotal === undefined) return streamedFrom(createReadStream(source), source)
  const format = csv ? 'csv' : await formatOf(source, bytesTotal)
  const { bytes: checked, isEmpty } = await checkedBytes(source, format, check)
  return { events: readAgain(source, format, checked), bytesTotal: checked, isEmpty }
}

/** With its first event read: a stream that is refused by it is refused now. */
export async function begun({ events, ...file }: InputFile): Promise<InputFile> {
  const iterator = events[Symbol.asyncIterator]()
  const first = await iterator.next()
  async function* all(): AsyncGenerator<InputEvent> {
    for (let next = first; !next.done; next = await iterator.next()) yield next.value
  }
  return { ...file, events: all(), isEmpty: first.done === true }
}

/** Opened only once it is read: nobody would hear of a file that cannot be opened until then. */
async function* readAgain(source: string, format: Format, bytes: number): AsyncGenerator<InputEvent> {
  try {
    if (bytes > 0) yield* eventsOf(createReadStream(source, { end: bytes - 1 }), source, format)
  } catch (error) {
    throw error instanceof CaudalError
      ? error
      : refused(source, `cannot be read any more: ${reasonOf(error)}`)
  }
}

/** Reads the file to its end, and resolves with the bytes that it had. Rejects where nothing of it can be fed. */
async function checkedBytes(
  source: string,
  format: Format,
  check: ((event: InputEvent) => void) | undefined,
): Promise<{ readonly bytes: number; readonly isEmpty: boolean }> {
  const stream = createReadStream(source)
  const lines = new LineCheck(check ? 'any' : format === 'csv' ? 'rows' : 'questions')
  for await (const event of eventsOf(stream, source, format)) {
    if (event.tooLong === undefined) check?.(event)
    lines.add(event)
  }
  const { fault, isEmpty } = lines
  if (fault !== undefined) throw refused(source, fault)
  return { bytes: stream.bytesRead, isEmpty }
}

type Format = 'lines' | 'array' | 'csv'

function eventsOf(input: Readable, source: string, format: Format): AsyncGenerator<InputEvent> {
  if (format === 'csv') return csvEvents(decoded(input, source), source)
  return format === 'array'
    ? jsonArrayEvents(decoded(input, source), source)
    : jsonLineEvents(decoded(input, source))
}

export const isNamedCsv = (source: string): boolean => /\.(csv|tsv)(\.gz)?$/i.test(source)

/** By the first line that is not blank. */
async function formatOf(source: string, bytes: number): Promise<Format> {
  const stream = createReadStream(source)
  try {
    for await (const { value } of jsonLineEvents(decoded(stream, source))) {
      const [first] = Buffer.from(value).toString('latin1').trimStart()
      if (first === '[') return 'array'
      const isCut = first === '{' && jsonIn(value) === undefined
      return isCut && bytes <= DOCUMENT_BYTES_MAX && (await isOneObject(source)) ? 'array' : 'lines'
    }
    return 'lines'
  } finally {
    stream.destroy()
  }
}

async function isOneObject(source: string): Promise<boolean> {
  const stream = createReadStream(source)
  try {
    for await (const _ of jsonArrayEvents(decoded(stream, source), source)) return true
  } catch (error) {
    if (!hasCode(error, 'REJECTED')) throw error
  } finally {
    stream.destroy()
  }
  return false
}

/** What can be read once only: lines, or an array where it begins as one. Refused by its first event, before that is fed. */
async function* streamed(
  input: Readable,
  source: string,
  csv: boolean,
  content: Content,
): AsyncGenerator<InputEvent> {
  const chunks = decoded(input, source)
  if (csv) return yield* csvEvents(chunks, source)
  const [all, first] = await firstCharacter(chunks)
  let isFirst = true
  for await (const event of first === '[' ? jsonArrayEvents(all, source) : jsonLineEvents(all)) {
    const fault = isFirst ? faultOfFirst(event, content) : undefined
    if (fault !== undefined) throw refused(source, fault)
    isFirst = false
    yield event
  }
}

/** How large a file is; nothing for what is read as a stream. */
function bytesOf(path: string): number | undefined {
  try {
    const found = statSync(path)
    accessSync(path, constants.R_OK)
    if (found.isFile()) return found.size
    if (found.isFIFO() || found.isCharacterDevice()) return undefined
  } catch (error) {
    throw new CaudalError('REJECTED', { reason: `${path} cannot be read: ${reasonOf(error)}` }, error)
  }
  throw refused(path, 'is no file: name a file')
}
