/** `GET /events`: what happens to all questions of the organisation, as it happens. */
import type { AllEvents } from '#pipelines/all-events.ts'
import { EVENT_KINDS, type TaskEvent } from '#stores/history.ts'
import { type Call, type Gateway, operation, type Sink } from '../operation.ts'
import { invalid } from '../problem.ts'
import { EVENT, eventView } from './views.ts'

export const allEvents = operation({
  name: 'events',
  summary: 'Streams the events of all questions of the organisation as they happen.',
  scope: 'read',
  input: {
    type: 'object',
    properties: {
      task_type: { type: 'string', pattern: '^[a-z_]+$', description: 'Of this task type alone.' },
      kind: {
        type: 'string',
        enum: EVENT_KINDS,
        description: 'Of this kind alone.',
      },
      last_event_id: {
        type: 'string',
        maxLength: 10_000,
        description:
          'The last event that the client has: the stream goes on behind it. From now on without one.',
      },
    },
    additionalProperties: false,
  },
  found: EVENT,
  isStream: true,
  problems: ['log_unavailable'],
  run(gateway, { last_event_id: lastId, ...wanted }, call) {
    const events = gateway.feed.all(call.caller.organization, lastId)
    if (!events)
      return invalid([{ pointer: '/last_event_id', reason: 'must be the id of an event of this stream' }])
    return { kind: 'stream', open: sink => stream(gateway, events, wanted, { call, sink }) }
  },
})

interface Wanted {
  readonly task_type?: string | undefined
  readonly kind?: string | undefined
}

const isWanted = ({ task_type: taskType, kind }: Wanted, event: TaskEvent): boolean =>
  (taskType === undefined || event.taskType === taskType) && (kind === undefined || event.kind === kind)

async function stream(
  { feed }: Gateway,
  events: AllEvents,
  wanted: Wanted,
  { call, sink }: { readonly call: Call; readonly sink: Sink },
): Promise<void> {
  const stop = () => sink.end('the gateway stops')
  feed.closed.addEventListener('abort', stop, { once: true })
  sink.onEnd(() => feed.closed.removeEventListener('abort', stop))
  const ending = await events.open(
    {
      event: (event, id) => {
        if (isWanted(wanted, event)) sink.send({ id, kind: event.kind, data: viewOf(event) })
      },
      gap: (reason, id) => sink.send({ id, kind: 'gap', data: { reason } }),
      ready: () => sink.ready(),
    },
    call.signal,
  )
  sink.onEnd(ending)
}

/** A batch is no task. */
const viewOf = (event: TaskEvent): object => ({
  ...(event.kind !== 'batch_completed' && { task_id: event.taskId, task_type: event.taskType }),
  ...eventView(event),
})
