/** Topics between two versions: what would be misread, misplaced, or left unread in them. */
import { type Change, change } from './change.ts'
import { heirOf } from './compare-stages.ts'
import type { TopicSummary, TopologySummary } from './summary.ts'

/** Topics that are new, gone or changed. `drained` names the topics that every stage has read to their end. */
export function comparedTopics(
  before: TopologySummary,
  after: TopologySummary,
  drained: ReadonlySet<string>,
): readonly Change[] {
  const known = Object.entries(before.topics).flatMap(([name, topic]) => {
    const now = after.topics[name]
    return now ? comparedTopic(name, topic, now) : [change(`topic ${name} is gone from the graph`, 'safe')]
  })
  const added = Object.keys(after.topics).filter(name => !before.topics[name])
  return [
    ...known,
    ...added.map(name => change(`topic ${name} is new`, 'safe')),
    ...unread(before, after, drained),
  ]
}

function comparedTopic(name: string, before: TopicSummary, after: TopicSummary): readonly Change[] {
  const changes: Change[] = []
  if (before.codec !== after.codec) {
    const what = `topic ${name} holds ${after.codec} instead of ${before.codec}`
    changes.push(change(what, 'refused', 'write the new type to a topic of another name'))
  }
  if (before.partitions !== after.partitions) {
    const what = `topic ${name} has ${after.partitions} partitions instead of ${before.partitions}`
    const isGrownSource = after.kind === 'source' && after.partitions > before.partitions
    if (isGrownSource)
      return [...changes, change(what, 'safe', 'what that means for its readers is said of their stages')]
    const remedy = 'keep the number, or use a topic of another name: keys would move away from their state'
    changes.push(change(what, 'refused', remedy))
  }
  if (before.kind !== after.kind) {
    const compaction = before.kind === 'table' || after.kind === 'table'
    const remedy = 'use a topic of another name: only tables are compacted'
    const what = `${before.kind} ${name} became a ${after.kind}`
    changes.push(compaction ? change(what, 'refused', remedy) : change(what, 'safe'))
  }
  return changes
}

/** What the graph wrote for itself must not be left lying. Whether to go on reading others' topics is the author's choice. */
function unread(
  before: TopologySummary,
  after: TopologySummary,
  drained: ReadonlySet<string>,
): readonly Change[] {
  const ended = Object.entries(before.stages).filter(([stage]) => heirOf(stage, before, after) === undefined)
  return ended.flatMap(([stage, { sources }]) =>
    sources
      .filter(source => before.topics[source] && !after.stages[stage]?.sources.includes(source))
      .map(source => {
        const what = `stage ${stage} no longer reads ${source}`
        if (before.topics[source]?.kind === 'source' || drained.has(source)) return change(what, 'safe')
        const remedy =
          'first run a version that reads it but no longer writes it, until nothing is left in it'
        return change(what, 'refused', remedy)
      }),
  )
}

/** Records that wait: without their tier they would wait for ever, without their target there is nowhere to go. */
export function comparedDelays(
  before: TopologySummary,
  after: TopologySummary,
  drained: ReadonlySet<string>,
): readonly Change[] {
  const tiers = before.tiers.filter(tier => !after.tiers.includes(tier))
  const targets = before.delayedTargets.filter(target => !after.topics[target])
  const empty = before.tiers.every(tier => drained.has(tier))
  return [
    ...tiers.map(tier => {
      const what = `tier ${tier} is gone`
      if (drained.has(tier)) return change(what, 'safe')
      return change(what, 'refused', 'keep it until no record waits in it')
    }),
    ...targets.map(target => {
      const what = `topic ${target} is gone, to which delayed records are on their way`
      if (empty) return change(what, 'safe')
      return change(what, 'refused', 'keep it until no record waits in any tier')
    }),
  ]
}
