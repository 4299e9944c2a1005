/**
 * No answer is bought twice, but for those that a fault took away. Of every call it is known how far it had come: in flight,
 * answered, or durable, which is when the commit that holds its answer was decided.
 *
 * - What is durable is asked by nobody again. A process that was hit and does not hear that its tasks are another's may start
 *   calls until its lease is over; of two pods that go by one name either is counted out by the other.
 * - What was answered may be lost only with the commit cycle that was open: its process was hit within that time, and has
 *   made no commit of the task meanwhile that left it out.
 * - What was in flight may be lost only at a process that was hit.
 *
 * Without faults, scaling and rolling restarts included, nothing at all is bought twice.
 */
import { codec } from '#core/codec.ts'
import { resolveLimits } from '#core/limits.ts'
import { type Evidence, PROVIDER } from '../evidence.ts'
import type { Call } from '../model-server.ts'
import { type Check, LIMITS } from '../scenario.ts'

const { timeoutMs: TIMEOUT_MS, sessionTimeoutMs: SESSION_MS } = resolveLimits(LIMITS)
/** For so long after it was confirmed last a process may start calls. */
const LEASE_MS = (SESSION_MS * 2) / 3
/** An answer is journaled at the latest so long after its arrival while nothing is wrong. */
const COMMIT_CYCLE_MS = 100

/** Whose calls are looked at. */
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
 * No call is taken back but by its time-out or by a process that was hit: a provider has worked on it, whether or not it
 * asks to be paid. Only for runs in which nobody sleeps: a zombie that wakes may fence a healthy pod by mistake.
 */
export const notTakenBack: Check = evidence =>
  evidence.calls.flatMap(({ outcome, question, process, startedAt, endedAt = startedAt }) => {
    if (outcome !== 'aborted' || evidence.wasDisturbed(process, startedAt, endedAt)) return []
    if (evidence.wasDisturbed(PROVIDER, startedAt - TIMEOUT_MS, endedAt)) return []
    return [`${question} was taken back by ${process} after ${endedAt - startedAt} ms`]
  })

/** A question has one request id, whoever asks and how often. */
function onOneId(calls: readonly Call[]): string[] {
  const ids = new Set(calls.map(({ requestId }) => requestId))
  return ids.size === 1 ? [] : [`${calls[0]?.question} was asked under ${ids.size} request ids`]
}

/** Somebody asks what is durable: whoever owns the task by then has read it. */
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
  if (evidence.hadNamesake(process, startedAt)) return true
  return startedAt - since < LEASE_MS && evidence.isDisturbed(process, startedAt)
}

/** An answer that its process had, and that a later commit of the same task does not hold. */
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
    // In the order they were asked: who asks again does so for what became of an earlier asker, not of an earlier answer.
    .sort((a, b) => a.startedAt - b.startedAt)
  return bought.slice(1).flatMap((second, index) => {
    const first = bought[index]
    if (!first || isExcused(evidence, first, second)) return []
    return [`${second.question} was bought twice: by ${bill(first)}, then by ${bill(second)}`]
  })
}

/** The first was hit before it was durable, or the second could not know that the first was at it. */
function isExcused(evidence: Evidence, first: Call, second: Call): boolean {
  const { process, startedAt, endedAt = startedAt, learnedAt = endedAt } = first
  const lost = evidence.wasDisturbed(process, startedAt, learnedAt + COMMIT_CYCLE_MS)
  return lost || evidence.isDisturbed(second.process, second.startedAt)
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
