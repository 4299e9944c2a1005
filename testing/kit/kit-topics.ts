/** The topics of a topology under test from outside: what is written is encoded, what is read was committed. */
import { hasCode, reasonOf } from '#core/errors.ts'
import type { LogRecord } from '#core/record.ts'
import {
  decodeRecord,
  type Sent,
  TopicClient,
  type TopicHandle,
  type TopicRecord,
} from '#engine/client/topic-client.ts'
import type { PartitionBatch } from '#engine/log/log.ts'
import { compareLetters, type DeadLetter, decodeDeadLetter } from '#engine/record/dead-letter.ts'
import type { Plan } from '#topology/plan.ts'
import type { TopicNode } from '#topology/topology.ts'
import { listed, misuse } from './misuse.ts'
import type { World } from './world.ts'

export class KitTopics {
  readonly #world: World
  readonly #plan: () => Plan
  #client: { readonly plan: Plan; readonly topics: TopicClient } | undefined

  constructor(world: World, plan: () => Plan) {
    this.#world = world
    this.#plan = plan
  }

  /** The records as batches for the log. Throws KIT_MISUSED for an unknown topic or a value that its codec refuses. */
  encode<V>(topic: TopicHandle<V> | string, records: readonly Sent<V>[]): PartitionBatch[] {
    const node = this.#node(topic)
    for (const record of records) checkRecord(node, record)
    try {
      return this.#outside().encode(node.name, records)
    } catch (error) {
      if (!hasCode(error, 'ENCODE_FAILED')) throw error
      throw misuse(`${reasonOf(error)}; send bytes to test what is no value`)
    }
  }

  /**
   * All committed records: those of one partition in its order, and so those of one key; partitions are merged by
   * event time.
   */
  records<V>(topic: TopicHandle<V> | string): TopicRecord<V>[] {
    const node = this.#node(topic)
    return this.#committed(node.name).map(({ partition, record }) => decodeRecord<V>(node, partition, record))
  }

  /** The values; a tombstone has none, and a JSON `null` is one. */
  values<V>(topic: TopicHandle<V> | string): (V | null)[] {
    const node = this.#node(topic)
    const written = this.#committed(node.name).filter(({ record }) => record.value !== null)
    return written.map(({ partition, record }) => decodeRecord<V>(node, partition, record).value)
  }

  deadLetters(): DeadLetter[] {
    const letters = this.#committed(this.#plan().deadLetterTopic)
    return letters
      .flatMap(({ record }) => (record.value ? [decodeDeadLetter(record.value)] : []))
      .sort(compareLetters)
  }

  /** One client for each version of the graph, so that records without a key take turns from send to send. */
  #outside(): TopicClient {
    const plan = this.#plan()
    if (this.#client?.plan === plan) return this.#client.topics
    const { time, broker } = this.#world
    const topics = new TopicClient(plan, broker.connect(time.system, 'test'), time.system)
    this.#client = { plan, topics }
    return topics
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
}

function nameOf(topic: TopicHandle<unknown> | string): string {
  if (typeof topic === 'string') return topic
  if ('topic' in topic) return topic.topic
  if (topic.origin.kind === 'topic') return topic.origin.topic
  const { operator, output } = topic.origin
  throw misuse(`output ${output} of operator ${operator} is no topic; name the topic that it is routed to`)
}

function checkRecord({ name, partitions }: TopicNode, record: Sent<unknown>): void {
  const { partition = 0 } = record
  if (!(partition >= 0 && partition < partitions)) {
    throw misuse(`${name} has ${partitions} partitions; there is no partition ${partition}`)
  }
  if (!('value' in record || 'bytes' in record))
    throw misuse(`a record for ${name} has neither value nor bytes`)
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
