/** Measures a load and audits it: each event that was sent must have exactly one outcome. */
import { Latencies, type Percentiles } from './latencies.ts'
import { idOf, indexOf } from './questions.ts'
import type { OutcomeListener } from './target.ts'

/** What became of an event so far. */
const FATE = { sent: 0, acknowledged: 1, refused: 2, unknown: 3 } as const
const IDS_LISTED_MAX = 1_000

export interface Second {
  sent: number
  acknowledged: number
  delivered: number
  failed: number
  /** Median latency of the events with their outcome in this second, in ms. */
  p50: number | null
  p99: number | null
}

/** Figures that can be read at any moment. */
export interface Figures {
  readonly sent: number
  readonly acknowledged: number
  readonly delivered: number
  readonly failed: number
  /** How much later than due each was sent. */
  readonly lateness: Percentiles
  /** From when an event was due until it was durable. */
  readonly toAcknowledged: Percentiles
  /** From when an event was due until its answer was delivered. */
  readonly toDelivered: Percentiles
}

export interface Measured extends Figures {
  /** How often each reason was given. */
  readonly failures: Readonly<Record<string, number>>
  /** Events that the target has neither acknowledged nor refused. */
  readonly unacknowledged: number
  /** Events that the target did not take, by the code of the error. */
  readonly errors: Readonly<Record<string, number>>
  /** Events that were not refused and have no outcome: all of them counted, the first of them listed. */
  readonly lost: { readonly count: number; readonly ids: readonly string[] }
  /** Events with more than one outcome. */
  readonly doubled: { readonly count: number; readonly ids: readonly string[] }
  readonly seconds: readonly Second[]
}

/** All times are in ms since the beginning of the load. Memory is a few numbers an event. */
export class Meter implements OutcomeListener {
  readonly #run: string
  readonly #now: () => number
  readonly #due: number[] = []
  readonly #fates: number[] = []
  readonly #outcomes: number[] = []
  readonly #lateness = new Latencies()
  readonly #toAcknowledged = new Latencies()
  readonly #toDelivered = new Latencies()
  readonly #seconds: Second[] = []
  /** Latencies of the events delivered in the current second. */
  #latencies: number[] = []
  readonly #failures = new Map<string, number>()
  readonly #errors = new Map<string, number>()
  #acknowledged = 0
  #delivered = 0
  #failed = 0
  /** Number of events without an outcome that were acknowledged, or may have been taken. */
  #waiting = 0

  constructor(run: string, now: () => number) {
    this.#run = run
    this.#now = now
  }

  get sent(): number {
    return this.#due.length
  }

  /** Events without an outcome that were acknowledged, or may have been taken. */
  get waiting(): number {
    return this.#waiting
  }

  /** Events that are neither acknowledged nor refused. */
  get unacknowledged(): number {
    return this.sent - this.#acknowledged - sum(this.#errors)
  }

  /** Notes the next event, which was due then and is sent now; returns its number. */
  sending(due: number): number {
    const now = this.#now()
    this.#lateness.add(now - due)
    this.#second(now).sent++
    this.#fates.push(FATE.sent)
    this.#outcomes.push(0)
    return this.#due.push(due) - 1
  }

  acknowledged(index: number): void {
    const now = this.#now()
    this.#toAcknowledged.add(now - this.#dueOf(index))
    this.#second(now).acknowledged++
    this.#fates[index] = FATE.acknowledged
    this.#acknowledged++
    if (this.#outcomes[index] === 0) this.#waiting++
  }

  /** The target refused the event. An outcome counts if it comes, and is not missed otherwise. */
  refused(index: number, code: string): void {
    this.#fates[index] = FATE.refused
    add(this.#errors, code)
  }

  /** Nobody knows whether the target took the event. Without an outcome the event is lost. */
  doubtful(index: number, code: string): void {
    this.#fates[index] = FATE.unknown
    add(this.#errors, code)
    if (this.#outcomes[index] === 0) this.#waiting++
  }

  delivered(id: string): void {
    const index = this.#ended(id)
    if (index === undefined) return
    const now = this.#now()
    const latency = now - this.#dueOf(index)
    this.#delivered++
    this.#toDelivered.add(latency)
    this.#second(now).delivered++
    this.#latencies.push(latency)
  }

  failed(id: string, reason: string): void {
    const index = this.#ended(id)
    if (index === undefined) return
    this.#failed++
    add(this.#failures, reason)
    this.#second(this.#now()).failed++
  }

  figures(): Figures {
    return {
      ...{ sent: this.sent, acknowledged: this.#acknowledged },
      ...{ delivered: this.#delivered, failed: this.#failed },
      lateness: this.#lateness.read(),
      toAcknowledged: this.#toAcknowledged.read(),
      toDelivered: this.#toDelivered.read(),
    }
  }

  read(): Measured {
    const indexes = [...this.#due.keys()]
    const lost = indexes.filter(i => this.#fates[i] !== FATE.refused && this.#outcomes[i] === 0)
    const doubled = indexes.filter(i => (this.#outcomes[i] ?? 0) > 1)
    const listed = (found: readonly number[]) => ({
      count: found.length,
      ids: found.slice(0, IDS_LISTED_MAX).map(index => idOf(this.#run, index)),
    })
    return {
      ...this.figures(),
      failures: Object.fromEntries(this.#failures),
      unacknowledged: this.unacknowledged,
      errors: Object.fromEntries(this.#errors),
      ...{ lost: listed(lost), doubled: listed(doubled) },
      seconds: this.#finishedSeconds(),
    }
  }

  /** The number of the event whose first outcome this is. */
  #ended(id: string): number | undefined {
    const index = indexOf(this.#run, id)
    if (index === undefined || index >= this.sent) return undefined
    const before = this.#outcomes[index] ?? 0
    this.#outcomes[index] = before + 1
    if (before > 0) return undefined
    const fate = this.#fates[index]
    if (fate === FATE.acknowledged || fate === FATE.unknown) this.#waiting--
    return index
  }

  #dueOf(index: number): number {
    return this.#due[index] ?? 0
  }

  #second(now: number): Second {
    const index = Math.max(0, Math.floor(now / 1_000))
    while (this.#seconds.length <= index) {
      this.#finishSecond()
      this.#seconds.push({ sent: 0, acknowledged: 0, delivered: 0, failed: 0, p50: null, p99: null })
    }
    return this.#seconds[index] as Second // It has just been made.
  }

  #finishedSeconds(): readonly Second[] {
    this.#finishSecond()
    return this.#seconds
  }

  #finishSecond(): void {
    const last = this.#seconds.at(-1)
    if (!last || this.#latencies.length === 0) return
    const sorted = this.#latencies.sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? null
    last.p50 = at(0.5)
    last.p99 = at(0.99)
    this.#latencies = []
  }
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, each) => total + each, 0)
}
