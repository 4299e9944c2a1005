/** The Metadata request: brokers, topics, leaders. Unlike kafkajs' own, one topic's trouble leaves the others readable. */
import { partitionKey } from '#engine/core/record.ts'
import type { ByteReader } from './bytes.ts'
import { CODE } from './codes.ts'
import type { WireRequest } from './library.ts'
import { wireRequest } from './wire.ts'

export interface ClusterView {
  /** Broker to `host:port`. */
  readonly addresses: ReadonlyMap<number, string>
  /** Topic to the number of its partitions. */
  readonly topics: ReadonlyMap<string, number>
  /** Partition to the broker that leads it. */
  readonly leaders: ReadonlyMap<string, number>
  /** Partition to the code that says why nobody leads it. */
  readonly leaderless: ReadonlyMap<string, number>
}

interface TopicAnswer {
  readonly code: number
  readonly name: string
  readonly partitions: readonly {
    readonly code: number
    readonly partition: number
    readonly leader: number
  }[]
}

/** Asks for some topics, none of which is created by asking; `undefined` asks for all. */
export function metadataRequest(topics: readonly string[] | undefined): WireRequest<ClusterView> {
  return wireRequest({
    apiKey: 3,
    apiVersion: 4,
    apiName: 'Metadata',
    sizeBytes: 1_024,
    write(writer) {
      writer.int32(topics?.length ?? -1)
      for (const topic of topics ?? []) writer.string(topic)
      writer.int8(0)
    },
    read: readView,
  })
}

function readView(reader: ByteReader): ClusterView {
  reader.int32()
  const brokers = reader.array(() => {
    const [node, host, port] = [reader.int32(), reader.string(), reader.int32()]
    reader.string()
    return [node, `${host}:${port}`] as const
  })
  reader.string()
  reader.int32()
  const topics = reader
    .array(() => readTopic(reader))
    .filter(each => each.code !== CODE.UNKNOWN_TOPIC_OR_PARTITION)
  const places = topics.flatMap(({ name, partitions }) =>
    partitions.map(each => ({ ...each, key: partitionKey({ topic: name, partition: each.partition }) })),
  )
  return {
    addresses: new Map(brokers),
    topics: new Map(topics.map(each => [each.name, each.partitions.length])),
    leaders: new Map(places.filter(each => each.leader >= 0).map(each => [each.key, each.leader])),
    leaderless: new Map(places.filter(each => each.leader < 0).map(each => [each.key, each.code])),
  }
}

function readTopic(reader: ByteReader): TopicAnswer {
  const [code, name] = [reader.int16(), reader.string() ?? '']
  reader.int8()
  const partitions = reader.array(() => {
    const answer = { code: reader.int16(), partition: reader.int32(), leader: reader.int32() }
    reader.array(() => reader.int32())
    reader.array(() => reader.int32())
    return answer
  })
  return { code, name, partitions }
}
