/**
 * How a running task spends its time, in Flink's three shares. The time of its own turns is busy. Between two turns the task is
 *
 * - back-pressured if records wait that it may not start, because its stage is full or commits are behind
 * - busy if records are in progress
 * - idle otherwise
 */
import type { StageMetrics } from '#core/pod-metrics.ts'

export type Load = 'busy' | 'backPressured' | 'idle'
type Times = Pick<StageMetrics, 'busyMs' | 'backPressuredMs' | 'idleMs'>

export class TaskTime {
  readonly #times: Times
  #load: Load = 'idle'
  #since: number | undefined

  constructor(times: Times) {
    this.#times = times
  }

  /** The turn that began at `from` has ended. `load` says what the task does until its next turn. */
  turned(from: number, until: number, load: Load): void {
    this.look(from)
    this.#times.busyMs += until - from
    this.#load = load
    this.#since = until
  }

  /** Counts the time that has passed until now. */
  look(now: number): void {
    if (this.#since === undefined) return
    const passedMs = now - this.#since
    this.#since = now
    if (this.#load === 'busy') this.#times.busyMs += passedMs
    else if (this.#load === 'idle') this.#times.idleMs += passedMs
    else this.#times.backPressuredMs += passedMs
  }

  /** The task does not run. The time until its next turn counts for no share. */
  pause(): void {
    this.#since = undefined
  }
}
