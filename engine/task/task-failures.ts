/** What the errors of a task's log and store mean: the task is restarted, it is blocked, or the pod fails. */
import { actionOf, failureFields, hasCode, reasonOf } from '#core/errors.ts'
import type { PodContext } from '#engine/record/pod-context.ts'
import type { LocalCopy } from './local-copy.ts'
import { type StatedTask, stateFailure } from './source-starts.ts'

/** A task, as its failures see it. */
export interface FailingTask extends StatedTask {
  readonly isOpen: boolean
  /** The error that blocks it. */
  readonly blockedBy: unknown
  readonly pod: PodContext
  close(phase: 'closedDirty'): void
}

export class TaskFailures {
  readonly #task: FailingTask
  readonly #copy: LocalCopy
  readonly #onStuck: (error: unknown) => void

  /** Calls `onStuck` with an error that blocks this task alone. */
  constructor(task: FailingTask, copy: LocalCopy, onStuck: (error: unknown) => void) {
    this.#task = task
    this.#copy = copy
    this.#onStuck = onStuck
  }

  /** Blocks the task for errors of this task alone. Any other error is one of the pod. */
  failed(error: unknown): void {
    const { name, pod, isOpen, blockedBy } = this.#task
    if (!isOpen) return
    const isOfStore = hasCode(error, 'STORE_FAILED')
    // Half of a record's effects may be staged, so nothing more of this task is committed. The topic has the truth.
    if (isOfStore) this.#task.close('closedDirty')
    if (isOfStore || hasCode(error, 'LOG_UNAVAILABLE')) pod.release(name, error)
    else if (actionOf(error) !== 'blockTask') pod.fail(error)
    // What is refused again is no news.
    else if (reasonOf(error) !== reasonOf(blockedBy)) this.#onStuck(error)
  }

  /** The state topic cannot be read from this offset on. */
  readFailed(error: unknown, offset: number): void {
    const { name, pod } = this.#task
    const lost = stateFailure(this.#task, error, offset)
    if (!hasCode(lost, 'CHECKPOINT_LOST') || this.#copy.position === undefined) return this.failed(lost)
    // The copy holds entries that the topic does not. The topic is the truth.
    pod.logger.warn('a local copy is discarded', { task: name, ...failureFields(lost) })
    this.#copy.mustDiscard = true
    this.#task.close('closedDirty')
    pod.release(name, lost)
  }

  /** Runs the action. If the local copy fails, the task is restarted, and the rest of the pod goes on. */
  guard<T>(action: () => T): T | undefined {
    try {
      return action()
    } catch (error) {
      if (!hasCode(error, 'STORE_FAILED')) throw error
      this.failed(error)
      return undefined
    }
  }
}
