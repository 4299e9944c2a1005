/** A circuit breaker as a pure state machine: time is an argument of each call. */

/** When the breaker opens, and how often it probes. */
export interface BreakerOptions {
  /** Different subjects that fail, with no success between, before it opens. */
  readonly failuresMax?: number
  /** How often a call may probe the provider while it is open, from the opening on; the last one holds for good. */
  readonly paces?: readonly Pace[]
}

/** One probe each `everyMs`, for a time of `forMs`. */
export interface Pace {
  readonly forMs: number
  readonly everyMs: number
}

/** Quick at first, so that a short outage is over within a moment of its end and a question that is at fault is passed. */
const PACES: readonly Pace[] = [
  { forMs: 3_000, everyMs: 40 },
  { forMs: 5_000, everyMs: 200 },
  { forMs: Number.POSITIVE_INFINITY, everyMs: 1_000 },
]
const FAILURES_MAX = 5
/** Probes that may wait for an answer at a time: one that hangs must not be the only hope. */
const PROBES_MAX = 10
/** Subjects that are remembered; the oldest is forgotten first. */
const SUBJECTS_MAX = 10_000

interface Failure {
  /** Since its last success. */
  readonly times: number
  /** Successes of others until the subject failed last. */
  readonly successes: number
  /** It failed while the provider answered others: more of it says nothing about the provider. */
  readonly isSuspect: boolean
}

/** What the failures of one subject have in common, for the decision whose fault they are. */
export interface Failed {
  /** How often the subject has failed since its last success. */
  readonly times: number
  /** Successes of others between this failure of the subject and the one before it. */
  readonly between: number
  /** It has failed while the provider answered others. */
  readonly isSuspect: boolean
}

/** How a failure counts. */
export interface FailedOptions {
  /** As many must fail at least, where more calls than `failuresMax` are out and may yet be answered. */
  readonly failuresMin?: number
  /** Such a failure is not its subject's: one that fails again and again counts as often. */
  readonly countsEach?: boolean
}

/**
 *            failuresMax different subjects
 *   closed --------------------------------> open: probes go at a pace
 *     ^                                        |
 *     +-------- anything succeeded ------------+
 *
 * A success counts whenever it arrives, also from a call sent before the failures: the provider has just answered. The
 * subjects that fail distinguish a provider in trouble from a faulty question. A subject that fails again after others
 * were answered is suspect. Its failures count as its own and never open the breaker.
 *
 * No library is used: libraries for this read the machine's clock and reject calls while open. Here callers wait in a
 * queue, and a simulation runs on virtual time.
 */
export class Breaker {
  readonly #failuresMax: number
  readonly #paces: readonly Pace[]
  readonly #failures = new Map<string, Failure>()
  /** Not suspect, and failed since the last success. */
  readonly #failing = new Set<string>()
  /** Failures since the last success that are no subject's. */
  #nobodys = 0
  #successes = 0
  #openedAt: number | undefined
  #nextAt = 0
  #probes = 0

  constructor(options: BreakerOptions = {}) {
    this.#failuresMax = options.failuresMax ?? FAILURES_MAX
    this.#paces = options.paces ?? PACES
  }

  get isOpen(): boolean {
    return this.#openedAt !== undefined
  }

  /** Milliseconds since it opened; 0 while it is closed. */
  openForMs(now: number): number {
    return this.#openedAt === undefined ? 0 : now - this.#openedAt
  }

  /** Milliseconds until a call may go; 0 when one may go now. */
  waitMs(now: number): number {
    if (this.#openedAt === undefined) return 0
    const waitMs = Math.max(0, this.#nextAt - now)
    return this.#probes < PROBES_MAX ? waitMs : Math.max(waitMs, this.#everyMs(now))
  }

  /** Tells that a call goes now; true when it is a probe. */
  started(now: number): boolean {
    if (!this.isOpen) return false
    this.#probes += 1
    this.#nextAt = now + this.#everyMs(now)
    return true
  }

  succeeded(subject: string): void {
    this.#successes += 1
    this.#failures.delete(subject)
    this.#failing.delete(subject)
    for (const other of this.#failing) {
      const failure = this.#failures.get(other)
      if (failure) this.#remember(other, { ...failure, isSuspect: true })
    }
    this.#failing.clear()
    this.#nobodys = 0
    this.#openedAt = undefined
    this.#probes = 0
  }

  failed(subject: string, now: number, wasProbe: boolean, options: FailedOptions = {}): Failed {
    const { failuresMin = 0, countsEach = false } = options
    this.withdrawn(wasProbe)
    const earlier = this.#failures.get(subject)
    const between = earlier ? this.#successes - earlier.successes : 0
    const isSuspect = earlier?.isSuspect === true || between > 0
    const times = (earlier?.times ?? 0) + 1
    this.#remember(subject, { times, successes: this.#successes, isSuspect })
    if (!isSuspect) this.#failing.add(subject)
    if (!isSuspect && countsEach) this.#nobodys += 1
    const failing = Math.max(this.#failing.size, this.#nobodys)
    if (!this.isOpen && failing >= Math.max(this.#failuresMax, failuresMin)) {
      this.#openedAt = now
      this.#nextAt = now + this.#everyMs(now)
    }
    return { times, between, isSuspect }
  }

  /** The call ended without a word about the provider: it was aborted. */
  withdrawn(wasProbe: boolean): void {
    if (wasProbe) this.#probes = Math.max(0, this.#probes - 1)
  }

  #everyMs(now: number): number {
    let sinceMs = this.openForMs(now)
    for (const { forMs, everyMs } of this.#paces) {
      if (sinceMs < forMs) return everyMs
      sinceMs -= forMs
    }
    return this.#paces.at(-1)?.everyMs ?? 0
  }

  #remember(subject: string, failure: Failure): void {
    this.#failures.delete(subject)
    this.#failures.set(subject, failure)
    const [oldest] = this.#failures.keys()
    if (this.#failures.size > SUBJECTS_MAX && oldest !== undefined) this.#failures.delete(oldest)
  }
}
