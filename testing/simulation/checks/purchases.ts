/**
 * No answer is bought twice, except answers that a fault took away. A call is in flight, answered, or durable. It is durable once
 * the commit with its answer was decided.
 *
 * - Nobody repeats a durable call. There are two exceptions. A process that was hit, and does not hear that its tasks have moved,
 *   may start calls until its lease is over. Of two pods with one name, each fences the other.
 * - An answered call may be lost only with the open commit cycle. Its process was hit within that time, and has made no commit of
 *   the task without the answer.
 * - A call in flight may be lost only at a process that was hit.
 *
 * Without faults, scaling and rolling restarts included, nothing at all is bought twice.
 */
import { codec } from '#core/codec.ts'
import { resolveLimits } from '#core/limits.ts'
import { type Evidence, PROVIDER } from '../evidence.ts'
import type { Call } from '../model-server.ts'
import { type Check, LIMITS } from '../scenario.ts'

const { timeoutMs: TIMEOUT_MS, sessionTimeoutMs: SESSION_MS } = resolveLimits(LIMITS)
/** How long after its last confirmation a process may start calls. */
const LEASE_MS = (SESSION_MS * 2) / 3
/** While nothing is wrong, an answer is journaled at most so long after its arrival. */
const COMMIT_CYCLE_MS = 100

/** The calls that the check looks at. */
export interface Purchases {
  /** Each question begins with the id of a record of this topic. */
  readonly inputs: string
  /** The stage that asks the question. */
  readonly stageOf: (question: string) => string
}

export function boughtOnce(purchases: Purchases): Check {
  return evidence => {
    const partitions = partitionsOf(evidence, purchases.inputs)
    const byQuestion = Map.groupBy(evidence.calls, ({ question }) => question)
    return [...byQuestion].flatMap(([question, calls]) => {
      const partition = partitions.get(question.split('/')[0] ?? '') ?? -1
      const nextCommit = (process: string, after: number) =>
        evidence.nextCommit(process, purchases.stageOf(question), partition, after)
      return [
        ...onOneId(calls),
        ...askedAgain(evidence, calls),
        ...leftOut(evidence, calls, nextCommit),
        ...boughtAgain(evidence, calls),
      ]
    })
  }
}

/**
 * No call is taken back, except by its time-out or by a process that was hit. The provider has worked on such a call, even if it
 * does not charge. Only for runs in which no process sleeps: a zombie that wakes may fence a healthy pod by mistake.
 */
export const notTakenBack: Check = evidence =>
  evidence.calls.flatMap(({ outcome, question, process, startedAt, endedAt = startedAt }) => {
    if (outcome !== 'aborted' || evidence.wasDisturbed(process, startedAt, endedAt)) return []
    if (evidence.wasDisturbed(PROVIDER, startedAt - TIMEOUT_MS, endedAt)) return []
    return [`${question} was taken back by ${process} after ${endedAt - startedAt} ms`]
  })

/** A question has one request id, however often and by which pod it is asked. */
function onOneId(calls: readonly Call[]): string[] {
  const ids = new Set(calls.map(({ requestId }) => requestId))
  return ids.size === 1 ? [] : [`${calls[0]?.question} was asked under ${ids.size} request ids`]
}

/** A durable call was repeated: the owner of the task had read its answer by then. */
function askedAgain(evidence: Evidence, calls: readonly Call[]): string[] {
  return calls.flatMap(first => {
    const since = evidence.durableAt(first)
    if (since === undefined) return []
    return calls
      .filter(again => again.startedAt > since && !isUnaware(evidence, again, since))
      .map(again => `${again.question} was durable at ${since}: ${bill(first)}; asked again: ${bill(again)}`)
  })
}

function isUnaware(evidence: Evidence, { process, startedAt }: Call, since: number): boolean {
  if (evidence.hadDuplicate(process, startedAt)) return true
  return startedAt - since < LEASE_MS && evidence.isDisturbed(process, startedAt)
}

/** Answers that their process had, and that a later commit of the same task does not hold. */
function leftOut(
  evidence: Evidence,
  calls: readonly Call[],
  nextCommit: (process: string, after: number) => { readonly begunAt: number } | undefined,
): string[] {
  return calls.flatMap(call => {
    const { outcome, learnedAt, process } = call
    if (calls.length === 1 || outcome !== 'answered' || learnedAt === undefined) return []
    const durableAt = evidence.durableAt(call)
    if (durableAt !== undefined) return []
    const without = nextCommit(process, learnedAt)
    return without ? [`${bill(call)} was answered, and left out of the commit of ${without.begunAt}`] : []
  })
}

function boughtAgain(evidence: Evidence, calls: readonly Call[]): string[] {
  const bought = calls
    .filter(({ outcome }) => outcome === 'answered')
    // In the order of asking: a repetition follows from what happened to an earlier asker, not to an earlier answer.
    .sort((a, b) => a.startedAt - b.startedAt)
  return bought.slice(1).flatMap((second, index) => {
    const first = bought[index]
    if (!first || wasLost(evidence, first)) return []
    return [`${second.question} was bought twice: by ${bill(first)}, then by ${bill(second)}`]
  })
}

/** The process was hit before its answer was durable. */
function wasLost(
  evidence: Evidence,
  { process, startedAt, endedAt = startedAt, learnedAt = endedAt }: Call,
): boolean {
  return evidence.wasDisturbed(process, startedAt, learnedAt + COMMIT_CYCLE_MS)
}

function bill({ question, process, startedAt, endedAt, outcome }: Call): string {
  return `${question} by ${process} from ${startedAt} to ${endedAt} (${outcome})`
}

interface Identified {
  readonly id: string
}
const identified = codec.json<Identified>('identified')

/** The partition of each input by its id. */
function partitionsOf(evidence: Evidence, topic: string): ReadonlyMap<string, number> {
  return new Map(evidence.read(topic, identified).map(({ partition, value: { id } }) => [id, partition]))
}
