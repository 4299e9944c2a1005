/** What callbacks have for the pod's next step, and the wish for that step. */
import type { System } from '#core/system.ts'
import { asNobodysWork } from '#engine/record/current-work.ts'

/** Each half of a step, what callbacks have brought and what is started, ends after so long; the next step goes on. */
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

  /** A step runs soon. */
  wake(): void {
    if (this.#isScheduled || this.#isClosed) return
    this.#isScheduled = true
    this.#system.defer(() => {
      this.#isScheduled = false
      if (!this.#isClosed) asNobodysWork(() => this.#step())
    })
  }

  /**
   * A step runs at this wall time at the latest, and within so long at the latest; replaces what was asked for before. A clock that
   * is set forward meanwhile is noticed by the step of another cause: a pod looks after its state each second.
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

  /** Runs what has gathered, for as long as half of a step may take; what is left, and what that adds, waits for the next step. */
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
