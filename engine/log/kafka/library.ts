/**
 * The only file that touches kafkajs. Two parts of kafkajs are used: connections to brokers, with TLS, SASL and negotiated
 * versions; and the encoding of the requests that are not hot.
 *
 * The producer and the consumer of kafkajs are not used. Reading and running them showed:
 * - `read_committed` hands out aborted records in three situations.
 * - The position stays before batches that compaction emptied.
 * - The error of one partition discards what all others fetched.
 * - An offset out of range is silently reset.
 * - Commits are retried under a generation that the caller does not know.
 * - A failed end of a transaction wedges the producer.
 * - A transaction takes nine round trips where three are enough.
 *
 * Replacing kafkajs module by module left little of it. The state machines of this folder are smaller than such replacements.
 *
 * One module is fixed here: the request queue of a connection. The queue arms a timer every millisecond for ever, which
 * costs an idle process some percent of a core. A timer is needed only while requests wait to be sent. Where a quota is
 * exceeded the queue waits by the wall clock: an hour longer when that clock is set back an hour. No wait is needed, since
 * brokers hold up such a connection themselves.
 */
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import type { SASLOptions } from 'kafkajs'

/** A request of our own encoding; kafkajs adds the header and matches the answer. */
export interface WireRequest<Answer> {
  readonly request: {
    readonly apiKey: number
    readonly apiVersion: number
    readonly apiName: string
    encode(): Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>
  }
  readonly response: {
    decode(bytes: Buffer): Promise<Answer>
    parse(answer: Answer): Promise<Answer>
  }
}

export type Mechanism = SASLOptions

export interface ConnectionSettings {
  readonly host: string
  readonly port: number
  readonly clientId: string
  readonly connectionTimeout: number
  readonly sasl: Mechanism | undefined
  /** Anything but `undefined` makes kafkajs expect an encrypted connection; `socketFactory` makes it. */
  readonly ssl: object | undefined
  readonly socketFactory: (place: { host: string; port: number; onConnect: () => void }) => Socket
}

interface TopicOf<Partition> {
  readonly topic: string
  readonly partitions: readonly Partition[]
}

/** A connected broker. A method rejects with the error that the broker answered; see `codeOf`. */
export interface Broker {
  readonly connectionPool: { send<Answer>(request: WireRequest<Answer>): Promise<Answer> }
  connect(): Promise<void>
  /** `coordinatorType` 0 is a group's, 1 a transactional producer's. */
  findGroupCoordinator(request: {
    groupId: string
    coordinatorType: 0 | 1
  }): Promise<{ coordinator: { nodeId: number; host: string; port: number } }>
  initProducerId(request: {
    transactionalId: string
    transactionTimeout: number
  }): Promise<{ producerId: string; producerEpoch: number }>
  addPartitionsToTxn(request: ProducerIdentity & { topics: readonly TopicOf<number>[] }): Promise<unknown>
  endTxn(request: ProducerIdentity & { transactionResult: boolean }): Promise<unknown>
  joinGroup(request: {
    groupId: string
    sessionTimeout: number
    rebalanceTimeout: number
    memberId: string
    protocolType: string
    groupProtocols: readonly { name: string; metadata: Buffer }[]
  }): Promise<JoinAnswer>
  syncGroup(request: {
    groupId: string
    generationId: number
    memberId: string
    groupAssignment: readonly { memberId: string; memberAssignment: Buffer }[]
  }): Promise<{ memberAssignment: Buffer }>
  heartbeat(request: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>
  offsetCommit(request: {
    groupId: string
    groupGenerationId: number
    memberId: string
    topics: readonly TopicOf<{ partition: number; offset: string; metadata: string | null }>[]
  }): Promise<unknown>
  offsetFetch(request: { groupId: string; topics: readonly TopicOf<{ partition: number }>[] }): Promise<{
    responses: readonly TopicOf<{ partition: number; offset: string; metadata: string | null }>[]
  }>
  describeGroups(request: {
    groupIds: readonly string[]
  }): Promise<{ groups: readonly { members: readonly { clientId: string; memberId: string }[] }[] }>
  /** `timestamp` -1 asks for the end, -2 for the start; `isolationLevel` 1 makes the end that of committed records. */
  listOffsets(request: {
    replicaId: -1
    isolationLevel: 0 | 1
    topics: readonly TopicOf<{ partition: number; timestamp: -1 | -2 }>[]
  }): Promise<{ responses: readonly TopicOf<{ partition: number; offset: string }>[] }>
  createTopics(request: {
    topics: readonly {
      topic: string
      numPartitions: number
      replicationFactor: number
      configEntries: readonly { name: string; value: string }[]
    }[]
    timeout: number
  }): Promise<unknown>
  createPartitions(request: {
    topicPartitions: readonly { topic: string; count: number }[]
    timeout: number
    validateOnly: boolean
  }): Promise<unknown>
  describeConfigs(request: {
    resources: readonly { type: number; name: string; configNames: readonly string[] }[]
  }): Promise<{
    resources: readonly {
      resourceName: string
      configEntries: readonly { configName: string; configValue: string | null }[]
    }[]
  }>
  deleteRecords(request: {
    topics: readonly TopicOf<{ partition: number; offset: string }>[]
  }): Promise<unknown>
}

export interface ProducerIdentity {
  readonly transactionalId: string
  readonly producerId: string
  readonly producerEpoch: number
}

export interface JoinAnswer {
  readonly generationId: number
  readonly leaderId: string
  readonly memberId: string
  readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[]
}

/** The parts of a connection's request queue that are replaced. The test compares them with those of the library. */
export interface RequestQueue {
  readonly pending: readonly unknown[]
  throttleCheckTimeoutId: unknown
  canSendSocketRequestImmediately(): boolean
  maybeThrottle(throttleMs: number): void
  scheduleCheckPendingRequests(): void
}

const require = createRequire(import.meta.url)

// The modules of a library that is pinned exactly, given the types of what is used of them.
const ConnectionPool: new (settings: object) => object = require('kafkajs/src/network/connectionPool')
const LibraryBroker: new (settings: object) => Broker = require('kafkajs/src/broker')
const queue: { prototype: RequestQueue } = require('kafkajs/src/network/requestQueue')

export const scheduleOfLibrary = queue.prototype.scheduleCheckPendingRequests
queue.prototype.scheduleCheckPendingRequests = function schedule(): void {
  if (this.pending.length > 0) scheduleOfLibrary.call(this)
}

queue.prototype.maybeThrottle = function leaveItToTheBroker(): void {}

/** Every failure reaches the caller as a rejection, so that the library's own log lines would only repeat it. */
const SILENCE = { namespace: () => SILENCE, error() {}, warn() {}, info() {}, debug() {} }

/** A connection logs in again so long before its session ends. The default is 10 s: in a shorter session, each request would log in. */
const REAUTHENTICATION_MS = 1_000

/** A broker that is not connected yet. Time-outs are the caller's: the library looks for them ten times a second. */
export function createBroker(settings: ConnectionSettings): Broker {
  const connectionPool = new ConnectionPool({
    ...settings,
    enforceRequestTimeout: false,
    reauthenticationThreshold: REAUTHENTICATION_MS,
    logger: SILENCE,
  })
  return new LibraryBroker({ connectionPool, logger: SILENCE, allowAutoTopicCreation: false })
}
