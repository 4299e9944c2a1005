/** Jobs that wait for something unavailable. No other job starts meanwhile, so that waiting jobs cannot fill the pod. */
import type { Unavailable } from '#core/errors.ts'
import { pauseMs, RETRIES } from '#core/retry.ts'
import type { Job } from '#engine/record/job.ts'
import type { PodContext } from '#engine/record/pod-context.ts'

export class PostponedJobs {
  readonly #task: string
  readonly #pod: PodContext
  readonly #jobs = new Set<Job>()
  readonly #times = new WeakMap<Job, number>()

  constructor(task: string, pod: PodContext) {
    this.#task = task
    this.#pod = pod
  }

  get all(): ReadonlySet<Job> {
    return this.#jobs
  }

  /** Calls `again` when the job may be tried once more. Logs the first that waits. */
  add(job: Job, { ready, message }: Unavailable, again: () => void): void {
    const { logger, system } = this.#pod
    if (this.#jobs.size === 0)
      logger.warn('the task waits before it starts more', { task: this.#task, error: message })
    this.#jobs.add(job)
    const times = this.#times.get(job) ?? 0
    this.#times.set(job, times + 1)
    // Something may be reported as available and still be missing. So repeated tries pause.
    const waitMs = times === 0 ? 0 : pauseMs(RETRIES.stillUnavailable, times - 1, system)
    ready.then(() => (waitMs === 0 ? again() : void system.after(waitMs, again)))
  }

  /** The job waits no longer. False if it did not wait. */
  take(job: Job): boolean {
    return this.#jobs.delete(job)
  }
}
