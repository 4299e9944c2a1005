/** A task, as its work sees it. */
import type { PodContext } from '#engine/record/pod-context.ts'
import type { StageProgram } from '#engine/record/stage-program.ts'

/** What a task's work needs of the task. */
export interface WorkingTask {
  readonly name: string
  readonly program: StageProgram
  readonly pod: PodContext
  /** The task is on its way out: what is in progress may end, and nothing is begun. */
  readonly isLeaving: boolean
  /** Effects wait for a commit. */
  staged(bytes: number): void
  /** Runs what may touch the local copy of the state; gives nothing when that has failed and the task is closed. */
  guard<T>(action: () => T): T | undefined
}
