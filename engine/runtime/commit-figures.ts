/** Counts what a commit has written, and publishes it. */
import type { Commit } from './committer.ts'
import { type PodMetrics, publish } from './diagnostics.ts'
import type { TaskHost } from './task-host.ts'

export function countCommit(
  metrics: PodMetrics,
  { number, parts, startedAt }: Commit,
  { incarnation, system }: Pick<TaskHost, 'incarnation' | 'system'>,
): void {
  const records = parts.reduce((sum, { staged, writes }) => sum + staged.outputs.length + writes.size, 0)
  const durationMs = system.monotonic() - startedAt
  metrics.commits++
  metrics.commitRecords += records
  metrics.commitMs.add(durationMs)
  publish('caudal:commit', { pod: incarnation, number, tasks: parts.length, records, durationMs })
}
