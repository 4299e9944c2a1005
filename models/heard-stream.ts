/** A stream that notes when the first piece of its reply is heard. */
import type { System } from '#core/system.ts'
import type { TextStream } from './model.ts'

/** Passes a stream on, and notes the time of its first piece. */
export class HeardStream implements TextStream {
  readonly #stream: TextStream
  readonly #system: System
  /** On the monotonic clock; `undefined` until something was heard. */
  firstAt: number | undefined

  constructor(stream: TextStream, system: System) {
    this.#stream = stream
    this.#system = system
  }

  begin(): void {
    this.#stream.begin()
  }

  text(piece: string): void {
    this.firstAt ??= this.#system.monotonic()
    this.#stream.text(piece)
  }
}
