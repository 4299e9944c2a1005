/** A task, as its work sees it. */
import type { PodContext } from '#engine/record/pod-context.ts'
import type { StageProgram } from '#engine/record/stage-program.ts'

/** What a task's work needs of the task. */
export interface WorkingTask {
  readonly name: string
  readonly program: StageProgram
  readonly pod: PodContext
  /** The task is on its way out. Jobs in progress may end, and no job begins. */
  readonly isLeaving: boolean
  /** Counts effects that wait for a commit. */
  staged(bytes: number): void
  /** Runs an action that may touch the local copy. `undefined`: the local copy failed, and the task is closed. */
  guard<T>(action: () => T): T | undefined
}
