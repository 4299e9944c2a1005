/** How the failure of a record is logged and counted. */

import { type Action, failureFields } from '#core/errors.ts'
import type { StageMetrics } from '#core/pod-metrics.ts'
import type { Job } from '#engine/record/job.ts'
import { lineFields } from '#engine/record/line-fields.ts'
import type { PodContext } from '#engine/record/pod-context.ts'

export interface Failure {
  readonly job: Job
  readonly task: string
  readonly node: string
  readonly error: unknown
  readonly action: Action
}

/** Counts the failure, and logs it once. */
export function reportFailure(
  { job, task, node, error, action }: Failure,
  metrics: StageMetrics,
  pod: PodContext,
): void {
  const { id, attempt } = job
  pod.meter.recordFailed(metrics, { task, node, id, attempt, action, error })
  const fields = { ...lineFields(job, task, node), attempt, action, ...failureFields(error) }
  pod.logger.warn('a record failed', fields)
}
