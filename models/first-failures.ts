/** Failures that are not decided at once: an outage fails all calls that are out, one after another. */
import type { System } from '#core/system.ts'

/** Calls that an outage breaks off end within a moment of each other. */
const UNDECIDED_MS = 50

/** The first failures wait until it is known whose they are: until others fail too, one is answered, or a moment is over. */
export class FirstFailures {
  readonly #system: System
  readonly #waiting = new Set<() => void>()

  constructor(system: System) {
    this.#system = system
  }

  /** Resolves once it is decided. */
  undecided(): Promise<void> {
    return new Promise(resolve => {
      const decided = () => {
        cancel()
        this.#waiting.delete(decided)
        resolve()
      }
      const cancel = this.#system.after(UNDECIDED_MS, decided)
      this.#waiting.add(decided)
    })
  }

  decide(): void {
    for (const decided of this.#waiting) decided()
  }
}
