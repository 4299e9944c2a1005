/** How long nothing came out although no fault was left: for each fault, until every partition's outputs flow again. */
import type { Act } from './schedule.ts'

/** A fault that was played, and from when to when. */
export type Done = Act & { readonly from: number; to: number }

export interface Recovery {
  readonly fault: Done
  /** From the end of the fault to the first output of the partition that came last. */
  readonly afterMs: number
  /** The one that came last, if it was waited for. */
  readonly partition: number | undefined
}

/**
 * A fault that begins before a partition flows takes over: the wait is counted from the end of the later one. What was
 * written to nobody waits for nothing: after `until` the source is empty.
 */
export function recoveries(
  faults: readonly Done[],
  outputs: readonly { readonly partition: number; readonly at: number }[],
  partitions: number,
  until: number,
): readonly Recovery[] {
  const byPartition = Map.groupBy(outputs, each => each.partition)
  const times = Array.from({ length: partitions }, (_, partition) =>
    (byPartition.get(partition) ?? []).map(({ at }) => at).sort((a, b) => a - b),
  )
  return faults.map(fault => {
    const waits = times.map((ofPartition, partition) => ({
      partition,
      afterMs: waitAfter(fault, faults, ofPartition, until),
    }))
    const longest = waits.reduce((a, b) => (b.afterMs > a.afterMs ? b : a))
    return { fault, ...(longest.afterMs > 0 ? longest : { afterMs: 0, partition: undefined }) }
  })
}

function waitAfter(fault: Done, faults: readonly Done[], times: readonly number[], until: number): number {
  const next = times.find(at => at > fault.to)
  const end = Math.min(next ?? until, until)
  const isOverlaid = faults.some(each => each !== fault && each.from <= end && each.to > fault.to)
  return isOverlaid ? 0 : Math.max(0, end - fault.to)
}
