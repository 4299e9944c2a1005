/** Deletes what has outlived its time from a task's state, a bounded batch at a time. */
import type { StateDeclarations } from '#engine/core/operator.ts'
import type { TaskState } from '#engine/state/task-state.ts'
import { type SweepCursor, sweepExpired } from '#engine/state/ttl-sweep.ts'
import { STEP_KEPT_MS, writtenAt } from './step-journal.ts'

const BATCH_ENTRIES_MAX = 1_000
const STEP_SWEEP_INTERVAL_MS = 3_600_000

export class Sweep {
  readonly #state: TaskState
  readonly #declarations: ReadonlyMap<string, StateDeclarations>
  #cursor: SweepCursor | undefined
  #stepsSweptAt = 0

  constructor(state: TaskState, declarations: ReadonlyMap<string, StateDeclarations>) {
    this.#state = state
    this.#declarations = declarations
  }

  /** Deletions to stage now. */
  next(now: number): Map<string, null> {
    const { expired, cursor } = sweepExpired(
      this.#state,
      this.#declarations,
      now,
      BATCH_ENTRIES_MAX,
      this.#cursor,
    )
    this.#cursor = cursor
    return new Map([...expired, ...this.#oldSteps(now)].map(entry => [entry, null]))
  }

  /** Journaled steps of dead letters that nobody has replayed in time. */
  #oldSteps(now: number): string[] {
    if (now - this.#stepsSweptAt < STEP_SWEEP_INTERVAL_MS) return []
    this.#stepsSweptAt = now
    const old: string[] = []
    for (const [entry, value] of this.#state.entries('s')) {
      if (now - writtenAt(value) > STEP_KEPT_MS) old.push(entry)
      if (old.length === BATCH_ENTRIES_MAX) break
    }
    return old
  }
}
