/** Where an application begins to read its sources at its very first start: decided once, and kept with its topology. */
import type { TopicPartition } from '#core/record.ts'
import type { Bounds, Log } from '#engine/log/log.ts'
import type { Plan } from '#topology/plan.ts'

/** With all that a source holds, or with what comes after the first start. */
export type SourcesFrom = 'start' | 'end'

/** Sources that are not read from their start: which topic it was, and the offset of each of its partitions. */
export type SourceBeginnings = Readonly<
  Record<string, { readonly id: string; readonly offsets: readonly number[] }>
>

export async function sourceBeginnings(plan: Plan, log: Log, from: SourcesFrom): Promise<SourceBeginnings> {
  if (from === 'start') return {}
  const found = await log.describeTopics(sourcesOf(plan))
  const entries = found.map(async ({ name, id, partitions }) => {
    const offsets = (await boundsOf(log, name, partitions)).map(({ end }) => end)
    return [name, { id, offsets }] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

/** 0 for partitions that were added since, and for a topic that was made again. */
export function beginningOf(
  beginnings: SourceBeginnings,
  { topic, partition }: TopicPartition,
  topicId: string | undefined,
): number {
  const found = beginnings[topic]
  return found && found.id === topicId ? (found.offsets[partition] ?? 0) : 0
}

/** Those of the topics that hold anything. */
export async function filledTopics(log: Log, topics: readonly string[]): Promise<readonly string[]> {
  const found = await log.describeTopics(topics)
  const filled = found.map(async ({ name, partitions }) => {
    const bounds = await boundsOf(log, name, partitions)
    return bounds.some(({ start, end }) => start < end) ? [name] : []
  })
  return (await Promise.all(filled)).flat()
}

export const sourcesOf = ({ topics }: Plan): readonly string[] =>
  [...topics.values()].filter(({ kind }) => kind === 'source').map(({ name }) => name)

function boundsOf(log: Log, topic: string, partitions: number): Promise<readonly Bounds[]> {
  return log.bounds(Array.from({ length: partitions }, (_, partition) => ({ topic, partition })))
}
