/**
 * Claims that ended without a hand-over. This pod gave a task up that had not run yet: the next owner sees that we live, and
 * would wait as long as for a task with calls in flight. Or a former incarnation of this pod left them: the next owner would
 * fence it by the name that is ours now, and hit us.
 *
 * They are released in a transaction of their own once there is a producer. That is safe however late it happens: nothing
 * is written under a claim after it was given up, and what was under way is decided when the next producer starts or
 * when the next transaction of this one begins. A former incarnation was fenced when our producer started; should it have
 * started one after us, we are fenced ourselves, and what we write does not take place. So a release can only be true, and
 * one that nobody waits for is ignored.
 */
import { NO_HEADERS, partitionKey, type TopicPartition } from '#core/record.ts'
import { decodeClaim, encodeRelease } from '#engine/commit/claims.ts'
import type { Committer } from '#engine/commit/committer.ts'
import type { PartitionBatch } from '#engine/log/log.ts'
import { RELEASE } from '#engine/state/layout.ts'
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

  /** What earlier incarnations of this pod have left, by the metadata stored for each state partition. */
  owePredecessors(
    { incarnation, producer }: { readonly incarnation: string; readonly producer: string },
    places: readonly TopicPartition[],
    stored: readonly (string | undefined)[],
  ): void {
    for (const [index, place] of places.entries()) {
      const claim = decodeClaim(stored[index])
      if (claim && claim.producer === producer && claim.incarnation !== incarnation)
        this.#owed.set(claim.nonce, place)
    }
  }

  clear(): void {
    this.#owed.clear()
  }

  /** Writes what is owed, if anything is and the producer is free. */
  write(committer: Pick<Committer, 'isFree' | 'write'>, timestamp: number): void {
    if (this.isEmpty || !committer.isFree) return
    const nonces = [...this.#owed]
    const byPlace = Map.groupBy(nonces, ([, place]) => partitionKey(place))
    const batches = [...byPlace.values()].flatMap((same): PartitionBatch[] => {
      const [first] = same
      if (!first) return []
      const value = encodeRelease({ nonces: same.map(([nonce]) => nonce) })
      const record = { key: Buffer.from(RELEASE), value, headers: NO_HEADERS, timestamp }
      return [{ ...first[1], records: [record] }]
    })
    const forget = () => {
      for (const [nonce] of nonces) this.#owed.delete(nonce)
    }
    // What cannot be written is waited for in vain, and fenced then.
    committer.write(batches, forget, forget)
  }
}
