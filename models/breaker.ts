/** A circuit breaker as a pure state machine over the time that it is told. */

export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly failuresMax?: number
  /** How long it stays open at first. */
  readonly openMs?: number
  /** Once open, how long after a failed probe the next one may go. */
  readonly probeMs?: number
}

/**
 *            failuresMax in a row              openMs passed
 *   closed ------------------------> open -----------------------> half open: one probe at a time
 *     ^                               ^  ^                            |   |
 *     |                               |  +----- probe failed ---------+   |
 *     +------- anything succeeded ----+----------- succeeded -------------+
 *
 * A success counts whenever it arrives, also from a call sent before the failures: the provider has just answered.
 * Libraries for this read the machine's clock and reject while open; here callers wait in a queue and a simulation runs
 * on virtual time, so the state machine is what is left to write.
 */
export class Breaker {
  readonly #failuresMax: number
  readonly #openMs: number
  readonly #probeMs: number
  #failures = 0
  #openUntil: number | undefined
  #probing = false

  constructor(options: BreakerOptions = {}) {
    this.#failuresMax = options.failuresMax ?? 5
    this.#openMs = options.openMs ?? 30_000
    this.#probeMs = options.probeMs ?? 10_000
  }

  get isOpen(): boolean {
    return this.#openUntil !== undefined
  }

  /** Milliseconds until a call may go; 0 when one may go now; a probe under way counts as a whole `probeMs`. */
  waitMs(now: number): number {
    if (this.#openUntil === undefined) return 0
    if (now < this.#openUntil) return this.#openUntil - now
    return this.#probing ? this.#probeMs : 0
  }

  /** Tells that a call goes now; true when it is the probe. */
  started(): boolean {
    if (!this.isOpen) return false
    this.#probing = true
    return true
  }

  succeeded(): void {
    this.#failures = 0
    this.#openUntil = undefined
    this.#probing = false
  }

  failed(now: number, wasProbe: boolean): void {
    this.#failures += 1
    if (wasProbe) {
      this.#probing = false
      this.#openUntil = now + this.#probeMs
    } else if (!this.isOpen && this.#failures >= this.#failuresMax) {
      this.#openUntil = now + this.#openMs
    }
  }

  /** The call ended without a word about the provider: it was aborted. */
  withdrawn(wasProbe: boolean): void {
    if (wasProbe) this.#probing = false
  }
}
