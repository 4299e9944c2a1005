/**
 * The topics of a running topology from outside. A program that embeds the engine writes its sources and follows its outputs
 * with this client. It writes outside any transaction. It reads committed records, outside any group.
 */
import { isUtf8 } from 'node:buffer'
import { asBytes, asText, type Codec, decodeApart, encodeApart } from '#core/codec.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import { headersOf } from '#core/headers.ts'
import type { LogRecord, NewRecord } from '#core/record.ts'
import { realSystem, type System } from '#core/system.ts'
import type { Log, PartitionBatch } from '#engine/log/log.ts'
import { partitionOf } from '#engine/log/partitioning.ts'
import { follow } from '#engine/log/read-topic.ts'
import { checkedKey } from '#engine/record/record-key.ts'
import { checkTime } from '#engine/record/times.ts'
import { type Plan, plan } from '#topology/plan.ts'
import type { Origin, TopicNode, Topology } from '#topology/topology.ts'
import { fittedTopology } from './fitted-topology.ts'

const NODE = 'outside'

/** What the builder returned for a source, topic or table. The codec of the handle types the values. */
export type TopicHandle<V> = { readonly codec: Codec<V> } & (
  | { readonly topic: string }
  | { readonly origin: Origin }
)

interface SentFields {
  /** Left out: the result of the topic's own key function, or no key. */
  readonly key?: string | null
  readonly headers?: Readonly<Record<string, string>>
  /** Event time. Left out: now. */
  readonly timestamp?: number
  /** Left out: the partition of the key. Records without a key take turns. */
  readonly partition?: number
}
/** A record to send: a value for the topic's codec, or bytes as they are. `bytes: null` is a tombstone. */
export type Sent<V> = SentFields & ({ readonly value: V } | { readonly bytes: Uint8Array | string | null })

/** A record of a topic. */
export interface TopicRecord<V> {
  /** The key as text; `null` where the record has none. */
  readonly key: string | null
  /** `null` is a tombstone. */
  readonly value: V | null
  /** The headers, as text. */
  readonly headers: Readonly<Record<string, string>>
  /** The time of the record, in milliseconds since the epoch. */
  readonly timestamp: number
  /** The partition that holds the record. */
  readonly partition: number
  /** The offset of the record in its partition. */
  readonly offset: number
}

/** Topics of an application from outside, without a pod: records in, and committed records out. Made by `topicClient`. */
export class TopicClient {
  readonly #plan: Plan
  readonly #log: Log
  readonly #system: System
  #turn = 0

  constructor(plan: Plan, log: Log, system: System) {
    this.#plan = plan
    this.#log = log
    this.#system = system
  }

  /** Writes records, encoded by the topic's codec. The topic has the records when this resolves. */
  async send<V>(topic: TopicHandle<V> | string, records: readonly Sent<V>[]): Promise<void> {
    await this.#log.append(this.encode(topic, records))
  }

  /** Throws TOPIC_MISSING for a topic that the graph lacks, ENCODE_FAILED for a value that its codec refuses, TIME_INVALID. */
  encode<V>(topic: TopicHandle<V> | string, records: readonly Sent<V>[]): PartitionBatch[] {
    const node = nodeOf(this.#plan, topic)
    const batches = new Map<number, NewRecord[]>()
    for (const record of records) {
      const encoded = encodeRecord(node, record, this.#system.now())
      const partition = record.partition ?? this.#partitionOf(encoded, node)
      const batch = batches.get(partition) ?? []
      batches.set(partition, batch)
      batch.push(encoded)
    }
    return [...batches].map(([partition, encoded]) => ({ topic: node.name, partition, records: encoded }))
  }

  /**
   * The committed records of a topic, from its start, then as they come. The iteration ends when its loop is left or the log
   * is closed. Each partition is read ahead by one fetch. Throws DECODE_FAILED at a value that the codec refuses.
   */
  async *follow<V>(topic: TopicHandle<V> | string): AsyncGenerator<TopicRecord<V>, void> {
    const node = nodeOf(this.#plan, topic)
    const places = Array.from({ length: node.partitions }, (_, partition) => ({
      topic: node.name,
      partition,
    }))
    for await (const { partition, records } of follow(this.#log, places, { system: this.#system }))
      for (const record of records) yield decodeRecord<V>(node, partition, record)
  }

  #partitionOf({ key }: NewRecord, { partitions }: TopicNode): number {
    return key === null ? this.#turn++ % partitions : partitionOf(key, partitions)
  }
}

/** Writes and reads the topics of a graph without being a pod of it. */
export async function topicClient(
  topology: Topology,
  log: Log,
  system: System = realSystem,
): Promise<TopicClient> {
  return new TopicClient(plan(await fittedTopology(topology, log)), log, system)
}

/** Throws TOPIC_MISSING for a topic that the graph does not have. */
export function nodeOf(plan: Plan, topic: TopicHandle<unknown> | string): TopicNode {
  const name = nameOf(topic)
  const node = plan.topics.get(name)
  if (!node) throw new CaudalError('TOPIC_MISSING', { topic: name })
  return node
}

function nameOf(topic: TopicHandle<unknown> | string): string {
  if (typeof topic === 'string') return topic
  if ('topic' in topic) return topic.topic
  const { origin } = topic
  return origin.kind === 'topic'
    ? origin.topic
    : `behind output ${origin.output} of operator ${origin.operator}`
}

function encodeRecord(node: TopicNode, record: Sent<unknown>, now: number): NewRecord {
  checkTime(NODE, `timestamp of a record for ${node.name}`, record.timestamp)
  const key = keyOf(node, record)
  return {
    key: key === null ? null : Buffer.from(key),
    value: bytesOf(node, record),
    headers: headersOf(NODE, record.headers ?? {}),
    timestamp: record.timestamp ?? now,
  }
}

function keyOf(node: TopicNode, record: Sent<unknown>): string | null {
  if ('key' in record) return checkedKey(NODE, record.key)
  return 'value' in record && node.key ? checkedKey(NODE, node.key(record.value)) : null
}

function bytesOf({ name, codec }: TopicNode, record: Sent<unknown>): Uint8Array | null {
  try {
    if (!('bytes' in record)) return encodeApart(codec, record.value)
    return typeof record.bytes === 'string' ? asBytes(record.bytes) : record.bytes
  } catch (error) {
    const details = { node: NODE, target: name, codec: codec.name, reason: reasonOf(error) }
    throw new CaudalError('ENCODE_FAILED', details, error)
  }
}

export function decodeRecord<V>(node: TopicNode, partition: number, record: LogRecord): TopicRecord<V> {
  const { key, headers, timestamp, offset } = record
  const texts = {}
  const read: TopicRecord<V> = {
    key: null,
    value: readValue(node, partition, record),
    headers: texts,
    timestamp,
    partition,
    offset,
  }
  const refuse = (what: string) => {
    const details = { node: NODE, topic: node.name, partition, offset, codec: 'text' }
    return new CaudalError('DECODE_FAILED', { ...details, reason: `${what} is not valid UTF-8` })
  }
  if (key) showText(read, 'key', key, () => refuse('the key'))
  for (const name in headers) {
    const bytes = headers[name]
    if (bytes) showText(texts, name, bytes, () => refuse(`header ${name}`))
  }
  return read
}

/** Bytes that are no text throw when the property is read. So they hinder no reader of other properties. */
function showText(target: object, name: string, bytes: Uint8Array, fault: () => CaudalError): void {
  const get = () => {
    throw fault()
  }
  const shown = isUtf8(bytes) ? { value: asText(bytes), writable: true } : { get }
  Object.defineProperty(target, name, { ...shown, enumerable: true, configurable: true })
}

function readValue<V>({ name, codec }: TopicNode, partition: number, record: LogRecord): V | null {
  if (record.value === null) return null
  try {
    return decodeApart(codec, record.value) as V // The handle that names V carries the same topic's codec.
  } catch (error) {
    const details = { topic: name, partition, offset: record.offset, codec: codec.name }
    throw new CaudalError('DECODE_FAILED', { node: NODE, ...details, reason: reasonOf(error) }, error)
  }
}
