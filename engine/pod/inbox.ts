/** Callbacks queued for the pod's next step, and the scheduling of that step. */
import type { System } from '#core/system.ts'
import { asNobodysWork } from '#engine/record/current-work.ts'

/** Longest time for each half of a step: the queued callbacks, and the starting of records. The next step does the rest. */
export const HALF_STEP_MS_MAX = 25

export class Inbox {
  readonly #system: System
  readonly #step: () => void
  #callbacks: (() => void)[] = []
  #isScheduled = false
  #isClosed = false
  #cancelWake: (() => void) | undefined
  #wakeAt = Number.POSITIVE_INFINITY

  constructor(system: System, step: () => void) {
    this.#system = system
    this.#step = step
  }

  get isEmpty(): boolean {
    return this.#callbacks.length === 0
  }

  enqueue(callback: () => void): void {
    this.#callbacks.push(callback)
    this.wake()
  }

  /** Schedules a step. */
  wake(): void {
    if (this.#isScheduled || this.#isClosed) return
    this.#isScheduled = true
    this.#system.defer(() => {
      this.#isScheduled = false
      if (!this.#isClosed) asNobodysWork(() => this.#step())
    })
  }

  /**
   * Schedules a step for this wall time, or for the end of `withinMs` if that comes first. Replaces the earlier request. If the
   * clock is set forward meanwhile, another step notices: upkeep runs one each second.
   */
  wakeAt(due: number, withinMs = Number.POSITIVE_INFINITY): void {
    if (due === this.#wakeAt && withinMs === Number.POSITIVE_INFINITY) return
    this.#cancelWake?.()
    this.#cancelWake = undefined
    this.#wakeAt = due
    const delayMs = Math.min(Math.max(0, due - this.#system.now()), withinMs)
    if (delayMs === Number.POSITIVE_INFINITY) return
    this.#cancelWake = this.#system.after(delayMs, () => {
      this.#wakeAt = Number.POSITIVE_INFINITY
      this.wake()
    })
  }

  /** Runs queued callbacks for at most half a step. The rest, and callbacks that they queue, wait for the next step. */
  take(): void {
    const until = this.#system.monotonic() + HALF_STEP_MS_MAX
    const callbacks = this.#callbacks
    this.#callbacks = []
    let taken = 0
    for (const callback of callbacks) {
      taken++
      callback()
      if (this.#system.monotonic() >= until) break
    }
    if (taken === callbacks.length) return
    this.#callbacks = [...callbacks.slice(taken), ...this.#callbacks]
    this.wake()
  }

  close(): void {
    this.#isClosed = true
    this.#cancelWake?.()
  }
}
