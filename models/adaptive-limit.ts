/** How many calls a provider takes at a time, learned from its refusals. */

/** Numbers of calls in flight, at the start and at most. */
export interface AdaptiveLimitOptions {
  readonly inFlightMax?: number
  readonly inFlightStart?: number
  /** Share of a round's calls that may be refused without slowing down: chance refusals are not congestion. */
  readonly refusedShareMax?: number
}

const GROWTH_PER_ROUND = 0.05

/** How far back answers are looked at. */
const WINDOW_MS = 5_000

/** What arrived within one second. */
interface Second {
  readonly at: number
  /** Time that its answered calls took, in sum. */
  tookMs: number
}

/**
 * Additive increase, multiplicative decrease, as in TCP (RFC 5681), with three differences that calls need:
 * - A round is as many answers as the limit allows calls. More refusals in a round than `refusedShareMax` of its answers and
 *   of the calls still out halve the limit once. Calls sent before the last cut ran under the old limit and do not count again.
 *   Without that share, 5 % of chance refusals would hold the limit near sqrt(1.5 / 0.05), about 5 calls.
 * - It is never below what the provider gives: the answers a second times the time that one takes (Little's law, 1961). Without
 *   that floor, refusals that have nothing to do with the number of calls would hold the limit at one call.
 * - Until the first cut the limit grows by one with each success (doubling each round); after it, by 5 % a round, at least one.
 */
export class AdaptiveLimit {
  readonly #max: number
  readonly #refusedShareMax: number
  #limit: number
  #atLastSuccess: number
  #slowStart = true
  #epoch = 0
  #answered = 0
  #refused = 0
  readonly #seconds: Second[] = []
  #firstAt: number | undefined

  constructor(options: AdaptiveLimitOptions = {}) {
    this.#max = options.inFlightMax ?? 2_000
    this.#limit = Math.min(this.#max, options.inFlightStart ?? 100)
    this.#atLastSuccess = this.#limit
    this.#refusedShareMax = options.refusedShareMax ?? 0.1
  }

  get value(): number {
    return Math.max(1, Math.floor(this.#limit))
  }

  /** Number of cuts so far: kept with each call, to tell whether it was sent under the present limit. */
  get epoch(): number {
    return this.#epoch
  }

  succeeded(now: number, tookMs: number): void {
    this.#secondOf(now, tookMs).tookMs += tookMs
    const step = this.#slowStart ? 1 : Math.max(1 / this.#limit, GROWTH_PER_ROUND)
    this.#limit = Math.min(this.#max, Math.max(this.#limit + step, this.#given(now)))
    this.#atLastSuccess = this.#limit
    this.#count()
  }

  /** Returns whether the limit was cut. */
  refused(epoch: number, stillInFlight: number, now: number): boolean {
    if (epoch !== this.#epoch) return false
    this.#refused += 1
    const calls = this.#answered + 1 + stillInFlight
    const floor = Math.ceil(this.#given(now))
    if (this.#refused <= calls * this.#refusedShareMax || floor >= this.#limit) {
      this.#count()
      return false
    }
    this.#limit = Math.max(1, this.#limit / 2, floor)
    this.#slowStart = false
    this.#epoch += 1
    this.#answered = 0
    this.#refused = 0
    return true
  }

  /** The provider refused everybody, which says nothing about how many calls it takes: back to what it took before. */
  restore(): void {
    this.#limit = this.#atLastSuccess
    this.#epoch += 1
    this.#answered = 0
    this.#refused = 0
  }

  /** Calls that the provider answers at a time. */
  #given(now: number): number {
    const sinceMs = Math.max(1, now - (this.#firstAt ?? now))
    const lately = this.#seconds.filter(({ at }) => at > now - WINDOW_MS)
    const tookMs = lately.reduce((sum, second) => sum + second.tookMs, 0)
    return tookMs / Math.min(WINDOW_MS, sinceMs)
  }

  #secondOf(now: number, tookMs: number): Second {
    this.#firstAt ??= now - tookMs
    const last = this.#seconds.at(-1)
    if (last && now - last.at < 1_000) return last
    const second = { at: now, tookMs: 0 }
    this.#seconds.push(second)
    while ((this.#seconds[0]?.at ?? now) <= now - WINDOW_MS) this.#seconds.shift()
    return second
  }

  #count(): void {
    this.#answered += 1
    if (this.#answered < this.value) return
    this.#answered = 0
    this.#refused = 0
  }
}
