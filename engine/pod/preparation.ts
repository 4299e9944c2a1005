/** What must hold of the log before a pod works on it: its topics exist, and the topology fits what is stored. */
import { asText } from '#core/codec.ts'
import { CaudalError, hasCode, reasonOf } from '#core/errors.ts'
import { NO_HEADERS } from '#core/record.ts'
import { type Patience, whenAvailable } from '#core/when-available.ts'
import type { Log, TopicSpec } from '#engine/log/log.ts'
import { readAll } from '#engine/log/read-topic.ts'
import type { PlanTopics } from '#engine/topics/plan-topics.ts'
import {
  filledTopics,
  type SourceBeginnings,
  type SourcesFrom,
  sourceBeginnings,
  sourcesOf,
} from '#engine/topics/source-beginnings.ts'
import { type Change, leftovers, losses } from '#topology/compare.ts'
import { TOPOLOGY_SUFFIX } from '#topology/names.ts'
import type { Plan } from '#topology/plan.ts'
import { summarize, type TopologySummary } from '#topology/summary.ts'
import { type Neighbour, refuseSharedTopics, refuseUndecidedSources } from './neighbours.ts'
import { prepareTopics } from './topic-preparation.ts'

const FORMAT = 1
const KEY = Buffer.from('topology')
/** What befalls the writing of the topology, besides outages, when several pods start at once. */
const PASSING = ['LOG_UNAVAILABLE', 'LOG_FULL', 'FENCED', 'COMMIT_ABORTED', 'OUTCOME_UNKNOWN'] as const

/** Waits for a log that does not answer; gives the topics as they are. Rejects TOPIC_SHARED, SOURCE_UNDECIDED, TOPIC_MISMATCH, TOPOLOGY_CHANGED or STATE_NEWER. */
export async function prepareLog(
  plan: Plan,
  log: Log,
  patience: Patience,
  topics: Pick<PlanTopics, 'sourcesFrom' | 'beginnings'>,
): Promise<readonly TopicSpec[]> {
  const from = topics.sourcesFrom
  // Before anything is created: an application that was started by mistake leaves nothing behind.
  await whenAvailable(() => lookAtNeighbours(plan, log, from).catch(tellUnreadable(patience)), patience)
  const ofTopology = plan.topicSpecs.filter(({ name }) => name === plan.topologyTopic)
  await whenAvailable(() => log.createTopics(ofTopology), patience)
  const accept = async () => {
    topics.beginnings = await acceptTopology(plan, log, patience, from)
  }
  await whenAvailable(accept, { ...patience, passing: PASSING })
  let found: readonly TopicSpec[] = []
  const describe = async () => {
    found = await log.describeTopics(plan.topicSpecs.map(({ name }) => name))
  }
  await whenAvailable(describe, patience)
  return found
}

/** Once an application is accepted, it is for those that come later to look at it. */
async function lookAtNeighbours(plan: Plan, log: Log, from: SourcesFrom | undefined): Promise<void> {
  const names = (await log.describeTopics())
    .map(({ name }) => name)
    .filter(name => name.endsWith(TOPOLOGY_SUFFIX))
  if (names.includes(plan.topologyTopic) && (await lastWritten(log, plan.topologyTopic))) return
  const neighbours: Neighbour[] = []
  // Another pod may have written our own since.
  for (const topologyTopic of names.filter(name => name !== plan.topologyTopic)) {
    const written = await lastWritten(log, topologyTopic)
    const summary = written === undefined ? undefined : neighbourIn(written)
    if (summary) neighbours.push({ topologyTopic, summary })
  }
  refuseSharedTopics(summarize(plan), neighbours)
  if (from !== undefined) return
  const filled = await filledTopics(log, sourcesOf(plan))
  refuseUndecidedSources(filled, neighbours)
}

/** What belongs to others need not be ours to read. */
function tellUnreadable({ logger }: Patience): (error: unknown) => void {
  return error => {
    if (!hasCode(error, 'ACCESS_REFUSED')) throw error
    logger.warn('it is not known whether other applications share topics', { error: reasonOf(error) })
  }
}

/** Nothing where somebody else's topic only has such a name. */
function neighbourIn(written: string): TopologySummary | undefined {
  try {
    const { topology } = JSON.parse(written) as { topology?: Partial<TopologySummary> } // Looked at below.
    const { application, topics, operators, stages } = topology ?? {}
    return application && topics && operators && stages ? (topology as TopologySummary) : undefined // As this file writes it.
  } catch {
    return undefined
  }
}

/**
 * The log keeps the topology that was accepted last, in a topic of its own. A pod whose topology is the same only reads
 * it. Another one is compared with it, in whichever direction the version went: what would lose something stored is
 * refused, anything else is written and counts from then on, for pods of the former version that start again as well. Topics are
 * created, and grown where tasks were added, between the two: what is refused has touched none.
 *
 * Reading, comparing and writing are one step among pods that start at once: all of them write as the same transactional
 * producer. Whoever starts it has fenced the others before it reads, and is fenced itself if another one starts later;
 * so what is written follows upon what it was compared with. A fenced pod begins again.
 */
async function acceptTopology(
  plan: Plan,
  log: Log,
  { system, logger }: Patience,
  from: SourcesFrom = 'start',
): Promise<SourceBeginnings> {
  const after = summarize(plan)
  const isSame = (known: string) => JSON.stringify(storedIn(known).topology) === JSON.stringify(after)
  const present = await lastWritten(log, plan.topologyTopic)
  if (present !== undefined && isSame(present)) {
    await prepareTopics(plan, log, after, logger)
    return storedIn(present).beginnings ?? {}
  }
  const place = { topic: plan.topologyTopic, partition: 0 }
  const producer = await log.startProducer(plan.topologyTopic, [place])
  try {
    const known = await lastWritten(log, plan.topologyTopic)
    const stored = known === undefined ? undefined : storedIn(known)
    if (known !== undefined && isSame(known)) {
      await prepareTopics(plan, log, after, logger)
      return stored?.beginnings ?? {}
    }
    const before = known === undefined ? undefined : summaryIn(known, plan.topologyTopic)
    if (before) {
      const left = await judge(before, after, log)
      for (const { what, remedy } of left) logger.warn('the topology has changed', { what, remedy })
    }
    await prepareTopics(plan, log, before, logger)
    const beginnings = stored ? (stored.beginnings ?? {}) : await sourceBeginnings(plan, log, from)
    const kept = Object.keys(beginnings).length > 0 ? { beginnings } : {}
    const written = JSON.stringify({ format: FORMAT, topology: after, ...kept })
    const record = { key: KEY, value: Buffer.from(written), headers: NO_HEADERS, timestamp: system.now() }
    await producer.transact([{ ...place, records: [record] }])
    return beginnings
  } finally {
    producer.close().catch(() => undefined) // It is of no more use, closed or not.
  }
}

/** Throws TOPOLOGY_CHANGED with everything that would be lost; resolves with what would only be left lying in topics. */
async function judge(before: TopologySummary, after: TopologySummary, log: Log): Promise<readonly Change[]> {
  const drained = await drainedTopics(before, log)
  const lost = losses(before, after, drained)
  if (lost.length === 0) return leftovers(before, after, drained)
  const faults = lost.map(({ what, remedy }) => `- ${what}; ${remedy}`).join('\n')
  throw new CaudalError('TOPOLOGY_CHANGED', { faults })
}

/** Topics that were read to their ends, as far as the positions tell that pods store about once a second. */
async function drainedTopics(before: TopologySummary, log: Log): Promise<ReadonlySet<string>> {
  const read = Object.values(before.stages).flatMap(({ sources }) => sources)
  // Several stages that read one topic store their positions in the same place.
  const topics = read.filter(topic => read.indexOf(topic) === read.lastIndexOf(topic))
  const places = (await log.describeTopics(topics)).flatMap(({ name, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic: name, partition })),
  )
  const positions = await log.groupPositions(before.application, places)
  const bounds = await log.bounds(places)
  const behind = places.filter((_, index) => {
    const { start, end } = bounds[index] ?? { start: 0, end: 0 }
    return Math.max(start, positions[index] ?? start) < end
  })
  const undrained = new Set(behind.map(({ topic }) => topic))
  return new Set(topics.filter(topic => !undrained.has(topic)))
}

async function lastWritten(log: Log, topic: string): Promise<string | undefined> {
  const found: { last?: Uint8Array } = {}
  await readAll(log, [{ topic, partition: 0 }], ({ value }) => {
    if (value) found.last = value
  })
  return found.last && asText(found.last)
}

interface Stored {
  readonly format: number
  readonly topology: TopologySummary
  readonly beginnings?: SourceBeginnings
}

const storedIn = (written: string): Stored => JSON.parse(written) // Written by this file alone.

function summaryIn(written: string, topic: string): TopologySummary {
  const { format, topology } = storedIn(written)
  if (format > FORMAT) throw new CaudalError('STATE_NEWER', { task: topic, format, known: FORMAT })
  return topology
}
