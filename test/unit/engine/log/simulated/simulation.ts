/** A simulated cluster on virtual time, and the few things that its tests do with it. */
import { CaudalError } from '#core/errors.ts'
import type { NewRecord, TaskId, TopicPartition } from '#core/record.ts'
import { NO_HEADERS } from '#core/record.ts'
import type { Log, Membership, PartitionBatch, Producer, Reader } from '#engine/log/log.ts'
import type { BrokerOptions } from '#engine/log/simulated/cluster.ts'
import { createSimulatedBroker, type SimulatedBroker } from '#engine/log/simulated/simulated-broker.ts'
import { type ProcessSystem, VirtualTime } from '#testing/virtual-time.ts'

export const TOPIC = 'numbers'

/** How a promise ended: its error's code, or what it resolved with; `pending` as long as it has not. */
export interface Watched<T> {
  readonly outcome: string
  readonly value: T | undefined
}

export interface Client {
  readonly process: ProcessSystem
  readonly log: Log
}

export interface Simulation {
  readonly time: VirtualTime
  readonly broker: SimulatedBroker
  /** A client in a process of its own, both of this name. */
  client(name: string): Client
  /** Runs until the promise is settled. */
  settle<T>(promise: Promise<T>): Promise<T>
  producer(client: Client, id?: string): Promise<Producer>
  /** Committed values of the topic's partition, as the cluster has them. */
  committed(partition?: number): readonly string[]
}

/** A cluster with a topic of four partitions. */
export async function simulate(seed = 1, options: Omit<BrokerOptions, 'system'> = {}): Promise<Simulation> {
  const time = new VirtualTime(seed)
  const broker = createSimulatedBroker({ system: time.system, ...options })
  const client = (name: string) => {
    const process = time.systemFor(name)
    return { process, log: broker.connect(process, name) }
  }
  const settle = <T>(promise: Promise<T>) => time.settle(promise, 600_000)
  await settle(
    client('setup').log.createTopics([
      { name: TOPIC, partitions: 4, compacted: false, retentionMs: undefined },
    ]),
  )
  return {
    time,
    broker,
    client,
    settle,
    producer: ({ log }, id = 'pod') => settle(log.startProducer(id)),
    committed: (partition = 0) => (broker.inspect.committed(TOPIC)[partition] ?? []).map(textOf),
  }
}

export function at(partition: number): TopicPartition {
  return { topic: TOPIC, partition }
}

export function batch(partition: number, ...values: readonly string[]): PartitionBatch {
  return { ...at(partition), records: values.map(recordOf) }
}

export function recordOf(value: string): NewRecord {
  return { key: null, value: Buffer.from(value), headers: NO_HEADERS, timestamp: 0 }
}

export function textOf(record: NewRecord): string {
  return Buffer.from(record.value ?? []).toString()
}

/** Follows a promise without waiting for it. */
export function watch<T>(promise: Promise<T>): Watched<T> {
  const watched = { outcome: 'pending', value: undefined as T | undefined }
  promise.then(
    value => {
      watched.outcome = 'resolved'
      watched.value = value
    },
    (error: unknown) => {
      watched.outcome = error instanceof CaudalError ? error.code : String(error)
    },
  )
  return watched
}

/** Reads one partition for ever, as long as its process lives. */
export function follow({ log }: Client, partition = 0): { readonly seen: string[]; readonly reader: Reader } {
  const reader = log.openReader(at(partition), 0)
  const seen: string[] = []
  const again = (): void => {
    reader.next(100).then(fetched => {
      seen.push(...fetched.records.map(textOf))
      again()
    }, again)
  }
  again()
  return { seen, reader }
}

const TASKS: readonly TaskId[] = [0, 1, 2, 3].map(partition => ({ stage: 'count', partition }))

/** A member with its events. */
export interface Member {
  readonly membership: Membership
  readonly joins: { readonly generation: number; readonly tasks: readonly number[] }[]
  readonly losses: string[]
  /** Its newest generation. */
  generation(): number
  /** The partitions that it holds now. */
  tasks(): readonly number[]
}

/** Joins a group that deals the four tasks out by the order of incarnations. */
export function join(
  { log }: Client,
  incarnation: string,
  sessionTimeoutMs = 6_000,
  hasEnded: (member: string) => boolean = () => false,
): Member {
  const joins: Member['joins'] = []
  const losses: string[] = []
  const membership = log.joinGroup({
    group: 'group',
    member: incarnation,
    sessionTimeoutMs,
    hasEnded,
    memberData: () => '',
    assign: members => {
      const names = members.map(({ member }) => member).sort()
      return new Map(
        names.map((name, i) => [name, TASKS.filter(task => task.partition % names.length === i)]),
      )
    },
    listener: {
      joined: (generation, tasks) => joins.push({ generation, tasks: tasks.map(task => task.partition) }),
      lost: reason => losses.push(reason),
    },
  })
  return {
    membership,
    joins,
    losses,
    generation: () => joins.at(-1)?.generation ?? -1,
    tasks: () => joins.at(-1)?.tasks ?? [],
  }
}
