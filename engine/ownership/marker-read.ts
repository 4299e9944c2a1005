/**
 * Steps 6 and 7 for one task whose own marker was read. A new task runs, or waits for its previous owner. A kept task goes
 * on, or is dropped.
 */
import type { PodContext } from '#engine/record/pod-context.ts'
import type { Holding } from './holding.ts'
import type { Holdings } from './holdings.ts'
import type { Operations } from './operations.ts'

export function markerRead(
  holding: Holding,
  pod: PodContext,
  holdings: Holdings,
  operations: Pick<Operations, 'wakeIn'>,
): void {
  const { task, seen, previous } = holding
  if (!holding.isCurrent || holding.marked !== holding.claim || !seen.reached) return
  if (holding.isChecking) {
    if (seen.foreign) holdings.drop(task.name)
    else holding.checked()
    return
  }
  if (task.phase !== 'restoring' && !task.isHeldUp) return
  const owner = previous.unsettledMarker
  if (!owner) run(holding, pod)
  else if (!previous.claim) operations.wakeIn(holding.meets(owner) + 1)
}

function run(holding: Holding, { system, meter, logger }: PodContext): void {
  const { task, markedAt, marked = '', seen } = holding
  if (task.isHeldUp) logger.info('a blocked task goes on', { task: task.name })
  meter.restored(task.name, seen.position, system.monotonic() - markedAt)
  task.run(marked)
  holding.moved()
}
