/** `GET /task/{id}/events`: what happens to a run, as it happens, until its end. */
import type { Tokens } from '#pipelines/token-feed.ts'
import type { TaskEvent } from '#stores/history.ts'
import { type Call, type Gateway, operation, type Sink } from '../operation.ts'
import { Problem } from '../problem.ts'
import { actingFor, FOR_ORGANIZATION } from './acting.ts'
import { taskIdOf } from './history.ts'
import { runFor, TASK_ID, unknownTask } from './runs.ts'
import { eventsSoFar } from './so-far.ts'
import { EVENT, eventView } from './views.ts'

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
  problems: ['task_unknown'],
  async run(gateway, { id, organization, last_event_id: lastId }, caller) {
    const call = actingFor(caller, organization)
    if (call instanceof Problem) return call
    const taskId = await taskIdOf(gateway, id, call)
    const known = await eventsSoFar(gateway, taskId, call)
    if (known.length === 0 && !runFor(gateway, id, call)) return unknownTask(id)
    // Browsers ask again by themselves, also behind the last event: then there is no more.
    if (known.some(event => event.recordId === lastId && isLast(event))) return { kind: 'over' }
    return { kind: 'stream', open: sink => stream(gateway, { taskId, lastId }, call, sink) }
  },
})

const isLast = ({ kind }: TaskEvent): boolean => kind === 'delivered' || kind === 'failed'

interface From {
  readonly taskId: string
  readonly lastId: string | undefined
}

/** It listens before it reads, so that no event is missed between; what it has sent, it knows by name. */
async function stream(gateway: Gateway, { taskId, lastId }: From, call: Call, sink: Sink): Promise<void> {
  const sent = new Set<string>()
  let early: TaskEvent[] | undefined = []
  const send = (event: TaskEvent) => {
    if (sent.has(event.recordId)) return
    sent.add(event.recordId)
    written.add(requestIdOf(event))
    sink.send({ id: event.recordId, kind: event.kind, data: eventView(event) })
    if (isLast(event)) sink.end()
  }
  const listener = (event: TaskEvent) => (early ? early.push(event) : send(event))
  const { feed, tokens } = gateway
  // Pieces of an answer that is there already would only come late.
  const written = new Set<unknown>()
  const stop = () => sink.end('the gateway stops')
  feed.closed.addEventListener('abort', stop, { once: true })
  sink.onEnd(() => feed.closed.removeEventListener('abort', stop))
  sink.onEnd(feed.listen(call.caller.organization, taskId, listener))
  const known = await eventsSoFar(gateway, taskId, call)
  for (const event of known) written.add(requestIdOf(event))
  const has = known.findIndex(({ recordId }) => recordId === lastId)
  for (const { recordId } of known.slice(0, has + 1)) sent.add(recordId)
  for (const event of known.slice(has + 1)) {
    send(event)
    await sink.ready()
  }
  for (const event of early) send(event)
  early = undefined
  const tell = (told: Tokens) => {
    if (!written.has(told.requestId)) sink.send({ kind: 'token', data: tokenView(told) })
  }
  sink.onEnd(tokens.listen(call.caller.organization, taskId, tell))
}

const requestIdOf = ({ detail }: TaskEvent): unknown =>
  'request_id' in detail ? detail.request_id : undefined

/** Nobody has judged it, and the delivered answer may be another. */
function tokenView({ requestId, attempt, number, at, text, isRestart }: Tokens): object {
  const facts = { kind: 'token', judged: false, attempt, request_id: requestId, number, at, text }
  return { ...facts, ...(isRestart && { restart: true }) }
}
