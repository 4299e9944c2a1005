/** `POST /v1/chat/completions`: a question as clients of OpenAI's API ask it, answered by the pipeline. */
import { found, type Gateway, operation, type Sink } from '../operation.ts'
import { Problem } from '../problem.ts'
import { IDEMPOTENCY_KEY, prepared } from './asking.ts'
import { type AskedChat, askedChat, chatAnswer, taskIdOf } from './chat-asking.ts'
import { CHAT_INPUT, questionIn, withChatFaults } from './chat-input.ts'
import { type ChatAnswer, chunksOf, completionOf, firstChunk } from './chat-view.ts'
import { WAIT, waitMs } from './waiting.ts'

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
    const answering = () => chatAnswer(gateway, asked, waitMs(wait), call)
    if (input.stream)
      return { kind: 'stream', open: sink => stream(gateway, { ...request, asked, answering }, sink) }
    const answer = await answering()
    return answer instanceof Problem
      ? answer
      : found(completionOf(answer, request.model, gateway.system.now()))
  },
})

interface Streamed {
  readonly model: string
  readonly hasUsage: boolean
  readonly asked: AskedChat
  answering(): Promise<ChatAnswer | Problem>
}

/** Of the delivered answer alone: an attempt before it may be thrown away, and what was sent cannot be taken back. */
async function stream(
  { system }: Gateway,
  { model, hasUsage, asked, answering }: Streamed,
  sink: Sink,
): Promise<void> {
  const head = { taskId: taskIdOf(asked), model, now: system.now(), hasUsage }
  sink.send({ kind: 'chunk', data: firstChunk(head) })
  const answer = await answering()
  if (answer instanceof Problem) return sink.fail(answer)
  for (const chunk of chunksOf(head, answer)) {
    sink.send({ kind: 'chunk', data: chunk })
    await sink.ready()
  }
  sink.end()
}
