/** What a graph needs of the log, compared with what is there; and the creation of what is missing. */
import type { Log, TopicSpec } from '#engine/log/log.ts'
import { prepareTopics } from '#engine/pod/topic-preparation.ts'
import type { Plan } from '#topology/plan.ts'

export interface PlannedTopic {
  readonly topic: string
  readonly action: 'create' | 'keep' | 'differs'
  readonly partitions: number
  readonly compacted: boolean
  /** How it differs; a person must decide what to do about it. */
  readonly differences: readonly string[]
}

/** Creates nothing. */
export async function plannedTopics(log: Log, plan: Plan): Promise<readonly PlannedTopic[]> {
  const names = plan.topicSpecs.map(({ name }) => name)
  const there = new Map((await log.describeTopics(names)).map(spec => [spec.name, spec]))
  return plan.topicSpecs.map(wanted => {
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

/** The names of the topics that were created. Rejects with TOPIC_MISMATCH, and creates none, where a topic differs. */
export async function createMissingTopics(log: Log, plan: Plan): Promise<readonly string[]> {
  const missing = (await plannedTopics(log, plan)).filter(({ action }) => action === 'create')
  await prepareTopics(plan, log)
  return missing.map(({ topic }) => topic)
}

/** How long others keep their records is theirs to say, unless the graph declares it. */
function differencesOf(wanted: TopicSpec, found: TopicSpec, isSource: boolean): readonly string[] {
  return (['partitions', 'compacted', 'retentionMs'] as const)
    .filter(property => wanted[property] !== found[property])
    .filter(property => !isSource || wanted[property] !== undefined)
    .map(property => `${property} is ${found[property]}, wanted is ${wanted[property]}`)
}
