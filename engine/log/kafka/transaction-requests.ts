/** What kafkajs cannot ask about transactions: who has which open, how the last one ended, and the end that raises the epoch. */
import type { TopicPartition } from '#core/record.ts'
import type { ByteReader } from './bytes.ts'
import type { ProducerIdentity, WireRequest } from './library.ts'
import { byTopic, Refusal, wireRequest } from './wire.ts'

/** What a partition's leader knows of a producer; `firstOffset` is -1 when it has nothing open. */
export interface ProducerState {
  readonly producerId: string
  readonly epoch: number
  readonly firstOffset: number
}

export interface DescribedPartition extends TopicPartition {
  readonly code: number
  readonly producers: readonly ProducerState[]
}

/** Asks the leader of partitions which producers have written there. */
export function describeProducersRequest(
  places: readonly TopicPartition[],
): WireRequest<DescribedPartition[]> {
  const topics = byTopic(
    places,
    place => place.topic,
    place => place.partition,
  )
  return wireRequest({
    apiKey: 61,
    apiVersion: 0,
    apiName: 'DescribeProducers',
    sizeBytes: 64 + places.length * 32,
    write(writer) {
      writer.tags()
      writer.compactLength(topics.length)
      for (const { topic, partitions } of topics) {
        writer.compactString(topic)
        writer.compactLength(partitions.length)
        for (const partition of partitions) writer.int32(partition)
        writer.tags()
      }
      writer.tags()
    },
    read: readDescribed,
  })
}

function readDescribed(reader: ByteReader): DescribedPartition[] {
  reader.tags()
  reader.int32()
  return reader
    .compactArray(() => {
      const topic = reader.compactString() ?? ''
      const partitions = reader.compactArray(() => ({ topic, ...readPartition(reader) }))
      reader.tags()
      return partitions
    })
    .flat()
}

function readPartition(reader: ByteReader) {
  const [partition, code] = [reader.int32(), reader.int16()]
  reader.compactString()
  const producers = reader.compactArray(() => readProducer(reader))
  reader.tags()
  return { partition, code, producers }
}

function readProducer(reader: ByteReader): ProducerState {
  const [producerId, epoch] = [readProducerId(reader), reader.int32()]
  // The last sequence and time, and the epoch of the coordinator that wrote the last marker.
  reader.view(4 + 8 + 4)
  const firstOffset = reader.int64()
  reader.tags()
  return { producerId, epoch, firstOffset }
}

export interface DescribedTransaction {
  readonly code: number
  /** Kafka's name of it, such as `CompleteCommit`. */
  readonly state: string
  readonly timeoutMs: number
  readonly startedAt: number
  readonly producerId: string
  readonly epoch: number
  readonly partitions: readonly TopicPartition[]
}

/** Asks the coordinator of a transactional id. */
export function describeTransactionRequest(
  transactionalId: string,
): WireRequest<DescribedTransaction | undefined> {
  return wireRequest({
    apiKey: 65,
    apiVersion: 0,
    apiName: 'DescribeTransactions',
    sizeBytes: 16 + transactionalId.length * 3,
    write(writer) {
      writer.tags()
      writer.compactLength(1)
      writer.compactString(transactionalId)
      writer.tags()
    },
    read(reader) {
      reader.tags()
      reader.int32()
      return reader.compactArray(() => readTransaction(reader))[0]
    },
  })
}

function readTransaction(reader: ByteReader): DescribedTransaction {
  const code = reader.int16()
  reader.compactString()
  const state = reader.compactString() ?? ''
  const [timeoutMs, startedAt] = [reader.int32(), reader.int64()]
  const [producerId, epoch] = [readProducerId(reader), reader.int16()]
  const partitions = reader.compactArray(() => {
    const topic = reader.compactString() ?? ''
    const found = reader.compactArray(() => ({ topic, partition: reader.int32() }))
    reader.tags()
    return found
  })
  reader.tags()
  return { code, state, timeoutMs, startedAt, producerId, epoch, partitions: partitions.flat() }
}

export interface ListedTransaction {
  readonly id: string
  readonly producerId: string
  /** Kafka's name of it, such as `CompleteCommit`. */
  readonly state: string
}

/** Asks a broker which of the ids that it coordinates have one of these producer ids. */
export function listTransactionsRequest(producerIds: readonly string[]): WireRequest<ListedTransaction[]> {
  return wireRequest({
    apiKey: 66,
    apiVersion: 0,
    apiName: 'ListTransactions',
    sizeBytes: 64 + producerIds.length * 8,
    write(writer) {
      writer.tags()
      writer.compactLength(0)
      writer.compactLength(producerIds.length)
      for (const producerId of producerIds) writer.int64(BigInt(producerId))
      writer.tags()
    },
    read(reader) {
      reader.tags()
      reader.int32()
      const code = reader.int16()
      if (code !== 0) throw new Refusal('ListTransactions', code)
      reader.compactArray(() => reader.compactString())
      return reader.compactArray(() => {
        const id = reader.compactString() ?? ''
        const producerId = readProducerId(reader)
        const state = reader.compactString() ?? ''
        reader.tags()
        return { id, producerId, state }
      })
    },
  })
}

/** Ends, and answers with the identity for the next transaction. */
export function endRequest(
  identity: ProducerIdentity,
  outcome: 'commit' | 'abort',
): WireRequest<ProducerIdentity> {
  const { transactionalId } = identity
  return wireRequest({
    apiKey: 26,
    apiVersion: 5,
    apiName: 'EndTxn',
    sizeBytes: 32 + transactionalId.length * 3,
    write(writer) {
      writer.tags()
      writer.compactString(transactionalId)
      writer.int64(BigInt(identity.producerId))
      writer.int16(identity.producerEpoch)
      writer.int8(outcome === 'commit' ? 1 : 0)
      writer.tags()
    },
    read(reader) {
      reader.tags()
      reader.int32()
      const code = reader.int16()
      if (code !== 0) throw new Refusal('EndTxn', code)
      return { transactionalId, producerId: readProducerId(reader), producerEpoch: reader.int16() }
    },
  })
}

/** The versions of features that the cluster as a whole has agreed on. */
export function featuresRequest(): WireRequest<ReadonlyMap<string, number>> {
  return wireRequest({
    apiKey: 18,
    apiVersion: 3,
    apiName: 'ApiVersions',
    sizeBytes: 64,
    write(writer) {
      writer.tags()
      writer.compactString('caudal')
      writer.compactString('1')
      writer.tags()
    },
    read: readFeatures,
  })
}

const FINALIZED_FEATURES = 2

/** This answer alone has a header without tagged fields, so that every client can read it. */
function readFeatures(reader: ByteReader): ReadonlyMap<string, number> {
  const code = reader.int16()
  if (code !== 0) throw new Refusal('ApiVersions', code)
  reader.compactArray(() => {
    reader.view(3 * 2)
    reader.tags()
  })
  reader.int32()
  let features = new Map<string, number>()
  for (let count = reader.uvarint(); count > 0; count--) {
    const tag = reader.uvarint()
    const end = reader.uvarint() + reader.at
    if (tag === FINALIZED_FEATURES) features = new Map(reader.compactArray(() => readFeature(reader)))
    reader.at = end
  }
  return features
}

function readFeature(reader: ByteReader): [string, number] {
  const name = reader.compactString() ?? ''
  const level = reader.int16()
  reader.int16()
  reader.tags()
  return [name, level]
}

function readProducerId(reader: ByteReader): string {
  return reader.view(8).readBigInt64BE().toString()
}
