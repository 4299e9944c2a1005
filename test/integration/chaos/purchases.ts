/** Whether each answer that was bought twice had to be: its pod had lost the task before the answer could be durable. */
import { partitionOf } from '#engine/log/partitioning.ts'
import { WORK_MS } from '../faults/bill.ts'
import type { Verdict } from '../faults/rig.ts'
import type { Repurchase } from '../pods/model-bill.ts'
import type { PodProcess } from '../pods/processes.ts'

/** The messages of one incarnation of a pod. */
type Life = Pick<PodProcess, 'incarnation' | 'messages'>

export interface Purchases {
  readonly calls: number
  readonly boughtTwice: number
  /** No fault of the first buyer, and no loss of the task, comes after the first purchase. */
  readonly unexplained: readonly Repurchase[]
  /** The answer was taken in before the open commit began: it was durable. */
  readonly durable: readonly Repurchase[]
}

export function judgePurchases(
  { bill }: Pick<Verdict, 'bill'>,
  lives: readonly Life[],
  partitions: number,
): Purchases {
  const causes = bill.unexplained.map(each => ({ each, lostAt: lossOf(each, lives, partitions) }))
  const { calls, boughtTwice } = bill
  return {
    calls,
    boughtTwice,
    unexplained: causes.filter(({ lostAt }) => lostAt === undefined).map(({ each }) => each),
    durable: [
      ...bill.faults.flatMap(({ fault, committedAgain }) =>
        committedAgain.filter(each => wasDurable(each, lives, fault.at)),
      ),
      ...causes
        .filter(({ each, lostAt }) => lostAt !== undefined && wasDurable(each, lives, lostAt))
        .map(({ each }) => each),
    ],
  }
}

/** When the first buyer gave the task up without handing it over. */
function lossOf({ first }: Repurchase, lives: readonly Life[], partitions: number): number | undefined {
  const partition = partitionOf(Buffer.from(first.key), partitions)
  const life = lives.find(each => each.incarnation === first.pod)
  for (const message of life?.messages ?? []) {
    if (message.type !== 'task' || message.at < first.begun || message.to !== 'closedDirty') continue
    if (Number(message.task.split('/').at(-1)) === partition) return message.at
  }
  return undefined
}

/**
 * A commit that began after the answer arrived had the answer. After a failed commit nobody can know from outside. The next commit
 * has only the effects of tasks that the pod has claimed again by then.
 */
function wasDurable({ first }: Repurchase, lives: readonly Life[], lostAt: number): boolean {
  const messages = lives.find(each => each.incarnation === first.pod)?.messages ?? []
  const ready = (first.takenInAt ?? Number.POSITIVE_INFINITY) + WORK_MS
  const failedAt = messages.find(each => each.type === 'commitFailed' && each.at >= ready - WORK_MS)?.at
  const until = Math.min(lostAt, failedAt ?? lostAt)
  return messages.some(
    each => each.type === 'commit' && each.at <= until && each.at - each.durationMs >= ready,
  )
}
