/**
 * Claims that this pod gave up without handing a task over: the task had not run yet, or the producer was lost before it
 * was done. The next owner sees that we live, and would wait as long as for a task with calls in flight.
 *
 * They are released in a transaction of their own once there is a producer. That is safe however late it happens: nothing
 * is written under a claim after it was given up, and what was under way is decided when the next producer starts or
 * when the next transaction of this one begins. So a release can only be true, and one that nobody waits for is ignored.
 */
import { NO_HEADERS, partitionKey, type TopicPartition } from '#engine/core/record.ts'
import type { PartitionBatch } from '#engine/log/log.ts'
import { RELEASE } from '#engine/state/layout.ts'
import { encodeRelease } from './checkpoint.ts'
import type { Committer } from './committer.ts'
import type { Holding } from './holding.ts'

export class Releases {
  /** By nonce, the state partition of its task. */
  readonly #owed = new Map<string, TopicPartition>()

  get isEmpty(): boolean {
    return this.#owed.size === 0
  }

  /** Every claim that was sent: the answer to it may have been lost. */
  owe({ sent, task }: Holding): void {
    for (const nonce of sent) this.#owed.set(nonce, task.statePlace)
  }

  clear(): void {
    this.#owed.clear()
  }

  /** Writes what is owed, if anything is and the producer is free. */
  write(committer: Committer, timestamp: number): void {
    if (this.isEmpty || !committer.isFree) return
    const nonces = [...this.#owed]
    const byPlace = Map.groupBy(nonces, ([, place]) => partitionKey(place))
    const batches = [...byPlace.values()].flatMap((same): PartitionBatch[] => {
      const [first] = same
      if (!first) return []
      const records = same.map(([nonce]) => ({
        key: Buffer.from(RELEASE),
        value: encodeRelease({ nonce }),
        headers: NO_HEADERS,
        timestamp,
      }))
      return [{ ...first[1], records }]
    })
    committer.write(batches, () => {
      for (const [nonce] of nonces) this.#owed.delete(nonce)
    })
  }
}
