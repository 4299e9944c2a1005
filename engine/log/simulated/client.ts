/** One client's view of the simulated cluster: the Log port, over a connection that faults can hit. */
import type { TopicPartition } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type {
  Bounds,
  GroupOptions,
  Log,
  Membership,
  PartitionBatch,
  Producer,
  Reader,
  TopicDescription,
  TopicSpec,
} from '../log.ts'
import type { Cluster } from './cluster.ts'
import { Connection } from './connection.ts'
import { SimulatedMembership } from './membership.ts'
import { SimulatedProducer } from './producer.ts'
import { SimulatedReader } from './reader.ts'
import { leftoversOf, startIdentity } from './transaction-client.ts'

export class SimulatedLog implements Log {
  readonly recordBytesMax: number
  readonly #cluster: Cluster
  readonly #connection: Connection
  readonly #readers = new Set<Reader>()
  readonly #memberships = new Set<SimulatedMembership>()

  constructor(cluster: Cluster, system: System, name: string) {
    this.recordBytesMax = cluster.recordBytesMax
    this.#cluster = cluster
    this.#connection = new Connection(name, system, cluster.network, cluster.requestTimeoutMs)
  }

  createTopics(topics: readonly TopicSpec[]): Promise<void> {
    return this.#connection.ask('topics', () => this.#cluster.topics.create(topics))
  }

  describeTopics(names?: readonly string[]): Promise<readonly TopicDescription[]> {
    return this.#connection.ask('topics', () => this.#describe(names))
  }

  #describe(names?: readonly string[]): readonly TopicDescription[] {
    const { topics, intake } = this.#cluster
    return topics.describe(names).map(spec => {
      const bytes = intake.limitOf(spec.name)
      return bytes === undefined ? spec : { ...spec, recordLimit: { bytes, setting: 'limit of the topic' } }
    })
  }

  growTopic(name: string, partitions: number): Promise<void> {
    return this.#connection.ask('topics', () => this.#cluster.topics.grow(name, partitions))
  }

  bounds(places: readonly TopicPartition[]): Promise<readonly Bounds[]> {
    return this.#connection.ask('topics', () => {
      return places.map(place => this.#cluster.topics.partition(place).bounds)
    })
  }

  append(batches: readonly PartitionBatch[]): Promise<void> {
    return this.#connection.ask('append', () => {
      this.#cluster.intake.check(batches)
      const partitions = batches.map(batch => this.#cluster.topics.partition(batch))
      batches.forEach((batch, i) => {
        partitions[i]?.append(batch.records)
      })
    })
  }

  trim(place: TopicPartition, beforeOffset: number): Promise<void> {
    return this.#connection.ask('topics', () => this.#cluster.topics.partition(place).trim(beforeOffset))
  }

  async startProducer(transactionalId: string, writes?: readonly TopicPartition[]): Promise<Producer> {
    const identity = await startIdentity(this.#cluster, this.#connection, transactionalId, writes)
    return new SimulatedProducer(this.#cluster, this.#connection, identity, writes)
  }

  async fence(transactionalId: string, writes?: readonly TopicPartition[]): Promise<void> {
    await startIdentity(this.#cluster, this.#connection, transactionalId, writes)
  }

  leftovers(places: readonly TopicPartition[]): Promise<readonly string[]> {
    return leftoversOf(this.#cluster, this.#connection, places)
  }

  openReader(place: TopicPartition, offset: number, topicId?: string): Reader {
    const from = { offset, topicId }
    const reader = new SimulatedReader(this.#cluster, this.#connection, place, from, () => {
      this.#readers.delete(reader)
    })
    this.#readers.add(reader)
    return reader
  }

  joinGroup(options: GroupOptions): Membership {
    const membership = new SimulatedMembership(this.#cluster, this.#connection, options, () => {
      this.#memberships.delete(membership)
    })
    this.#memberships.add(membership)
    membership.start()
    return membership
  }

  groupPositions(group: string, places: readonly TopicPartition[]): Promise<readonly (number | undefined)[]> {
    return this.#connection.ask('positions', () => this.#cluster.groups.reach(group).positions(places))
  }

  async close(): Promise<void> {
    for (const reader of [...this.#readers]) reader.close()
    await Promise.all([...this.#memberships].map(membership => membership.leave()))
    this.#connection.close()
  }

  /** The group client of this process fails inside and starts over as a new member. */
  crashMemberships(): void {
    for (const membership of this.#memberships) membership.crash()
  }
}
