/**
 * The property of two organisations. One has asked; the other calls every route with every id of the first. No reply has a
 * byte of the first: not its texts, and nothing by which an id that exists differs from one that does not.
 */
import type { FastifyInstance, InjectOptions } from 'fastify'
import { hasFields, placesOf } from '#gateway/http/input.ts'
import { type HttpRoute, pathFields, ROUTES } from '#gateway/http/routes.ts'
import { settle } from '../models/manual-time.ts'
import { bearer } from './held-keys.ts'
import { asked, post } from './open-gateway.ts'
import { openStream } from './streams.ts'
import { openClient } from './web-sockets.ts'

/** What the first organisation has, by the field of an input that it could be sent in. */
export type Belongings = Readonly<Record<string, readonly unknown[]>>

export interface Asked {
  readonly belongings: Belongings
  /** Texts that nobody else may read. */
  readonly secrets: readonly string[]
}

export const MINE = 'caudal_mine'
export const THEIRS = 'caudal_theirs'

/** Both organisations ask the first two; what is secret of them is the reply. */
const SHARED = 'What does a fuse do?'
const TEXT = 'The parcel came late.'
const OWN = { title: 'Why does the relay of Ada-2718 click?', content: 'It is the one of Ada-3141.' }
const QUESTIONS = [{ title: SHARED }, OWN]

/** The first organisation asks by every way in, and is shown what it has. */
export async function questionsAsked(
  server: FastifyInstance,
  organization: string,
  key = MINE,
): Promise<Asked> {
  const headers = bearer(key)
  const ids: string[] = []
  for (const [index, question] of QUESTIONS.entries()) {
    const { body } = await asked(
      server,
      post('/query?wait=30s', question, { ...headers, 'idempotency-key': `ada-order-${index}` }),
    )
    ids.push(String(body.id), String(body.task_id))
  }
  const processed = await asked(server, post('/process', { text: TEXT, task_type: 'summarization' }, headers))
  ids.push(String(processed.body.id), String(processed.body.task_id))
  const events: string[] = []
  for (const id of ids) {
    const { body } = await server.inject({ url: `/task/${id}/events`, headers })
    events.push(...[...body.matchAll(/^id: (.*)$/gm)].map(([, eventId = '']) => eventId))
  }
  const batch = await asked(server, post('/batch', [OWN, { title: 'Ada-1414?' }], headers))
  ids.push(String(batch.body.batch_id))
  const session = await asked(server, post('/sessions', { user: 'Ada-1732', data: {} }, headers))
  ids.push(String(session.body.id))
  const page = await asked(server, { url: '/answers?limit=1', headers })
  return {
    belongings: {
      id: ids,
      last_event_id: [...new Set(events)],
      cursor: [String(page.body.next)],
      title: [SHARED],
      text: [TEXT],
      q: ['Ada', 'reply'],
      idempotency_key: ['ada-order-0', 'ada-order-1'],
      prefix: [`q:${ids[0]}`, 'q:', 'batch:'],
      items: [[{ title: SHARED }]],
      messages: [SHARED, TEXT].map(content => [{ role: 'user', content }]),
      organization: [organization],
      scope: [`organization:${organization}`],
    },
    secrets: [...ids, ...events, 'Ada-'],
  }
}

/** A field that belongs to nobody. A field that stands in neither table is a new one: it must be put into one of them. */
const COMMON: Belongings = {
  task_type: ['summarization'],
  since: ['1970-01-01T00:00:00Z'],
  limit: ['200'],
  kind: ['delivered'],
  by: ['organization'],
  user: ['Grace'],
  model: ['caudal/qa'],
  data: [{}],
  version: [1],
  reason: ['why not'],
  per_second: [10],
  token: ['x'],
  ids: [[]],
  groups: [['x']],
  group: ['x'],
  instead_of: ['1'],
  a: ['1'],
  b: ['1+1'],
  topic: ['datos_procesados', 'no.such.topic'],
  operator: ['admit', 'nobody'],
  stage: ['generate'],
  key: ['order-7'],
  sample: [{ task_type: 'qa', count: 5 }],
  candidate: [{ threshold: 1 }],
  ceiling_usd: [1],
  estimate_only: [true],
}
const LEFT_OUT = [
  ...['content', 'best_answer', 'fresh', 'stream', 'stream_options', 'n', 'callback', 'wait', 'below'],
  // They narrow a list further.
  ...['state', 'until', 'above_usd', 'attempts', 'error_type', 'prompt_version', 'from', 'to'],
  ...['paid_from', 'paid_to', 'paid_for', 'a_model', 'b_model'],
  // They say where in a topic or a state, which none of them sees.
  ...['partition', 'record_key', 'filter', 'whole'],
]

type Input = Readonly<Record<string, unknown>>

/** Every combination of what the fields may be. */
function inputsOf({ operation }: HttpRoute, belongings: Belongings): readonly Input[] {
  const { properties, required = [] } = operation.input
  return Object.keys(properties)
    .filter(name => !LEFT_OUT.includes(name))
    .reduce<readonly Input[]>(
      (inputs, name) => {
        const values = belongings[name] ?? COMMON[name]
        if (!values) throw new TypeError(`no value is known for the field ${name}: say whose it is`)
        const given = inputs.flatMap(input => values.map(value => ({ ...input, [name]: value })))
        return required.includes(name) ? given : inputs.concat(given)
      },
      [{}],
    )
}

function requestOf(route: HttpRoute, input: Input): InjectOptions {
  const path = new Set(pathFields(route))
  const { query = [], headers: names = {} } = route
  const url = route.path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(input[name])))
  const named = Object.entries(input).filter(([name]) => query.includes(name))
  const search = new URLSearchParams(Object.fromEntries(named.map(([name, value]) => [name, String(value)])))
  const headers: Record<string, string> = { ...bearer(THEIRS) }
  const body: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(input)) {
    const header = names[name]
    if (header !== undefined) headers[header] = String(value)
    else if (!path.has(name) && !query.includes(name)) body[name] = value
  }
  const address = search.size > 0 ? `${url}?${search}` : url
  const { method, wholeBody } = route
  return hasFields(placesOf(route).body)
    ? { ...post(address, wholeBody === undefined ? body : body[wholeBody], headers), method }
    : { method, url: address, headers }
}

const OF_EACH_REPLY = ['set-cookie', 'x-request-id', 'traceparent', 'date', 'content-length', 'connection']

/** Its own words come back to a caller, and names that are made for each request differ. */
function said(reply: { readonly body: string; readonly headers: object }, input: Input): string {
  const headers = Object.entries(reply.headers).filter(([name]) => !OF_EACH_REPLY.includes(name))
  const text = JSON.stringify(headers) + reply.body.replace(/"trace_id":"\w+"/, '')
  const words = Object.values(input).filter(value => typeof value === 'string')
  return words.reduce((rest, value) => rest.replaceAll(value, '…'), text)
}

interface Reply {
  readonly statusCode: number
  readonly headers: object
  readonly body: string
}

/** Of a stream that has no end, what comes at once. */
async function replyTo(server: FastifyInstance, route: HttpRoute, input: Input): Promise<Reply> {
  const request = requestOf(route, input)
  if (!route.operation.isStream) return server.inject(request)
  using stream = await openStream(server, request)
  for (let turn = 0; turn < 20; turn++) await settle()
  return { statusCode: stream.status, headers: stream.headers, body: stream.text() }
}

const NOBODYS = 'a'.repeat(64)

/** What the second organisation learns of the first; nothing where each sees its own alone. */
export async function leaksOf(server: FastifyInstance, { belongings, secrets }: Asked): Promise<string[]> {
  const leaks: string[] = []
  for (const route of ROUTES) {
    // An open stream of all events has no end: it has a test of its own.
    if (route.operation.isStream && pathFields(route).length === 0) continue
    for (const input of inputsOf(route, belongings)) {
      const name = `${route.method} ${route.path} ${JSON.stringify(input)}`
      const reply = await replyTo(server, route, input)
      const text = said(reply, input)
      if (secrets.some(secret => text.includes(secret))) leaks.push(`${name} shows a text`)
      if (input.id === undefined) continue
      const absent = { ...input, id: NOBODYS }
      const other = await replyTo(server, route, absent)
      const differs = other.statusCode !== reply.statusCode || said(other, absent) !== text
      if (differs) leaks.push(`${name} tells that there is such an id: ${reply.statusCode}`)
    }
  }
  return leaks
}

/** The same of the streams of a WebSocket: with every id and every event that the first organisation has. */
export async function webSocketLeaksOf(url: string, { belongings, secrets }: Asked): Promise<string[]> {
  const ids = [...(belongings.id ?? []), NOBODYS]
  const [, last] = belongings.last_event_id ?? []
  const inputs = [
    ...ids.map(id => ({ stream: 'task_events', input: { id } })),
    ...ids.map(id => ({ stream: 'task_events', input: { id, last_event_id: last } })),
    { stream: 'events', input: {} },
  ]
  const said: string[] = []
  for (const { stream, input } of inputs) {
    const client = await openClient(`${url}/ws`, bearer(THEIRS))
    client.send({ type: 'subscribe', id: 'a', stream, input })
    await client.until(received => received.length > 0)
    client.send({ type: 'ping' })
    const received = await client.until(all => all.some(({ type }) => type === 'pong'))
    client.close()
    await client.closed
    const text = JSON.stringify(received)
    said.push('id' in input ? text.replaceAll(String(input.id), '…') : text)
  }
  const shown = said.filter(text => secrets.some(secret => text.includes(secret)))
  const replies = new Set(said.slice(0, ids.length))
  return replies.size > 1 ? [...shown, ...replies] : shown
}
