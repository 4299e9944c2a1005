/** One task's part of a commit: what it writes, and what the task does with the outcome. */
import type { CaudalError, Refusal } from '#core/errors.ts'
import type { NewRecord } from '#core/record.ts'
import type { CommitPart, Committable } from '#engine/commit/commit-part.ts'
import type { Output } from '#engine/commit/outlets.ts'
import type { TaskState } from '#engine/state/task-state.ts'
import { outputsOf, type Staged, type Staging } from './staging.ts'

/** What a part needs of its task. */
export interface PartedTask extends Committable {
  readonly work:
    | { readonly staging: Staging; refused(refusals: ReadonlyMap<NewRecord, Refusal>): void }
    | undefined
  guard<T>(action: () => T): T | undefined
  cannotCommit(error: CaudalError): void
}

export class TaskPart implements CommitPart {
  readonly task: PartedTask
  readonly writes: ReadonlyMap<string, Uint8Array | null>
  readonly outputs: readonly Output[]
  readonly #state: TaskState
  readonly #staged: Staged
  readonly #onCommitted: () => void

  constructor(task: PartedTask, state: TaskState, staged: Staged, onCommitted: () => void) {
    this.task = task
    this.writes = state.take()
    this.outputs = outputsOf(staged)
    this.#state = state
    this.#staged = staged
    this.#onCommitted = onCommitted
  }

  committed(position: number): void {
    this.task.guard(() => this.#state.committed(this.writes, position))
    this.#onCommitted()
  }

  putBack(): void {
    this.task.guard(() => this.#state.putBack(this.writes))
    this.task.work?.staging.putBack(this.#staged)
  }

  stateRefused(error: CaudalError): void {
    this.task.cannotCommit(error)
  }

  outputsRefused(refusals: ReadonlyMap<NewRecord, Refusal>): void {
    this.task.work?.refused(refusals)
  }
}
