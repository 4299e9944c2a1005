/** Lets what keeps the thread for long go one in a turn of the event loop, in the order in which it was asked for. */
import type { System } from '#core/system.ts'

export class Turns {
  readonly #system: System
  readonly #waiting: (() => void)[] = []
  /** One has run in this turn. */
  #isTaken = false

  constructor(system: System) {
    this.#system = system
  }

  /** Runs it now, or in a later turn where another has run in this one. */
  take(action: () => void): void {
    if (this.#isTaken) {
      this.#waiting.push(action)
      return
    }
    this.#isTaken = true
    this.#system.defer(() => {
      this.#isTaken = false
      const next = this.#waiting.shift()
      if (next) this.take(next)
    })
    action()
  }
}
