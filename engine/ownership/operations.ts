/** The operations of ownership on the log: one at a time, and none for a while after one that failed. */
import { RETRIES } from '#core/retry.ts'
import type { PodContext } from '#engine/record/pod-context.ts'
import type { Trouble } from './trouble.ts'

export class Operations {
  #busy = false
  #pausedUntil = 0
  readonly #pod: PodContext
  readonly #trouble: Trouble

  constructor(pod: PodContext, trouble: Trouble) {
    this.#pod = pod
    this.#trouble = trouble
  }

  get mayBegin(): boolean {
    return !this.#busy && this.#pod.system.monotonic() >= this.#pausedUntil
  }

  /** The completion is an event of the pod's inbox. `failed` may return the time until which nothing else is begun. */
  begin<T>(
    operation: Promise<T>,
    done: (result: T) => void,
    failed?: (error: unknown) => number | undefined,
  ): void {
    this.#busy = true
    const ended = (callback: () => void) =>
      this.#pod.enqueue(() => {
        this.#busy = false
        callback()
      })
    operation.then(
      result => ended(() => done(result)),
      error =>
        ended(() => {
          this.#trouble.operationFailed(error)
          const until = failed?.(error) ?? this.#pod.system.monotonic() + RETRIES.ownership.firstMs
          this.pauseUntil(until)
        }),
    )
  }

  /** Begins nothing before this time. So a producer that fails at once, as on a full disk, is not replaced in a spin. */
  pauseUntil(time: number): void {
    const delayMs = time - this.#pod.system.monotonic()
    if (delayMs <= 0) return
    this.#pausedUntil = time
    this.wakeIn(delayMs)
  }

  /** Ownership looks again by then. */
  wakeIn(delayMs: number): void {
    this.#pod.system.after(delayMs, () => this.#pod.enqueue(() => undefined))
  }
}
