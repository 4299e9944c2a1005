/**
 * The records of one batch as a disk has them: their bytes in one piece, and where each record lies in it.
 *
 * Packed bytes are a copy, and a reader gets bytes of its own: both as by a network. One copy serves many records, so that
 * copies cost little. A piece that is read stays small, since one kept record holds all of the piece.
 */
import { type HeaderPair, type Headers, type LogRecord, type NewRecord, NO_HEADERS } from '#core/record.ts'

/** Bytes that are read with one copy, unless one record has more. */
const PIECE_BYTES = 32_768

/** Names of headers and lengths of their values; -1: no value. Records in a row mostly share it. */
interface HeaderShape {
  readonly names: readonly string[]
  readonly lengths: readonly number[]
}

interface Packed {
  readonly offset: number
  readonly timestamp: number
  /** Where its bytes begin: the key, the value, the headers, all headers. */
  readonly at: number
  /** -1: no key. */
  readonly keyLength: number
  /** -1: a tombstone. */
  readonly valueLength: number
  readonly headers: HeaderShape | undefined
  readonly allHeaders: HeaderShape | undefined
}

export class PackedRecords {
  static readonly none = new PackedRecords([], Buffer.alloc(0))

  /** In order of offset. */
  readonly #packed: readonly Packed[]
  readonly #bytes: Buffer

  constructor(packed: readonly Packed[], bytes: Buffer) {
    this.#packed = packed
    this.#bytes = bytes
  }

  /** Packs records at the offsets from `offset` on. */
  static of(records: readonly NewRecord[], offset: number): PackedRecords {
    const writer = new Writer(records.reduce((sum, record) => sum + bytesOf(record), 0))
    return new PackedRecords(
      records.map((record, index) => writer.add(record, offset + index)),
      writer.bytes,
    )
  }

  get length(): number {
    return this.#packed.length
  }

  offsetAt(index: number): number {
    return this.#packed[index]?.offset ?? -1
  }

  isTombstoneAt(index: number): boolean {
    return this.#packed[index]?.valueLength === -1
  }

  /** The key as a text with one character for each byte; nothing where there is no key. */
  keyAt(index: number): string | undefined {
    const packed = this.#packed[index]
    if (!packed || packed.keyLength < 0) return undefined
    return this.#bytes.toString('latin1', packed.at, packed.at + packed.keyLength)
  }

  forEachKey(callback: (key: string, index: number) => void): void {
    for (let index = 0; index < this.length; index++) {
      const key = this.keyAt(index)
      if (key !== undefined) callback(key, index)
    }
  }

  all(): LogRecord[] {
    const records: LogRecord[] = []
    this.read(0, Number.POSITIVE_INFINITY, records)
    return records
  }

  /** Moves records from `offset` on into `into`; returns the offset of the last one once that is full. */
  read(offset: number, recordsMax: number, into: LogRecord[]): number | undefined {
    const end = this.#packed.length
    let from = this.#startingAt(offset)
    while (from < end) {
      const to = this.#endOfPiece(from, Math.min(end, from + recordsMax - into.length))
      const piece = new Piece(this.#bytes, this.#placeOf(from), this.#placeOf(to))
      for (const packed of this.#packed.slice(from, to)) into.push(piece.read(packed))
      if (into.length >= recordsMax) return this.offsetAt(to - 1)
      from = to
    }
    return undefined
  }

  /** Those whose index is kept. */
  filter(isKept: (index: number) => boolean): PackedRecords {
    const kept: Packed[] = []
    const pieces: Buffer[] = []
    let at = 0
    for (const [index, packed] of this.#packed.entries()) {
      if (!isKept(index)) continue
      const piece = this.#bytes.subarray(packed.at, this.#placeOf(index + 1))
      kept.push({ ...packed, at })
      pieces.push(piece)
      at += piece.length
    }
    return kept.length === this.length ? this : new PackedRecords(kept, Buffer.concat(pieces))
  }

  /** Index of the first record at or above the offset. */
  #startingAt(offset: number): number {
    const first = this.offsetAt(0)
    if (this.length === 0 || offset <= first) return 0
    let index = Math.min(offset - first, this.length)
    while (index > 0 && this.offsetAt(index - 1) >= offset) index--
    return index
  }

  /** Index behind the records that one piece holds. */
  #endOfPiece(from: number, end: number): number {
    const bytesMax = this.#placeOf(from) + PIECE_BYTES
    let to = from + 1
    while (to < end && this.#placeOf(to + 1) <= bytesMax) to++
    return to
  }

  #placeOf(index: number): number {
    return this.#packed[index]?.at ?? this.#bytes.length
  }
}

/** Packs one record after the other. */
class Writer {
  readonly bytes: Buffer
  #end = 0
  #headers: HeaderShape | undefined

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size)
  }

  add({ key, value, headers, allHeaders, timestamp }: NewRecord, offset: number): Packed {
    const at = this.#end
    return {
      offset,
      timestamp,
      at,
      keyLength: this.#append(key),
      valueLength: this.#append(value),
      headers: headers === NO_HEADERS ? undefined : this.#addHeaders(headers),
      allHeaders: allHeaders && this.#addPairs(allHeaders),
    }
  }

  #append(bytes: Uint8Array | null | undefined): number {
    if (!bytes) return -1
    this.bytes.set(bytes, this.#end)
    this.#end += bytes.length
    return bytes.length
  }

  #addHeaders(headers: Headers): HeaderShape {
    const names = Object.keys(headers)
    const lengths = names.map(name => this.#append(headers[name]))
    const shape = { names, lengths }
    if (!this.#headers || !isSame(this.#headers, shape)) this.#headers = shape
    return this.#headers
  }

  #addPairs(pairs: readonly HeaderPair[]): HeaderShape {
    return { names: pairs.map(([name]) => name), lengths: pairs.map(([, bytes]) => this.#append(bytes)) }
  }
}

/** A copy of the bytes of some records, from which these are read one after the other. */
class Piece {
  readonly #bytes: Buffer
  #at = 0

  constructor(packed: Buffer, from: number, to: number) {
    this.#bytes = Buffer.allocUnsafeSlow(to - from)
    packed.copy(this.#bytes, 0, from, to)
  }

  read({ keyLength, valueLength, headers, allHeaders, timestamp, offset }: Packed): LogRecord {
    const record = {
      key: this.#take(keyLength),
      value: this.#take(valueLength),
      headers: headers ? this.#headers(headers) : NO_HEADERS,
      timestamp,
      offset,
    }
    return allHeaders ? { ...record, allHeaders: this.#pairs(allHeaders) } : record
  }

  #take(length: number): Uint8Array | null {
    if (length < 0) return null
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  #headers(shape: HeaderShape): Headers {
    return Object.fromEntries(this.#pairs(shape).map(([name, bytes]) => [name, bytes ?? new Uint8Array()]))
  }

  #pairs({ names, lengths }: HeaderShape): readonly HeaderPair[] {
    return names.map((name, index) => [name, this.#take(lengths[index] ?? -1)] as const)
  }
}

function isSame(one: HeaderShape, other: HeaderShape): boolean {
  if (one.names.length !== other.names.length) return false
  for (let i = 0; i < one.names.length; i++) {
    if (one.names[i] !== other.names[i] || one.lengths[i] !== other.lengths[i]) return false
  }
  return true
}

function bytesOf({ key, value, headers, allHeaders }: NewRecord): number {
  let size = (key?.length ?? 0) + (value?.length ?? 0)
  for (const name in headers) size += headers[name]?.length ?? 0
  for (const [, bytes] of allHeaders ?? []) size += bytes?.length ?? 0
  return size
}
