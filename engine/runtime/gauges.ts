/** Brings the figures that show the present up to date: they are asked for seldom, and change with every record. */
import type { PodMetrics } from './diagnostics.ts'
import type { Task } from './task.ts'

export function updateGauges(
  metrics: PodMetrics,
  tasks: readonly Task[],
  staged: { readonly stagedRecords: number; readonly stagedBytes: number },
): void {
  for (const stage of metrics.stages.values()) Object.assign(stage, { waiting: 0, buffered: 0, tasks: 0 })
  for (const { program, work, intakes } of tasks) {
    program.metrics.tasks++
    program.metrics.waiting += work?.parked ?? 0
    for (const { buffered } of intakes) program.metrics.buffered += buffered
  }
  metrics.stagedRecords = staged.stagedRecords
  metrics.stagedBytes = staged.stagedBytes
}
