/**
 * No answer is bought twice, but for those that a fault took away: in flight at a process that was hit, or answered
 * within the commit cycle that was open then. What was journaled is never asked again by a healthy process. Without
 * faults, scaling and rolling restarts included, nothing at all is bought twice.
 */
import { asText } from '#engine/core/codec.ts'
import { type Evidence, PROVIDER } from '../evidence.ts'
import type { Call } from '../model-server.ts'
import { type Check, LIMITS } from '../scenario.ts'

const TIMEOUT_MS = LIMITS.timeoutMs ?? 0
/** An answer is journaled at the latest so long after its arrival while nothing is wrong. */
const COMMIT_CYCLE_MS = 100

export const boughtOnce: Check = evidence => {
  const byQuestion = Map.groupBy(evidence.calls, ({ question }) => question)
  const journaled = journalTimes(evidence)
  return [...byQuestion.values()].flatMap(calls => [
    ...onOneId(calls),
    ...askedAgain(evidence, calls, journaled),
    ...boughtAgain(evidence, calls),
  ])
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

function askedAgain(
  evidence: Evidence,
  calls: readonly Call[],
  journaled: ReadonlyMap<string, number>,
): string[] {
  return calls.flatMap(({ requestId, question, process, startedAt }) => {
    const since = journaled.get(requestId)
    if (since === undefined || startedAt <= since) return []
    if (evidence.isDisturbed(process, startedAt)) return []
    return [
      `${question} was asked again by ${process} ${startedAt - since} ms after its answer was journaled; ${calls.map(bill)}`,
    ]
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

function isExcused(evidence: Evidence, first: Call, second: Call): boolean {
  const lost = evidence.wasDisturbed(
    first.process,
    first.startedAt,
    (first.endedAt ?? first.startedAt) + COMMIT_CYCLE_MS,
  )
  return lost || evidence.isDisturbed(second.process, second.startedAt)
}

function bill({ process, startedAt, endedAt, outcome }: Call): string {
  return `${process} from ${startedAt} to ${endedAt} (${outcome})`
}

/** When the commit that journaled an answer was begun, by request id. */
function journalTimes(evidence: Evidence): ReadonlyMap<string, number> {
  const times = new Map<string, number>()
  for (const { name } of evidence.plan.stages) {
    for (const { key, value, timestamp } of evidence.history(name).flat()) {
      if (!key || !value || key[0] !== STEP) continue
      const id = asText(key).slice(1)
      times.set(id, Math.min(times.get(id) ?? timestamp, timestamp))
    }
  }
  return times
}

const STEP = 's'.charCodeAt(0)
