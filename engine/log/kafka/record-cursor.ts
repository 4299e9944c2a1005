/**
 * Reads the record batches of one partition out of a fetched run of bytes, a few records at a time.
 *
 * Read committed: the broker sends everything below the last stable offset. With it comes the list of the aborted
 * transactions in there (producer and first offset, in no useful order). A transaction is aborted from its first offset up
 * to its producer's next abort marker. So the cursor sorts the entries and walks the batches:
 * - An entry that begins at or below the end of the batch joins the set of aborted producers.
 * - An abort marker removes its producer from the set.
 * - Transactional batches of a producer in the set are skipped.
 *
 * A marker is a record of a control batch, never a user's record that looks like one.
 *
 * The position moves by batches, not by records: past markers, aborted records, and batches that compaction thinned or
 * emptied. Keys and values are copied out, so that a record held for long holds nothing else.
 */
import { CaudalError } from '#core/errors.ts'
import {
  type HeaderPair,
  type LogRecord,
  NO_HEADERS,
  partitionKey,
  type TopicPartition,
} from '#core/record.ts'
import { ByteReader } from './bytes.ts'
import { decompress } from './compression.ts'
import { crc32c } from './crc32c.ts'
import { ATTRIBUTE, FIELD, LENGTH_END, MAGIC } from './record-batch.ts'

export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: number
}

/** A batch whose records are being handed out. */
interface OpenBatch {
  readonly reader: ByteReader
  readonly baseOffset: number
  readonly nextOffset: number
  readonly baseTimestamp: number
  /** Given to all records where the topic keeps the time of appending. */
  readonly appendTimestamp: number | undefined
  left: number
}

export class RecordCursor {
  /** Every committed record below it has been handed out. */
  nextOffset: number
  readonly #place: TopicPartition
  readonly #bytes: Buffer
  readonly #aborted: AbortedTransaction[]
  readonly #abortedProducers = new Set<bigint>()
  #at = 0
  #open: OpenBatch | undefined

  /** `bytes` may end in a part of a batch, which is left alone. */
  constructor(place: TopicPartition, offset: number, bytes: Buffer, aborted: readonly AbortedTransaction[]) {
    this.#place = place
    this.nextOffset = offset
    this.#bytes = bytes
    // The last is the next to begin.
    this.#aborted = [...aborted].sort((a, b) => b.firstOffset - a.firstOffset)
  }

  /** Where the next fetch goes on: the offset after the last whole batch. */
  static endOf(bytes: Buffer, offset: number): number {
    let end = offset
    for (let at = 0; isWhole(bytes, at); at += batchBytes(bytes, at)) end = endOffset(bytes, at)
    return Math.max(end, offset)
  }

  get exhausted(): boolean {
    return this.#open === undefined && !isWhole(this.#bytes, this.#at)
  }

  /** The next records, at most `recordsMax`. */
  read(recordsMax: number): LogRecord[] {
    const records: LogRecord[] = []
    while (records.length < recordsMax) {
      this.#open ??= this.#nextBatch()
      if (this.#open === undefined) break
      this.#readFrom(this.#open, records, recordsMax)
    }
    // What lies directly behind and holds no records is passed now, or the caller would wait for nothing.
    this.#open ??= this.#nextBatch()
    return records
  }

  #readFrom(batch: OpenBatch, records: LogRecord[], recordsMax: number): void {
    while (batch.left > 0 && records.length < recordsMax) {
      batch.left--
      const record = readRecord(batch)
      if (record.offset < this.nextOffset) continue
      records.push(record)
      this.nextOffset = record.offset + 1
    }
    if (batch.left > 0) return
    this.nextOffset = Math.max(this.nextOffset, batch.nextOffset)
    this.#open = undefined
  }

  /** Passes batches without visible records; opens the first that has some. */
  #nextBatch(): OpenBatch | undefined {
    while (isWhole(this.#bytes, this.#at)) {
      const at = this.#at
      const end = endOffset(this.#bytes, at)
      const visible = this.#isVisible(at, end) && end > this.nextOffset && count(this.#bytes, at) > 0
      // Opened before it is passed: a batch that cannot be read stays in the way.
      const open = visible ? this.#openAt(at) : undefined
      this.#at += batchBytes(this.#bytes, at)
      if (open) return open
      this.#noteMarker(at)
      this.nextOffset = Math.max(this.nextOffset, end)
    }
    return undefined
  }

  #isVisible(at: number, end: number): boolean {
    while ((this.#aborted.at(-1)?.firstOffset ?? end) < end) {
      const begun = this.#aborted.pop()
      if (begun) this.#abortedProducers.add(begun.producerId)
    }
    const attributes = this.#bytes.readInt16BE(at + FIELD.attributes)
    if ((attributes & ATTRIBUTE.control) !== 0) return false
    return (
      (attributes & ATTRIBUTE.transactional) === 0 || !this.#abortedProducers.has(producerOf(this.#bytes, at))
    )
  }

  /** Any marker ends its producer's transaction; what follows is another one, aborted only if listed again. */
  #noteMarker(at: number): void {
    const attributes = this.#bytes.readInt16BE(at + FIELD.attributes)
    if ((attributes & ATTRIBUTE.control) !== 0) this.#abortedProducers.delete(producerOf(this.#bytes, at))
  }

  #openAt(at: number): OpenBatch {
    const bytes = this.#bytes
    this.#check(at)
    const attributes = bytes.readInt16BE(at + FIELD.attributes)
    const records = bytes.subarray(at + FIELD.records, at + batchBytes(bytes, at))
    const header = new ByteReader(bytes, at + FIELD.baseTimestamp)
    const baseTimestamp = header.int64()
    const maxTimestamp = header.int64()
    return {
      reader: new ByteReader(decompress(attributes & ATTRIBUTE.codec, records)),
      baseOffset: baseOffset(bytes, at),
      nextOffset: endOffset(bytes, at),
      baseTimestamp,
      appendTimestamp: (attributes & ATTRIBUTE.appendTime) === 0 ? undefined : maxTimestamp,
      left: count(bytes, at),
    }
  }

  #check(at: number): void {
    const magic = this.#bytes[at + FIELD.magic]
    const crc = crc32c(this.#bytes, at + FIELD.attributes, at + batchBytes(this.#bytes, at))
    const reason =
      magic !== MAGIC
        ? `record batches have format ${magic}, this version reads ${MAGIC}`
        : crc !== this.#bytes.readUInt32BE(at + FIELD.crc)
          ? 'the checksum of a record batch is wrong'
          : undefined
    if (reason === undefined) return
    const path = `${partitionKey(this.#place)}@${baseOffset(this.#bytes, at)}`
    throw new CaudalError('LOG_CORRUPT', { path, reason })
  }
}

function readRecord(batch: OpenBatch): LogRecord {
  const { reader } = batch
  // One copy for the whole record; key, value and headers are views of it.
  const length = reader.varint()
  const own = new ByteReader(Buffer.from(reader.view(length)), 1)
  const timestamp = batch.baseTimestamp + own.varlong()
  const offset = batch.baseOffset + own.varint()
  const key = sized(own)
  const value = sized(own)
  const headersAt = own.at
  const count = own.varint()
  const record = { offset, key, value, headers: NO_HEADERS, timestamp: batch.appendTimestamp ?? timestamp }
  if (count === 0) return record
  const headers: Record<string, Uint8Array> = {}
  record.headers = headers
  return readHeaders(own, count, headers)
    ? record
    : { ...record, allHeaders: readPairs(new ByteReader(own.buffer, headersAt)) }
}

/** Whether the object says all: no name occurs twice, and each has a value. */
function readHeaders(reader: ByteReader, count: number, headers: Record<string, Uint8Array>): boolean {
  let isWhole = true
  for (let index = 0; index < count; index++) {
    const name = reader.view(reader.varint()).toString()
    const value = sized(reader)
    if (value === null || Object.hasOwn(headers, name)) isWhole = false
    put(headers, name, value ?? new Uint8Array())
  }
  return isWhole
}

function readPairs(reader: ByteReader): HeaderPair[] {
  return Array.from({ length: reader.varint() }, () => {
    return [reader.view(reader.varint()).toString(), sized(reader)] as const
  })
}

/** Assigned, this one name would replace the prototype. */
function put(headers: Record<string, Uint8Array>, name: string, value: Uint8Array): void {
  if (name === '__proto__')
    Object.defineProperty(headers, name, { value, enumerable: true, configurable: true })
  else headers[name] = value
}

function sized(reader: ByteReader): Buffer | null {
  const length = reader.varint()
  return length < 0 ? null : reader.view(length)
}

function isWhole(bytes: Buffer, at: number): boolean {
  if (at + FIELD.records > bytes.length) return false
  const size = batchBytes(bytes, at)
  if (size >= FIELD.records) return at + size <= bytes.length
  throw new CaudalError('LOG_CORRUPT', { path: 'Kafka', reason: `a record batch has ${size} bytes` })
}

const batchBytes = (bytes: Buffer, at: number): number => bytes.readInt32BE(at + FIELD.length) + LENGTH_END
const count = (bytes: Buffer, at: number): number => bytes.readInt32BE(at + FIELD.count)
const producerOf = (bytes: Buffer, at: number): bigint => bytes.readBigInt64BE(at + FIELD.producerId)
const baseOffset = (bytes: Buffer, at: number): number => new ByteReader(bytes, at).int64()
const endOffset = (bytes: Buffer, at: number): number =>
  baseOffset(bytes, at) + bytes.readInt32BE(at + FIELD.lastOffsetDelta) + 1
