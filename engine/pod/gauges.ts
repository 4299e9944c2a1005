/** Brings the figures that others keep up to date: they are asked for seldom, and change with every record. */
import type { PodMetrics } from '#core/diagnostics.ts'
import type { Task } from '#engine/task/task.ts'

export function updateGauges(
  metrics: PodMetrics,
  tasks: readonly Task[],
  committer: {
    readonly stagedRecords: number
    readonly stagedBytes: number
    readonly committedBytes: number
  },
  tables: { readonly skipped: number },
): void {
  for (const stage of metrics.stages.values()) Object.assign(stage, { waiting: 0, buffered: 0, tasks: 0 })
  for (const { program, work, intakes } of tasks) {
    program.metrics.tasks++
    program.metrics.waiting += work?.parked ?? 0
    for (const { buffered } of intakes) program.metrics.buffered += buffered
  }
  metrics.stagedRecords = committer.stagedRecords
  metrics.stagedBytes = committer.stagedBytes
  metrics.commitBytes = committer.committedBytes
  metrics.tableRecordsSkipped = tables.skipped
}
