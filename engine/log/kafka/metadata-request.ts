/** The Metadata request: brokers, topics, leaders. Unlike kafkajs' own, one topic's trouble leaves the others readable. */
import { partitionKey } from '#core/record.ts'
import type { ByteReader } from './bytes.ts'
import { CODE, isPassingCode } from './codes.ts'
import type { WireRequest } from './library.ts'
import { wireRequest } from './wire.ts'

export interface ClusterView {
  /** Broker to `host:port`. */
  readonly addresses: ReadonlyMap<number, string>
  /** By name. */
  readonly topics: ReadonlyMap<string, TopicView>
  /** Partition to the broker that leads it. */
  readonly leaders: ReadonlyMap<string, number>
  /** Partition to the code that says why nobody leads it. */
  readonly leaderless: ReadonlyMap<string, number>
  /** Topic to the code that says why the broker cannot describe it now. */
  readonly unsettled: ReadonlyMap<string, number>
  /** Topic to the code that says why the broker describes nothing of it. */
  readonly refused: ReadonlyMap<string, number>
}

export interface TopicView {
  /** As Kafka's own tools print it. */
  readonly id: string
  readonly partitions: number
}

interface TopicAnswer {
  readonly code: number
  readonly name: string
  readonly id: string
  readonly partitions: readonly {
    readonly code: number
    readonly partition: number
    readonly leader: number
  }[]
}

const NO_ID = Buffer.alloc(16).toString('base64url')
/** Whether to create topics, and whether to tell what the asker may do to the cluster and to its topics. */
const FLAGS = 3
/** All replicas, those in sync, those offline. */
const NODE_LISTS = 3

/** Asks for some topics, none of which is created by asking; `undefined` asks for all. */
export function metadataRequest(topics: readonly string[] | undefined): WireRequest<ClusterView> {
  return wireRequest({
    apiKey: 3,
    apiVersion: 10,
    apiName: 'Metadata',
    sizeBytes: 1_024,
    write(writer) {
      writer.tags()
      writer.compactLength(topics?.length ?? -1)
      for (const topic of topics ?? []) {
        writer.uuid(NO_ID)
        writer.compactString(topic)
        writer.tags()
      }
      for (let flag = 0; flag < FLAGS; flag++) writer.int8(0)
      writer.tags()
    },
    read: readView,
  })
}

function readView(reader: ByteReader): ClusterView {
  reader.tags()
  reader.int32()
  const brokers = reader.compactArray(() => {
    const [node, host, port] = [reader.int32(), reader.compactString(), reader.int32()]
    reader.compactString()
    reader.tags()
    return [node, `${host}:${port}`] as const
  })
  reader.compactString()
  reader.int32()
  const answers = reader
    .compactArray(() => readTopic(reader))
    .filter(each => each.code !== CODE.UNKNOWN_TOPIC_OR_PARTITION)
  const failed = answers.filter(({ code }) => code !== 0)
  const isUnsettled = ({ code }: TopicAnswer) => isPassingCode(code, 'Metadata')
  const topics = answers.filter(({ code }) => code === 0)
  const places = topics.flatMap(({ name, partitions }) =>
    partitions.map(each => ({ ...each, key: partitionKey({ topic: name, partition: each.partition }) })),
  )
  return {
    addresses: new Map(brokers),
    topics: new Map(topics.map(({ name, id, partitions }) => [name, { id, partitions: partitions.length }])),
    leaders: new Map(places.filter(each => each.leader >= 0).map(each => [each.key, each.leader])),
    leaderless: new Map(places.filter(each => each.leader < 0).map(each => [each.key, each.code])),
    unsettled: codesOf(failed.filter(isUnsettled)),
    refused: codesOf(failed.filter(each => !isUnsettled(each))),
  }
}

function codesOf(topics: readonly TopicAnswer[]): ReadonlyMap<string, number> {
  return new Map(topics.map(({ name, code }) => [name, code]))
}

function readTopic(reader: ByteReader): TopicAnswer {
  const [code, name, id] = [reader.int16(), reader.compactString() ?? '', reader.uuid()]
  reader.int8()
  const partitions = reader.compactArray(() => readPartition(reader))
  reader.int32()
  reader.tags()
  return { code, name, id, partitions }
}

function readPartition(reader: ByteReader) {
  const answer = { code: reader.int16(), partition: reader.int32(), leader: reader.int32() }
  reader.int32()
  for (let list = 0; list < NODE_LISTS; list++) reader.compactArray(() => reader.int32())
  reader.tags()
  return answer
}
