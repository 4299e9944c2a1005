/** Notices that this process did not run for a while: stopped, swapped out, or busy in one long computation. */
import type { System } from '#core/system.ts'

const TICKS_PER_SESSION = 6
const STALLED_SHARE = 2 / 3

/**
 * A timer ticks six times in a session time-out. If two ticks are more than two thirds of a session apart, no heartbeat was sent
 * either. Then a call that starts now might be for nothing.
 *
 * The monotonic clock may pause while the machine sleeps. So the wall clock counts too, if it shows more. A wall clock that is
 * set forward costs one read of the claims.
 */
export class StallDetector {
  readonly #system: System
  readonly #sessionTimeoutMs: number
  readonly #onStall: (stalledMs: number) => void
  #lastTick = { monotonic: 0, wall: 0 }
  #cancel: (() => void) | undefined

  /** `onStall` gets the time for which nothing ran. The group may have given the tasks to others meanwhile. */
  constructor(system: System, sessionTimeoutMs: number, onStall: (stalledMs: number) => void) {
    this.#system = system
    this.#sessionTimeoutMs = sessionTimeoutMs
    this.#onStall = onStall
  }

  start(): void {
    if (this.#cancel) return
    this.#lastTick = this.#read()
    this.#schedule()
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #read() {
    return { monotonic: this.#system.monotonic(), wall: this.#system.now() }
  }

  #schedule(): void {
    this.#cancel = this.#system.after(this.#sessionTimeoutMs / TICKS_PER_SESSION, () => this.#tick())
  }

  #tick(): void {
    const last = this.#lastTick
    const tick = this.#read()
    const elapsedMs = Math.max(tick.monotonic - last.monotonic, tick.wall - last.wall)
    this.#lastTick = tick
    this.#schedule()
    if (elapsedMs > this.#sessionTimeoutMs * STALLED_SHARE) this.#onStall(elapsedMs)
  }
}
