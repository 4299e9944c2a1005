/** Questions that come evenly, whatever becomes of them. */
import { pause } from '../measuring.ts'
import type { Application } from './application.ts'
import { questions } from './questions.ts'

const TICK_MS = 250

export class Load {
  readonly #application: Application
  readonly #perSecond: number
  #asked = 0

  constructor(application: Application, perSecond: number) {
    this.#application = application
    this.#perSecond = perSecond
  }

  async ask(count: number): Promise<void> {
    const next = questions(this.#asked + count, this.#asked)
    this.#asked += count
    await this.#application.ask(next)
  }

  async during(durationMs: number): Promise<void> {
    const began = performance.now()
    const before = this.#asked
    for (let elapsedMs = 0; elapsedMs < durationMs; elapsedMs = performance.now() - began) {
      const due = before + Math.ceil((elapsedMs / 1_000) * this.#perSecond) - this.#asked
      if (due > 0) await this.ask(due)
      await pause(TICK_MS)
    }
  }
}
