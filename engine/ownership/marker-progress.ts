/** What a task may do once its own marker was read: a new one runs or meets its owner, a kept one is whole or is dropped. */

import type { PodContext } from '#engine/record/pod-context.ts'
import type { Holding } from './holding.ts'

export interface MarkerProgress {
  readonly pod: PodContext
  /** Transactional id of this pod. */
  readonly producer: string
  readonly drop: (task: string) => void
  /** Ownership looks again by then. */
  readonly wakeIn: (delayMs: number) => void
}

export function progress(holding: Holding, { pod, producer, drop, wakeIn }: MarkerProgress): void {
  const { task } = holding
  if (!holding.fresh || holding.marked !== holding.claim || !holding.seen.reached) return
  if (holding.checking) {
    if (holding.seen.foreign) drop(task.name)
    else holding.checking = false
    return
  }
  if (task.phase !== 'restoring' && !task.isHeldUp) return
  const stranger = holding.strangerBehind(producer)
  if (!stranger) run(holding, pod)
  else if (!holding.owner)
    wakeIn(holding.meets(stranger, pod.system.monotonic(), pod.limits.handOverMaxMs) + 1)
}

function run({ task, markedAt, marked = '', seen }: Holding, { system, meter }: PodContext): void {
  meter.restored(task.name, seen.position, system.monotonic() - markedAt)
  task.run(marked)
}
