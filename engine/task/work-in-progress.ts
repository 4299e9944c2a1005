/** What the jobs in progress of a task wait for, as data for people. */
import type { Job } from '#engine/record/job.ts'
import type { JobInProgress } from './jobs-in-progress.ts'
import type { Lanes } from './lanes.ts'

/**
 * - `call`: an operator with durable steps, which calls outside.
 * - `operator`: an operator without steps, which works or waits by itself.
 * - `commit`: the pod, which lets no call begin until it has committed.
 * - `retry`: its next attempt.
 * - `unavailable`: something that cannot be read now, such as a schema.
 */
export type WaitsFor = 'call' | 'operator' | 'commit' | 'retry' | 'unavailable'

export interface WorkInProgress {
  readonly job: Job
  /** When the first attempt began, wall time; nothing where that is not known. */
  readonly since: number | undefined
  readonly operator: string | undefined
  /** Jobs of the same key that wait behind it in its lane. */
  readonly behind: number
  readonly waitsFor: WaitsFor
}

export const workInProgress = (
  jobs: readonly JobInProgress[],
  lanes: Pick<Lanes, 'behind'>,
  postponed: ReadonlySet<Job>,
): readonly WorkInProgress[] =>
  jobs.map(each => ({
    job: each.job,
    since: each.since,
    operator: each.node?.name,
    behind: lanes.behind(each.job.key),
    waitsFor: waitsFor(each, postponed),
  }))

function waitsFor({ job, node, isGated }: JobInProgress, postponed: ReadonlySet<Job>): WaitsFor {
  if (postponed.has(job)) return 'unavailable'
  if (!node) return 'retry'
  if (isGated) return 'commit'
  return !node.batcher && Object.keys(node.operator.steps).length > 0 ? 'call' : 'operator'
}
