/** What is stored in the simulated cluster, for checkers: no client, no fault and no waiting lies between. */
import type { LogRecord, TopicPartition } from '#core/record.ts'
import type { Bounds, TopicDescription } from '../log.ts'
import type { Cluster } from './cluster.ts'
import type { CommittedBatch } from './transaction-coordinator.ts'

export class Inspection {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  topics(): readonly TopicDescription[] {
    return this.#cluster.topics.describe()
  }

  /** The committed records of a topic that a reader could be given now, by partition. */
  committed(topic: string): readonly (readonly LogRecord[])[] {
    return this.#cluster.topics.partitionsOf(topic).map(partition => {
      return partition.read(partition.bounds.start, Number.POSITIVE_INFINITY).records
    })
  }

  /** Calls back with what each transaction has written, when it is decided that it was committed. */
  onCommitted(callback: (batches: readonly CommittedBatch[]) => void): void {
    this.#cluster.transactions.onCommitted = callback
  }

  /** As `Log.bounds` gives them. */
  bounds(place: TopicPartition): Bounds {
    return this.#cluster.topics.partition(place).bounds
  }

  /** The claims that a group has stored, by `topic/partition`. */
  claims(group: string): ReadonlyMap<string, string> {
    return this.#cluster.groups.group(group).claims
  }

  /** No join of the group is under way. */
  isStable(group: string): boolean {
    return this.#cluster.groups.group(group).isStable
  }

  /** Incarnations that the group counts as members. */
  members(group: string): ReadonlySet<string> {
    return this.#cluster.groups.group(group).liveMembers
  }

  /** Where transactions hold back what readers may see, and since which offset. */
  openTransactions(): readonly (TopicPartition & { readonly firstOffset: number })[] {
    return this.topics().flatMap(({ name }) => {
      return this.#cluster.topics.partitionsOf(name).flatMap(partition => {
        return [...partition.openTransactions.values()].map(({ firstOffset }) => ({
          ...partition.place,
          firstOffset,
        }))
      })
    })
  }
}
