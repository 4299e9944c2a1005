/** A question whose caller waits for the answer as a text: it is found where it exists, else asked and waited for. */
import { questionHash } from '#answers/question-hash.ts'
import type { Prepared } from '#pipelines/answers-service.ts'
import type { Outcome } from '#pipelines/outcome-index.ts'
import { storedAnswerOf } from '#stores/stored-answer.ts'
import type { Call, Gateway } from '../operation.ts'
import { Problem } from '../problem.ts'
import { type Asked, ask, refusal } from './asking.ts'
import { type ChatAnswer, ofHit, ofStored } from './chat-view.ts'
import { knownAnswer } from './finding.ts'
import { keyProblem } from './keyed-runs.ts'
import { similarHit } from './similar.ts'
import { failureOf } from './stored-end.ts'
import { outcomeView } from './views.ts'
import { outcomeWithin } from './waiting.ts'

/** A client that asks again so soon repeats itself: it gets the answer that was made meanwhile. */
const REPEATED_MS = 600_000

/** An answer that was there, or a run that makes one. */
export type AskedChat = Asked | ChatAnswer

export const taskIdOf = (asked: AskedChat): string => ('text' in asked ? asked.taskId : asked.run.id)

/** A key that names a run already is that run's, or refused for another question. */
export async function askedChat(
  gateway: Gateway,
  event: Prepared,
  key: string | undefined,
  call: Call,
): Promise<AskedChat | Problem> {
  const reused = await keyProblem(gateway, event.intake, key, call)
  if (reused) return reused
  const isKnownRun = gateway.runs.get(call.caller.organization, event.intake.id) !== undefined
  const known = isKnownRun ? undefined : await knownChat(gateway, event, call)
  return known ?? ask(gateway, event, { fresh: false, key })
}

/** An answer that exists: in a store, in the semantic index, or made in the last minutes for the same question. */
async function knownChat(gateway: Gateway, event: Prepared, call: Call): Promise<ChatAnswer | undefined> {
  const { runs, service, system } = gateway
  const hash = questionHash(event.intake)
  const known = await knownAnswer(gateway, hash, call)
  if (known) return ofStored(known.answer, known.source)
  const similar = await similarHit(gateway, event, call)
  if (similar) return ofHit(similar)
  const run = runs.newestOf(call.caller.organization, hash)
  const outcome = run && system.now() - run.askedAt < REPEATED_MS ? service.outcomeNow(run.id) : undefined
  return outcome?.status === 'delivered' ? ofOutcome(outcome) : undefined
}

type Delivered = Extract<Outcome, { readonly status: 'delivered' }>

const ofOutcome = ({ delivered }: Delivered): ChatAnswer => ofStored(storedAnswerOf(delivered))

/** The answer, once it is there within the time. */
export async function chatAnswer(
  gateway: Gateway,
  asked: AskedChat,
  delayMs: number,
  call: Call,
): Promise<ChatAnswer | Problem> {
  if ('text' in asked) return asked
  if (asked.end)
    return 'answer' in asked.end ? ofStored(asked.end.answer) : failedWith(failureOf(asked.end.failure))
  try {
    const outcome = await outcomeWithin(gateway, asked.run.id, delayMs, call)
    if (!outcome) return notInTime(asked)
    return outcome.status === 'delivered' ? ofOutcome(outcome) : failed(outcome)
  } catch (error) {
    call.signal.throwIfAborted()
    return refusal(error)
  }
}

const notInTime = ({ run }: Asked): Problem =>
  new Problem('not_in_time', {
    detail: `The question goes on as the task ${run.id}. Ask again for its answer: nothing is bought twice.`,
  })

function failed(outcome: Exclude<Outcome, Delivered>): Problem {
  const view: { readonly reason?: unknown; readonly faults?: unknown } = outcomeView(outcome)
  return failedWith({ reason: view.reason, faults: Array.isArray(view.faults) ? view.faults : [] })
}

const failedWith = ({ reason, faults }: { readonly reason: unknown; readonly faults: readonly unknown[] }) =>
  new Problem('question_failed', { detail: `${reason}: ${faults.join('; ')}` })
