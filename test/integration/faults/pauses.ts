/** How long work paused, as seen from outside: by the calls that the model got and the answers that came. */
import { partitionOf } from '#engine/log/partitioning.ts'
import type { Call } from '../pods/model-bill.ts'
import type { Output } from './outputs.ts'

export interface Span {
  readonly from: number
  readonly to: number
}

/** The longest time within the span in which nothing happened, its borders included. */
export function longestGapMs(times: readonly number[], { from, to }: Span): number {
  const inside = times.filter(time => time > from && time < to).sort((a, b) => a - b)
  let last = from
  let longest = 0
  for (const time of [...inside, to]) {
    longest = Math.max(longest, time - last)
    last = time
  }
  return longest
}

/** The longest pause of each partition's intake: no call of it was begun. */
export function intakePausesMs(
  calls: readonly Call[],
  span: Span,
  partitions: number,
): ReadonlyMap<number, number> {
  const byPartition = startsByPartition(calls, partitions)
  return new Map(
    [...byPartition].map(([partition, starts]) => [
      partition,
      longestGapMs(
        starts.map(each => each.begun),
        span,
      ),
    ]),
  )
}

/** Every change of hands: the time from the last call that the old owner began to the first of the new one. */
export function handOversMs(calls: readonly Call[], partitions: number): readonly number[] {
  return [...startsByPartition(calls, partitions).values()].flatMap(starts => {
    const pauses: number[] = []
    for (const [index, { pod, begun }] of starts.entries()) {
      const before = starts[index - 1]
      if (before && before.pod !== pod) pauses.push(begun - before.begun)
    }
    return pauses
  })
}

/** For each of the partitions, how long after the moment the first answer of another writer came; infinite for none. */
export function flowsAgainMs(
  outputs: readonly Output[],
  {
    at,
    pod,
    partitions,
  }: { readonly at: number; readonly pod: string; readonly partitions: Iterable<number> },
): readonly number[] {
  return [...partitions].map(partition => {
    const first = outputs.find(each => each.partition === partition && each.at > at && each.pod !== pod)
    return first ? first.at - at : Number.POSITIVE_INFINITY
  })
}

function startsByPartition(calls: readonly Call[], partitions: number): ReadonlyMap<number, readonly Call[]> {
  const sorted = [...calls].sort((a, b) => a.begun - b.begun)
  return Map.groupBy(sorted, ({ key }) => partitionOf(Buffer.from(key), partitions))
}
