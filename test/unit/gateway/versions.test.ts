/** What the answers of each prompt version came to, and two versions compared by the questions that both have answered. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { auditIn } from '#admin/audit.ts'
import { changesIn, changeTaskType } from '#admin/task-configs.ts'
import { changeName } from '#answers/change-name.ts'
import { Values } from '#answers/values.ts'
import { realSystem } from '#core/system.ts'
import { SCOPES } from '#gateway/keys.ts'
import type { StoredAnswer } from '#stores/answers.ts'
import { organizationOf } from '#stores/organization.ts'
import { SqliteAnswers } from '#stores/sqlite/answers.ts'
import { answer } from '../../conformance/answer-store.ts'
import { scripted } from '../operators/values.ts'
import { bearer, HeldKeys, keyOf, ringOf } from './held-keys.ts'
import { asked, type Opened, openGateway, post, serverOf } from './open-gateway.ts'
import { Switch, unsteadyAnswers } from './unsteady-stores.ts'

const reasoned = { actor: { who: 'a person', from: 'a test' }, why: 'it is tried', details: () => ({}) }
const NOBODY = organizationOf(undefined)
const ACME = organizationOf('acme')
const NOW = realSystem.now()
const ALL = 'from=1970-01-01T00:00:00Z'
const SCORES = { exactness: 8, completeness: 7, clarity: 9, concision: 10, usefulness: 6 }
const hash = (n: number) => n.toString(16).padStart(64, '0')

let folder: string
let store: SqliteAnswers
let opened: Opened
const database = new Switch()
let count = 0
const of = (promptVersion: string, final: number, more: Partial<StoredAnswer> = {}): StoredAnswer =>
  answer({
    ...{ id: `run-${count++}`, organization: NOBODY, promptVersion, final, scores: SCORES },
    ...{ questionHash: hash(1_000 + count), deliveredAt: NOW - 60_000, askedAt: NOW - 62_000, ...more },
  })

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caudal-versions-'))
  store = new SqliteAnswers({ path: join(folder, 'answers.db'), system: realSystem })
  opened = await openGateway(scripted({ text: 'Fine.' }), { answers: unsteadyAnswers(store, database) })
  await store.save([
    ...Array.from({ length: 50 }, (_, n) => of('1', 8 + (n % 2), { questionHash: hash(n) })),
    ...[3, 6, 9].map((final, n) =>
      of('1+1', final, { questionHash: hash(n), belowThreshold: final < 6, costUsd: undefined }),
    ),
    of('1', 5, { organization: ACME, model: 'theirs' }),
    of('1', 5, { deliveredAt: NOW - 30 * 86_400_000, model: 'old' }),
  ])
})
afterAll(async () => {
  await opened[Symbol.asyncDispose]()
  store.close()
  rmSync(folder, { recursive: true, force: true })
})
afterEach(() => database.on())

interface Version {
  readonly prompt_version: string
  readonly model: string
  readonly [field: string]: unknown
}

async function listed(query = ''): Promise<readonly Version[]> {
  const { status, body } = await opened.ask({ url: `/versions?organization=&${query}` })
  expect(status).toBe(200)
  return body.versions as readonly Version[]
}

describe('GET /versions', () => {
  it('shows the answers of the last week, each version with means, intervals and distributions', async () => {
    const rows = await listed()
    expect(rows.map(row => [row.prompt_version, row.model, row.answers, row.few])).toEqual([
      ['1', 'simulated', 50, false],
      ['1+1', 'simulated', 3, true],
    ])
    // Mean 8.5, s = 0.50508, t(49) = 2.0096: 8.5 ± 0.14354.
    const marks = rows[0]?.marks as Record<string, { mean: number; interval: number[]; bins: number[] }>
    expect(marks.final).toMatchObject({ mean: 8.5, bins: [0, 0, 0, 0, 0, 0, 0, 0, 25, 25] })
    expect(marks.final?.interval[0]).toBeCloseTo(8.35646, 4)
    expect(marks.exactness?.mean).toBe(8)
    expect(rows[0]).toMatchObject({
      latency_ms: { mean: 2_000, p50: 2_000, p95: 2_000 },
      attempts: { mean: 3 },
    })
  })

  it('shows no cost where no price is known, never 0, and gives the share below the threshold an interval', async () => {
    const [first, second] = await listed()
    expect(second?.cost_usd).toEqual({ unpriced: 3 })
    expect(first?.cost_usd).toMatchObject({
      mean: expect.closeTo(0.00125, 9),
      total: expect.closeTo(0.0625, 9),
    })
    expect(second?.below_threshold).toMatchObject({ count: 1, share: 1 / 3 })
    const { interval } = (second?.below_threshold ?? {}) as { interval?: number[] }
    const [low = 1, high = 0] = interval ?? []
    expect(low).toBeCloseTo(0.0615, 3)
    expect(high).toBeCloseTo(0.7923, 3)
  })

  it('shows which version was live when, in slices that hold each answer once', async () => {
    const { body } = await opened.ask({ url: `/versions?organization=&${ALL}` })
    const live = body.live as { from: string; width_ms: number; slices: { slice: number; answers: number }[] }
    expect(Date.parse(live.from)).toBe(NOW - 30 * 86_400_000)
    expect(live.slices.reduce((sum, { answers }) => sum + answers, 0)).toBe(54)
    expect(Math.max(...live.slices.map(({ slice }) => slice))).toBeLessThan(60)
  })

  it('covers all organisations for a caller who may see all, or the named one, over any time', async () => {
    const { body } = await opened.ask({ url: '/versions' })
    expect((body.versions as readonly Version[]).map(({ model }) => model)).toContain('theirs')
    expect((await listed()).map(({ model }) => model)).not.toContain('theirs')
    expect((await listed(ALL)).map(({ model }) => model)).toContain('old')
    expect(await listed('task_type=moderation')).toEqual([])
  })

  it('covers the organisation of the key alone', async () => {
    const held = new HeldKeys()
    held.set(keyOf('caudal_mine', ACME, ['read']))
    const server = serverOf(opened.gateway, await ringOf(held))
    const { body } = await asked(server, { url: '/versions?organization=', headers: bearer('caudal_mine') })
    expect((body.versions as readonly Version[]).map(({ model }) => model)).toEqual(['theirs'])
    await server.close()
  })

  it.each(['from=yesterday', 'to=x', 'task_type=A'])('refuses %s by its name', async query => {
    const { status, body } = await opened.ask({ url: `/versions?${query}` })
    expect(status).toBe(400)
    expect(body.faults).toEqual([{ pointer: `/${query.split('=')[0]}`, reason: expect.any(String) }])
  })

  it('reports a database that is away', async () => {
    database.off()
    expect((await opened.ask({ url: '/versions' })).body.code).toBe('store_unavailable')
  })
})

interface Pair {
  readonly id: string
  readonly change: number
  readonly a: { readonly final: number; readonly task_id: string }
  readonly b: { readonly final: number }
}

const COMPARED = '/versions/compare?task_type=qa&a=1&b=1%2B1'

describe('GET /versions/compare', () => {
  it('pairs the questions that both versions answered, the worst first, with the mean change and its interval', async () => {
    const { body } = await opened.ask({ url: COMPARED })
    const pairs = body.pairs as readonly Pair[]
    expect(pairs.map(({ change, a, b }) => [change, a.final, b.final])).toEqual([
      [-5, 8, 3],
      [-3, 9, 6],
      [1, 8, 9],
    ])
    expect(pairs[0]?.a).toMatchObject({ title: 'What is a fuse for?', answer: 'It cuts the current.' })
    const together = body.together as { change: { final: { mean: number; interval: number[] } } }
    expect(together).toMatchObject({ pairs: 3, few: true, better: 1, worse: 2, same: 0, unpriced: 3 })
    // Mean -7/3, s = 3.0551, t(2) = 4.3027: ± 7.5892.
    expect(together.change.final.mean).toBeCloseTo(-2.3333, 3)
    expect(together.change.final.interval[0]).toBeCloseTo(-9.9226, 3)
    expect(together).toMatchObject({ cost_change_usd: {} })
  })

  it('continues page by page, and keeps the time of the first page', async () => {
    const first = await opened.ask({ url: `${COMPARED}&limit=2` })
    await store.save([of('1+1', 0, { questionHash: hash(2), deliveredAt: realSystem.now() })])
    const second = await opened.ask({ url: `${COMPARED}&limit=2&cursor=${first.body.next}` })
    expect((second.body.pairs as readonly Pair[]).map(({ change }) => change)).toEqual([1])
    expect([second.body.next, second.body.to]).toEqual([undefined, first.body.to])
  })

  it.each([
    ['b', 'task_type=qa&a=1&b=1'],
    ['limit', 'task_type=qa&a=1&b=2&limit=0'],
    ['cursor', 'task_type=qa&a=1&b=2&cursor=W10'],
    ['from', 'task_type=qa&a=1&b=2&from=x'],
    ['a', 'task_type=qa&b=2'],
  ])('refuses a fault of %s by its name', async (name, query) => {
    const { status, body } = await opened.ask({ url: `/versions/compare?${query}` })
    expect(status).toBe(400)
    expect(body.faults).toEqual([{ pointer: `/${name}`, reason: expect.any(String) }])
  })

  it('compares two models of one version, and finds no pair without a common question', async () => {
    const { body } = await opened.ask({
      url: `/versions/compare?task_type=qa&a=1&b=1&a_model=simulated&b_model=old&${ALL}`,
    })
    expect(body).toMatchObject({ pairs: [], together: { pairs: 0, change: { final: {} } } })
  })
})

describe('the prompts of compared versions', () => {
  const changed = async (config: object) => {
    const values = new Values(opened.running.plan)
    const options = { log: opened.log, values, system: realSystem, reasoned }
    return changeName(await changeTaskType(options, 'qa', config))
  }
  const textsOf = async (a: string, b: string, taskType = 'qa') => {
    const query = new URLSearchParams({ task_type: taskType, a, b })
    return (await opened.ask({ url: `/versions/compare?${query}` })).body.texts as Record<'a' | 'b', object>
  }

  it('are shown where the declaration is the same and the topic has the change', async () => {
    const name = await changed({ system: 'Be brief.', threshold: 7 })
    const { a, b } = await textsOf('1', `1+${name}`)
    expect((await textsOf('1', '1+1')).b).toEqual(b)
    expect(a).toMatchObject({ known: true, settings: { system: expect.stringMatching(/^You answer/) } })
    expect(a).not.toHaveProperty('settings.threshold')
    expect(b).toMatchObject({
      known: true,
      settings: { system: 'Be brief.', threshold: 7, temperature: 0.3 },
    })
  })

  it('are marked as unknown where the topic has lost the change, or another release declared them', async () => {
    expect(await textsOf('1+99', '7')).toMatchObject({
      a: { known: false, why: 'removed' },
      b: { known: false, why: 'other_declaration' },
    })
    expect((await textsOf('1', '2', 'nothing')).a).toEqual({ known: false, why: 'no_task_type' })
  })

  it('are each known where two changes have the same number, but not by that number alone', async () => {
    const one = await changed({ version: 5, system: 'One.' })
    const other = await changed({ version: 5, system: 'Other.' })
    expect(await textsOf(`1+${one}`, `1+${other}`)).toMatchObject({
      a: { known: true, settings: { system: 'One.' } },
      b: { known: true, settings: { system: 'Other.' } },
    })
    expect((await textsOf('1', '1+5')).b).toEqual({ known: false, why: 'ambiguous' })
  })

  it('are unknown where the change that has the number says something else', async () => {
    await changed({ version: 70, system: 'Now.' })
    expect((await textsOf('1', '1+70.00000000')).b).toEqual({ known: false, why: 'removed' })
  })

  it('are hidden from a key that may not see every organisation', async () => {
    const held = new HeldKeys()
    held.set(keyOf('caudal_mine', ACME, SCOPES))
    const server = serverOf(opened.gateway, await ringOf(held))
    const { status, body } = await asked(server, { url: COMPARED, headers: bearer('caudal_mine') })
    expect([status, body.texts]).toEqual([200, undefined])
    await server.close()
  })
})

describe('PUT /versions/live', () => {
  /** In the order in which they were live. */
  const versions: string[] = []
  const live = async () => {
    const { body } = await opened.ask({ url: '/versions/compare?task_type=sentiment&a=1&b=2' })
    return (body.texts as { readonly live: string }).live
  }
  const made = (order: object, headers: Record<string, string> = {}) => {
    const whole = { task_type: 'sentiment', reason: 'it answers better', ...order }
    return { ...post('/versions/live', whole, headers), method: 'PUT' as const }
  }
  const change = (config: object) => {
    const values = new Values(opened.running.plan)
    const options = { log: opened.log, values, system: realSystem, reasoned }
    return changeTaskType(options, 'sentiment', config).then(held => `1+${changeName(held)}`)
  }

  it('writes a known change again under a new number, and takes it back for the declared version', async () => {
    versions.push(await change({ system: 'First.', threshold: 7 }), await change({ system: 'Second.' }))
    const [first = '', second = ''] = versions
    expect(await live()).toBe(second)
    const back = await opened.ask(made({ version: first, instead_of: second }))
    const { version } = back.body as { readonly version: string }
    versions.push(version)
    expect([back.status, back.body]).toEqual([200, { task_type: 'sentiment', version }])
    expect(versions).not.toContain('1')
    expect(new Set(versions).size).toBe(3)
    expect(await live()).toBe(version)
    const changes = await changesIn(opened.log, new Values(opened.running.plan))
    expect(changes.get('sentiment')?.config).toMatchObject({ system: 'First.', threshold: 7 })
    const declared = await opened.ask(made({ version: '1', instead_of: version }))
    expect(declared.body).toMatchObject({ version: '1' })
    expect(await live()).toBe('1')
  })

  it('writes down who did it, when, why and from where, with both versions', async () => {
    const entries = (await auditIn(opened.log)).filter(({ from }) => from === '127.0.0.1')
    const [first, second, third] = versions
    expect(entries).toMatchObject([
      { target: 'sentiment', why: 'it answers better', details: { version: first, instead_of: second } },
      { who: expect.any(String), from: '127.0.0.1', details: { version: '1', instead_of: third } },
    ])
  })

  it('changes nothing where another one is live than the caller has seen, or nobody knows the texts', async () => {
    const before = await auditIn(opened.log)
    expect((await opened.ask(made({ version: '1+1', instead_of: '1+9' }))).body.code).toBe('version_changed')
    expect((await opened.ask(made({ version: '1+99', instead_of: '1' }))).body.code).toBe('version_unknown')
    expect((await opened.ask(made({ version: '1', instead_of: '1', reason: ' ' }))).status).toBe(400)
    expect(await auditIn(opened.log)).toEqual(before)
    expect(await live()).toBe('1')
  })

  it('is refused for a key of an organisation, and for one that may not operate', async () => {
    const held = new HeldKeys()
    held.set(keyOf('caudal_mine', ACME, SCOPES), keyOf('caudal_reads', ACME, ['read']))
    const server = serverOf(opened.gateway, await ringOf(held))
    const order = { version: '1', instead_of: '1' }
    const codes = ['caudal_mine', 'caudal_reads'].map(
      async key => (await asked(server, made(order, bearer(key)))).body.code,
    )
    expect(await Promise.all(codes)).toEqual(['version_refused', 'scope_missing'])
    await server.close()
  })
})
