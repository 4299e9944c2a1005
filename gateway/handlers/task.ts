/** `GET /task/{id}`: how far a run is, and what came of it. */
import type { Run } from '#pipelines/run-index.ts'
import { type Answer, type Call, found, type Gateway, operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { refusal } from './asking.ts'
import { storedAnswer } from './finding.ts'
import {
  ANSWER_FIELDS,
  FAILURE_FIELDS,
  outcomeView,
  RUN_FIELDS,
  runOf,
  runView,
  storedRunView,
  storedView,
} from './views.ts'
import { outcomeWithin, WAIT, waitMs } from './waiting.ts'

export const TASK_ID = {
  type: 'string',
  minLength: 1,
  maxLength: 256,
  description: 'A task id, or the id of a question for its newest run.',
} as const

export const task = operation({
  name: 'task',
  summary: 'Tells how far a question is, and its answer once there is one.',
  input: {
    type: 'object',
    properties: { id: TASK_ID, wait: WAIT },
    required: ['id'],
    additionalProperties: false,
  },
  found: {
    type: 'object',
    properties: {
      ...RUN_FIELDS,
      state: { type: 'string', enum: ['accepted', 'delivered', 'failed'], description: 'How far it is.' },
      result: { type: 'object', properties: ANSWER_FIELDS, additionalProperties: false },
      ...FAILURE_FIELDS,
    },
    required: ['id', 'task_id', 'state'],
    additionalProperties: false,
  },
  problems: ['task_unknown', 'stopping'],
  async run(gateway, { id, wait }, call) {
    const run = runFor(gateway, id, call)
    if (!run) return storedTask(gateway, id, call)
    try {
      const outcome = await outcomeWithin(gateway, run.id, waitMs(wait), call)
      return found({ ...runView(run), ...outcomeView(outcome) })
    } catch (error) {
      call.signal.throwIfAborted()
      return refusal(error)
    }
  },
})

/** The outcomes of long ago are in the database alone. */
async function storedTask(gateway: Gateway, id: string, call: Call): Promise<Answer> {
  const answer = await storedAnswer(gateway, id, call)
  return answer
    ? found({ ...storedRunView(answer), state: 'delivered', result: storedView(answer) })
    : unknownTask(id)
}

export const unknownTask = (id: string): Problem =>
  new Problem('task_unknown', { detail: `No task and no question of yours is known as ${id}.` })

/** The run that the id names, where it is the caller's. */
export function runFor({ runs, service }: Gateway, id: string, { caller }: Call): Run | undefined {
  const outcome = service.outcomeNow(id)
  const run = runs.get(id) ?? runs.newestOf(id) ?? (outcome && runOf(outcome))
  return run?.organization === caller.organization ? run : undefined
}
