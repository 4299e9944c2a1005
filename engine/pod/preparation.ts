/** Prepares the log before a pod works on it: its topics exist, and the topology fits what is stored. */
import { asText } from '#core/codec.ts'
import { CaudalError, failureFields, hasCode } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
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
/** Errors that pass when the writing of the topology is tried again: outages, and pods that start at once. */
const PASSING = ['LOG_UNAVAILABLE', 'LOG_FULL', 'FENCED', 'COMMIT_ABORTED', 'OUTCOME_UNKNOWN'] as const

/**
 * Waits for a log that does not answer. Resolves with the topics as they are. Rejects with TOPIC_SHARED, SOURCE_UNDECIDED,
 * TOPIC_MISMATCH, TOPOLOGY_CHANGED or STATE_NEWER.
 */
export async function prepareLog(
  plan: Plan,
  log: Log,
  patience: Patience,
  topics: Pick<PlanTopics, 'sourcesFrom' | 'beginnings'>,
): Promise<readonly TopicSpec[]> {
  const from = topics.sourcesFrom
  // This check comes before anything is created, so that an application started by mistake leaves nothing behind.
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

/** An application that was accepted once looks at no others: applications that come later look at it. */
async function lookAtNeighbours(plan: Plan, log: Log, from: SourcesFrom | undefined): Promise<void> {
  const names = (await log.describeTopics())
    .map(({ name }) => name)
    .filter(name => name.endsWith(TOPOLOGY_SUFFIX))
  if (names.includes(plan.topologyTopic) && (await lastWritten(log, plan.topologyTopic))) return
  const neighbours: Neighbour[] = []
  // Another pod may have written our own topology since.
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

/** This pod may lack the right to read topics of other applications: then it logs a warning and goes on. */
function tellUnreadable({ logger }: Patience): (error: unknown) => void {
  return error => {
    if (!hasCode(error, 'ACCESS_REFUSED')) throw error
    logger.warn('the check for shared topics failed', failureFields(error))
  }
}

/** `undefined` if the topic is no topology topic and only has such a name. */
function neighbourIn(written: string): TopologySummary | undefined {
  try {
    const { topology } = JSON.parse(written) as { topology?: Partial<TopologySummary> } // The fields are checked below.
    const { application, topics, operators, stages } = topology ?? {}
    return application && topics && operators && stages ? (topology as TopologySummary) : undefined // A record with these fields was written by this file.
  } catch {
    return undefined
  }
}

/**
 * The log keeps the topology that was accepted last, in a topic of its own. A pod with the same topology only reads it.
 *
 * A different topology is compared with the accepted one, whether its version is later or earlier. A topology that would lose
 * something stored is refused. Any other is written, and counts from then on, also for restarted pods of the earlier version.
 * Topics are created, and get partitions for added tasks, after the comparison. So a refused topology has touched no topic.
 *
 * Reading, comparing and writing are one step among pods that start at once, because all of them use one transactional id.
 * A pod that starts this producer has fenced the others before it reads. A pod that starts later fences this one. So nothing is
 * written between the read and the write. A fenced pod begins again.
 */
async function acceptTopology(
  plan: Plan,
  log: Log,
  { system, logger }: Patience,
  from: SourcesFrom = 'start',
): Promise<SourceBeginnings> {
  const after = summarize(plan)
  const place = { topic: plan.topologyTopic, partition: 0 }
  /** The beginnings that are stored with this very topology. */
  const accepted = async (known: string | undefined) => {
    if (known === undefined) return undefined
    const { topology: before, beginnings = {} } = storedIn(known)
    if (JSON.stringify(before) !== JSON.stringify(after)) return undefined
    await prepareTopics(plan, log, after, logger)
    return beginnings
  }
  const present = await accepted(await lastWritten(log, plan.topologyTopic))
  if (present) return present
  const producer = await log.startProducer(plan.topologyTopic, [place])
  try {
    const known = await lastWritten(log, plan.topologyTopic)
    const meanwhile = await accepted(known)
    if (meanwhile) return meanwhile
    const before = known === undefined ? undefined : summaryIn(known, plan.topologyTopic)
    if (before) await warnOfChanges(before, after, log, logger)
    await prepareTopics(plan, log, before, logger)
    const beginnings =
      known === undefined ? await sourceBeginnings(plan, log, from) : (storedIn(known).beginnings ?? {})
    const kept = Object.keys(beginnings).length > 0 ? { beginnings } : {}
    const written = JSON.stringify({ format: FORMAT, topology: after, ...kept })
    const record = { key: KEY, value: Buffer.from(written), headers: NO_HEADERS, timestamp: system.now() }
    await producer.transact([{ ...place, records: [record] }])
    return beginnings
  } finally {
    producer.close().catch(() => undefined) // A producer that does not close changes nothing: nobody uses it any more.
  }
}

async function warnOfChanges(before: TopologySummary, after: TopologySummary, log: Log, logger: Logger) {
  const left = await judge(before, after, log)
  for (const { what, remedy } of left) logger.warn('the topology has changed', { what, remedy })
}

/** Rejects with TOPOLOGY_CHANGED and everything that would be lost. Resolves with what would only stay unread in topics. */
async function judge(before: TopologySummary, after: TopologySummary, log: Log): Promise<readonly Change[]> {
  const drained = await drainedTopics(before, log)
  const lost = losses(before, after, drained)
  if (lost.length === 0) return leftovers(before, after, drained)
  const faults = lost.map(({ what, remedy }) => `- ${what}; ${remedy}`).join('\n')
  throw new CaudalError('TOPOLOGY_CHANGED', { faults })
}

/** Topics that were read to their ends, according to the positions that pods store about once a second. */
async function drainedTopics(before: TopologySummary, log: Log): Promise<ReadonlySet<string>> {
  const read = Object.values(before.stages).flatMap(({ sources }) => sources)
  // Stages that read one topic share one stored position, which proves nothing of any of them.
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

const storedIn = (written: string): Stored => JSON.parse(written) // Only this file writes this topic.

function summaryIn(written: string, topic: string): TopologySummary {
  const { format, topology } = storedIn(written)
  if (format > FORMAT) throw new CaudalError('STATE_NEWER', { task: topic, format, known: FORMAT })
  return topology
}
