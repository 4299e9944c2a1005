/** Failures over HTTP: grouped by cause, shown whole, and sent again as the preview has shown, once each. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { auditIn } from '#admin/audit.ts'
import { likenessOf } from '#admin/failure-groups.ts'
import { failuresIn, replayFailures } from '#admin/failures.ts'
import { TOPICS } from '#answers/topics.ts'
import { Values } from '#answers/values.ts'
import { NO_HEADERS } from '#core/record.ts'
import { realSystem } from '#core/system.ts'
import { readAll } from '#engine/log/read-topic.ts'
import type { Model } from '#models/model.ts'
import { modelError, REPLY } from '../operators/values.ts'
import { bearer, HeldKeys, keyOf, ringOf } from './held-keys.ts'
import { asked, type Opened, openGateway, post, serverOf } from './open-gateway.ts'

const PATIENCE = { timeout: 20_000 }

let opened: Opened
/** Whether the provider refuses. */
let isBroken: boolean
let answered: string[]
beforeEach(async () => {
  isBroken = true
  answered = []
  const model: Model = {
    async complete(_, { requestId }) {
      if (isBroken) throw modelError('other', { spent: true })
      answered.push(requestId)
      return REPLY
    },
  }
  opened = await openGateway(model, {}, { attemptsMax: 1 })
})
afterEach(() => opened[Symbol.asyncDispose]())

type Row = Readonly<Record<string, unknown>>

const groups = async () => (await opened.ask({ url: '/failures' })).body.groups as readonly Row[]
const deliveries = async () => {
  const ids: string[] = []
  await readAll(opened.log, TOPICS.delivered, ({ key, value }) => {
    if (value) ids.push(String(key))
  })
  return ids
}

async function fail(count: number): Promise<void> {
  const before = (await groups()).reduce((sum, group) => sum + Number(group.count), 0)
  for (let n = 0; n < count; n += 1)
    await opened.ask(post('/query', { title: `Question ${before + n} of Ada?` }))
  await vi.waitFor(async () => {
    const counts = (await groups()).map(group => Number(group.count))
    expect(counts.reduce((sum, each) => sum + each, 0)).toBe(before + count)
  }, PATIENCE)
}

/** Shows all of the only group, and gives the token that sends it. */
async function previewed(): Promise<unknown> {
  const [group] = await groups()
  return (await opened.ask(post('/failures/previews', { groups: [group?.group] }))).body.token
}

const started = async (token: unknown, per_second: number) =>
  (await opened.ask(post('/failures/replays', { token, per_second, reason: 'again' }))).body

const replays = async () => (await opened.ask({ url: '/failures/replays' })).body.replays

async function spoil(event: object = { title: 7 }): Promise<void> {
  const record = {
    key: Buffer.from('k'),
    value: Buffer.from(JSON.stringify(event)),
    headers: NO_HEADERS,
    timestamp: 1,
  }
  await opened.log.append([{ topic: TOPICS.raw, partition: 0, records: [record] }])
  await vi.waitFor(
    async () => expect((await groups()).map(({ kind }) => kind)).toContain('invalid'),
    PATIENCE,
  )
}

describe('failed questions', () => {
  it('are one group where they have one cause, and each is shown whole', async () => {
    expect(await groups()).toEqual([])
    await fail(3)
    await spoil()
    const [first, second] = await groups()
    expect(first).toMatchObject({
      ...{ kind: 'failed', node: 'retry', code: 'other', count: 3, lately: 3, can_replay: true },
      likeness: '… call failed, the last by other: it was other',
    })
    expect(second).toMatchObject({
      kind: 'invalid',
      node: 'ingest',
      code: 'invalid_input',
      count: 1,
      can_replay: false,
    })
    const { body } = await opened.ask({ url: `/failures/${first?.group}` })
    expect(body.failures).toHaveLength(3)
    expect(JSON.stringify(body)).toContain('Question 2 of Ada?')
    expect((await opened.ask({ url: '/failures/none' })).body.code).toBe('failure_unknown')
  })

  it('are sent again once as their preview has shown, and the replay is recorded', async () => {
    await fail(5)
    await spoil()
    const all = (await groups()).map(({ group }) => group)
    const preview = await opened.ask(post('/failures/previews', { groups: all }))
    expect(preview.body).toMatchObject({
      ...{
        count: 5,
        left_out: 1,
        estimate_usd: 0,
        unestimated: 5,
        topics: [{ topic: 'llm.requests', count: 5 }],
      },
    })
    // What fails after the preview is not part of it.
    await fail(2)
    isBroken = false
    const order = { token: preview.body.token, per_second: 1_000, reason: 'the provider is back' }
    const started = await opened.ask(post('/failures/replays', order))
    expect(started.body).toMatchObject({ state: 'running', total: 5, per_second: 1_000 })
    expect((await opened.ask(post('/failures/replays', order))).body.code).toBe('failure_unknown')
    await vi.waitFor(async () => {
      const { body } = await opened.ask({ url: '/failures/replays' })
      expect(body.replays).toMatchObject([{ id: started.body.id, state: 'done', sent: 5 }])
      expect(await deliveries()).toHaveLength(5)
    }, PATIENCE)
    expect(new Set(await deliveries()).size).toBe(5)
    expect(new Set(answered).size).toBe(answered.length)
    await vi.waitFor(async () => expect((await groups()).map(({ count }) => count)).toEqual([2, 1]), PATIENCE)
    expect(await auditIn(opened.log)).toMatchObject([
      { action: 'failures_replayed', why: 'the provider is back', details: { count: 5, per_second: 1_000 } },
    ])
  })

  it('are not sent by an earlier preview after another replay has sent them', async () => {
    await fail(2)
    const [group] = await groups()
    const previews = [1, 2].map(() => opened.ask(post('/failures/previews', { groups: [group?.group] })))
    const [one, other] = await Promise.all(previews)
    isBroken = false
    const start = (token: unknown) =>
      opened.ask(post('/failures/replays', { token, per_second: 1_000, reason: 'again' }))
    await start(one?.body.token)
    await vi.waitFor(async () => expect(await deliveries()).toHaveLength(2), PATIENCE)
    expect((await start(other?.body.token)).body).toMatchObject({ total: 0 })
  })

  it('are sent, bought and delivered once by replays of the same moment', async () => {
    await fail(12)
    isBroken = false
    const access = {
      log: opened.log,
      plan: opened.running.plan,
      values: new Values(opened.running.plan),
      isOwn: false,
    }
    const kept = await failuresIn(access)
    const options = { application: opened.running.plan.application, system: realSystem, piece: 2 }
    const done = await Promise.all([1, 2, 3].map(() => replayFailures(opened.log, kept, options)))
    const count = (of: 'sent' | 'leftOut') => done.reduce((sum, each) => sum + each[of], 0)
    expect([count('sent'), count('leftOut')]).toEqual([12, 24])
    await vi.waitFor(async () => expect(await deliveries()).toHaveLength(12), PATIENCE)
    expect(new Set(answered).size).toBe(answered.length)
  })

  it('are not sent by a second replay while a running replay holds them', async () => {
    await fail(6)
    const [slow, quick] = [await previewed(), await previewed()]
    isBroken = false
    expect(await started(slow, 4)).toMatchObject({ total: 6, left_out: 0 })
    expect(await started(quick, 1_000)).toMatchObject({ total: 0, left_out: 6 })
    await vi.waitFor(async () => {
      const [second, first] = [
        { sent: 0, left_out: 6 },
        { state: 'done', sent: 6, left_out: 0 },
      ]
      expect(await replays()).toMatchObject([second, first])
      expect(await deliveries()).toHaveLength(6)
    }, PATIENCE)
    expect(new Set(answered).size).toBe(answered.length)
  })

  it('are left out and counted while another process sends them', async () => {
    await fail(6)
    const token = await previewed()
    isBroken = false
    expect(await started(token, 2)).toMatchObject({ total: 6 })
    await vi.waitFor(async () => expect(await replays()).toMatchObject([{ sent: 1 }]), PATIENCE)
    const { log, running } = opened
    const access = { log, plan: running.plan, values: new Values(running.plan), isOwn: false }
    // It has reserved nothing in the gateway, as another process has not.
    const options = { application: running.plan.application, system: realSystem }
    const { sent } = await replayFailures(log, await failuresIn(access), options)
    expect(sent).toBeGreaterThan(0)
    await vi.waitFor(async () => {
      expect(await replays()).toMatchObject([{ state: 'done', sent: 6 - sent, left_out: sent }])
      expect(await deliveries()).toHaveLength(6)
    }, PATIENCE)
    expect(new Set(answered).size).toBe(answered.length)
  })

  it('are sent at the rate of their replay, and no more once the replay is stopped', async () => {
    await fail(6)
    const { body } = await opened.ask(
      post('/failures/previews', { groups: (await groups()).map(({ group }) => group) }),
    )
    const order = { token: body.token, per_second: 1, reason: 'slowly' }
    const { body: started } = await opened.ask(post('/failures/replays', order))
    const stopped = await opened.ask({ method: 'DELETE', url: `/failures/replays/${started.id}` })
    expect(stopped.body).toMatchObject({ state: 'stopped', total: 6 })
    expect(Number(stopped.body.sent)).toBeLessThan(6)
    expect((await opened.ask({ method: 'DELETE', url: '/failures/replays/none' })).body.code).toBe(
      'failure_unknown',
    )
  })

  it('that are no events belong to the organisation that the event names', async () => {
    await spoil()
    await spoil({ title: 8, organization_id: 'acme' })
    const held = new HeldKeys()
    held.set(keyOf('caudal_acme', 'acme', ['operate']))
    const server = serverOf(opened.gateway, await ringOf(held))
    const seen = async () => (await asked(server, { url: '/failures', headers: bearer('caudal_acme') })).body
    await vi.waitFor(async () => expect(await seen()).toMatchObject({ total: 1 }), PATIENCE)
    expect(await seen()).toMatchObject({ groups: [{ kind: 'invalid', count: 1 }] })
  })

  it('of another organisation are neither shown nor sent', async () => {
    await fail(1)
    const held = new HeldKeys()
    held.set(keyOf('caudal_acme', 'acme', ['ask', 'operate']), keyOf('caudal_reader', 'acme', ['read']))
    const server = serverOf(opened.gateway, await ringOf(held))
    const headers = bearer('caudal_acme')
    const [group] = await groups()
    const seen = await asked(server, { url: '/failures', headers })
    expect(seen.body).toMatchObject({ groups: [], total: 0 })
    expect((await asked(server, { url: `/failures/${group?.group}`, headers })).body.code).toBe(
      'failure_unknown',
    )
    const theirs = await asked(server, post('/failures/previews', { groups: [group?.group] }, headers))
    expect(theirs.body).toMatchObject({ count: 0 })
    const mine = await opened.ask(post('/failures/previews', { groups: [group?.group] }))
    const order = { token: mine.body.token, per_second: 1, reason: 'not mine' }
    expect((await asked(server, post('/failures/replays', order, headers))).body.code).toBe('failure_unknown')
    expect((await asked(server, { url: '/failures', headers: bearer('caudal_reader') })).body.code).toBe(
      'scope_missing',
    )
    await asked(server, post('/query', { title: 'Whose is it?' }, headers))
    await vi.waitFor(async () => {
      const { body } = await asked(server, { url: '/failures', headers })
      expect(body).toMatchObject({ total: 1 })
    }, PATIENCE)
  })
})

it.each([
  ['question 7 failed', 'question 81 failed'],
  ['no "acme" here', 'no "globex" here'],
  ['at http://a.example/1?x=2', 'at https://b.example/'],
  ['id 5f0c9e7b-0000-4000-8000-000000000001 is gone', 'id 6a1d9e7b-1111-4111-8111-000000000002 is gone'],
])('messages that differ only in their subject are alike: %s', (one, other) => {
  expect(likenessOf(one)).toBe(likenessOf(other))
})

it('messages of different causes are not alike', () => {
  expect(likenessOf('the key is wrong')).not.toBe(likenessOf('the model is gone'))
})
