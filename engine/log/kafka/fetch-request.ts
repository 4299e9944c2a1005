/**
 * The Fetch request, read committed. Topics are named by their ids, so that a broker itself refuses to give records of another
 * topic that has the name now. The records of a partition are handed on as bytes: see
 * `record-cursor.ts`.
 */
import type { ByteReader, ByteWriter } from './bytes.ts'
import type { WireRequest } from './library.ts'
import type { AbortedTransaction } from './record-cursor.ts'
import { byTopic, Refusal, wireRequest } from './wire.ts'

export interface FetchPlace {
  readonly topicId: string
  readonly partition: number
  readonly offset: number
}

export interface FetchOptions {
  /** How long the broker waits for the first record. */
  readonly waitMs: number
  readonly bytesMax: number
  /** For one partition. A first batch that is larger is sent all the same. */
  readonly partitionBytesMax: number
}

export interface FetchedPartition {
  readonly topicId: string
  readonly partition: number
  readonly code: number
  /** Where what is written ends, decided or not. */
  readonly highWatermark: number
  /** Nothing from here on is decided yet. */
  readonly lastStableOffset: number
  readonly aborted: readonly AbortedTransaction[]
  /** Record batches; a view of the whole answer. */
  readonly bytes: Buffer
}

const READ_COMMITTED = 1
const NO_SESSION = -1
const UNKNOWN = -1

export function fetchRequest(
  places: readonly FetchPlace[],
  options: FetchOptions,
): WireRequest<FetchedPartition[]> {
  const topics = byTopic(
    places,
    place => place.topicId,
    place => place,
  )
  return wireRequest({
    apiKey: 1,
    apiVersion: 13,
    apiName: 'Fetch',
    sizeBytes: 256 + places.length * 48,
    write(writer) {
      writer.tags()
      writer.int32(-1)
      writer.int32(options.waitMs)
      writer.int32(1)
      writer.int32(options.bytesMax)
      writer.int8(READ_COMMITTED)
      writer.int32(0)
      writer.int32(NO_SESSION)
      writer.compactLength(topics.length)
      for (const { topic, partitions } of topics) {
        writer.uuid(topic)
        writer.compactLength(partitions.length)
        for (const place of partitions) writePlace(writer, place, options.partitionBytesMax)
        writer.tags()
      }
      writer.compactLength(0)
      writer.compactString('')
      writer.tags()
    },
    read: readAnswer,
  })
}

function writePlace(writer: ByteWriter, { partition, offset }: FetchPlace, bytesMax: number): void {
  writer.int32(partition)
  writer.int32(UNKNOWN)
  writer.int64(offset)
  writer.int32(UNKNOWN)
  writer.int64(UNKNOWN)
  writer.int32(bytesMax)
  writer.tags()
}

function readAnswer(reader: ByteReader): FetchedPartition[] {
  reader.tags()
  reader.int32()
  const code = reader.int16()
  reader.int32()
  const partitions = reader.compactArray(() => {
    const topicId = reader.uuid()
    const found = reader.compactArray(() => readPartition(reader, topicId))
    reader.tags()
    return found
  })
  const found = partitions.flat()
  // An answer without partitions would leave their readers to ask at once again.
  if (code !== 0 && found.length === 0) throw new Refusal('Fetch', code)
  return found.map(each => (code === 0 ? each : { ...each, code }))
}

function readPartition(reader: ByteReader, topicId: string): FetchedPartition {
  const [partition, code] = [reader.int32(), reader.int16()]
  const highWatermark = reader.int64()
  const lastStableOffset = reader.int64()
  reader.int64()
  const aborted = reader.compactArray((): AbortedTransaction => {
    const transaction = { producerId: reader.view(8).readBigInt64BE(), firstOffset: reader.int64() }
    reader.tags()
    return transaction
  })
  reader.int32()
  const bytes = reader.view(Math.max(reader.compactLength(), 0))
  reader.tags()
  return { topicId, partition, code, highWatermark, lastStableOffset, aborted, bytes }
}
