/** `POST /v1/chat/completions`: a question as clients of OpenAI's API ask it, answered by the pipeline. */
import { questionHash } from '#answers/question-hash.ts'
import type { Prepared } from '#pipelines/answers-service.ts'
import type { Outcome } from '#pipelines/outcome-index.ts'
import { storedAnswerOf } from '#stores/stored-answer.ts'
import { type Call, found, type Gateway, operation, type Sink } from '../operation.ts'
import { Problem } from '../problem.ts'
import { type Asked, ask, IDEMPOTENCY_KEY, prepared, refusal } from './asking.ts'
import { CHAT_INPUT, questionIn, withChatFaults } from './chat-input.ts'
import { type ChatAnswer, chunksOf, completionOf, firstChunk, ofHit, ofStored } from './chat-view.ts'
import { knownAnswer } from './finding.ts'
import { similarHit } from './similar.ts'
import { outcomeView } from './views.ts'
import { outcomeWithin, WAIT, waitMs } from './waiting.ts'

/** A client that asks again so soon repeats itself: it gets the answer that was made meanwhile. */
const REPEATED_MS = 600_000
const WAIT_DEFAULT = '5m'

export const chatCompletions = operation({
  name: 'chat_completions',
  summary: 'Asks a question as clients of the API of OpenAI do, and waits for its delivered answer.',
  scope: 'ask',
  input: {
    ...CHAT_INPUT,
    properties: { ...CHAT_INPUT.properties, wait: WAIT, idempotency_key: IDEMPOTENCY_KEY },
  },
  found: {
    type: 'object',
    properties: {},
    additionalProperties: true,
    description: 'A chat.completion, or each chat.completion.chunk of a stream.',
  },
  mayStream: true,
  problems: [
    ...(['model_unknown', 'key_reused', 'question_failed', 'not_in_time', 'log_unavailable'] as const),
    'stopping',
  ],
  async run(gateway, { wait = WAIT_DEFAULT, idempotency_key: key, ...input }, call) {
    const question = questionIn(input)
    if (question instanceof Problem) return question
    const event = prepared(gateway, question, call, { key })
    if (event instanceof Problem) return withChatFaults(event)
    const request = { model: input.model, hasUsage: input.stream_options?.include_usage === true }
    const asked = await askedChat(gateway, event, key, call)
    if (asked instanceof Problem) return asked
    const answering = () => answerTo(gateway, asked, waitMs(wait), call)
    if (input.stream)
      return { kind: 'stream', open: sink => stream(gateway, { ...request, asked, answering }, sink) }
    const answer = await answering()
    return answer instanceof Problem
      ? answer
      : found(completionOf(answer, request.model, gateway.system.now()))
  },
})

/** A key that names a run already is that run's, or refused for another question. */
async function askedChat(
  gateway: Gateway,
  event: Prepared,
  key: string | undefined,
  call: Call,
): Promise<ChatAnswer | Asked | Problem> {
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

async function answerTo(
  gateway: Gateway,
  asked: Asked | ChatAnswer,
  delayMs: number,
  call: Call,
): Promise<ChatAnswer | Problem> {
  if ('text' in asked) return asked
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
  const faults = Array.isArray(view.faults) ? view.faults.join('; ') : ''
  return new Problem('question_failed', { detail: `${view.reason}: ${faults}` })
}

interface Streamed {
  readonly model: string
  readonly hasUsage: boolean
  readonly asked: Asked | ChatAnswer
  answering(): Promise<ChatAnswer | Problem>
}

/** Of the delivered answer alone: an attempt before it may be thrown away, and what was sent cannot be taken back. */
async function stream(
  { system }: Gateway,
  { model, hasUsage, asked, answering }: Streamed,
  sink: Sink,
): Promise<void> {
  const head = { taskId: 'text' in asked ? asked.taskId : asked.run.id, model, now: system.now(), hasUsage }
  sink.send({ kind: 'chunk', data: firstChunk(head) })
  const answer = await answering()
  if (answer instanceof Problem) return sink.fail(answer)
  for (const chunk of chunksOf(head, answer)) {
    sink.send({ kind: 'chunk', data: chunk })
    await sink.ready()
  }
  sink.end()
}
