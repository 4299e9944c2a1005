/** `GET /task/{id}/events`: what happens to a run, as it happens, until its end. */
import { operation } from '../operation.ts'
import { orAway } from '../or-away.ts'
import { Problem } from '../problem.ts'
import { actingFor, FOR_ORGANIZATION } from './acting.ts'
import { taskIdOf } from './history.ts'
import { runFor, TASK_ID, unknownTask } from './runs.ts'
import { eventsSoFar, outcomeIn } from './so-far.ts'
import { TaskStream } from './task-stream.ts'
import { EVENT } from './views.ts'

export const taskEvents = operation({
  name: 'task_events',
  summary: 'Streams the events of a run, those that were first, until it is delivered or has failed.',
  scope: 'read',
  input: {
    type: 'object',
    properties: {
      id: TASK_ID,
      organization: FOR_ORGANIZATION,
      last_event_id: {
        type: 'string',
        maxLength: 1_000,
        description: 'The last event that the client has: the stream goes on behind it.',
      },
    },
    required: ['id'],
    additionalProperties: false,
  },
  found: {
    ...EVENT,
    properties: {
      ...EVENT.properties,
      kind: { ...EVENT.properties.kind, enum: [...EVENT.properties.kind.enum, 'token'] },
    },
    required: ['kind'],
  },
  isStream: true,
  problems: ['task_unknown', 'store_unavailable'],
  async run(gateway, { id, organization, last_event_id: lastId }, caller) {
    const call = actingFor(caller, organization)
    if (call instanceof Problem) return call
    const taskId = await taskIdOf(gateway, id, call)
    if (taskId instanceof Problem) return taskId
    const known = await orAway(eventsSoFar(gateway, taskId, call))
    if (known instanceof Problem) return known
    if (known.length === 0 && !runFor(gateway, id, call)) return unknownTask(id)
    // Browsers ask again by themselves, also behind the last event: then there is no more.
    const outcome = outcomeIn(known)
    if (outcome && outcome.recordId === lastId) return { kind: 'over' }
    return { kind: 'stream', open: sink => new TaskStream(gateway, taskId, call, sink).open(lastId) }
  },
})
