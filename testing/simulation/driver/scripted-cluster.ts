/**
 * A Kafka cluster of three brokers at the level of the protocol. It knows which broker leads a partition, or coordinates a producer
 * or a group, and what each broker answers. Storage belongs to the cluster, because all that was acknowledged is on all brokers.
 * A transaction's markers arrive at its partitions one by one, some time after its decision.
 */
import { partitionKey, type TopicPartition } from '#core/record.ts'
import type { System } from '#core/system.ts'
import { Refusal } from '#engine/log/kafka/wire.ts'
import type { Random } from '../../seeded-random.ts'
import { GroupCoordinator } from './group-coordinator.ts'
import { type Outcome, PartitionLog } from './partition-log.ts'
import { type Transaction, TransactionCoordinator } from './transaction-coordinator.ts'

export const NODES = [1, 2, 3] as const
const CODE = { notLeader: 6, notAvailable: 15, notCoordinator: 16 } as const
const MARKER_MS_MAX = 12
const MARKER_RETRY_MS = 20
/** A request of the last moments before a coordinator's death may have been answered or not. */
const DEATH_MS_MAX = 4

export interface ScriptedTopic {
  readonly id: string
  readonly name: string
  readonly partitions: readonly PartitionLog[]
  readonly configs: readonly { readonly name: string; readonly value: string }[]
}

export interface ClusterOptions {
  readonly system: System
  readonly random: Random
  readonly topics: Readonly<Record<string, number>>
  /** Of transactions; 2 where each has an epoch of its own. */
  readonly transactionVersion: 1 | 2
}

type Power = 'up' | 'down' | 'frozen'

export class ScriptedCluster {
  readonly transactions: TransactionCoordinator
  readonly group: GroupCoordinator
  readonly transactionVersion: 1 | 2
  /** By partition: the code that its leader answers to every write, whether it has appended the write or not. */
  readonly unwritable = new Map<string, { readonly code: number; readonly appends: boolean }>()
  /** What happened to the cluster, in order. */
  readonly trace: string[] = []
  readonly system: System
  readonly #topics = new Map<string, ScriptedTopic>()
  readonly #random: Random
  readonly #power = new Map<number, Power>(NODES.map(node => [node, 'up']))
  /** Partition, producer or group to the broker in charge; `undefined` while there is none. */
  readonly #charge = new Map<string, number | undefined>()
  readonly #thawed = new Map<number, (() => void)[]>()
  readonly #connections = new Set<{ readonly node: number; lose(reason: string): void }>()
  #tears = 0

  constructor({ system, random, topics, transactionVersion }: ClusterOptions) {
    this.system = system
    this.#random = random
    this.transactionVersion = transactionVersion
    this.group = new GroupCoordinator(system)
    this.transactions = new TransactionCoordinator({
      system,
      onDecided: (transaction, outcome) => this.#decided(transaction, outcome),
    })
    for (const [name, count] of Object.entries(topics)) this.create(name, count)
  }

  get topics(): ReadonlyMap<string, ScriptedTopic> {
    return this.#topics
  }

  get partitions(): readonly PartitionLog[] {
    return [...this.topics.values()].flatMap(({ partitions }) => partitions)
  }

  create(name: string, count: number, configs: ScriptedTopic['configs'] = []): void {
    const id = Buffer.alloc(16, this.#topics.size + 1).toString('base64url')
    this.#topics.set(name, { id, name, partitions: partitionsOf(name, count), configs })
  }

  /** Adds partitions to a topic until it has so many. */
  grow(name: string, count: number): void {
    const topic = this.#topics.get(name)
    const old = topic?.partitions ?? []
    if (topic)
      this.#topics.set(name, {
        ...topic,
        partitions: [...old, ...partitionsOf(name, count).slice(old.length)],
      })
  }

  note(what: string): void {
    this.trace.push(`${this.system.monotonic()} ms: ${what}`)
  }

  powerOf(node: number): Power {
    return this.#power.get(node) ?? 'down'
  }

  /** Resolves when the broker runs. */
  async running(node: number): Promise<void> {
    if (this.powerOf(node) !== 'frozen') return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#thawed.set(node, [...(this.#thawed.get(node) ?? []), resolve])
    await promise
  }

  connected(connection: { readonly node: number; lose(reason: string): void }): void {
    this.#connections.add(connection)
  }

  disconnected(connection: { readonly node: number; lose(reason: string): void }): void {
    this.#connections.delete(connection)
  }

  /** Who is in charge of `partition ...`, `producer ...` or `group ...`; at first any broker is. */
  inCharge(name: string): number | undefined {
    if (!this.#charge.has(name)) this.#charge.set(name, this.#anotherThan(undefined))
    return this.#charge.get(name)
  }

  leaderOf(place: TopicPartition): number | undefined {
    return this.inCharge(`partition ${partitionKey(place)}`)
  }

  find(place: TopicPartition): PartitionLog | undefined {
    return this.topics.get(place.topic)?.partitions[place.partition]
  }

  /** The code with which this broker refuses to lead. */
  leadershipCode(node: number, place: TopicPartition): number {
    return this.leaderOf(place) === node ? 0 : CODE.notLeader
  }

  coordinatorOf(kind: 'producer' | 'group', id: string): number {
    const node = this.inCharge(`${kind} ${id}`)
    if (node === undefined) throw new Refusal('FindCoordinator', CODE.notAvailable)
    return node
  }

  checkCoordinator(node: number, kind: 'producer' | 'group', id: string): void {
    if (this.inCharge(`${kind} ${id}`) !== node) throw new Refusal('FindCoordinator', CODE.notCoordinator)
  }

  /** Another broker takes something over, after a time in which nobody has it. */
  move(name: string, afterMs: number): void {
    const before = this.inCharge(name)
    this.#charge.set(name, undefined)
    this.note(`${name} leaves broker ${before}`)
    this.system.after(afterMs, () => {
      const node = this.#anotherThan(before)
      this.#charge.set(name, node)
      this.note(`${name} is with broker ${node}`)
    })
  }

  /** Ends or pauses a broker for a while. Other brokers take over what it had in charge. */
  stop(node: number, power: 'down' | 'frozen', forMs: number, moveAfterMs: number): void {
    if (this.powerOf(node) !== 'up') return
    this.note(`broker ${node} is ${power} for ${Math.round(forMs)} ms`)
    this.#power.set(node, power)
    if (power === 'down') this.#loseConnections(node)
    for (const [name, owner] of this.#charge) if (owner === node) this.move(name, moveAfterMs)
    this.system.after(forMs, () => {
      this.#power.set(node, 'up')
      this.note(`broker ${node} runs again`)
      for (const go of this.#thawed.get(node) ?? []) go()
      this.#thawed.delete(node)
    })
  }

  /** Loses some markers of the next transaction that is decided: its coordinator dies at that moment. */
  tearNext(): void {
    this.#tears = 1
  }

  /** Nothing more is torn. */
  calm(): void {
    this.#tears = 0
  }

  anyName(): string | undefined {
    const names = [...this.#charge.keys()]
    return names[Math.floor(this.#random() * names.length)]
  }

  #loseConnections(node: number): void {
    for (const each of [...this.#connections]) if (each.node === node) each.lose('the broker has ended')
  }

  #decided(transaction: Transaction, outcome: Outcome): void {
    const { transactionalId, producerId, epoch } = transaction
    const places = [...transaction.partitions.values()]
    const torn = this.#tears > 0 && places.length > 0 ? this.#tear(transactionalId, places) : new Set()
    let left = places.length
    const finish = () => {
      if (left === 0) this.transactions.complete(transaction)
    }
    for (const place of places)
      this.#mark(transactionalId, place, () => {
        if (!torn.has(place)) this.find(place)?.mark(producerId, epoch, outcome)
        left--
        finish()
      })
    if (left === 0) this.system.after(this.#random() * MARKER_MS_MAX, finish)
  }

  /** Once both the coordinator and the leader of the partition are there. */
  #mark(transactionalId: string, place: TopicPartition, write: () => void): void {
    const node = this.inCharge(`producer ${transactionalId}`)
    const leader = this.leaderOf(place)
    const isReady = [node, leader].every(each => each !== undefined && this.powerOf(each) === 'up')
    const pauseMs = isReady ? this.#random() * MARKER_MS_MAX : MARKER_RETRY_MS
    this.system.after(pauseMs, () => (isReady ? write() : this.#mark(transactionalId, place, write)))
  }

  #tear(transactionalId: string, places: readonly TopicPartition[]): ReadonlySet<TopicPartition> {
    this.#tears = 0
    const torn = places.filter(() => this.#random() < 0.6)
    const node = this.inCharge(`producer ${transactionalId}`)
    if (torn.length === 0 || node === undefined || this.powerOf(node) !== 'up') return new Set()
    this.note(`the transaction of ${transactionalId} gets no marker in ${torn.map(partitionKey).join(', ')}`)
    this.system.after(this.#random() * DEATH_MS_MAX, () =>
      this.stop(node, 'down', this.#random() * 2_000, 100),
    )
    return new Set(torn)
  }

  #anotherThan(node: number | undefined): number {
    const others = NODES.filter(each => each !== node)
    const able = others.filter(each => this.powerOf(each) === 'up')
    const choice = able.length > 0 ? able : others
    return choice[Math.floor(this.#random() * choice.length)] ?? 1
  }
}

function partitionsOf(topic: string, count: number): PartitionLog[] {
  return Array.from({ length: count }, (_, partition) => new PartitionLog({ topic, partition }))
}
