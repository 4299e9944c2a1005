/**
 * Kafka's record batch, format 2: where its fields are, and writing one. Reading is in `record-cursor.ts`.
 *
 * A batch has a header of 61 bytes and then records, each a length followed by differences to the batch's first offset
 * and time. The checksum covers everything from the attributes on.
 */
import { type HeaderPair, type Headers, type NewRecord, NO_HEADERS } from '#core/record.ts'
import { type ByteWriter, varintBytes, varlongBytes, ByteWriter as Writer } from './bytes.ts'
import { CODEC, type Compression, compress } from './compression.ts'
import { crc32c } from './crc32c.ts'

/** Offsets of the fields in the header. */
export const FIELD = {
  length: 8,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  count: 57,
  records: 61,
} as const

export const MAGIC = 2
/** The batch's length counts what follows the field. */
export const LENGTH_END = FIELD.length + 4

export const ATTRIBUTE = { codec: 0x07, appendTime: 0x08, transactional: 0x10, control: 0x20 } as const

/** Who writes: the broker refuses stale epochs and repeated sequence numbers. */
export interface Stamp {
  readonly producerId: bigint
  readonly epoch: number
  readonly sequence: number
}

const SEQUENCES = 2 ** 31

/** The sequence number that follows so many records: after the largest 32-bit integer comes 0, also in mid-batch. */
export function sequenceAfter(sequence: number, records: number): number {
  return (sequence + records) % SEQUENCES
}

/** The room that a record may take at most, differences and lengths included. */
export function recordBytesAtMost(record: NewRecord): number {
  let bytes = 36 + (record.key?.length ?? 0) + (record.value?.length ?? 0)
  for (const name in record.headers) bytes += 10 + name.length * 3 + (record.headers[name]?.length ?? 0)
  for (const [name, value] of record.allHeaders ?? []) bytes += 10 + name.length * 3 + (value?.length ?? 0)
  return bytes
}

/** Appends records `from` to `to` as one transactional batch. */
export function writeBatch(
  writer: ByteWriter,
  records: readonly NewRecord[],
  from: number,
  to: number,
  stamp: Stamp,
  compression: Compression,
): void {
  const start = writer.length
  const [base, last] = timesOf(records, from, to)
  writer.int64(0)
  writer.placeholder(4)
  writer.int32(-1)
  writer.int8(MAGIC)
  writer.placeholder(4)
  writer.int16(ATTRIBUTE.transactional | CODEC[compression])
  writer.int32(to - from - 1)
  writer.int64(base)
  writer.int64(last)
  writer.int64(stamp.producerId)
  writer.int16(stamp.epoch)
  writer.int32(stamp.sequence)
  writer.int32(to - from)
  if (compression === 'none') writeRecords(writer, records, from, to, base)
  else {
    const plain = new Writer((to - from) * 128)
    writeRecords(plain, records, from, to, base)
    writer.bytes(compress(compression, plain.written()))
  }
  writer.buffer.writeInt32BE(writer.length - start - LENGTH_END, start + FIELD.length)
  const crc = crc32c(writer.buffer, start + FIELD.attributes, writer.length)
  writer.buffer.writeUInt32BE(crc, start + FIELD.crc)
}

/** What the times of a batch are differences to, and the latest. Differences that no number holds exactly are taken to 0. */
function timesOf(records: readonly NewRecord[], from: number, to: number): [base: number, last: number] {
  const first = records[from]?.timestamp ?? 0
  let [least, last] = [first, first]
  for (let index = from; index < to; index++) {
    const timestamp = records[index]?.timestamp ?? 0
    if (timestamp < least) least = timestamp
    else if (timestamp > last) last = timestamp
  }
  return [Number.isSafeInteger(last - least) ? first : 0, last]
}

function writeRecords(
  writer: ByteWriter,
  records: readonly NewRecord[],
  from: number,
  to: number,
  base: number,
): void {
  for (let index = from; index < to; index++) {
    const record = records[index]
    if (record) writeRecord(writer, record, record.timestamp - base, index - from)
  }
}

function writeRecord(writer: ByteWriter, record: NewRecord, age: number, place: number): void {
  const { key, value } = record
  const headers = record.allHeaders ?? pairsOf(record.headers)
  let bytes = 1 + varlongBytes(age) + varintBytes(place) + sizedBytes(key) + sizedBytes(value)
  for (const [name, value] of headers) {
    const nameBytes = Buffer.byteLength(name)
    bytes += varintBytes(nameBytes) + nameBytes + sizedBytes(value)
  }
  writer.varint(bytes + varintBytes(headers.length))
  writer.int8(0)
  writer.varlong(age)
  writer.varint(place)
  writeSized(writer, key)
  writeSized(writer, value)
  writer.varint(headers.length)
  for (const [name, value] of headers) {
    const nameBytes = Buffer.byteLength(name)
    writer.varint(nameBytes)
    writer.text(name, nameBytes)
    writeSized(writer, value)
  }
}

function pairsOf(headers: Headers): readonly HeaderPair[] {
  return headers === NO_HEADERS ? NONE : Object.entries(headers)
}

const NONE: readonly HeaderPair[] = []

function sizedBytes(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : varintBytes(bytes.length) + bytes.length
}

function writeSized(writer: ByteWriter, bytes: Uint8Array | null): void {
  if (bytes === null) return writer.varint(-1)
  writer.varint(bytes.length)
  writer.bytes(bytes)
}
