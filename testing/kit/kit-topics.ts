/** The topics of a topology under test from outside: what is written is encoded, what is read was committed. */
import { asText, type Codec } from '#engine/core/codec.ts'
import { CaudalError, reasonOf } from '#engine/core/errors.ts'
import type { Headers, LogRecord, NewRecord } from '#engine/core/record.ts'
import type { PartitionBatch } from '#engine/log/log.ts'
import { type DeadLetter, decodeDeadLetter } from '#engine/runtime/dead-letter.ts'
import { partitionOf } from '#engine/runtime/partitioning.ts'
import type { Plan } from '#topology/plan.ts'
import type { Origin, TopicNode } from '#topology/topology.ts'
import { listed, misuse } from './misuse.ts'
import type { World } from './world.ts'

/** What the builder gave for a source, topic or table. Its codec types what is written and read. */
export type TopicHandle<V> = { readonly codec: Codec<V> } & (
  | { readonly topic: string }
  | { readonly origin: Origin }
)

interface SentFields {
  /** Without it, the key that the topic's own key function gives, else none. */
  readonly key?: string | null
  readonly headers?: Readonly<Record<string, string>>
  /** Event time; now when left out. */
  readonly timestamp?: number
  /** Without it, the one that the key belongs to; records without a key take turns. */
  readonly partition?: number
}
/** A record to send: a value for the topic's codec, or bytes as they are. `bytes: null` is a tombstone. */
export type Sent<V> = SentFields & ({ readonly value: V } | { readonly bytes: Uint8Array | string | null })

/** A record as it stands in a topic. */
export interface KitRecord<V> {
  readonly key: string | null
  /** `null` is a tombstone. */
  readonly value: V | null
  readonly headers: Readonly<Record<string, string>>
  readonly timestamp: number
  readonly partition: number
  readonly offset: number
}

export class KitTopics {
  readonly #world: World
  readonly #plan: () => Plan
  #keyless = 0

  constructor(world: World, plan: () => Plan) {
    this.#world = world
    this.#plan = plan
  }

  /** The records as batches for the log. Throws KIT_MISUSED for an unknown topic or a value that its codec refuses. */
  encode<V>(topic: TopicHandle<V> | string, records: readonly Sent<V>[]): PartitionBatch[] {
    const node = this.#node(topic)
    return records.map(record => {
      const key = keyOf(record, node)
      const partition = record.partition ?? this.#partitionOf(key, node)
      if (!(partition >= 0 && partition < node.partitions)) {
        throw misuse(`${node.name} has ${node.partitions} partitions; there is no partition ${partition}`)
      }
      return { topic: node.name, partition, records: [this.#record(record, key, node)] }
    })
  }

  /**
   * All committed records: those of one partition in its order, and so those of one key; partitions are merged by
   * event time.
   */
  records<V>(topic: TopicHandle<V> | string): KitRecord<V>[] {
    const node = this.#node(topic)
    return this.#committed(node.name).map(({ partition, record }) => ({
      key: record.key && asText(record.key),
      value: decoded<V>(node, partition, record),
      headers: textsOf(record.headers),
      timestamp: record.timestamp,
      partition,
      offset: record.offset,
    }))
  }

  deadLetters(): DeadLetter[] {
    const letters = this.#committed(this.#plan().deadLetterTopic)
    return letters
      .flatMap(({ record }) => (record.value ? [decodeDeadLetter(record.value)] : []))
      .sort((a, b) => a.failedAt - b.failedAt || compareOrigins(a, b))
  }

  #committed(topic: string) {
    return mergedByTime(this.#world.broker.inspect.committed(topic))
  }

  #node(topic: TopicHandle<unknown> | string): TopicNode {
    const { topics } = this.#plan()
    const name = nameOf(topic)
    const node = topics.get(name)
    if (node) return node
    throw misuse(`there is no topic ${name} in the graph; it has: ${listed(topics.keys())}`)
  }

  #partitionOf(key: string | null, node: TopicNode): number {
    return key === null ? this.#keyless++ % node.partitions : partitionOf(Buffer.from(key), node.partitions)
  }

  #record(record: Sent<unknown>, key: string | null, node: TopicNode): NewRecord {
    return {
      key: key === null ? null : Buffer.from(key),
      value: bytesOf(record, node),
      headers: bytesOfAll(record.headers ?? {}),
      timestamp: record.timestamp ?? this.#world.time.system.now(),
    }
  }
}

/** What failed at the same instant is told in the order of its topic. */
function compareOrigins({ origin: a }: DeadLetter, { origin: b }: DeadLetter): number {
  return a.topic.localeCompare(b.topic) || a.partition - b.partition || a.offset - b.offset
}

function nameOf(topic: TopicHandle<unknown> | string): string {
  if (typeof topic === 'string') return topic
  if ('topic' in topic) return topic.topic
  if (topic.origin.kind === 'topic') return topic.origin.topic
  const { operator, output } = topic.origin
  throw misuse(`output ${output} of operator ${operator} is no topic; name the topic that it is routed to`)
}

function keyOf(record: Sent<unknown>, node: TopicNode): string | null {
  if (record.key !== undefined) return record.key
  return 'value' in record && node.key ? node.key(record.value) : null
}

function bytesOf(record: Sent<unknown>, node: TopicNode): Uint8Array | null {
  if ('bytes' in record) return typeof record.bytes === 'string' ? Buffer.from(record.bytes) : record.bytes
  if (!('value' in record)) throw misuse(`a record for ${node.name} has neither value nor bytes`)
  try {
    return node.codec.encode(record.value)
  } catch (error) {
    throw misuse(
      `a value for ${node.name} is not ${node.codec.name}: ${reasonOf(error)}; send bytes to test that`,
    )
  }
}

function decoded<V>(node: TopicNode, partition: number, record: LogRecord): V | null {
  if (record.value === null) return null
  try {
    return node.codec.decode(record.value) as V // The handle that names V carries the same topic's codec.
  } catch (error) {
    const { offset } = record
    const details = { topic: node.name, partition, offset, codec: node.codec.name, reason: reasonOf(error) }
    throw new CaudalError('DECODE_FAILED', { node: 'testing kit', ...details }, error)
  }
}

/** The heads of all partitions, the earliest event time first; ties by partition. */
function mergedByTime(partitions: readonly (readonly LogRecord[])[]) {
  const merged: { readonly partition: number; readonly record: LogRecord }[] = []
  const next = partitions.map(() => 0)
  for (;;) {
    let first: (typeof merged)[number] | undefined
    for (const [partition, records] of partitions.entries()) {
      const record = records[next[partition] ?? 0]
      if (record && (!first || record.timestamp < first.record.timestamp)) first = { partition, record }
    }
    if (!first) return merged
    merged.push(first)
    next[first.partition] = (next[first.partition] ?? 0) + 1
  }
}

function textsOf(headers: Headers): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, bytes]) => [name, asText(bytes)]))
}

function bytesOfAll(texts: Readonly<Record<string, string>>): Headers {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, Buffer.from(text)]))
}
