/** Files of events, read as they are meant, or refused as a whole before anything of them is fed. */
import { accessSync, constants, createReadStream, statSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { hasCode } from '#core/errors.ts'
import { CheckedFile } from './checked-file.ts'
import { csvEvents } from './csv.ts'
import type { InputEvent } from './input-event.ts'
import { refused, unreadable } from './input-fault.ts'
import {
  DOCUMENT_BYTES_MAX,
  jsonArrayEvents,
  jsonDocumentEvents,
  jsonLineEvents,
  streamedArrayEvents,
} from './json.ts'
import { type Content, faultOfFirst, jsonIn, LineCheck } from './line-check.ts'
import { decoded, firstCharacter } from './text.ts'

export interface InputFile {
  readonly events: AsyncIterable<InputEvent>
  /** Unknown for a stream. */
  readonly eventsTotal: number | undefined
  /** Known to have no events. */
  readonly isEmpty?: boolean
}

/**
 * A file is read twice. The first time checks it to its end: nothing is fed from a file that is not text, or whose lines are
 * mostly no events. The second time reads what was checked, also where the file has grown since, or another one has its name.
 * Throws REJECTED with what to do about it. Files may be UTF-8 or UTF-16, packed by gzip, JSON lines, one JSON array, or CSV.
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
    eventsTotal: undefined,
  })
  if (source === '-') return streamedFrom(stdin, 'standard input')
  const bytes = bytesOf(source)
  if (bytes === undefined) return streamedFrom(createReadStream(source), source)
  const file = await CheckedFile.open(source)
  try {
    const format = csv ? 'csv' : await formatOf(file, source, bytes)
    const eventsTotal = await checkedEvents(file, source, format, check)
    return { events: readAgain(file, source, format), eventsTotal, isEmpty: eventsTotal === 0 }
  } catch (error) {
    await file.close()
    throw error
  }
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

/** Without a reader the file stays open until the process ends. */
async function* readAgain(file: CheckedFile, source: string, format: Format): AsyncGenerator<InputEvent> {
  try {
    yield* eventsOf(file.again(), source, format)
  } finally {
    await file.close()
  }
}

/** Reads the file to its end, and resolves with the number of its events. Rejects where nothing of it can be fed. */
async function checkedEvents(
  file: CheckedFile,
  source: string,
  format: Format,
  check: ((event: InputEvent) => void) | undefined,
): Promise<number> {
  const lines = new LineCheck(check ? 'any' : format === 'csv' ? 'rows' : 'questions')
  for await (const event of eventsOf(file.check(), source, format)) {
    if (event.tooLong === undefined) check?.(event)
    lines.add(event)
  }
  if (lines.fault !== undefined) throw refused(source, lines.fault)
  return lines.lines
}

type Format = 'lines' | 'array' | 'object' | 'csv'

function eventsOf(input: AsyncIterable<Buffer>, source: string, format: Format): AsyncGenerator<InputEvent> {
  const chunks = decoded(input, source)
  switch (format) {
    case 'csv':
      return csvEvents(chunks, source)
    case 'array':
      return jsonArrayEvents(chunks, source)
    case 'object':
      return jsonDocumentEvents(chunks, source)
    case 'lines':
      return jsonLineEvents(chunks)
  }
}

export const isNamedCsv = (source: string): boolean => /\.(csv|tsv)(\.gz)?$/i.test(source)

/** By the first line that is not blank. */
async function formatOf(file: CheckedFile, source: string, bytes: number): Promise<Format> {
  for await (const { value } of eventsOf(file.read(), source, 'lines')) {
    const [first] = Buffer.from(value).toString('latin1').trimStart()
    if (first === '[') return 'array'
    const isCut = first === '{' && jsonIn(value) === undefined
    return isCut && bytes <= DOCUMENT_BYTES_MAX && (await isOneObject(file, source)) ? 'object' : 'lines'
  }
  return 'lines'
}

async function isOneObject(file: CheckedFile, source: string): Promise<boolean> {
  try {
    for await (const _ of eventsOf(file.read(), source, 'object')) return true
  } catch (error) {
    if (!hasCode(error, 'REJECTED')) throw error
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
  const events = first === '[' ? streamedArrayEvents(all, source) : jsonLineEvents(all)
  for await (const event of events) {
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
    throw unreadable(path, error)
  }
  throw refused(path, 'is no file: name a file')
}
