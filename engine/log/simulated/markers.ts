/** When the markers of ended transactions are written: at once, late, or never, which leaves a hanging transaction. */
import { NO_HEADERS } from '#core/record.ts'
import type { Network } from './network.ts'
import type { Partition } from './partition.ts'
import type { MarkerDelivery } from './transaction-coordinator.ts'

const FOREIGN_RECORD = { key: null, value: null, headers: NO_HEADERS, timestamp: 0 }

export class Markers implements MarkerDelivery {
  readonly #network: Network
  #delayMs = 0
  readonly #lost = new Set<Partition>()
  readonly #hanging = new Map<Partition, Set<number>>()
  #lastForeigner = 0

  constructor(network: Network) {
    this.#network = network
  }

  /** From now on markers are written so long after the decision. */
  delay(delayMs: number): void {
    this.#delayMs = delayMs
  }

  /** The next marker for this partition gets lost for good. */
  loseNext(partition: Partition): void {
    this.#lost.add(partition)
  }

  keepAll(): void {
    this.#lost.clear()
  }

  /** Somebody else's transaction begins here and is never ended. */
  hang(partition: Partition): void {
    const foreigner = --this.#lastForeigner
    partition.append([FOREIGN_RECORD], foreigner)
    this.#hangingIn(partition).add(foreigner)
  }

  /** Aborts the hanging transactions of a partition, as an administrator's tool does: those of somebody else, or all. */
  abortHanging(partition: Partition, whose: 'foreign' | 'all'): void {
    for (const producerId of [...this.#hangingIn(partition)]) {
      if (whose === 'foreign' && producerId > 0) continue
      partition.end(producerId, 'aborted')
      this.#hangingIn(partition).delete(producerId)
    }
  }

  delayMs(partition: Partition, producerId: number): number | undefined {
    if (!this.#lost.delete(partition)) return this.#delayMs + this.#network.markerDelayMs()
    this.#hangingIn(partition).add(producerId)
    return undefined
  }

  #hangingIn(partition: Partition): Set<number> {
    let producers = this.#hanging.get(partition)
    if (producers === undefined) {
      producers = new Set()
      this.#hanging.set(partition, producers)
    }
    return producers
  }
}
