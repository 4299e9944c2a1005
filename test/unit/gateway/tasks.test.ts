/** Runs listed, what they cost, and how records flow: what the console asks for. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { FlowWatch } from '#admin/flow.ts'
import { realSystem } from '#core/system.ts'
import { organizationOf } from '#stores/organization.ts'
import { SqliteHistory } from '#stores/sqlite/history.ts'
import { event } from '../../conformance/history-store.ts'
import { modelError, scripted } from '../operators/values.ts'
import { type Opened, openGateway, post } from './open-gateway.ts'
import { Switch, unsteadyHistory } from './unsteady-stores.ts'

const PATIENCE = { timeout: 20_000 }

let folder: string
let history: SqliteHistory
let database: Switch
let opened: Opened
let flow: FlowWatch
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caudal-tasks-'))
  history = new SqliteHistory({
    path: join(folder, 'answers.db'),
    system: realSystem,
    keptMs: 86_400_000_000,
  })
  database = new Switch()
  const model = scripted(modelError('timeout', { spent: true }), { text: 'It cuts the current.' })
  opened = await openGateway(model, { history: unsteadyHistory(history, database) })
  const { log, running } = opened
  flow = new FlowWatch({ log, plan: running.plan, system: realSystem })
  await flow.start()
  Object.assign(opened.gateway, { flow })
})
afterAll(async () => {
  flow[Symbol.dispose]()
  await opened[Symbol.asyncDispose]()
  history.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Listed {
  readonly tasks: readonly Readonly<Record<string, unknown>>[]
  readonly looked_at: number
  readonly next?: string
}

const listed = async (query = '') => {
  const { status, body } = await opened.ask({ url: `/tasks${query}` })
  expect([status, body.detail]).toEqual([200, undefined])
  return body as unknown as Listed // The schema says so, and the expectation above that it is one.
}

describe('GET /tasks', () => {
  it('lists a run in its states with attempts, score and cost, as its history has them', async () => {
    const { body } = await opened.ask(post('/query?wait=30s', { title: 'What is a fuse for?' }))
    const id = String(body.task_id)
    const run = await vi.waitFor(async () => {
      const { tasks } = await listed(`?q=${encodeURIComponent(id)}`)
      expect(tasks).toMatchObject([{ task_id: id, state: 'delivered' }])
      return tasks[0]
    }, PATIENCE)
    expect(run).toMatchObject({
      ...{ title: 'What is a fuse for?', task_type: 'qa', organization: '' },
      ...{ error_attempts: 1, quality_attempts: 1, error_types: ['timeout'], final: expect.any(Number) },
      ...{ cost_usd: expect.any(Number), unpriced: 0, ended_at: expect.any(String) },
    })
    const whole = await opened.ask({ url: `/task/${id}/history` })
    expect(whole.body.run).toEqual(run)
  })

  it('pages by cursor with each run once, and narrows by the fields of events', async () => {
    const runs = Array.from({ length: 7 }, (_, n) => [
      event({
        ...ids(n),
        rank: 0,
        kind: 'accepted',
        at: 1_000 + n,
        detail: { title: `Paged ${n}`, task_type: 'qa' },
      }),
      event({
        ...ids(n),
        recordId: `verdict-${n}`,
        kind: 'scored',
        at: 2_000 + n,
        detail: { attempt: 1, final: n },
      }),
    ])
    await history.append(runs.flat())
    const seen: unknown[] = []
    for (let next: string | undefined = ''; next !== undefined; ) {
      const page: Listed = await listed(`?q=PAGED&limit=3${next === '' ? '' : `&cursor=${next}`}`)
      seen.push(...page.tasks.map(({ title }) => title))
      next = page.next
    }
    expect(seen).toEqual([6, 5, 4, 3, 2, 1, 0].map(n => `Paged ${n}`))
    const low = await listed('?q=paged&below=2&limit=3')
    expect(low.tasks.map(({ title }) => title)).toEqual(['Paged 1', 'Paged 0'])
    expect(low.looked_at).toBe(7)
    expect((await listed('?q=paged&state=delivered')).tasks).toEqual([])
    expect((await listed('?q=paged&organization=other')).tasks).toEqual([])
    expect((await listed('?q=paged&organization=acme&attempts=1')).tasks).toHaveLength(7)
  })

  it.each([
    'limit=0',
    'limit=201',
    'since=yesterday',
    'since=-271821-04-20T00:00:00Z',
    'until=%2B010000-01-01T00:00:00Z',
    'model=a%00',
    'until=x',
    'cursor=x',
    'below=-1',
    'state=odd',
    'q=',
  ])('refuses %s by its name', async query => {
    const { status, body } = await opened.ask({ url: `/tasks?${query}` })
    expect(status).toBe(400)
    expect(body.faults).toEqual([{ pointer: `/${query.split('=')[0]}`, reason: expect.any(String) }])
  })

  it('reports a database that is away, and works again once the database is back', async () => {
    database.off()
    for (const url of ['/tasks', '/costs'])
      expect((await opened.ask({ url })).body.code).toBe('store_unavailable')
    database.on()
    expect((await opened.ask({ url: '/tasks' })).status).toBe(200)
  })
})

const ids = (n: number) => ({
  recordId: `first-${n}`,
  taskId: `paged-${n}`,
  organization: organizationOf('acme'),
})

describe('GET /costs', () => {
  it('adds up the costs of calls, and counts calls of unknown price apart', async () => {
    const call = (recordId: string, detail: object, more = {}) =>
      event({
        ...{ recordId, taskId: 'dear', organization: organizationOf('costly'), at: 5_000 },
        detail: { tokens_prompt: 10, tokens_completion: 5, model: 'm', ...detail },
        ...more,
      })
    await history.append([
      call('c1', { cost_usd: 0.1 }),
      call('c2', { cost_usd: 0.2 }, { kind: 'scored' }),
      call('c3', {}, { kind: 'regenerated' }),
      call('c4', { cost_usd: 0.4 }, { kind: 'call_failed' }),
      call('c5', { cost_usd: 0.8 }, { taskId: 'lost' }),
      call('c6', { reason: 'attempts_used_up' }, { taskId: 'lost', kind: 'failed', rank: 9 }),
    ])
    const range = 'organization=costly&from=1970-01-01T00:00:05Z&to=1970-01-01T00:00:06Z'
    const by = async (key: string) => (await opened.ask({ url: `/costs?by=${key}&${range}` })).body.costs
    expect(await by('organization')).toEqual([
      {
        ...{ key: 'costly', calls: 5, tokens: 75, unpriced: 1 },
        ...{ usd: expect.closeTo(1.5, 9), usd_undelivered: expect.closeTo(1.2, 9) },
      },
    ])
    expect(await by('attempt')).toMatchObject([
      { key: 'first', calls: 2, usd: expect.closeTo(0.9, 9) },
      { key: 'failed', usd: 0.4 },
      { key: 'judged', usd: 0.2 },
      { key: 'again', usd: 0, unpriced: 1 },
    ])
    expect(await by('model')).toMatchObject([{ key: 'm', calls: 5 }])
  })

  it.each(['by=colour', 'from=x', 'to=x'])('refuses %s by its name', async query => {
    const { status, body } = await opened.ask({ url: `/costs?${query}` })
    expect([status, body.faults]).toMatchObject([400, [{ pointer: `/${query.split('=')[0]}` }]])
  })
})

describe('GET /flow', () => {
  it('shows the graph, past and present figures, and the reason that holds the flow up', async () => {
    const reply = await opened.server.inject({ url: '/flow', payloadAsStream: true })
    let text = ''
    for await (const chunk of reply.stream()) {
      text += chunk
      if (/event: flow\n.*\n\n/.test(text)) break
    }
    const data = (kind: string) =>
      JSON.parse(new RegExp(`event: ${kind}\ndata: (.*)\n`).exec(text)?.[1] ?? '{}')
    const names = data('graph').stages.map(({ name }: { readonly name: string }) => name)
    expect(names).toEqual(expect.arrayContaining(['ingest', 'generate', 'score', 'deliver', 'delay']))
    expect(data('graph').edges).toContainEqual({ from: 'retry', to: 'delay', kind: 'delays' })
    expect(data('past')).toMatchObject({ at: expect.any(Array) })
    // No pod reports here: what it says must not look like figures.
    expect(data('flow')).toMatchObject({ pods: [], heardAgoMs: null, bottleneck: { code: 'no_pods' } })
  })

  it('streams to twenty clients at most', async () => {
    const leave = Array.from({ length: 20 }, () => flow.listen(() => {}))
    expect((await opened.ask({ url: '/flow' })).body.code).toBe('too_many_streams')
    for (const each of leave) each()
  })
})
