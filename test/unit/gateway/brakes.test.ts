/** Brakes over HTTP: what they do to questions, who may set which, and what is written down. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { auditIn } from '#admin/audit.ts'
import type { BrakeWatch } from '#admin/brakes.ts'
import { FlowWatch } from '#admin/flow.ts'
import { silent } from '#core/loggers.ts'
import { realSystem } from '#core/system.ts'
import { PodReporting } from '#engine/client/pod-reporting.ts'
import { scripted } from '../operators/values.ts'
import { bearer, HeldKeys, keyOf, ringOf } from './held-keys.ts'
import { asked, type Opened, openGateway, post, serverOf } from './open-gateway.ts'

const PATIENCE = { timeout: 20_000 }

let opened: Opened
let brakes: BrakeWatch
let flow: FlowWatch
const model = scripted({ text: 'It cuts the current.' })
beforeAll(async () => {
  opened = await openGateway(model)
  const { log, running } = opened
  if (!opened.gateway.brakes) throw new TypeError('the gateway follows brakes')
  brakes = opened.gateway.brakes
  flow = new FlowWatch({ log, plan: running.plan, system: realSystem, brakes: () => brakes.inForce })
  await flow.start()
})
afterAll(async () => {
  flow[Symbol.dispose]()
  await opened[Symbol.asyncDispose]()
})

type Payload = Readonly<Record<string, unknown>>
const put = (scope: string, payload: Payload = { reason: 'too dear' }, headers = {}) =>
  ({ ...post(`/brakes/${encodeURIComponent(scope)}`, payload, headers), method: 'PUT' }) as const
const release = (scope: string, payload: Payload = { reason: 'paid' }, headers = {}) =>
  ({ ...post(`/brakes/${encodeURIComponent(scope)}`, payload, headers), method: 'DELETE' }) as const
const listed = async () => (await opened.ask({ url: '/brakes' })).body.brakes

describe('a brake over HTTP', () => {
  it('stops questions until it is released, is listed, and is recorded', async () => {
    expect(await listed()).toEqual([])
    const { status, body } = await opened.ask(put('task_type:qa'))
    expect([status, body]).toEqual([
      200,
      {
        scope: 'task_type:qa',
        reason: 'too dear',
        who: 'the user of this machine',
        since: expect.any(String),
      },
    ])
    expect(await listed()).toEqual([body])
    const waiting = await opened.ask(post('/query?wait=300ms', { title: 'What is a fuse for?' }))
    expect([waiting.status, model.calls.length]).toEqual([202, 0])
    const gone = await opened.ask(release('task_type:qa'))
    expect([gone.status, gone.body]).toEqual([200, { scope: 'task_type:qa', released: true }])
    expect(await listed()).toEqual([])
    const answered = await opened.ask({ url: `/task/${waiting.body.task_id}?wait=20s` })
    expect(answered.body).toMatchObject({ state: 'delivered' })
    expect(model.calls).toHaveLength(1)
    const common = { target: 'task_type:qa', who: 'the user of this machine', from: '127.0.0.1' }
    expect(await auditIn(opened.log)).toMatchObject([
      { ...common, action: 'brake_set', why: 'too dear' },
      { ...common, action: 'brake_released', why: 'paid' },
    ])
  })

  it('is the reason that GET /flow names while the brake is set', async () => {
    await using reporting = new PodReporting(opened.running, {
      ...{ log: opened.log, logger: silent, release: '1.2.3' },
    })
    reporting.start()
    await opened.ask(put('everything'))
    await vi.waitFor(
      () =>
        expect(flow.now.bottleneck).toMatchObject({
          ...{ code: 'braked', values: { scope: 'everything', reason: 'too dear' } },
        }),
      PATIENCE,
    )
    expect(brakes.inForce).toMatchObject([{ scope: 'everything' }])
    await opened.ask(release('everything'))
    expect(brakes.inForce).toEqual([])
    await vi.waitFor(() => expect(flow.now.bottleneck.code).not.toBe('braked'), PATIENCE)
  })

  it('ends at its time, and is then listed no more', async () => {
    const until = new Date(Date.now() + 400).toISOString()
    expect((await opened.ask(put('everything', { reason: 'a moment', until }))).body).toMatchObject({ until })
    expect(await listed()).toHaveLength(1)
    await vi.waitFor(async () => expect(await listed()).toEqual([]), PATIENCE)
  })

  it('cannot be released when it is not set', async () => {
    const { status, body } = await opened.ask(release('everything'))
    expect([status, body]).toEqual([200, { scope: 'everything', released: false }])
  })

  it.each([
    ['all', {}, '/scope'],
    ['*', {}, '/scope'],
    ['constructor', {}, '/scope'],
    ['model:', {}, '/scope'],
    ['everything', { reason: '' }, '/reason'],
    ['everything', { reason: ' \n' }, '/reason'],
    ['everything', { reason: 'x'.repeat(501) }, '/reason'],
    ['everything', { until: 'tomorrow' }, '/until'],
    ['everything', { until: '2001-01-01T00:00:00Z' }, '/until'],
    ['everything', { who: 'somebody else' }, '/who'],
  ])('on %s with %j is refused, with its faults', async (scope, more, pointer) => {
    const { status, body } = await opened.ask(put(scope, { reason: 'too dear', ...more }))
    expect([status, JSON.stringify(body.faults)]).toEqual([400, expect.stringContaining(pointer)])
    expect(await listed()).toEqual([])
  })
})

describe('a brake of an organisation', () => {
  const withKeys = async () => {
    const held = new HeldKeys()
    held.set(
      keyOf('caudal_acme', 'acme', ['read', 'operate']),
      keyOf('caudal_reader', 'acme', ['read']),
      keyOf('caudal_other', 'other', ['read', 'operate']),
    )
    return serverOf(opened.gateway, await ringOf(held))
  }

  it('concerns that organisation alone', async () => {
    const server = await withKeys()
    const key = bearer('caudal_acme')
    for (const scope of ['everything', 'task_type:qa', 'model:dear', 'organization:other', 'organization:']) {
      const refused = await asked(server, put(scope, undefined, key))
      expect([refused.status, refused.body.code]).toEqual([403, 'brake_refused'])
      expect((await asked(server, release(scope, undefined, key))).body.code).toBe('brake_refused')
    }
    expect(
      (await asked(server, put('organization:acme', undefined, bearer('caudal_reader')))).body.code,
    ).toBe('scope_missing')
    const set = await asked(server, put('organization:acme', undefined, key))
    expect(set.body).toMatchObject({
      scope: 'organization:acme',
      who: expect.stringMatching(/^key [0-9a-f]{12}$/),
    })
    expect((await auditIn(opened.log)).at(-1)).toMatchObject({ organization: 'acme', who: set.body.who })
    expect((await asked(server, release('organization:acme', undefined, key))).body.released).toBe(true)
  })

  it('neither releases nor replaces a brake of an operator on that organisation', async () => {
    const server = await withKeys()
    const key = bearer('caudal_acme')
    await opened.ask(put('organization:acme', { reason: 'asks in a loop' }))
    for (const change of [put, release]) {
      const { status, body } = await asked(server, change('organization:acme', undefined, key))
      expect([status, body.code]).toEqual([403, 'brake_refused'])
      expect(body.detail).toContain('asks in a loop')
    }
    expect(await listed()).toMatchObject([{ scope: 'organization:acme', reason: 'asks in a loop' }])
    expect((await opened.ask(release('organization:acme'))).body.released).toBe(true)
    // Once it is free again, the organisation stops and starts itself as before, and an operator may do so too.
    for (const reason of ['too dear', 'far too dear'])
      expect((await asked(server, put('organization:acme', { reason }, key))).status).toBe(200)
    expect((await opened.ask(release('organization:acme'))).body.released).toBe(true)
  })

  it('is listed for that organisation alone, with the operator’s brakes that stop its questions', async () => {
    const server = await withKeys()
    await opened.ask(put('organization:acme', { reason: 'Ada-2718' }))
    await opened.ask(put('organization:', { reason: 'Ada-3141' }))
    await opened.ask(put('model:dear'))
    const scopes = async (key: string) => {
      const { body } = await asked(server, { url: '/brakes', headers: bearer(key) })
      return (body.brakes as readonly { readonly scope: string }[]).map(({ scope }) => scope)
    }
    expect(await scopes('caudal_reader')).toEqual(['model:dear', 'organization:acme'])
    expect(await scopes('caudal_other')).toEqual(['model:dear'])
    for (const scope of ['organization:acme', 'organization:', 'model:dear']) await opened.ask(release(scope))
  })
})
