/**
 * The Produce request: encoded straight from the records into one run of bytes. Its later version adds the partitions that it
 * writes to the transaction.
 */
import type { TopicPartition } from '#core/record.ts'
import type { ByteReader, ByteWriter } from './bytes.ts'
import type { Compression } from './compression.ts'
import type { WireRequest } from './library.ts'
import { type Stamp, writeBatch } from './record-batch.ts'
import type { Slice } from './slices.ts'
import { byTopic, wireRequest } from './wire.ts'

export interface ProduceOptions {
  readonly transactionalId: string
  /** Of brokers that give each transaction an epoch of its own. */
  readonly addsPartitions: boolean
  readonly timeoutMs: number
  readonly compression: Compression
  /** The producer's identity and the first sequence number of a slice. */
  stampOf(slice: Slice): Stamp
}

export interface ProducedSlice extends TopicPartition {
  readonly code: number
  readonly baseOffset: number
  /** Of a batch that was refused: which of its records are to blame, where the broker says so, and what it says. */
  readonly refused: readonly number[]
  readonly reason: string | null
}

const ALL_IN_SYNC_REPLICAS = -1
const BATCH_OVERHEAD_BYTES = 128
/** Of the size of a batch, which is below 2^28. */
const SIZE_BYTES = 4

export function produceRequest(
  slices: readonly Slice[],
  options: ProduceOptions,
): WireRequest<ProducedSlice[]> {
  const topics = byTopic(
    slices,
    slice => slice.topic,
    slice => slice,
  )
  return wireRequest({
    apiKey: 0,
    apiVersion: options.addsPartitions ? 12 : 8,
    apiName: 'Produce',
    sizeBytes: slices.reduce((sum, each) => sum + each.bytesAtMost + BATCH_OVERHEAD_BYTES, 512),
    write: writer => (options.addsPartitions ? writeFlexible : writePlain)(writer, topics, options),
    read: options.addsPartitions ? readFlexible : readPlain,
  })
}

type Topics = readonly { readonly topic: string; readonly partitions: readonly Slice[] }[]

function writePlain(writer: ByteWriter, topics: Topics, options: ProduceOptions): void {
  writer.string(options.transactionalId)
  writer.int16(ALL_IN_SYNC_REPLICAS)
  writer.int32(options.timeoutMs)
  writer.int32(topics.length)
  for (const { topic, partitions } of topics) {
    writer.string(topic)
    writer.int32(partitions.length)
    for (const slice of partitions) {
      writer.int32(slice.partition)
      const size = writer.placeholder(4)
      writeSlice(writer, slice, options)
      writer.buffer.writeInt32BE(writer.length - size - 4, size)
    }
  }
}

function writeFlexible(writer: ByteWriter, topics: Topics, options: ProduceOptions): void {
  writer.tags()
  writer.compactString(options.transactionalId)
  writer.int16(ALL_IN_SYNC_REPLICAS)
  writer.int32(options.timeoutMs)
  writer.compactLength(topics.length)
  for (const { topic, partitions } of topics) {
    writer.compactString(topic)
    writer.compactLength(partitions.length)
    for (const slice of partitions) {
      writer.int32(slice.partition)
      const size = writer.placeholder(SIZE_BYTES)
      writeSlice(writer, slice, options)
      writeSize(writer, size, writer.length - size - SIZE_BYTES)
      writer.tags()
    }
    writer.tags()
  }
  writer.tags()
}

function writeSlice(writer: ByteWriter, slice: Slice, { stampOf, compression }: ProduceOptions): void {
  writeBatch(writer, slice.records, slice.from, slice.to, stampOf(slice), compression)
}

/** A compact length in always as many bytes, as it is known only after what it counts: leading groups may be empty. */
function writeSize(writer: ByteWriter, at: number, bytes: number): void {
  let rest = bytes + 1
  for (let index = 0; index < SIZE_BYTES; index++) {
    const isLast = index === SIZE_BYTES - 1
    writer.buffer[at + index] = (rest & 0x7f) | (isLast ? 0 : 0x80)
    rest >>>= 7
  }
}

function readPlain(reader: ByteReader): ProducedSlice[] {
  return reader
    .array(() => {
      const topic = reader.string() ?? ''
      return reader.array(() => {
        const slice = readSlice(reader, topic)
        const blamed = reader.array(() => ({ index: reader.int32(), reason: reader.string() }))
        return { ...slice, ...blame(blamed, reader.string()) }
      })
    })
    .flat()
}

function readFlexible(reader: ByteReader): ProducedSlice[] {
  reader.tags()
  return reader
    .compactArray(() => {
      const topic = reader.compactString() ?? ''
      const slices = reader.compactArray(() => {
        const slice = readSlice(reader, topic)
        const blamed = reader.compactArray(() => {
          const each = { index: reader.int32(), reason: reader.compactString() }
          reader.tags()
          return each
        })
        const reason = reader.compactString()
        reader.tags()
        return { ...slice, ...blame(blamed, reason) }
      })
      reader.tags()
      return slices
    })
    .flat()
}

function blame(records: readonly { index: number; reason: string | null }[], reason: string | null) {
  return { refused: records.map(({ index }) => index), reason: records[0]?.reason ?? reason }
}

function readSlice(reader: ByteReader, topic: string) {
  const [partition, code, baseOffset] = [reader.int32(), reader.int16(), reader.int64()]
  // The time of appending and the start of the log, which nobody asks for here.
  reader.view(16)
  return { topic, partition, code, baseOffset }
}
