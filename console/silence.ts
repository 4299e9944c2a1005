/** Notices that a connection says nothing any more: nothing else would, where it was cut without a word. */
import { after } from './clock.ts'

/** Its signal is aborted where nothing is heard in time. */
export class Silence {
  readonly #broken = new AbortController()
  #cancel = () => {}

  get signal(): AbortSignal {
    return this.#broken.signal
  }

  /** Something was heard, and the next must be heard within this time. */
  within(ms: number): void {
    this.#cancel()
    this.#cancel = after(ms, () => this.#broken.abort())
  }

  /** Nothing more is waited for. */
  end(): void {
    this.#cancel()
  }
}
