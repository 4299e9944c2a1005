/** Notices that this process did not run for a while: stopped, swapped out, or busy in one long computation. */
import type { System } from '#engine/core/system.ts'

const TICKS_PER_SESSION = 6
const STALLED_SHARE = 2 / 3

/**
 * A timer ticks six times in a session time-out. Ticks that lie further apart than two thirds of it mean that no
 * heartbeat was sent either: whatever starts now might be done for nothing. It errs on the safe side: a clock set
 * forward counts as a stall, one set back is ignored.
 */
export class StallDetector {
  readonly #system: System
  readonly #sessionTimeoutMs: number
  readonly #onStall: (stalledMs: number) => void
  #lastTick = 0
  #cancel: (() => void) | undefined

  /** `onStall` is told for how long nothing ran; the group may have given the tasks to others meanwhile. */
  constructor(system: System, sessionTimeoutMs: number, onStall: (stalledMs: number) => void) {
    this.#system = system
    this.#sessionTimeoutMs = sessionTimeoutMs
    this.#onStall = onStall
  }

  start(): void {
    if (this.#cancel) return
    this.#lastTick = this.#system.now()
    this.#schedule()
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #schedule(): void {
    this.#cancel = this.#system.after(this.#sessionTimeoutMs / TICKS_PER_SESSION, () => this.#tick())
  }

  #tick(): void {
    const now = this.#system.now()
    const elapsedMs = now - this.#lastTick
    this.#lastTick = now
    this.#schedule()
    if (elapsedMs > this.#sessionTimeoutMs * STALLED_SHARE) this.#onStall(elapsedMs)
  }
}
