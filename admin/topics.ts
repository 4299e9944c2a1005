/** Compares the topics that a graph needs with those of the log, and creates missing ones. */
import type { Log, TopicSpec } from '#engine/log/log.ts'
import { prepareTopics } from '#engine/pod/topic-preparation.ts'
import type { Plan } from '#topology/plan.ts'

/** A topic that the graph needs, and how the log has it. `differs` is for a person; `caudal topics apply` then creates nothing. */
export interface PlannedTopic {
  readonly topic: string
  readonly action: 'create' | 'keep' | 'differs'
  readonly partitions: number
  readonly compacted: boolean
  /** How the topic differs. A person must decide what to do about it. */
  readonly differences: readonly string[]
}

/** The topics that the graph needs, and those used beside it, each with its state in the log. Creates nothing. */
export async function plannedTopics(
  log: Log,
  plan: Plan,
  beside: readonly TopicSpec[] = [],
): Promise<readonly PlannedTopic[]> {
  const all = [...plan.topicSpecs, ...beside]
  const names = all.map(({ name }) => name)
  const there = new Map((await log.describeTopics(names)).map(spec => [spec.name, spec]))
  return all.map(wanted => {
    const found = there.get(wanted.name)
    const differences = found
      ? differencesOf(wanted, found, plan.topics.get(wanted.name)?.kind === 'source')
      : []
    const action = !found ? 'create' : differences.length > 0 ? 'differs' : 'keep'
    return {
      topic: wanted.name,
      action,
      partitions: wanted.partitions,
      compacted: wanted.compacted,
      differences,
    }
  })
}

/** Resolves with the names of the created topics. Rejects with TOPIC_MISMATCH, and creates none, if a topic differs. */
export async function createMissingTopics(
  log: Log,
  plan: Plan,
  beside: readonly TopicSpec[] = [],
): Promise<readonly string[]> {
  const missing = (await plannedTopics(log, plan, beside)).filter(({ action }) => action === 'create')
  await prepareTopics(plan, log)
  await log.createTopics(beside.filter(({ name }) => missing.some(({ topic }) => topic === name)))
  return missing.map(({ topic }) => topic)
}

/** The differences of a topic. The retention of a source is compared only if the graph declares it, because others own it. */
function differencesOf(wanted: TopicSpec, found: TopicSpec, isSource: boolean): readonly string[] {
  return (['partitions', 'compacted', 'retentionMs'] as const)
    .filter(property => wanted[property] !== found[property])
    .filter(property => !isSource || wanted[property] !== undefined)
    .map(
      property =>
        `${property} is ${found[property] ?? 'none'}, the graph declares ${wanted[property] ?? 'none'}`,
    )
}
