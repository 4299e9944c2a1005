/** The requests that carry records: reading Produce and Fetch, and writing what a fetch brings. */
import type { TopicPartition } from '#core/record.ts'
import { type ByteReader, ByteWriter } from '#engine/log/kafka/bytes.ts'
import type { PartitionLog } from './partition-log.ts'

export interface ProducedBatch extends TopicPartition {
  /** A view of the request. */
  readonly batch: Buffer
}

export interface WantedRecords {
  readonly topicId: string
  readonly partition: number
  readonly offset: number
  readonly bytesMax: number
}

/** The later version is flexible, and adds the partitions to the transaction. */
export function readProduce(reader: ByteReader, isFlexible: boolean) {
  if (isFlexible) reader.tags()
  const transactionalId = (isFlexible ? reader.compactString() : reader.string()) ?? ''
  reader.view(2 + 4)
  const slices = isFlexible ? readFlexible(reader) : readPlain(reader)
  return { transactionalId, slices }
}

function readPlain(reader: ByteReader): ProducedBatch[] {
  const topics = reader.array(() => {
    const topic = reader.string() ?? ''
    return reader.array(() => {
      const partition = reader.int32()
      return { topic, partition, batch: reader.view(reader.int32()) }
    })
  })
  return topics.flat()
}

function readFlexible(reader: ByteReader): ProducedBatch[] {
  const topics = reader.compactArray(() => {
    const topic = reader.compactString() ?? ''
    const slices = reader.compactArray(() => {
      const partition = reader.int32()
      const batch = reader.view(reader.compactLength())
      reader.tags()
      return { topic, partition, batch }
    })
    reader.tags()
    return slices
  })
  return topics.flat()
}

export function readFetch(reader: ByteReader): {
  readonly waitMs: number
  readonly places: readonly WantedRecords[]
} {
  reader.tags()
  reader.int32()
  const waitMs = reader.int32()
  // Bytes at least and at most, the isolation level, the session and its epoch.
  reader.view(4 + 4 + 1 + 4 + 4)
  const topics = reader.compactArray(() => {
    const topicId = reader.uuid()
    const places = reader.compactArray(() => {
      const partition = reader.int32()
      reader.int32()
      const offset = reader.int64()
      reader.view(4 + 8)
      const bytesMax = reader.int32()
      reader.tags()
      return { topicId, partition, offset, bytesMax }
    })
    reader.tags()
    return places
  })
  return { waitMs, places: topics.flat() }
}

export function writeFetched(
  places: readonly (WantedRecords & { readonly code: number; readonly log: PartitionLog | undefined })[],
  refusal = 0,
): Buffer {
  const writer = new ByteWriter(4_096)
  writer.tags()
  writer.int32(0)
  writer.int16(refusal)
  writer.int32(0)
  writer.compactLength(places.length)
  for (const { topicId, partition, offset, bytesMax, code, log } of places) {
    const found = code === 0 ? log?.read(offset, bytesMax) : undefined
    const { bytes = Buffer.alloc(0), aborted = [] } = found ?? {}
    writer.uuid(topicId)
    writer.compactLength(1)
    writer.int32(partition)
    writer.int16(code)
    for (const each of [log?.end ?? -1, log?.stableEnd ?? -1, 0]) writer.int64(each)
    writer.compactLength(aborted.length)
    for (const { producerId, firstOffset } of aborted) {
      writer.int64(producerId)
      writer.int64(firstOffset)
      writer.tags()
    }
    writer.int32(-1)
    writer.compactLength(bytes.length)
    writer.bytes(bytes)
    for (let tags = 0; tags < 2; tags++) writer.tags()
  }
  writer.tags()
  return writer.written()
}
