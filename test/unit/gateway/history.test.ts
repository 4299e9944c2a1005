/** The history of one question through all its attempts is kept, listed, and streamed as it happens. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { realSystem } from '#core/system.ts'
import { urlOf } from '#gateway/http/server.ts'
import { EventFeed } from '#pipelines/event-feed.ts'
import { organizationOf } from '#stores/organization.ts'
import { SqliteHistory } from '#stores/sqlite/history.ts'
import { modelError, type ScriptedModel, scripted } from '../operators/values.ts'
import { asked, type Opened, openGateway, post, serverOf } from './open-gateway.ts'
import { openStream } from './streams.ts'
import { Switch, unsteadyHistory } from './unsteady-stores.ts'

/** A pod of a busy machine takes its time. */
const PATIENCE = { timeout: 20_000 }
const FUSE = { title: 'What is a fuse for?' }
const LATE = { taskId: 'late', taskType: 'qa', organization: organizationOf(''), at: 2, rank: 1, detail: {} }

let folder: string
let history: SqliteHistory
let database: Switch
let model: ScriptedModel
let opened: Opened
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caudal-history-'))
  history = new SqliteHistory({ path: join(folder, 'answers.db'), system: realSystem, keptMs: 86_400_000 })
  database = new Switch()
  model = scripted(modelError('timeout', { spent: true }), { text: 'It cuts the current.' })
  opened = await openGateway(model, { history: unsteadyHistory(history, database) })
})
afterEach(async () => {
  database.on()
  await opened[Symbol.asyncDispose]()
  history.close()
  rmSync(folder, { recursive: true, force: true })
})

type Events = readonly { readonly kind: string; readonly [field: string]: unknown }[]
const KINDS = ['accepted', 'call_failed', 'waiting', 'regenerated', 'scored', 'delivered']

async function answered(): Promise<string> {
  const { body } = await opened.ask(post('/query?wait=30s', FUSE))
  expect(body.state).toBe('delivered')
  return String(body.task_id)
}

const historyOf = async (id: string): Promise<Events> =>
  ((await opened.ask({ url: `/task/${id}/history` })).body.events ?? []) as Events

const whole = (id: string) =>
  vi.waitFor(async () => {
    const events = await historyOf(id)
    expect(events.map(({ kind }) => kind)).toEqual(KINDS)
    return events
  }, PATIENCE)

describe('GET /task/{id}/history', () => {
  it('lists each event once and in order, with error, wait, reply, scores and cost', async () => {
    const id = await answered()
    const [accepted, failed, waiting, generated, scored, delivered] = await whole(id)
    expect(accepted).toMatchObject({ title: FUSE.title })
    expect(failed).toMatchObject({ step: 'generate', attempt: 1, error_type: 'timeout' })
    expect(waiting).toMatchObject({ until: expect.any(Number) })
    expect(generated).toMatchObject({
      attempt: 2,
      reply: 'It cuts the current.',
      cost_usd: expect.any(Number),
    })
    expect(generated?.messages_digest).toMatch(/^[0-9a-f]{64}$/)
    expect(generated).not.toHaveProperty('messages')
    expect(scored).toMatchObject({ step: 'judge', scores: { exactness: expect.any(Number) } })
    expect(delivered).toMatchObject({ answer: 'It cuts the current.', attempts: 2 })
  })

  it('is complete although the database was away meanwhile, which delayed and failed nothing', async () => {
    database.off()
    const id = await answered()
    expect((await opened.ask({ url: `/task/${id}/history` })).body.code).toBe('store_unavailable')
    database.on()
    await whole(id)
    expect(await opened.running.deadLetters()).toEqual([])
  })

  it.each(['.', '..'])('knows the run %s, which no path can name, by the query', async id => {
    await opened.gateway.service.outcome(await opened.gateway.service.submit({ id, ...FUSE }))
    const { body } = await opened.ask({ url: `/tasks/history?id=${id}` })
    expect(body).toMatchObject({ task_id: id })
    expect((await opened.ask({ url: `/task?id=${id}` })).body).toMatchObject({ state: 'delivered' })
    const events = await opened.server.inject({ url: `/tasks/events?id=${id}` })
    expect(events.body).toContain('event: delivered')
  })

  it('knows no unknown run, and no run of another organisation', async () => {
    expect((await opened.ask({ url: '/task/nothing/history' })).body.code).toBe('task_unknown')
    const theirs = await opened.gateway.service.submit({ id: 'theirs', ...FUSE, organization_id: 'acme' })
    await opened.gateway.service.outcome(theirs)
    expect((await opened.ask({ url: '/task/theirs/history' })).body.code).toBe('task_unknown')
  })
})

describe('GET /task/{id}', () => {
  it('shows that a run whose call failed waits, until when, and what was tried', async () => {
    await opened[Symbol.asyncDispose]()
    opened = await openGateway(
      scripted(modelError('timeout')),
      { history },
      { retryBase: '1h', retryCap: '1h' },
    )
    const { body } = await opened.ask(post('/query', FUSE))
    await vi.waitFor(async () => {
      const task = await opened.ask({ url: `/task/${body.task_id}` })
      expect(task.body).toMatchObject({
        state: 'waiting',
        attempts: [
          { kind: 'call_failed', error_type: 'timeout' },
          { kind: 'waiting', until: expect.any(Number) },
        ],
      })
    }, PATIENCE)
  })
})

interface Streamed {
  readonly status: number
  readonly events: readonly { readonly id: string; readonly kind: string }[]
}

/** The stream, read to its end. */
async function streamed(id: string, lastId?: string): Promise<Streamed> {
  const headers = lastId === undefined ? {} : { 'last-event-id': lastId }
  const { statusCode: status, body } = await opened.server.inject({ url: `/task/${id}/events`, headers })
  const found = [...body.matchAll(/^id: (.*)\nevent: (.*)\ndata: (.*)\n\n/gm)]
  return { status, events: found.map(([, eventId = '', kind = '']) => ({ id: eventId, kind })) }
}

describe('GET /task/{id}/events', () => {
  it('streams each event as it happens, then ends', async () => {
    const { body } = await opened.ask(post('/query', FUSE))
    const { events } = await streamed(String(body.task_id))
    expect(events.map(({ kind }) => kind)).toEqual(KINDS)
  })

  it('continues behind any event without a gap or a repetition, and reports the end', async () => {
    const id = await answered()
    await whole(id)
    const { events } = await streamed(id)
    expect(events).toHaveLength(KINDS.length)
    for (const [index, { id: lastId }] of events.slice(0, -1).entries())
      expect((await streamed(id, lastId)).events).toEqual(events.slice(index + 1))
    expect(await streamed(id, events.at(-1)?.id)).toEqual({ status: 204, events: [] })
  })

  it('streams new events without a database', async () => {
    database.off()
    const { body } = await opened.ask(post('/query', FUSE))
    const { events } = await streamed(String(body.task_id))
    expect(events.at(-1)?.kind).toBe('delivered')
  })

  it('is refused while the database is away and no memory reaches back to its beginning', async () => {
    const { body } = await opened.ask(post('/query?wait=30s', FUSE))
    await whole(String(body.task_id))
    const { log, running, gateway } = opened
    using feed = new EventFeed({ log, plan: running.plan, system: realSystem })
    await feed.start()
    const later = serverOf({ ...gateway, feed })
    database.off()
    for (const url of [`/task/${body.task_id}/events`, `/task/${body.task_id}/history`]) {
      const refused = await asked(later, { url })
      expect([refused.status, refused.body.code, refused.headers['retry-after']]).toEqual([
        503,
        'store_unavailable',
        '1',
      ])
    }
  })

  it('shows the outcome behind events that are read later from other topics', async () => {
    const { feed, runs } = opened.gateway
    runs.add({ id: 'late', task_type: 'qa', ...FUSE, asked_at: 1 })
    const read = Promise.withResolvers<void>()
    vi.spyOn(feed, 'caughtUp').mockReturnValue(read.promise)
    const listening = vi.spyOn(feed, 'listen')
    using stream = await openStream(opened.server, { url: '/task/late/events' })
    const hear = listening.mock.calls[0]?.[2]
    for (const kind of ['delivered', 'scored'] as const) hear?.({ ...LATE, recordId: kind, kind }, false)
    read.resolve()
    const sent = await stream.until(events => events.some(({ kind }) => kind === 'delivered'))
    expect(sent.map(({ kind }) => kind)).toEqual(['scored', 'delivered'])
  })

  it('knows no task of another organisation', async () => {
    expect((await streamed('nothing')).status).toBe(404)
  })

  it('ends with a reason on a socket when the gateway stops, and keeps nothing of a client that has left', async () => {
    model = scripted()
    await opened.server.listen({ host: '127.0.0.1', port: 0 })
    const url = urlOf(opened.server)
    vi.spyOn(opened.gateway.feed, 'listen').mockReturnValue(() => undefined)
    const { body } = await opened.ask(post('/query', FUSE))
    const leaving = new AbortController()
    const left = await fetch(`${url}/task/${body.task_id}/events`, { signal: leaving.signal })
    expect(left.headers.get('content-type')).toContain('text/event-stream')
    leaving.abort()
    const response = await fetch(`${url}/task/${body.task_id}/events`)
    opened.gateway.feed[Symbol.dispose]()
    expect(await response.text()).toMatch(/event: end\ndata: {"reason":"the gateway stops"}/)
  })
})
