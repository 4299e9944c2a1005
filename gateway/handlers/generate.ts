/** `LLMService` of gRPC: a prompt in, its delivered answer out, whole or in pieces. */
import { operation, type Sink } from '../operation.ts'
import { Problem } from '../problem.ts'
import { IDEMPOTENCY_KEY, prepared } from './asking.ts'
import { type AskedChat, askedChat, chatAnswer, taskIdOf } from './chat-asking.ts'
import { taskTypeOf, withFaultsAt } from './chat-input.ts'
import { type ChatAnswer, piecesOf } from './chat-view.ts'

/** How long a caller may wait. */
export const GENERATE_WAIT_MAX_MS = 1_800_000

/** What the stream of the operation has, by the kind of an event. */
export interface Generated {
  /** First: the log holds the question, or its answer is known. */
  readonly asked: { readonly task_id: string }
  /** Of a whole answer, alone. */
  readonly answer: GeneratedAnswer
  /** Of an answer in pieces. */
  readonly piece: { readonly content: string }
}

export interface GeneratedAnswer {
  readonly content: string
  readonly tokens_used: number
  readonly task_id: string
  readonly final: number
  readonly below_threshold: boolean
}

export const generate = operation({
  name: 'generate',
  summary: 'Asks a question and waits for its delivered answer.',
  scope: 'ask',
  input: {
    type: 'object',
    properties: {
      prompt: { type: 'string', minLength: 1, maxLength: 10_000, description: 'The question.' },
      model: { type: 'string', maxLength: 100, description: 'caudal/ and a task type; empty for qa.' },
      temperature: {
        type: 'number',
        minimum: 0,
        maximum: 0,
        description: '0: the pipeline sets that of its calls.',
      },
      in_pieces: { type: 'boolean', description: 'Whether the answer comes in pieces.' },
      wait_ms: {
        type: 'integer',
        minimum: 0,
        maximum: GENERATE_WAIT_MAX_MS,
        description: 'How long the caller waits, in ms.',
      },
      idempotency_key: IDEMPOTENCY_KEY,
    },
    required: ['prompt', 'wait_ms'],
    additionalProperties: false,
  },
  found: { type: 'object', properties: {}, additionalProperties: true },
  isStream: true,
  problems: [
    ...(['model_unknown', 'key_reused', 'question_failed', 'not_in_time', 'log_unavailable'] as const),
    'stopping',
  ],
  async run(gateway, { prompt, model = '', in_pieces = false, wait_ms, idempotency_key: key }, call) {
    const taskType = model === '' ? undefined : taskTypeOf(model)
    if (taskType instanceof Problem) return taskType
    const event = prepared(gateway, { title: prompt, task_type: taskType }, call, { key })
    if (event instanceof Problem) return withFaultsAt(event, { '/title': '/prompt' })
    const asked = await askedChat(gateway, event, key, call)
    if (asked instanceof Problem) return asked
    const answering = () => chatAnswer(gateway, asked, wait_ms, call)
    return { kind: 'stream', open: sink => stream(asked, answering, in_pieces, sink) }
  },
})

/** Of the delivered answer alone: an attempt before it may be thrown away, and what was sent cannot be taken back. */
async function stream(
  asked: AskedChat,
  answering: () => Promise<ChatAnswer | Problem>,
  inPieces: boolean,
  sink: Sink,
): Promise<void> {
  const send = <K extends keyof Generated>(kind: K, data: Generated[K]) => sink.send({ kind, data })
  send('asked', { task_id: taskIdOf(asked) })
  const answer = await answering()
  if (answer instanceof Problem) return sink.fail(answer)
  if (!inPieces) send('answer', answerOf(answer))
  for (const content of inPieces ? piecesOf(answer.text) : []) {
    send('piece', { content })
    await sink.ready()
  }
  sink.end()
}

const answerOf = ({ text, promptTokens, completionTokens, taskId, final, belowThreshold }: ChatAnswer) => ({
  ...{ content: text, tokens_used: promptTokens + completionTokens },
  ...{ task_id: taskId, final, below_threshold: belowThreshold },
})
