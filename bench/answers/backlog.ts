/** Keeps the pipeline supplied: there are always so many questions without an outcome. */
import type { Application } from './application.ts'
import { questions } from './questions.ts'

const LOOK_MS = 200

export class Backlog implements Disposable {
  readonly #application: Application
  readonly #openMin: number
  readonly #looking: NodeJS.Timeout
  #adding = false

  constructor(application: Application, openMin: number) {
    this.#application = application
    this.#openMin = openMin
    this.#looking = setInterval(() => this.#look(), LOOK_MS)
  }

  end(): void {
    clearInterval(this.#looking)
  }

  [Symbol.dispose](): void {
    this.end()
  }

  #look(): void {
    const { asked, outcomes } = this.#application
    const missing = this.#openMin - (asked.size - outcomes.byId.size)
    if (missing <= 0 || this.#adding) return
    this.#adding = true
    const done = () => {
      this.#adding = false
    }
    // If the log does not answer, the scenario reports that there is no progress.
    this.#application.ask(questions(asked.size + missing, asked.size)).then(done, done)
  }
}
