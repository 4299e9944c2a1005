/** Events as rows, their fields named in the first one. */
import { Readable } from 'node:stream'
import { CsvError, type Info, parse } from 'csv-parse'
import type { InputEvent } from './input-event.ts'
import { refused } from './text.ts'

const DELIMITERS = [',', ';', '\t'] as const
/** A row must have one of them to be a question. */
const NEEDED = ['title', 'text']
const SHOWN_CHARACTERS_MAX = 80

/** An empty cell is an absent field. A row that has not the columns of the first is an error of the file: REJECTED. */
export async function* csvEvents(input: AsyncIterable<Buffer>, source: string): AsyncGenerator<InputEvent> {
  const [chunks, header] = await firstLine(input)
  const names = (row: readonly string[]) => row.map(name => name.trim().toLowerCase())
  const columns = (row: readonly string[]): string[] => {
    const found = names(row)
    const twice = found.find((name, index) => name !== '' && found.indexOf(name) < index)
    if (twice !== undefined) throw refused(source, `names the column ${twice} twice at its top`)
    if (found.some(name => NEEDED.includes(name))) return found
    const shown = header.slice(0, SHOWN_CHARACTERS_MAX)
    throw refused(
      source,
      `has no row of names at its top: a column title or text is needed, the first row is "${shown}"`,
    )
  }
  const options = { columns, delimiter: delimiterOf(header), skip_empty_lines: true, info: true } as const
  const rows = Readable.from(chunks).pipe(parse(options))
  try {
    for await (const row of rows) {
      const { record, info } = row as { record: Record<string, string>; info: Info } // As `columns` and `info` ask for.
      const fields = Object.entries(record).filter(([, text]) => text !== '')
      const value = Buffer.from(JSON.stringify(Object.fromEntries(fields)))
      yield { line: info.lines, value, bytesRead: info.bytes }
    }
  } catch (error) {
    if (error instanceof CsvError) throw refused(source, `has a fault: ${error.message}`, error)
    throw error
  }
}

async function firstLine(input: AsyncIterable<Buffer>): Promise<readonly [AsyncIterable<Buffer>, string]> {
  const iterator = input[Symbol.asyncIterator]()
  let head = Buffer.alloc(0)
  while (!head.includes(0x0a)) {
    const { value, done } = await iterator.next()
    if (done) break
    head = Buffer.concat([head, value])
  }
  async function* all(): AsyncGenerator<Buffer> {
    if (head.length > 0) yield head
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
  }
  return [all(), head.toString('utf8').split(/\r?\n/)[0] ?? '']
}

/** The one that stands most often in the first row, outside quotes. */
function delimiterOf(header: string): string {
  const bare = header.replace(/"[^"]*"/g, '')
  const times = (delimiter: string) => bare.split(delimiter).length
  return DELIMITERS.reduce((best, each) => (times(each) > times(best) ? each : best))
}
