/** `GET /task/{id}/history`: everything that happened to a run, in order. */
import { type Call, found, type Gateway, operation } from '../operation.ts'
import { orAway } from '../or-away.ts'
import { Problem } from '../problem.ts'
import { actingFor, FOR_ORGANIZATION } from './acting.ts'
import { storedAnswer } from './finding.ts'
import { SUMMARY, summaryNow, summaryView } from './run-summary.ts'
import { runFor, TASK_ID, unknownTask } from './runs.ts'
import { inOrder } from './so-far.ts'
import { EVENT, eventView } from './views.ts'

export const history = operation({
  name: 'history',
  summary: 'Lists every event of a run in order.',
  scope: 'read',
  input: {
    type: 'object',
    properties: { id: TASK_ID, organization: FOR_ORGANIZATION },
    required: ['id'],
    additionalProperties: false,
  },
  found: {
    type: 'object',
    properties: {
      task_id: { type: 'string', description: 'Identity of the run.' },
      run: { ...SUMMARY, description: 'The run as its events tell it, as a list of runs has it.' },
      events: { type: 'array', items: EVENT },
    },
    required: ['task_id', 'events'],
    additionalProperties: false,
  },
  problems: ['task_unknown', 'store_absent', 'store_unavailable'],
  async run(gateway, { id, organization }, caller) {
    const call = actingFor(caller, organization)
    if (call instanceof Problem) return call
    const store = gateway.history
    if (!store) return noHistory()
    const taskId = await taskIdOf(gateway, id, call)
    if (taskId instanceof Problem) return taskId
    const stored = await orAway(store.of(call.caller.organization, taskId))
    if (stored instanceof Problem) return stored
    const events = inOrder([...stored, ...gateway.feed.recent(call.caller.organization, taskId)])
    if (events.length === 0 && !runFor(gateway, id, call)) return unknownTask(id)
    const run = events.length > 0 && { run: summaryView(summaryNow(gateway, events)) }
    return found({ task_id: taskId, ...run, events: events.map(eventView) })
  },
})

export const noHistory = (): Problem =>
  new Problem('store_absent', { detail: 'No history is kept here: on Kafka it needs DATABASE_URL.' })

/** Of the id of a question, that of its newest run. */
export async function taskIdOf(gateway: Gateway, id: string, call: Call): Promise<string | Problem> {
  const run = runFor(gateway, id, call)
  if (run) return run.id
  if (gateway.feed.recent(call.caller.organization, id).length > 0) return id
  const answer = await orAway(storedAnswer(gateway, id, call))
  return answer instanceof Problem ? answer : (answer?.id ?? id)
}
