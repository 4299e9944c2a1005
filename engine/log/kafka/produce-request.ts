/** The Produce request: encoded straight from the records into one run of bytes. */
import type { TopicPartition } from '#engine/core/record.ts'
import type { Compression } from './compression.ts'
import type { WireRequest } from './library.ts'
import { type Stamp, writeBatch } from './record-batch.ts'
import type { Slice } from './slices.ts'
import { byTopic, wireRequest } from './wire.ts'

export interface ProduceOptions {
  readonly transactionalId: string
  readonly timeoutMs: number
  readonly compression: Compression
  /** The producer's identity and the first sequence number of a slice. */
  stampOf(slice: Slice): Stamp
}

export interface ProducedSlice extends TopicPartition {
  readonly code: number
  readonly baseOffset: number
}

const ALL_IN_SYNC_REPLICAS = -1
const BATCH_OVERHEAD_BYTES = 128

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
    apiVersion: 7,
    apiName: 'Produce',
    sizeBytes: slices.reduce((sum, each) => sum + each.bytesAtMost + BATCH_OVERHEAD_BYTES, 512),
    write(writer) {
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
          writeBatch(writer, slice.records, slice.from, slice.to, options.stampOf(slice), options.compression)
          writer.buffer.writeInt32BE(writer.length - size - 4, size)
        }
      }
    },
    read: reader =>
      reader
        .array(() => {
          const topic = reader.string() ?? ''
          return reader.array(() => {
            const [partition, code, baseOffset] = [reader.int32(), reader.int16(), reader.int64()]
            // The time of appending and the start of the log, which nobody asks for here.
            reader.view(16)
            return { topic, partition, code, baseOffset }
          })
        })
        .flat(),
  })
}
