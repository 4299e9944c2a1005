/** How a failure of a record is told. */
import { type Action, reasonOf } from '#engine/core/errors.ts'
import { publish, type StageMetrics } from './diagnostics.ts'
import type { Job } from './job.ts'
import type { TaskHost } from './task-host.ts'

export interface Failure {
  readonly job: Job
  readonly task: string
  readonly node: string
  readonly error: unknown
  readonly action: Action
}

/** Counts it, and tells of it once. */
export function reportFailure(failure: Failure, metrics: StageMetrics, host: TaskHost): void {
  const { job, task, node, error, action } = failure
  const { id, attempt, place } = job
  metrics.failed++
  if (action === 'retry') metrics.retried++
  if (action === 'deadLetter') metrics.dead++
  publish('caudal:record:failed', { pod: host.incarnation, task, node, id, attempt, action, error })
  host.logger.warn('a record failed', { task, node, place, attempt, action, error: reasonOf(error) })
}
