/** `GET /task/{id}/history`: everything that happened to a run, in order. */
import type { HistoryStore, TaskEvent } from '#stores/history.ts'
import { type Call, found, type Gateway, operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { unlessAway } from '../unless-away.ts'
import { storedAnswer } from './finding.ts'
import { runFor, TASK_ID, unknownTask } from './runs.ts'
import { EVENT, eventView } from './views.ts'

export const history = operation({
  name: 'history',
  summary: 'Lists every event of a run in order.',
  scope: 'read',
  input: { type: 'object', properties: { id: TASK_ID }, required: ['id'], additionalProperties: false },
  found: {
    type: 'object',
    properties: {
      task_id: { type: 'string', description: 'Identity of the run.' },
      events: { type: 'array', items: EVENT },
    },
    required: ['task_id', 'events'],
    additionalProperties: false,
  },
  problems: ['task_unknown', 'store_absent', 'store_unavailable'],
  async run(gateway, { id }, call) {
    const store = gateway.history
    if (!store) return noHistory()
    const taskId = await taskIdOf(gateway, id, call)
    const events = await eventsOf(store, taskId, call)
    if (events === undefined) return new Problem('store_unavailable', { retryAfterS: 1 })
    if (events.length === 0 && !runFor(gateway, id, call)) return unknownTask(id)
    return found({ task_id: taskId, events: events.map(eventView) })
  },
})

export const noHistory = (): Problem =>
  new Problem('store_absent', { detail: 'No history is kept here: on Kafka it needs DATABASE_URL.' })

/** Nothing while the database is away. */
export function eventsOf(
  store: HistoryStore,
  taskId: string,
  call: Call,
): Promise<readonly TaskEvent[] | undefined> {
  return unlessAway(store.of(call.caller.organization, taskId))
}

/** Of the id of a question, that of its newest run. */
export async function taskIdOf(gateway: Gateway, id: string, call: Call): Promise<string> {
  return runFor(gateway, id, call)?.id ?? (await storedAnswer(gateway, id, call))?.id ?? id
}
