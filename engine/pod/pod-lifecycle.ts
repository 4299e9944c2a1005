/** The life of a pod, as a table. */
import { invariant } from '#core/errors.ts'

/**
 * ```
 *            start          joined the group        stop                 handed over
 *  created ─────────► starting ─────────► running ─────────► stopping ──────────────► stopped
 *     │                  │ │                 │                   │                       ▲
 *     │       stop, or   │ │                 │ an error that     │                       │
 *     └──────────────────┼─┼─────────────────┼───the pod cannot──┼───────────────────────┘
 *       the log refuses  │ └─────────────────┴───live with───────┘
 *                        └────────────────────► failed
 * ```
 */
export type PodPhase = 'created' | 'starting' | 'running' | 'stopping' | 'stopped' | 'failed'

const MOVES: Readonly<Record<PodPhase, readonly PodPhase[]>> = {
  created: ['starting', 'stopped', 'failed'],
  starting: ['running', 'stopped', 'failed'],
  running: ['stopping', 'failed'],
  stopping: ['stopped', 'failed'],
  stopped: [],
  failed: [],
}

export class PodLifecycle {
  #phase: PodPhase = 'created'

  get phase(): PodPhase {
    return this.#phase
  }

  get hasEnded(): boolean {
    return this.#phase === 'stopped' || this.#phase === 'failed'
  }

  move(to: PodPhase): void {
    invariant(MOVES[this.#phase].includes(to), `a pod cannot go from ${this.#phase} to ${to}`)
    this.#phase = to
  }
}
