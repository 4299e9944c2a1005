/** What a task may do once its own marker was read: a new one runs or meets its owner, a kept one is whole or is dropped. */
import { type PodMetrics, publish } from './diagnostics.ts'
import type { Holding } from './holding.ts'
import type { TaskHost } from './task-host.ts'

export interface MarkerProgress {
  readonly host: TaskHost
  /** Transactional id of this pod. */
  readonly producer: string
  readonly metrics: PodMetrics
  readonly drop: (task: string) => void
  /** Ownership looks again by then. */
  readonly wakeIn: (delayMs: number) => void
}

export function progress(holding: Holding, { host, producer, metrics, drop, wakeIn }: MarkerProgress): void {
  const { task } = holding
  if (!holding.fresh || holding.marked !== holding.claim || !task.isRestored) return
  if (holding.checking) {
    if (task.tail?.foreign) drop(task.name)
    else holding.checking = false
    return
  }
  if (task.phase !== 'restoring' && !task.isHeldUp) return
  const stranger = holding.strangerBehind(producer)
  if (!stranger) run(holding, host, metrics)
  else if (!holding.owner)
    wakeIn(holding.meets(stranger, host.system.monotonic(), host.limits.handOverMaxMs) + 1)
}

function run({ task, markedAt }: Holding, { system, incarnation }: TaskHost, metrics: PodMetrics): void {
  const durationMs = system.monotonic() - markedAt
  metrics.restores++
  metrics.restoreMs.add(durationMs)
  const records = task.tail?.position ?? 0
  publish('caudal:task:restored', { pod: incarnation, task: task.name, records, durationMs })
  task.run()
}
