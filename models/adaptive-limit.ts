/** How many calls a provider takes at a time, learned from its refusals. */

export interface AdaptiveLimitOptions {
  readonly inFlightMax?: number
  readonly inFlightStart?: number
  /** Share of a round's calls that may be refused without slowing down: chance refusals are not congestion. */
  readonly refusedShareMax?: number
}

const GROWTH_PER_ROUND = 0.05

/**
 * Additive increase, multiplicative decrease, as in TCP (RFC 5681), with two differences that calls need:
 * - A round is as many answers as the limit allows calls. Within it, refusals above `refusedShareMax` of the answers and the
 *   calls still out halve the limit, once: calls sent before the last cut were sent under the old limit and do not count again.
 *   Without that share, 5 % of chance refusals would hold the limit near sqrt(1.5 / 0.05), about 5 calls.
 * - Until the first cut the limit grows by one with each success (doubling each round); after it, by 5 % a round, at least one.
 */
export class AdaptiveLimit {
  readonly #max: number
  readonly #refusedShareMax: number
  #limit: number
  #slowStart = true
  #epoch = 0
  #answered = 0
  #refused = 0

  constructor(options: AdaptiveLimitOptions = {}) {
    this.#max = options.inFlightMax ?? 2_000
    this.#limit = Math.min(this.#max, options.inFlightStart ?? 100)
    this.#refusedShareMax = options.refusedShareMax ?? 0.1
  }

  get value(): number {
    return Math.max(1, Math.floor(this.#limit))
  }

  /** Number of cuts so far: kept with each call, to tell whether it was sent under the present limit. */
  get epoch(): number {
    return this.#epoch
  }

  succeeded(): void {
    const step = this.#slowStart ? 1 : Math.max(1 / this.#limit, GROWTH_PER_ROUND)
    this.#limit = Math.min(this.#max, this.#limit + step)
    this.#count()
  }

  /** Returns whether the limit was halved. */
  refused(epoch: number, stillInFlight: number): boolean {
    if (epoch !== this.#epoch) return false
    this.#refused += 1
    const calls = this.#answered + 1 + stillInFlight
    if (this.#refused <= calls * this.#refusedShareMax) {
      this.#count()
      return false
    }
    this.#limit = Math.max(1, this.#limit / 2)
    this.#slowStart = false
    this.#epoch += 1
    this.#answered = 0
    this.#refused = 0
    return true
  }

  #count(): void {
    this.#answered += 1
    if (this.#answered < this.value) return
    this.#answered = 0
    this.#refused = 0
  }
}
