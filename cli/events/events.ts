/** Files of events, read as they are meant, or refused as a whole before anything of them is fed. */
import { createReadStream, statSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { CaudalError, reasonOf } from '#core/errors.ts'
import { csvEvents } from './csv.ts'
import type { InputEvent } from './input-event.ts'
import { jsonArrayEvents, jsonLineEvents } from './json.ts'
import { decoded, refused } from './text.ts'

export interface InputFile {
  readonly events: AsyncIterable<InputEvent>
  /** Unknown for a stream. */
  readonly bytesTotal: number | undefined
}

/**
 * `-` is the standard input, which is taken for JSON lines unless `csv` says otherwise. A file is read twice. The first time
 * checks it to its end: nothing is fed from a file that is not text, or that has no events. Throws
 * REJECTED with what to do about it. Files may be UTF-8 or UTF-16, packed by gzip, JSON lines, one JSON array, or CSV.
 * `check` is given each event of that first reading, and throws at one that makes the whole file useless.
 */
export async function openEvents(
  source: string,
  stdin: Readable,
  csv?: boolean,
  check?: (event: InputEvent) => void,
): Promise<InputFile> {
  if (source === '-')
    return { events: eventsOf(stdin, 'standard input', csv ? 'csv' : 'lines'), bytesTotal: undefined }
  const bytesTotal = sizeOf(source)
  const format = await formatOf(source, csv)
  let events = 0
  let readable = 0
  for await (const event of eventsOf(createReadStream(source), source, format)) {
    const { value, tooLong } = event
    events++
    if (tooLong === undefined) check?.(event)
    if (tooLong !== undefined || (readable === 0 && isJson(value))) readable++
  }
  if (events > 0 && readable === 0)
    throw refused(
      source,
      'has no line that is JSON: one JSON object a line is taken, a JSON array, or CSV with its columns named in the first row (.csv, or --csv)',
    )
  return { events: eventsOf(createReadStream(source), source, format), bytesTotal }
}

type Format = 'lines' | 'array' | 'csv'

function eventsOf(input: Readable, source: string, format: Format): AsyncGenerator<InputEvent> {
  if (format === 'csv') return csvEvents(decoded(input, source), source)
  return format === 'array'
    ? jsonArrayEvents(decoded(input, source), source)
    : jsonLineEvents(decoded(input, source))
}

export const isNamedCsv = (source: string): boolean => /\.(csv|tsv)(\.gz)?$/i.test(source)

/** By its name, else by the first characters of what is in it. */
async function formatOf(source: string, csv: boolean | undefined): Promise<Format> {
  if (csv ?? isNamedCsv(source)) return 'csv'
  const stream = createReadStream(source)
  try {
    for await (const chunk of decoded(stream, source)) {
      const first = chunk.toString('utf8').trimStart()[0]
      if (first !== undefined) return first === '[' ? 'array' : 'lines'
    }
    return 'lines'
  } finally {
    stream.destroy()
  }
}

function sizeOf(path: string): number {
  try {
    const found = statSync(path)
    if (found.isFile() || found.isFIFO()) return found.size
  } catch (error) {
    throw new CaudalError('REJECTED', { reason: `${path} cannot be read: ${reasonOf(error)}` }, error)
  }
  throw refused(path, 'is no file')
}

function isJson(value: Uint8Array): boolean {
  try {
    JSON.parse(Buffer.from(value).toString('utf8'))
    return true
  } catch {
    return false
  }
}
