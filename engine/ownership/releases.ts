/**
 * Claims that ended without a hand-over, and that this pod must still release. There are two kinds:
 *
 * - This pod gave up a task that had not run yet. The next owner sees that this pod lives, and would wait the whole grace time.
 * - A predecessor of this pod left them. The next owner would fence it by the name that is ours now, and would hit us.
 *
 * This pod releases them in a transaction of their own, as soon as it has a producer. A release can only be true, however late
 * it is written:
 *
 * - Nothing is written under a claim after the claim was given up.
 * - A commit that was under way is decided when the next producer starts, or when the next transaction of this one begins.
 * - A predecessor was fenced when our producer started. If it started a producer after us, we are fenced, and our release does
 *   not take place.
 *
 * A release that nobody waits for is ignored.
 */
import type { Refusal } from '#core/errors.ts'
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

  /** Owes the release of every claim that was sent: the answer to a claim may have been lost. */
  owe({ sent, task }: Holding): void {
    for (const nonce of sent) this.#owed.set(nonce, task.statePlace)
  }

  /** Owes the release of claims that predecessors have left, by the metadata stored for each state partition. */
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
    // If a release cannot be written, the next owner waits for nothing, and then fences. The others are written again.
    const forgetRefused = (refusals: readonly Refusal[]) => {
      const refused = new Set(refusals.map(({ batch }) => [...byPlace.keys()][batch]))
      for (const [nonce, place] of nonces) if (refused.has(partitionKey(place))) this.#owed.delete(nonce)
    }
    committer.write(batches, forget, forgetRefused)
  }
}
