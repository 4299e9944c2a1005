/** `POST /process`: a text for one of the task types. */
import { operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { ask, IDEMPOTENCY_KEY, prepared } from './asking.ts'
import { CALLBACK, callbackProblem } from './callback.ts'
import { keyProblem } from './keyed-runs.ts'
import { answerTo, QUEUED } from './query.ts'

export const processText = operation({
  name: 'process',
  summary: 'Puts a text in for a task type; the task tells what comes of it.',
  scope: 'ask',
  input: {
    type: 'object',
    properties: {
      text: { type: 'string', minLength: 1, maxLength: 10_000, description: 'The text.' },
      task_type: { type: 'string', pattern: '^[a-z_]+$', description: 'What is to be done with it.' },
      callback: CALLBACK,
      idempotency_key: IDEMPOTENCY_KEY,
    },
    required: ['text', 'task_type'],
    additionalProperties: false,
  },
  found: { type: 'object', properties: {}, additionalProperties: true },
  accepted: QUEUED,
  problems: ['key_reused', 'log_unavailable', 'stopping'],
  async run(gateway, { idempotency_key: key, callback, ...question }, call) {
    const refused = await callbackProblem(gateway, callback, call)
    if (refused) return refused
    const event = prepared(gateway, question, call, { key, callback })
    if (event instanceof Problem) return event
    const reused = await keyProblem(gateway, event.intake, key, call, { callback })
    if (reused) return reused
    const asked = await ask(gateway, event, { fresh: false, callback, key })
    return asked instanceof Problem ? asked : answerTo(gateway, asked, 0, call)
  },
})
