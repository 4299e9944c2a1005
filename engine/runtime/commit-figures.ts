/** Counts what a commit has written, and publishes it. */
import type { Commit } from './committer.ts'
import { type PodMetrics, publish } from './diagnostics.ts'
import type { TaskHost } from './task-host.ts'

export function countCommit(
  metrics: PodMetrics,
  { number, parts, startedAt }: Commit,
  { incarnation, system }: Pick<TaskHost, 'incarnation' | 'system'>,
): void {
  const records = parts.reduce((sum, { outputs, writes }) => sum + outputs.length + writes.size, 0)
  const durationMs = system.monotonic() - startedAt
  metrics.commits++
  metrics.commitRecords += records
  metrics.commitMs.add(durationMs)
  publish('caudal:commit', { pod: incarnation, number, tasks: parts.length, records, durationMs })
}

export function countFailed(
  metrics: PodMetrics,
  error: unknown,
  { incarnation }: Pick<TaskHost, 'incarnation'>,
): void {
  metrics.commitsFailed++
  publish('caudal:commit:failed', { pod: incarnation, error })
}
