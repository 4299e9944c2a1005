/** How far each stage is behind its sources. */
import type { TopicPartition } from '#core/record.ts'
import type { Log } from '#engine/log/log.ts'
import type { Plan } from '#topology/plan.ts'

/** How far one stage has read one partition. */
export interface Lag extends TopicPartition {
  readonly stage: string
  /** All records below this offset are done. */
  readonly position: number
  readonly end: number
}

/** What one pod has committed of each task that it runs. */
export interface CommittedPod {
  readonly tasks: readonly {
    readonly id: { readonly stage: string }
    readonly intakes: readonly TopicPartition[]
    /** For each intake: all records below this offset are done. */
    readonly committedLows: readonly (number | undefined)[]
  }[]
}

interface Source extends TopicPartition {
  readonly stage: string
}

function sourcesOf(plan: Plan): readonly Source[] {
  return plan.stages.flatMap(({ name, sources }) =>
    sources.flatMap(({ topic }) => {
      const { partitions = 0 } = plan.topicSpecs.find(spec => spec.name === topic) ?? {}
      return Array.from({ length: partitions }, (_, partition) => ({ stage: name, topic, partition }))
    }),
  )
}

/** Lag by the positions that the pods have stored in the group. They are about a second old. */
export async function storedLag(log: Log, plan: Plan): Promise<readonly Lag[]> {
  const sources = sourcesOf(plan)
  const positions = await log.groupPositions(plan.application, sources)
  return against(log, sources, positions)
}

/** Lag by what this pod has committed. A source that this pod does not read counts from its first record. */
export function podLag(log: Log, plan: Plan, pod: CommittedPod): Promise<readonly Lag[]> {
  const lows = new Map<string, number | undefined>()
  for (const { id, intakes, committedLows } of pod.tasks) {
    for (const [index, { topic, partition }] of intakes.entries())
      lows.set(placeKey(id.stage, topic, partition), committedLows[index])
  }
  const sources = sourcesOf(plan)
  return against(
    log,
    sources,
    sources.map(source => lows.get(placeKey(source.stage, source.topic, source.partition))),
  )
}

/**
 * Positions are read before ends. Both only grow, and a position never passes its end. So if every position is at its end, all
 * were there at one moment: then no record was under way between two topics.
 */
async function against(log: Log, sources: readonly Source[], positions: readonly (number | undefined)[]) {
  const bounds = await log.bounds(sources)
  return sources.map((source, index) => {
    const { start, end } = bounds[index] ?? { start: 0, end: 0 }
    return { ...source, position: Math.max(start, positions[index] ?? start), end }
  })
}

/** Lag of one partition of a source, or of all partitions together. */
export interface LagRow {
  readonly stage: string
  readonly topic: string
  readonly partition?: number
  readonly position: number
  readonly end: number
  readonly lag: number
}

/** One row for each partition, with the number of records that wait. */
export const lagByPartition = (lags: readonly Lag[]): readonly LagRow[] =>
  lags.map(lag => ({ ...lag, lag: lag.end - lag.position }))

/** One row for each topic that a stage reads: the sums over its partitions. */
export function lagByTopic(lags: readonly Lag[]): readonly LagRow[] {
  const sums = new Map<string, LagRow>()
  for (const { stage, topic, position, end, lag } of lagByPartition(lags)) {
    const sum = sums.get(`${stage} ${topic}`) ?? { stage, topic, position: 0, end: 0, lag: 0 }
    sums.set(`${stage} ${topic}`, {
      ...sum,
      position: sum.position + position,
      end: sum.end + end,
      lag: sum.lag + lag,
    })
  }
  return [...sums.values()]
}

/** The number of records that wait, over all partitions. */
export const behind = (lags: readonly Lag[]): number =>
  lags.reduce((sum, { position, end }) => sum + end - position, 0)

const placeKey = (stage: string, topic: string, partition: number) => `${stage} ${topic} ${partition}`
