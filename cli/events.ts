/** Files of events: one JSON document a line, or CSV whose first row names the fields. */
import { createReadStream, statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { CsvError, type Info, parse } from 'csv-parse'
import { CaudalError, reasonOf } from '#engine/core/errors.ts'

export interface InputEvent {
  /** Where it stands in its file, from 1. */
  readonly line: number
  readonly value: Uint8Array
  /** Bytes of the file up to its end. */
  readonly bytesRead: number
}

export interface InputFile {
  readonly events: AsyncIterable<InputEvent>
  /** Unknown for a stream. */
  readonly bytesTotal: number | undefined
}

/** `-` is the standard input, which is taken for JSON lines unless `csv` says otherwise. Throws REJECTED for a file that is not there. */
export function openEvents(
  source: string,
  stdin: Readable,
  csv = source.toLowerCase().endsWith('.csv'),
): InputFile {
  const isStream = source === '-'
  const bytesTotal = isStream ? undefined : sizeOf(source)
  const input = isStream ? stdin : createReadStream(source)
  return { events: csv ? csvEvents(input) : jsonEvents(input), bytesTotal }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size
  } catch (error) {
    throw new CaudalError('REJECTED', { reason: `${path} cannot be read: ${reasonOf(error)}` }, error)
  }
}

/** Lines are handed on as they are: whether they are events is for the pipeline to say, with a reason. */
async function* jsonEvents(input: Readable): AsyncGenerator<InputEvent> {
  let line = 0
  let bytesRead = 0
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const value = Buffer.from(line === 0 ? text.replace(/^\uFEFF/, '') : text)
    line++
    bytesRead += value.length + 1
    if (text.trim() !== '') yield { line, value, bytesRead }
  }
}

/** An empty cell is an absent field. A row that has not the columns of the first is an error of the file: REJECTED. */
async function* csvEvents(input: Readable): AsyncGenerator<InputEvent> {
  const rows = input.pipe(parse({ columns: true, bom: true, skip_empty_lines: true, info: true }))
  try {
    for await (const row of rows) {
      const { record, info } = row as { record: Record<string, string>; info: Info } // As `columns` and `info` ask for.
      const fields = Object.entries(record).filter(([, text]) => text !== '')
      yield {
        line: info.lines,
        value: Buffer.from(JSON.stringify(Object.fromEntries(fields))),
        bytesRead: info.bytes,
      }
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new CaudalError('REJECTED', { reason: `the CSV has a fault: ${error.message}` }, error)
  } finally {
    input.destroy()
  }
}
