/** Files of events, read as they are meant, or refused as a whole before anything of them is fed. */
import { accessSync, constants, createReadStream, statSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { beginning } from '#core/cut.ts'
import { CaudalError, hasCode, reasonOf } from '#core/errors.ts'
import { csvEvents } from './csv.ts'
import type { InputEvent } from './input-event.ts'
import { jsonArrayEvents, jsonLineEvents } from './json.ts'
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
 * A file is read twice. The first time checks it to its end: nothing is fed from a file that is not text, or that has no
 * events. The second time reads what was checked, also where the file has grown since. Throws REJECTED with what to do
 * about it. Files may be UTF-8 or UTF-16, packed by gzip, JSON lines, one JSON array, or CSV.
 *
 * `-` is the standard input. That and a pipe can be read once only, so they are checked while they are fed.
 *
 * `check` is given each event of that first reading, and throws at one that makes the whole file useless.
 */
export async function openEvents(
  source: string,
  stdin: Readable,
  csv: boolean = isNamedCsv(source),
  check?: (event: InputEvent) => void,
): Promise<InputFile> {
  if (source === '-') return { events: streamed(stdin, 'standard input', csv), bytesTotal: undefined }
  const bytesTotal = bytesOf(source)
  if (bytesTotal === undefined) return { events: streamed(createReadStream(source), source, csv), bytesTotal }
  const format = csv ? 'csv' : await formatOf(source, bytesTotal)
  const { bytes: checked, isEmpty } = await checkedBytes(source, format, check)
  return { events: readAgain(source, format, checked), bytesTotal: checked, isEmpty }
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
  let events = 0
  let usable = 0
  let other: object | undefined
  for await (const event of eventsOf(stream, source, format)) {
    const { value, tooLong } = event
    events++
    if (tooLong === undefined) check?.(event)
    const found = usable > 0 || tooLong !== undefined ? undefined : jsonIn(value)
    const isObject = typeof found === 'object' && found !== null && !Array.isArray(found)
    if (tooLong !== undefined || (isObject && (check || hasQuestion(found)))) usable++
    else if (isObject) other ??= found
  }
  if (events > 0 && usable === 0) throw refused(source, other ? noQuestions(other) : NO_EVENTS)
  return { bytes: stream.bytesRead, isEmpty: events === 0 }
}

const NO_EVENTS =
  'has no line that is a JSON object: one JSON object a line is taken (jq -c writes it), a JSON array of them, or CSV with its columns named in the first row (.csv, or --csv)'

/** One of them makes an object a question, or an envelope around one. A question at fault is for the pipeline to name. */
const OF_QUESTIONS = ['title', 'text', 'payload', 'event_type', 'event_version']
const FIELDS_SHOWN_MAX = 8
const FIELD_CHARACTERS_MAX = 40

const hasQuestion = (event: object): boolean => OF_QUESTIONS.some(name => name in event)

function noQuestions(event: object): string {
  const [listed] = Object.entries(event).find(([, value]) => isListOfQuestions(value)) ?? []
  if (listed !== undefined)
    return `is an object that has its questions in a list: take them out of it (jq -c '.${cited(listed)}[]')`
  const fields = Object.keys(event).map(name => beginning(name, FIELD_CHARACTERS_MAX))
  const [first = 'question'] = fields
  return `has no question: an object needs a title or a text, the first one has ${fields.slice(0, FIELDS_SHOWN_MAX).join(', ') || 'no field'}; rename its field (jq -c '. + {title: .${cited(first)}}')`
}

const isListOfQuestions = (value: unknown): boolean =>
  Array.isArray(value) && value.some(each => typeof each === 'object' && each !== null && hasQuestion(each))

/** A name as jq takes it behind a dot: in quotes where it is no identifier. */
const cited = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name))

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

/** What can be read once only: lines, or an array where it begins as one. */
async function* streamed(input: Readable, source: string, csv: boolean): AsyncGenerator<InputEvent> {
  const chunks = decoded(input, source)
  if (csv) return yield* csvEvents(chunks, source)
  const [all, first] = await firstCharacter(chunks)
  yield* first === '[' ? jsonArrayEvents(all, source) : jsonLineEvents(all)
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

/** The value, or nothing where it is not JSON. */
function jsonIn(value: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(value).toString('utf8'))
  } catch {
    return undefined
  }
}
