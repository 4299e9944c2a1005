/** Prepares the topics of a plan at the start: compares those of the graph, creates our own, adds partitions for added tasks. */
import { durationMs, durationText } from '#core/duration.ts'
import { CaudalError } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import type { Log, TopicDescription, TopicSpec } from '#engine/log/log.ts'
import type { Plan, Stage } from '#topology/plan.ts'
import type { TopologySummary } from '#topology/summary.ts'
import type { TopicNode } from '#topology/topology.ts'

/**
 * Rejects with TOPIC_MISMATCH and every difference. `before` is the topology that was accepted last, which the plan may replace.
 * A state topic of `before` that is gone is logged.
 */
export async function prepareTopics(
  plan: Plan,
  log: Log,
  before?: TopologySummary,
  logger?: Logger,
): Promise<void> {
  const found = await log.describeTopics(plan.topicSpecs.map(({ name }) => name))
  const faults = found.flatMap(topic => [...sourceFaults(plan, topic), ...addedFaults(plan, topic)])
  if (faults.length > 0) throw new CaudalError('TOPIC_MISMATCH', { faults: faults.join('\n') })
  for (const { name, partitions } of grownTopics(plan, found, before)) await log.growTopic(name, partitions)
  for (const { name, stateTopic } of lostStages(plan, found, before))
    logger?.warn('a stage begins without state at the start of its sources: its state topic is gone', {
      stage: name,
      topic: stateTopic,
    })
  const sources = new Set(found.map(({ name }) => name).filter(name => isSource(plan, name)))
  await log.createTopics(plan.topicSpecs.filter(({ name }) => !sources.has(name)))
}

function lostStages(
  { stages }: Plan,
  found: readonly TopicDescription[],
  before: TopologySummary | undefined,
) {
  const there = new Set(found.map(({ name }) => name))
  return stages.filter(({ name, stateTopic }) => before?.stages[name] && !there.has(stateTopic))
}

function isSource(plan: Plan, topic: string): boolean {
  return plan.topics.get(topic)?.kind === 'source'
}

/** State topics and tiers of stages that had fewer tasks. Their records stay with the tasks that wrote them. */
function grownTopics(
  { stages, topicSpecs }: Plan,
  found: readonly TopicDescription[],
  before: TopologySummary | undefined,
): readonly TopicSpec[] {
  const grown = stages.filter(
    ({ name, partitions }) => partitions > (before?.stages[name]?.partitions ?? partitions),
  )
  const names = new Set(
    grown.flatMap(({ stateTopic, tiers }) => [stateTopic, ...tiers.map(({ topic }) => topic)]),
  )
  const partitionsNow = new Map(found.map(({ name, partitions }) => [name, partitions]))
  return topicSpecs.filter(
    ({ name, partitions }) => names.has(name) && (partitionsNow.get(name) ?? partitions) < partitions,
  )
}

/**
 * A source belongs to others, so only the graph can be changed. Each text says how. The retention of a source is compared only
 * if the graph declares it.
 */
function sourceFaults(plan: Plan, found: TopicDescription): readonly string[] {
  const { name, partitions, compacted, retentionMs } = found
  const node = plan.topics.get(name)
  if (node?.kind !== 'source') return []
  const faults: string[] = []
  if (partitions !== node.partitions) faults.push(countFault(node, partitions, declaration(plan, found)))
  if (compacted)
    faults.push(
      `source ${name} is compacted, so that records would be missing: declare it as a table, or read a topic that is not`,
    )
  else if (node.retention !== undefined && retentionMs !== durationMs(node.retention))
    faults.push(
      `source ${name} keeps records ${keptFor(retentionMs)}, declared is ${keptFor(durationMs(node.retention))}: declare ${
        retentionMs === undefined ? 'no retention' : `retention: '${durationText(retentionMs)}'`
      } of it in the graph`,
    )
  return faults
}

/**
 * Others may have added partitions to a table, or to a topic that others read. No partition can be taken away, but the graph can
 * declare the number. State by key would not follow. So the log refuses a topic that a stage with state reads.
 */
function addedFaults(plan: Plan, { name, partitions }: TopicDescription): readonly string[] {
  const node = plan.topics.get(name)
  if (!node || node.kind === 'source' || partitions <= node.partitions) return []
  return keyedReaderOf(plan, name) ? [] : [countFault(node, partitions, `partitions: ${partitions}`)]
}

function countFault({ kind, name, partitions: declared }: TopicNode, partitions: number, declaring: string) {
  return `${kind} ${name} has ${partitions} partitions, declared are ${declared}: declare ${declaring} of it in the graph`
}

function declaration(plan: Plan, { name, partitions }: TopicDescription): string {
  const reader = keyedReaderOf(plan, name)
  const keepsKeys = reader && partitions > reader.partitions && partitions % reader.partitions === 0
  return `partitions: ${partitions}${keepsKeys ? ` and tasks: ${reader.partitions}` : ''}`
}

/** The stage that reads the topic and keeps state by the keys of its records. */
export function keyedReaderOf(plan: Plan, topic: string): Stage | undefined {
  return plan.stages.find(stage => stage.sources.some(source => source.topic === topic) && keepsState(stage))
}

function keepsState({ operators }: Stage): boolean {
  return [...operators.values()].some(
    ({ operator }) => Object.keys(operator.state).length > 0 || operator.timers.length > 0,
  )
}

function keptFor(retentionMs: number | undefined): string {
  return retentionMs === undefined ? 'for ever' : `for ${durationText(retentionMs)}`
}
