/** `POST /query`: a question in; its answer, where it is known or comes in time, else the promise of one. */
import { questionHash } from '#answers/question-hash.ts'
import { type Answer, accepted, type Call, found, type Gateway, operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { type Asked, ask, IDEMPOTENCY_KEY, prepared, refusal } from './asking.ts'
import { CALLBACK, callbackProblem } from './callback.ts'
import { type Known, knownAnswer } from './finding.ts'
import { keyProblem } from './keyed-runs.ts'
import { similarAnswer } from './similar.ts'
import { storedEndView } from './stored-end.ts'
import { ANSWER_FIELDS, answerView, outcomeView, RUN_FIELDS, storedView } from './views.ts'
import { outcomeWithin, WAIT, waitMs } from './waiting.ts'

/** The log holds the question. */
export const QUEUED = {
  type: 'object',
  properties: {
    queued: { type: 'boolean' },
    id: RUN_FIELDS.id,
    task_id: RUN_FIELDS.task_id,
    joined: {
      type: 'boolean',
      description: 'Whether an equal question was under way, which answers both.',
    },
  },
  required: ['queued', 'id', 'task_id'],
  additionalProperties: false,
} as const

export const query = operation({
  name: 'query',
  summary: 'Asks a question and answers at once where the answer is known.',
  scope: 'ask',
  input: {
    type: 'object',
    properties: {
      title: { type: 'string', minLength: 1, maxLength: 10_000, description: 'The question.' },
      content: { type: 'string', maxLength: 100_000, description: 'More text that belongs to it.' },
      best_answer: {
        type: 'string',
        maxLength: 100_000,
        description: 'The reference answer, for the judge alone.',
      },
      task_type: { type: 'string', pattern: '^[a-z_]+$', description: 'qa when left out.' },
      fresh: { type: 'boolean', description: 'Whether an answer that exists is not good enough.' },
      stream: {
        type: 'boolean',
        description: 'Whether the answer is streamed while it is written, in GET /task/{id}/events.',
      },
      callback: CALLBACK,
      wait: WAIT,
      idempotency_key: IDEMPOTENCY_KEY,
    },
    required: ['title'],
    additionalProperties: false,
  },
  found: {
    type: 'object',
    properties: {
      hit: { type: 'boolean', description: 'Whether the answer was known already.' },
      source: {
        type: 'string',
        enum: ['cache', 'database', 'semantic'],
        description: 'Where it was found; absent for one that was made now.',
      },
      similarity: { type: 'number', description: 'Of a question in other words, from 0 to 1.' },
      question: { type: 'string', description: 'That question, where the source is semantic.' },
      state: { type: 'string', description: 'delivered or failed, for one that was made now.' },
      id: RUN_FIELDS.id,
      task_id: RUN_FIELDS.task_id,
      ...ANSWER_FIELDS,
    },
    required: ['hit', 'id', 'task_id'],
    additionalProperties: true,
  },
  accepted: QUEUED,
  problems: ['key_reused', 'log_unavailable', 'stopping'],
  async run(gateway, { wait, idempotency_key: key, fresh = false, stream, callback, ...question }, call) {
    const refused = await callbackProblem(gateway, callback, call)
    if (refused) return refused
    const event = prepared(gateway, question, call, { key, isStreamed: stream, callback })
    if (event instanceof Problem) return event
    const reused = await keyProblem(gateway, event.intake, key, call, { fresh, isStreamed: stream, callback })
    if (reused) return reused
    const known = fresh ? undefined : await knownAnswer(gateway, questionHash(event.intake), call)
    if (known) return hit(known)
    const similar = fresh ? undefined : await similarAnswer(gateway, event, call)
    if (similar) return similar
    const asked = await ask(gateway, event, { fresh, callback, key })
    return asked instanceof Problem ? asked : answerTo(gateway, asked, waitMs(wait), call)
  },
})

function hit({ source, answer }: Known): Answer {
  return found({
    hit: true,
    source,
    id: answer.questionHash,
    task_id: answer.id,
    ...storedView(answer),
  })
}

/** What has become of the run within the time, or that it is queued. */
export async function answerTo(
  gateway: Gateway,
  { run, joined, end }: Asked,
  delayMs: number,
  call: Call,
): Promise<Answer> {
  const ids = { id: run.hash, task_id: run.id }
  if (end && 'answer' in end)
    return found({ hit: false, state: 'delivered', ...ids, ...storedView(end.answer) })
  if (end) return found({ hit: false, ...ids, ...storedEndView(end) })
  try {
    const outcome = await outcomeWithin(gateway, run.id, delayMs, call)
    if (!outcome) return accepted({ queued: true, ...ids, ...(joined && { joined }) })
    if (outcome.status === 'delivered')
      return found({ hit: false, state: 'delivered', ...ids, ...answerView(outcome.delivered) })
    return found({ hit: false, ...ids, ...outcomeView(outcome) })
  } catch (error) {
    call.signal.throwIfAborted()
    return refusal(error)
  }
}
