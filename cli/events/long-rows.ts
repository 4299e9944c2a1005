/** Rows that are too long to be held, made short enough for the reader of rows. */

/** No text has it: the reader of a file refuses zero bytes. */
const MARK = '\0'
/** No topic takes as much: of a longer row only its length is of interest. */
const ROW_BYTES_MAX = 4 * 1024 * 1024
const QUOTE = 0x22
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/**
 * The rows, without what a cell outside quotes has beyond the limit of its row. A mark with the number of bytes stands
 * instead. A cell in quotes is left whole: where its quotes are not closed, only the reader of rows can say so.
 */
export async function* shortened(chunks: AsyncIterable<Buffer>, delimiter: Buffer): AsyncGenerator<Buffer> {
  const rows = new Shortening(delimiter[0])
  for await (const chunk of chunks) yield* rows.push(chunk)
  yield* rows.end()
}

/** The cell without its mark, and how many bytes were left out where it stood. */
export function unmarked(cell: string): { readonly text: string; readonly leftOut: number } {
  const [text = '', leftOut = '0'] = cell.split(MARK)
  return { text, leftOut: Number(leftOut) }
}

class Shortening {
  readonly #delimiter: number | undefined
  /** Bytes of the row so far that were kept. */
  #row = 0
  /** Bytes of the cell that were left out. */
  #leftOut = 0
  #isAtStart = true
  #isQuoted = false
  /** Within quotes; a quote that is written twice closes and opens them. */
  #isInside = false

  constructor(delimiter: number | undefined) {
    this.#delimiter = delimiter
  }

  *push(chunk: Buffer): Generator<Buffer> {
    let from = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0
      const isLeaving = this.#leftOut > 0
      if (this.#isEnd(byte)) {
        if (isLeaving) {
          yield this.#mark()
          from = at
        }
      } else if (this.#row >= ROW_BYTES_MAX && !this.#isInQuotes(byte)) {
        if (!isLeaving) yield chunk.subarray(from, at)
        this.#leftOut++
        this.#isAtStart = false
        continue
      }
      this.#row++
      this.#passed(byte)
    }
    if (this.#leftOut === 0) yield chunk.subarray(from)
  }

  *end(): Generator<Buffer> {
    if (this.#leftOut > 0) yield this.#mark()
  }

  /** Whether the byte ends the cell. */
  #isEnd(byte: number): boolean {
    return !this.#isInside && (byte === this.#delimiter || byte === LINE_FEED || byte === CARRIAGE_RETURN)
  }

  /** Whether the byte belongs to a cell in quotes. */
  #isInQuotes(byte: number): boolean {
    return this.#isQuoted || (this.#isAtStart && byte === QUOTE)
  }

  #passed(byte: number): void {
    if (this.#isEnd(byte)) {
      if (byte !== this.#delimiter) this.#row = 0
      this.#isAtStart = true
      this.#isQuoted = false
      return
    }
    this.#isQuoted = this.#isInQuotes(byte)
    if (byte === QUOTE && this.#isQuoted) {
      this.#isInside = !this.#isInside
    }
    this.#isAtStart = false
  }

  #mark(): Buffer {
    const mark = Buffer.from(`${MARK}${this.#leftOut}`)
    this.#leftOut = 0
    return mark
  }
}
