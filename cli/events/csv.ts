/** Events as rows, their fields named in the first one. */
import { Readable } from 'node:stream'
import { CsvError, type Info, parse } from 'csv-parse'
import type { InputEvent } from './input-event.ts'
import { refused } from './input-fault.ts'
import { shortened, unmarked } from './long-rows.ts'

const DELIMITERS = [',', ';', '\t', '|'] as const
/** No UTF-8 has it: where the first row names one column, every row is one cell. */
const NO_DELIMITER = Buffer.of(0xff)
/** The line that Excel writes and reads before the names. */
const SEPARATOR = /^"?sep=([^"])"?\s*$/i
/** What JSON begins with, and no row of names. */
const JSON_BEGINS = /^\s*[[{]\s*(?:["[{]|$)/
/** A row must have one of them to be a question. */
const NEEDED = ['title', 'text']
const SHOWN_CHARACTERS_MAX = 80
/** A cell that is longer is no name of a column. */
const NAME_CHARACTERS_MAX = 200
/** Only cells in quotes make a row as long: a quote that is never closed makes a row of all that follows. */
const ROW_BYTES_MAX = 16 * 1024 * 1024

interface Row {
  readonly record: Record<string, string>
  readonly info: Info
}

/**
 * An empty cell is an absent field, and a row of empty cells no event. A row that has not the columns of the first is an
 * error of the file: REJECTED. Rows may end in any of the three ways, also mixed.
 */
export async function* csvEvents(input: AsyncIterable<Buffer>, source: string): AsyncGenerator<InputEvent> {
  const { chunks, header, delimiter, linesBefore } = await opened(input)
  if (JSON_BEGINS.test(header))
    throw refused(source, 'is JSON: give it a name that ends in .json or .ndjson, and leave out --csv')
  let lineGood = linesBefore
  let names: ReadonlyMap<string, string> = new Map()
  const options = {
    columns: (row: readonly string[]) => {
      const columns = columnsOf(row, header, source)
      names = new Map(columns.map((column, index) => [column, seen(row[index] ?? '')]))
      return columns
    },
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    skip_empty_lines: true,
    max_record_size: ROW_BYTES_MAX,
    info: true,
    on_record: (row: Row) => {
      lineGood = row.info.lines + linesBefore
      return row
    },
  }
  const bytes = Readable.from(shortened(chunks, delimiter))
  const rows = bytes.pipe(parse(options))
  bytes.once('error', error => rows.destroy(error))
  try {
    for await (const row of rows) {
      const { record, info } = row as Row // As `columns` and `info` ask for.
      const { fields, leftOut } = fieldsOf(record)
      if (fields.every(([, text]) => text.trim() === '')) continue
      if (hasNames(record, names)) {
        if (fields.every(([column, text]) => seen(text) === names.get(column))) continue
        throw refused(source, otherOrder(info.lines + linesBefore))
      }
      const value = Buffer.from(JSON.stringify(Object.fromEntries(fields)))
      const tooLong = leftOut > 0 ? value.length + leftOut : undefined
      yield { line: info.lines + linesBefore, value, tooLong }
    }
  } catch (error) {
    if (error instanceof CsvError)
      throw refused(source, faultOf(error, delimiter, linesBefore, lineGood), error)
    throw error
  } finally {
    bytes.destroy()
  }
}

/** The cells that are not empty, and how many bytes of them were left out. */
function fieldsOf(record: Readonly<Record<string, string>>) {
  let leftOut = 0
  const fields = Object.entries(record).map(([name, cell]) => {
    const found = unmarked(cell)
    leftOut += found.leftOut
    return [name, found.text] as const
  })
  return { fields: fields.filter(([, text]) => text !== ''), leftOut }
}

/** As the first row of a file has it that was joined to another: in the same order, or in another. */
function hasNames(record: Readonly<Record<string, string>>, names: ReadonlyMap<string, string>): boolean {
  const given = Object.values(record)
  if (given.some(cell => cell.length > NAME_CHARACTERS_MAX)) return false
  const cells = given.map(seen).sort()
  const wanted = [...names.values()].sort()
  return cells.every((cell, index) => cell === wanted[index])
}

const otherOrder = (line: number): string =>
  `has the names of its columns again in line ${line}, in another order: feed the files one by one that were joined`

/** White space, and marks that nobody sees, as pages and chats leave them in what is copied out of them. */
const UNSEEN = /^[\s\p{Cf}]+|[\s\p{Cf}]+$/gu
const seen = (cell: string): string => cell.replace(UNSEEN, '')

/** Names as the fields of events have them: `Best Answer` and `best-answer` are `best_answer`. */
function columnsOf(row: readonly string[], header: string, source: string): string[] {
  const found = row.map(name =>
    seen(name)
      .toLowerCase()
      .replace(/[\s-]+/g, '_'),
  )
  const twice = found.find((name, index) => name !== '' && found.indexOf(name) < index)
  if (twice !== undefined)
    throw refused(source, `names the column ${twice} twice at its top: rename one of the two`)
  if (found.some(name => NEEDED.includes(name))) return found
  const shown = header.slice(0, SHOWN_CHARACTERS_MAX)
  throw refused(
    source,
    `has no row of names at its top: a column title or text is needed, the first row is "${shown}"`,
  )
}

/** What is wrong with the rows, and what to do about it. */
function faultOf(error: CsvError, delimiter: Buffer, linesBefore: number, lineGood: number): string {
  const line = Number(error.lines) + linesBefore
  const name = delimiter.equals(Buffer.from('\t')) ? 'tab' : delimiter.toString()
  switch (error.code) {
    case 'CSV_RECORD_INCONSISTENT_COLUMNS':
    case 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH':
      return `has more or fewer cells in line ${line} than its top names: put a cell that has a ${name} in it into quotes`
    case 'INVALID_OPENING_QUOTE':
      return `has a quote inside a cell of line ${line}: put the cell into quotes, and write each quote in it twice`
    case 'CSV_INVALID_CLOSING_QUOTE':
      return `has text behind the closing quote of a cell in line ${line}: write each quote inside a cell twice`
    case 'CSV_QUOTE_NOT_CLOSED':
    case 'CSV_MAX_RECORD_SIZE':
      return `has a cell whose quotes are not closed, after line ${lineGood}: close them, and write each quote inside a cell twice`
    default:
      return `has a fault: ${error.message}`
  }
}

/** The rows from the names on, and what separates their cells. */
async function opened(input: AsyncIterable<Buffer>) {
  const first = await firstLine(input)
  const separator = SEPARATOR.exec(first.line)?.[1]
  if (separator === undefined)
    return { chunks: first.all, header: first.line, delimiter: delimiterOf(first.line), linesBefore: 0 }
  const { line, all } = await firstLine(first.rest)
  return { chunks: all, header: line, delimiter: Buffer.from(separator), linesBefore: 1 }
}

const isLineEnd = (byte: number) => byte === 0x0a || byte === 0x0d

/** The first line that is not empty, everything, and everything after that line. */
async function firstLine(input: AsyncIterable<Buffer>) {
  const iterator = input[Symbol.asyncIterator]()
  let head = Buffer.alloc(0)
  let from = -1
  let end = -1
  // One byte more, since a line of Windows ends with two.
  while (end < 0 || end + 1 >= head.length) {
    const { value, done } = await iterator.next()
    if (done) break
    head = Buffer.concat([head, value])
    from = head.findIndex(byte => !isLineEnd(byte))
    end = from < 0 ? -1 : head.findIndex((byte, index) => index > from && isLineEnd(byte))
  }
  const line = head.subarray(Math.max(0, from), end < 0 ? head.length : end)
  const isOfWindows = head[end] === 0x0d && head[end + 1] === 0x0a
  async function* following(bytes: Buffer): AsyncGenerator<Buffer> {
    if (bytes.length > 0) yield bytes
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
  }
  return {
    line: line.toString('utf8'),
    all: following(head),
    rest: following(end < 0 ? Buffer.alloc(0) : head.subarray(end + (isOfWindows ? 2 : 1))),
  }
}

/** The one that stands most often in the first row, outside quotes. */
function delimiterOf(header: string): Buffer {
  const bare = header.replace(/"[^"]*"/g, '')
  const times = (delimiter: string) => bare.split(delimiter).length - 1
  const best = DELIMITERS.reduce((most, each) => (times(each) > times(most) ? each : most))
  return times(best) > 0 ? Buffer.from(best) : NO_DELIMITER
}
