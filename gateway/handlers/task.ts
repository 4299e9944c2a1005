/** `GET /task/{id}`: how far a run is, and what came of it. */
import type { Run } from '#pipelines/run-index.ts'
import { type Call, found, type Gateway, operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { refusal } from './asking.ts'
import { ANSWER_FIELDS, FAILURE_FIELDS, outcomeView, RUN_FIELDS, runOf, runView } from './views.ts'
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
    if (!run) return unknownTask(id)
    try {
      const outcome = await outcomeWithin(gateway, run.id, waitMs(wait), call)
      return found({ ...runView(run), ...outcomeView(outcome) })
    } catch (error) {
      call.signal.throwIfAborted()
      return refusal(error)
    }
  },
})

export const unknownTask = (id: string): Problem =>
  new Problem('task_unknown', { detail: `No task and no question of yours is known as ${id}.` })

/** The run that the id names, where it is the caller's. */
export function runFor({ runs, service }: Gateway, id: string, { caller }: Call): Run | undefined {
  const outcome = service.outcomeNow(id)
  const run = runs.get(id) ?? runs.newestOf(id) ?? (outcome && runOf(outcome))
  return run?.organization === caller.organization ? run : undefined
}
