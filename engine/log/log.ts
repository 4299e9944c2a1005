/**
 * The Log port: the little that the runtime asks of a partitioned, transactional log. One contract suite
 * (test/conformance/log.ts) runs on every driver. Failures are `CaudalError`s with codes of the catalogue.
 */
import type { LogRecord, NewRecord, TaskId, TopicPartition } from '#core/record.ts'

/** Largest record of key, value and headers by default: the same on every driver. */
export const RECORD_BYTES_MAX = 1_000_000

/** The log as the engine uses it. A driver implements it; `openKafkaLog` and `openEmbeddedLog` give one. */
export interface Log {
  /** Largest record, key and value and headers together, that a topic takes. */
  readonly recordBytesMax: number
  /** Creates what is missing. Existing topics are compared: differences reject with TOPIC_MISMATCH, all at once. */
  createTopics(topics: readonly TopicSpec[]): Promise<void>
  /** The topics that exist, of those named; `undefined` names all. */
  describeTopics(names?: readonly string[]): Promise<readonly TopicDescription[]>
  /** Adds partitions to a topic of our own until it has so many; what it holds stays where it is. */
  growTopic(name: string, partitions: number): Promise<void>
  /** First offset kept, and the offset after the last one that a read-committed reader could be given now. */
  bounds(places: readonly TopicPartition[]): Promise<readonly Bounds[]>
  /** Writes outside any transaction: for tools and tests. All records of one call become visible together. */
  append(batches: readonly PartitionBatch[]): Promise<void>
  /** Deletes records below the offset. */
  trim(place: TopicPartition, beforeOffset: number): Promise<void>
  /**
   * Starts the one live producer with this id. When it resolves, every earlier producer with the id is fenced and its
   * open transaction is aborted. Nothing that they send can be committed any more. `writes` are the partitions that producers
   * of this id may write to. A transaction of an earlier producer that has not ended in all of them is ended there as it
   * was elsewhere. Rejects with TRANSACTION_TORN if that cannot be, and with TRANSACTION_UNCHECKED where brokers refuse to
   * say what is open.
   */
  startProducer(transactionalId: string, writes?: readonly TopicPartition[]): Promise<Producer>
  /** Fences every producer with this id, as `startProducer` does, without keeping one. */
  fence(transactionalId: string, writes?: readonly TopicPartition[]): Promise<void>
  /** What keeps readers of a partition from its end, and what to do about it; `undefined` when nothing does. */
  explainHalt?(place: TopicPartition): Promise<string | undefined>
  /**
   * Transactional ids whose last transaction has ended, but not in all of these partitions, or whose repair is not complete.
   * `startProducer` or `fence` ends it there too. A log whose transactions end everywhere or nowhere has none.
   */
  leftovers?(places: readonly TopicPartition[]): Promise<readonly string[]>
  /**
   * Reads committed records from `offset` on, outside any group. With `topicId`, only of that topic; without, of the one
   * that has the name at the first `next`. Another topic that takes the name is never read.
   */
  openReader(place: TopicPartition, offset: number, topicId?: string): Reader
  /** Joins the group. Resolves at once; joins arrive at the listener. */
  joinGroup(options: GroupOptions): Membership
  /** The positions last committed with `Membership.commitPositions`, for lag tools; absent where none was. */
  groupPositions(group: string, places: readonly TopicPartition[]): Promise<readonly (number | undefined)[]>
  /** Closes all connections and files. Nothing may be asked of the log afterwards. */
  close(): Promise<void>
}

export interface TopicSpec {
  readonly name: string
  readonly partitions: number
  /** Keeps only the latest value of each key. */
  readonly compacted: boolean
  /** Deletes records older than this; `undefined` keeps them until trimmed. */
  readonly retentionMs: number | undefined
  /** Present in the description of a topic that takes smaller records than the log does; ignored when a topic is created. */
  readonly recordLimit?: RecordLimit | undefined
}

export interface RecordLimit {
  readonly bytes: number
  /** What to change, by the name that the log has for it. */
  readonly setting: string
}

export interface TopicDescription extends TopicSpec {
  /**
   * Identity of the topic among all topics of all clusters. It stays the same for as long as the topic lives. A topic that
   * is made under the same name after a deletion has another id.
   */
  readonly id: string
}

export interface Bounds {
  readonly start: number
  readonly end: number
}

export interface PartitionBatch extends TopicPartition {
  readonly records: readonly NewRecord[]
}

export interface Producer {
  /**
   * Writes the batches in one transaction, atomically. Resolves once committed. At most one call at a time. Rejects with
   * - COMMIT_ABORTED: it did not take place. The producer is of no more use.
   * - FENCED: it did not take place, and no other of this producer can. The producer is of no more use.
   * - OUTCOME_UNKNOWN: nobody knows whether it took place. The producer is of no more use.
   * - `WritesRefused`: the log refuses records or partitions for good, and lists those that it found. The transaction is
   *   aborted, and the producer goes on.
   */
  transact(batches: readonly PartitionBatch[]): Promise<Receipt>
  close(): Promise<void>
}

/** For each batch, in the order given: the offset after its last record. */
export type Receipt = readonly number[]

export interface Reader {
  /**
   * The next records, at most `recordsMax`; waits until there is progress. May be empty with a higher `nextOffset`
   * (markers, aborted or compacted records). Rejects with OFFSET_OUT_OF_RANGE, LOG_UNAVAILABLE (call again), TOPIC_MISSING,
   * TOPIC_REPLACED or LOG_CLOSED. At most one call at a time.
   */
  next(recordsMax: number): Promise<Fetched>
  /** Ends the reader; a waiting `next` rejects with LOG_CLOSED. */
  close(): void
}

export interface Fetched {
  readonly records: readonly LogRecord[]
  /** Where reading goes on: every committed record below it has been handed out. */
  readonly nextOffset: number
}

export interface GroupOptions {
  readonly group: string
  /** This process's incarnation: unique among all that ever were. */
  readonly member: string
  readonly sessionTimeoutMs: number
  /**
   * Members that have ended for certain, such as an earlier incarnation of the same pod. Where sessions outlive processes, they
   * are taken out of the group before the first join, which would else wait until their sessions are over.
   */
  readonly hasEnded?: (member: string) => boolean
  /** Topics of the group's claims and positions: a group forgets offsets of topics that it has nothing to do with. */
  readonly topics?: readonly string[]
  /** What the assigner of the elected leader gets to know of this member; read again at each join. */
  readonly memberData: () => string
  /** Pure: divides the tasks among the members. Run by whichever member leads. */
  readonly assign: (members: readonly GroupMember[]) => ReadonlyMap<string, readonly TaskId[]>
  readonly listener: GroupListener
}

export interface GroupMember {
  readonly member: string
  readonly data: string
}

/** Called by the driver; implementations only enqueue. */
export interface GroupListener {
  /** A new generation began, with these tasks. Replaces any earlier assignment. */
  joined(generation: number, tasks: readonly TaskId[]): void
  /** The membership ended unasked, and the member joins again. Tasks are kept until a join says otherwise. */
  lost(reason: string): void
}

/** Where a claim is stored: the group's offset entry of a task's state partition. */
export interface Claim extends TopicPartition {
  /** At most 1,000 characters. */
  readonly metadata: string
}

export interface Membership {
  /** When the group last confirmed this member, by the system's monotonic clock; negative infinity before the first join. */
  readonly confirmedAt: number
  /**
   * Stores claims if the member is still in `generation`. Sent once, never repeated; rejects with CLAIM_REFUSED when
   * the group did not accept, or with LOG_UNAVAILABLE when nobody can tell (the claim may be stored).
   */
  claim(generation: number, claims: readonly Claim[]): Promise<void>
  /** The stored claims, in the order asked; `undefined` where there is none. */
  readClaims(places: readonly TopicPartition[]): Promise<readonly (string | undefined)[]>
  /** Incarnations that the group counts as members now. */
  liveMembers(): Promise<ReadonlySet<string>>
  /** Stores how far sources are done: for lag tools and autoscalers only. Failures may be ignored. */
  commitPositions(positions: readonly (TopicPartition & { readonly offset: number })[]): Promise<void>
  /** Asks for a new assignment: `memberData` has changed. */
  rejoin(): void
  leave(): Promise<void>
}
