/** Which run an id names, as far as its caller may know. */
import type { Run } from '#pipelines/run-index.ts'
import type { Call, Gateway } from '../operation.ts'
import { Problem } from '../problem.ts'
import { runOf } from './views.ts'

export const TASK_ID = {
  type: 'string',
  minLength: 1,
  maxLength: 256,
  description: 'A task id, or the id of a question for its newest run.',
} as const

export const unknownTask = (id: string): Problem =>
  new Problem('task_unknown', { detail: `No task and no question of yours is known as ${id}.` })

/** The run that the id names, where it is the caller's. */
export function runFor({ runs, service }: Gateway, id: string, { caller }: Call): Run | undefined {
  const outcome = service.outcomeNow(id)
  const { organization } = caller
  const run = outcome && runOf(outcome)
  const own = run?.organization === organization ? run : undefined
  return runs.get(organization, id) ?? runs.newestOf(organization, id) ?? own
}
