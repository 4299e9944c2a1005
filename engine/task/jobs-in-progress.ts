/** Jobs of one task that were begun and are not done. Some of them are superseded: they have no effect, and run again. */

import { CaudalError } from '#core/errors.ts'
import type { StageMetrics } from '#core/pod-metrics.ts'
import type { Job } from '#engine/record/job.ts'
import type { RecordRun } from '#engine/record/record-run.ts'
import type { ProgramNode } from '#engine/record/stage-program.ts'

export interface JobInProgress {
  readonly job: Job
  /** When its first attempt began, wall time; nothing for a job whose attempts have all ended at once. */
  readonly since: number | undefined
  /** The operator that runs; nothing while the job waits for its next attempt. */
  readonly node: ProgramNode | undefined
  /** Whether a call of its operator waits until the pod may call. */
  readonly isGated: boolean
}

export class JobsInProgress {
  /** Each job with its attempt under way, or none while the job waits for the next attempt; the longest under way first. */
  readonly #jobs = new Map<Job, RecordRun | undefined>()
  /** When the first attempt began, wall time. */
  readonly #since = new WeakMap<Job, number>()
  readonly #superseded = new Set<Job>()
  readonly #metrics: Pick<StageMetrics, 'inFlight'>

  constructor(metrics: Pick<StageMetrics, 'inFlight'>) {
    this.#metrics = metrics
  }

  get size(): number {
    return this.#jobs.size
  }

  /** Those that have been in progress the longest, at most so many. */
  oldest(max: number): readonly JobInProgress[] {
    return [...this.#jobs.entries().take(max)].map(([job, run]) => ({
      job,
      since: this.#since.get(job),
      node: run?.node,
      isGated: run?.isGated ?? false,
    }))
  }

  get keys(): ReadonlySet<string | null> {
    return new Set([...this.#jobs.keys()].map(({ key }) => key))
  }

  add(job: Job, run: RecordRun | undefined): void {
    if (!this.#jobs.has(job)) this.#metrics.inFlight++
    if (run && !this.#since.has(job)) this.#since.set(job, run.now)
    this.#jobs.set(job, run)
  }

  remove(job: Job): void {
    if (this.#jobs.delete(job)) this.#metrics.inFlight--
  }

  /** Lets jobs of these keys end without effect, so that their paid steps are still journaled. Returns the newly superseded jobs. */
  supersede(keys: ReadonlySet<string>): readonly Job[] {
    const ofKeys = [...this.#jobs.keys()].filter(({ key }) => key !== null && keys.has(key))
    const jobs = ofKeys.filter(job => !this.#superseded.has(job))
    for (const job of jobs) this.#superseded.add(job)
    return jobs
  }

  /** True once for each superseded job. */
  takeSuperseded(job: Job): boolean {
    return this.#superseded.delete(job)
  }

  /** Ends all jobs without effect. */
  abort(): void {
    for (const [job, run] of this.#jobs) {
      this.#metrics.inFlight--
      job.finished = true
      run?.abort(new CaudalError('ABORTED'))
    }
    this.#jobs.clear()
  }
}
