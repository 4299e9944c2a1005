/**
 * Holds back new records of stages that pay for calls while an answer waits too long for its commit. A crash loses such an
 * answer, and the next owner buys it again. On a busy machine, each new call also delays the commit of the answers before it.
 *
 * "Too long" is a multiple of the shortest recent commit. So a log that is slow by nature holds back nothing.
 */
import type { System } from '#core/system.ts'

/** An answer waits for the commit under way and then for its own. Twice that time means that the pod itself is late. */
const COMMITS_MAX = 4
/** No shorter wait is worth a pause. */
const LATE_MS_MIN = 20
/** The shortest commit is that of the last one to two windows. */
const WINDOW_MS = 10_000

export class AnswerPace {
  readonly #system: Pick<System, 'monotonic'>
  /** The oldest answer for the next commit. */
  #gatheredAt: number | undefined
  /** The oldest answer of the commit that is under way or whose outcome is unknown. */
  #committingAt: number | undefined
  #shortestMs = Number.POSITIVE_INFINITY
  #shortestBeforeMs = Number.POSITIVE_INFINITY
  #windowEnd = Number.NEGATIVE_INFINITY

  constructor(system: Pick<System, 'monotonic'>) {
    this.#system = system
  }

  /** True while an answer waits longer than an idle pod would let it wait. */
  get isLate(): boolean {
    const oldest = this.#committingAt ?? this.#gatheredAt
    if (oldest === undefined) return false
    const shortestMs = Math.min(this.#shortestMs, this.#shortestBeforeMs)
    if (shortestMs === Number.POSITIVE_INFINITY) return false
    return this.#system.monotonic() - oldest > Math.max(LATE_MS_MIN, COMMITS_MAX * shortestMs)
  }

  /** An answer was put into the journal of its task. */
  answered(): void {
    this.#gatheredAt ??= this.#system.monotonic()
  }

  /** A commit takes all answers so far. */
  began(): void {
    this.#committingAt = this.#gatheredAt
    this.#gatheredAt = undefined
  }

  committed(durationMs: number): void {
    this.#committingAt = undefined
    const now = this.#system.monotonic()
    if (now >= this.#windowEnd) {
      this.#windowEnd = now + WINDOW_MS
      this.#shortestBeforeMs = this.#shortestMs
      this.#shortestMs = Number.POSITIVE_INFINITY
    }
    this.#shortestMs = Math.min(this.#shortestMs, durationMs)
  }

  /** The commit did not take place. Its answers go with the next one. */
  putBack(): void {
    this.#gatheredAt = this.#committingAt ?? this.#gatheredAt
    this.#committingAt = undefined
  }

  /** The commit did not take place, and its tasks have gone to others. */
  gone(): void {
    this.#committingAt = undefined
  }

  /** Nothing is left to commit. */
  forget(): void {
    this.#committingAt = undefined
    this.#gatheredAt = undefined
  }
}
