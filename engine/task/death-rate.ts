/** The rate of dead letters of a task for one reason. A bad deploy must not turn the whole backlog into dead letters. */
import { CaudalError, type ErrorCode, reasonOf } from '#core/errors.ts'

const WINDOW_SECONDS = 60
const SEEN_MIN = 100
/** How many reasons are counted apart. Further reasons share one count. */
const REASONS_MAX = 16
const OTHER_REASONS = 'other reasons'

/** Errors of the writer of a record, whatever the task does with it. */
const OF_THE_WRITER: ReadonlySet<ErrorCode> = new Set([
  'DECODE_FAILED',
  'SCHEMA_MISSING',
  'KEY_INVALID',
  'KEY_MISSING',
])

/** Of what is away for good elsewhere: an endpoint that is gone says nothing about the deploy. */
const OF_ELSEWHERE: ReadonlySet<ErrorCode> = new Set(['WEBHOOK_UNDELIVERED'])

/** Events of the last minute, in one bucket a second. */
class Minute {
  sum = 0
  readonly #buckets = new Uint32Array(WINDOW_SECONDS)
  #second = 0

  add(now: number): void {
    this.look(now)
    const bucket = this.#second % WINDOW_SECONDS
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1
    this.sum += 1
  }

  /** Empties the buckets since the last second. */
  look(now: number): void {
    const second = Math.floor(now / 1_000)
    for (let passed = Math.max(this.#second, second - WINDOW_SECONDS) + 1; passed <= second; passed++) {
      const bucket = passed % WINDOW_SECONDS
      this.sum -= this.#buckets[bucket] ?? 0
      this.#buckets[bucket] = 0
    }
    this.#second = Math.max(this.#second, second)
  }
}

/** If more than half of at least 100 records a minute fail for one reason, the deploy is bad rather than the records. */
export class DeathRate {
  #seen = new Minute()
  #dead = new Map<string, Minute>()

  /** Records that ended within the last minute. `dead` counts those that failed for the commonest reason. */
  get seen(): number {
    return this.#seen.sum
  }
  get dead(): number {
    return Math.max(0, ...[...this.#dead.values()].map(({ sum }) => sum))
  }

  /** A record ended well. */
  lived(now: number): void {
    this.#seen.add(now)
  }

  /** A record became a dead letter. True: the task must pause. */
  died(now: number, reason = ''): boolean {
    this.#seen.add(now)
    const dead = this.#minuteOf(reason)
    dead.add(now)
    return this.#seen.sum >= SEEN_MIN && dead.sum * 2 > this.#seen.sum
  }

  /**
   * A record became a dead letter with this error at this node. Errors of an outsider's record do not count: the garbage of one
   * writer must not stop the records of all others. Returns the reason if the task must pause.
   */
  diedOf(error: unknown, node: string, isOutsiders: boolean, now: number) {
    const code = error instanceof CaudalError ? error.code : 'HANDLER_FAILED'
    if (OF_ELSEWHERE.has(code) || (isOutsiders && OF_THE_WRITER.has(code))) return undefined
    if (!this.died(now, `${node} ${code}`)) return undefined
    return { dead: this.dead, seen: this.seen, reason: `node ${node}: ${reasonOf(error)}` }
  }

  /** Counts from zero again: somebody has resumed the task. */
  reset(): void {
    this.#seen = new Minute()
    this.#dead = new Map()
  }

  #minuteOf(reason: string): Minute {
    const name = this.#dead.has(reason) || this.#dead.size < REASONS_MAX ? reason : OTHER_REASONS
    const known = this.#dead.get(name)
    if (known) return known
    const minute = new Minute()
    this.#dead.set(name, minute)
    return minute
  }
}
