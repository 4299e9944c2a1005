/** Notices that this process did not run for a while: stopped, swapped out, or busy in one long computation. */
import type { System } from '#core/system.ts'

const TICKS_PER_SESSION = 6
const STALLED_SHARE = 2 / 3

/**
 * A timer ticks six times in a session time-out. Ticks that lie further apart than two thirds of it mean that no
 * heartbeat was sent either: whatever starts now might be done for nothing. The monotonic clock stands still with a machine that
 * sleeps, so the wall clock counts too, where it shows more: one that is set forward costs a look at the claims.
 */
export class StallDetector {
  readonly #system: System
  readonly #sessionTimeoutMs: number
  readonly #onStall: (stalledMs: number) => void
  #lastTick = { monotonic: 0, wall: 0 }
  #cancel: (() => void) | undefined

  /** `onStall` is told for how long nothing ran; the group may have given the tasks to others meanwhile. */
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
