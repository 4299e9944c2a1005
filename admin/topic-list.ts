/** The topics of an application: what each is for, the offsets that it has, and who reads it. */
import { TOPICS } from '#answers/topics.ts'
import type { Bounds, Log, TopicDescription } from '#engine/log/log.ts'
import type { Plan } from '#topology/plan.ts'
import { lagByTopic, storedLag } from './lag.ts'

/** `internal`: beside the graph, such as reports of pods and schemas. */
export type TopicKind = 'source' | 'topic' | 'table' | 'delay' | 'state' | 'dead_letters' | 'internal'

export interface ListedPartition extends Bounds {
  readonly partition: number
}

export interface TopicReader {
  readonly stage: string
  /** Records that the stage has not done. */
  readonly lag: number
}

export interface ListedTopic {
  readonly name: string
  readonly kind: TopicKind
  readonly compacted: boolean
  readonly retentionMs: number | undefined
  readonly partitions: readonly ListedPartition[]
  readonly readers: readonly TopicReader[]
}

/** Those of the graph first, as they are planned. Topics of others in the same cluster are not listed. */
export async function listedTopics(log: Log, plan: Plan): Promise<readonly ListedTopic[]> {
  const found = await ownTopics(log, plan)
  const places = found.flatMap(({ name, partitions }) => placesIn(name, partitions))
  const [bounds, lags] = await Promise.all([log.bounds(places), storedLag(log, plan)])
  const rows = lagByTopic(lags)
  const offsets = places.map(({ topic, partition }, index) => {
    const { start = 0, end = 0 } = bounds[index] ?? {}
    return { topic, partition, start, end }
  })
  return found.map(({ name, compacted, retentionMs }) => ({
    ...{ name, kind: kindOf(plan, name), compacted, retentionMs },
    partitions: offsets.flatMap(({ topic, ...offset }) => (topic === name ? [offset] : [])),
    readers: rows.flatMap(({ topic, stage, lag }) => (topic === name ? [{ stage, lag }] : [])),
  }))
}

/** Nothing for a topic that the application does not have, whatever else the log holds. */
export async function ownTopic(log: Log, plan: Plan, name: string): Promise<TopicDescription | undefined> {
  return isOwn(plan, name) ? (await log.describeTopics([name])).find(each => each.name === name) : undefined
}

async function ownTopics(log: Log, plan: Plan): Promise<readonly TopicDescription[]> {
  const order = plan.topicSpecs.map(({ name }) => name)
  const rank = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length)
  return (await log.describeTopics())
    .filter(({ name }) => isOwn(plan, name))
    .sort((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name))
}

const BESIDE: ReadonlySet<string> = new Set(Object.values(TOPICS))

const isOwn = ({ application, topicSpecs }: Plan, name: string): boolean =>
  name.startsWith(`${application}.`) || BESIDE.has(name) || topicSpecs.some(spec => spec.name === name)

export function kindOf({ topics, stages, deadLetterTopic }: Plan, name: string): TopicKind {
  const planned = topics.get(name)?.kind
  if (planned) return planned
  if (name === deadLetterTopic) return 'dead_letters'
  if (stages.some(({ stateTopic }) => stateTopic === name)) return 'state'
  return stages.some(({ tiers }) => tiers.some(({ topic }) => topic === name)) ? 'delay' : 'internal'
}

export const placesIn = (topic: string, partitions: number) =>
  Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
