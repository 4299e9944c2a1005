/** A caller is called back: which endpoints are taken, and what a real one receives. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { silent } from '#core/loggers.ts'
import { realSystem } from '#core/system.ts'
import { SqliteHistory } from '#stores/sqlite/history.ts'
import { AddressRules } from '#webhooks/addresses.ts'
import { bookRules } from '#webhooks/callback-rules.ts'
import { GatedCaller } from '#webhooks/gated-caller.ts'
import { HttpCaller } from '#webhooks/http-caller.ts'
import type { CallbackRules } from '#webhooks/webhook.ts'
import { scripted } from '../operators/values.ts'
import { optionsOf, SECRET } from '../webhooks/caller-checks.ts'
import { isSignedWith, type Receiver, startReceiver, status } from '../webhooks/receiver.ts'
import { type Opened, openGateway, post, serverOf } from './open-gateway.ts'
import { openStream } from './streams.ts'

const PATIENCE = { timeout: 20_000 }
const FUSE = { title: 'What is a fuse for?' }
const book = { secretsOf: async (organization: string) => (organization === '' ? [SECRET] : []) }

let history: SqliteHistory
let receiver: Receiver
let opened: Opened
beforeEach(async () => {
  receiver = await startReceiver()
  history = new SqliteHistory({ path: ':memory:', system: realSystem, keptMs: 86_400_000 })
  const addresses = new AddressRules(['127.0.0.1'])
  const caller = new HttpCaller(optionsOf({ addresses }))
  const webhooks = {
    caller: new GatedCaller(caller, { system: realSystem, logger: silent }),
    subscriptions: { endpointsOf: async () => [] },
    waits: [1, 1],
  }
  opened = await openGateway(scripted({ text: 'It cuts the current.' }), { history }, { webhooks })
  withRules(bookRules(book, addresses))
})
afterEach(async () => {
  await opened[Symbol.asyncDispose]()
  history.close()
  await receiver[Symbol.asyncDispose]()
})

let server: ReturnType<typeof serverOf>
function withRules(callbacks: CallbackRules | undefined) {
  server = serverOf({ ...opened.gateway, callbacks })
}
const ask = async (url: string, payload: object) => {
  const { statusCode, body } = await server.inject(post(url, payload))
  return { status: statusCode, body: JSON.parse(body) }
}

describe('the callback of a question', () => {
  it('is called once, signed over its bytes, and the history holds the call', async () => {
    const { status: code, body } = await ask('/query', { ...FUSE, callback: receiver.url('/hook') })
    expect(code).toBe(202)
    await vi.waitFor(() => expect(receiver.received).toHaveLength(1), PATIENCE)
    const [received] = receiver.received
    expect(received && isSignedWith(SECRET, received)).toBe(true)
    expect(JSON.parse(String(received?.body))).toMatchObject({
      type: 'answer.delivered',
      data: { id: body.id, task_id: body.task_id, answer: 'It cuts the current.' },
    })
    const kinds = async () => {
      const { events } = JSON.parse((await server.inject(`/task/${body.task_id}/history`)).body)
      return events.map(({ kind }: { readonly kind: string }) => kind)
    }
    await vi.waitFor(async () => expect(await kinds()).toContain('webhook_delivered'), PATIENCE)
    expect((await kinds()).at(-1)).toBe('webhook_delivered')
    const run = JSON.parse((await server.inject(`/task/${body.task_id}/history`)).body).run
    expect(run).toMatchObject({ state: 'delivered', ended_at: expect.any(String) })
    expect(receiver.received).toHaveLength(1)
  })

  it('is called for a text as well, and called again after a failure under the same identity', async () => {
    receiver.answer = (response, nth) =>
      status(nth === 1 ? 500 : 204)(response, nth, receiver.received[0] as never)
    const text = { text: 'The shop was kind.', task_type: 'summarization', callback: receiver.url('/') }
    expect((await ask('/process', text)).status).toBe(202)
    await vi.waitFor(() => expect(receiver.received).toHaveLength(2), PATIENCE)
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect(new Set(receiver.received.map(({ body }) => String(body))).size).toBe(1)
  })

  it('is refused where its address cannot be called, and no question is put in', async () => {
    const append = vi.spyOn(opened.log, 'append')
    for (const [callback, reason] of [
      ['http://10.0.0.1/', 'address inside'],
      ['http://169.254.169.254/latest/meta-data', 'address inside'],
      ['https://[::1]/', 'address inside'],
      ['http://2130706434/', 'address inside'],
      ['http://93.184.216.34/', 'must begin with https://'],
      ['ftp://acme.example/', 'must begin with https:// or http://'],
      ['https://ada:secret@acme.example/', 'no user and no password'],
      ['acme.example/hook', 'no address of HTTP'],
      ['https://acme.example/\ud800', 'no address of HTTP'],
      ['https://acme.example/ hook', 'no address of HTTP'],
    ]) {
      const { status: code, body } = await ask('/query', { ...FUSE, callback })
      expect(code, callback).toBe(400)
      expect(body.faults).toEqual([{ pointer: '/callback', reason: expect.stringContaining(reason ?? '') }])
    }
    const topics = append.mock.calls.flatMap(([batches]) => batches.map(({ topic }) => topic))
    expect(topics).not.toContain('datos_crudos')
  })

  it('is refused where webhooks are off, and where no secret can sign', async () => {
    withRules(undefined)
    const off = await ask('/query', { ...FUSE, callback: receiver.url('/') })
    expect(off.body.faults[0].reason).toContain('set WEBHOOKS_FILE')
    withRules(bookRules({ secretsOf: async () => [] }, new AddressRules(['127.0.0.1'])))
    const unsigned = await ask('/query', { ...FUSE, callback: receiver.url('/') })
    expect(unsigned.body.faults[0].reason).toContain('has no secret')
  })

  it('is a fault where it is no text', async () => {
    expect((await ask('/query', { ...FUSE, callback: 7 })).body.faults[0].pointer).toBe('/callback')
  })
})

const hit = () => receiver.received.map(({ path, body }) => [path, JSON.parse(String(body)).type])

describe('a caller who joins a question under way', () => {
  it('has its own callback called', async () => {
    const asked = await Promise.all(
      ['/one', '/two'].map(path => ask('/query', { ...FUSE, callback: receiver.url(path) })),
    )
    expect(asked.map(({ body }) => body.joined)).toEqual([undefined, true])
    await vi.waitFor(() => expect(receiver.received).toHaveLength(2), PATIENCE)
    expect(hit().sort()).toEqual([
      ['/one', 'answer.delivered'],
      ['/two', 'answer.delivered'],
    ])
  })
})

describe('a batch with a callback', () => {
  it('is complete with its last outcome: the stream has an event, and the endpoint is called', async () => {
    using stream = await openStream(server, { url: '/events' })
    await ask('/query', { title: 'What is a valve for?' })
    const items = [
      FUSE,
      FUSE,
      { title: 'What is a valve for?' },
      { title: '' },
      { title: 'What is a coil for?' },
    ]
    const { statusCode, body } = await server.inject(
      post('/batch', items, { 'webhook-callback': receiver.url('/batch') }),
    )
    expect(statusCode).toBe(202)
    const { batch_id } = JSON.parse(body)
    const figures = { batch_id, accepted: 4, rejected: 1, runs: 3, delivered: 3, failed: 0 }
    const sent = await stream.until(all => all.some(({ kind }) => kind === 'batch_completed'))
    expect(sent.filter(({ kind }) => kind === 'batch_completed').map(({ data }) => data)).toEqual([
      { kind: 'batch_completed', at: expect.any(String), ...figures },
    ])
    await vi.waitFor(() => expect(hit()).toEqual([['/batch', 'batch.completed']]), PATIENCE)
    expect(JSON.parse(String(receiver.received[0]?.body)).data).toEqual(figures)
  })

  it('is refused where its endpoint cannot be called', async () => {
    const { statusCode, body } = await server.inject(
      post('/batch', [FUSE], { 'webhook-callback': 'http://10.0.0.1/' }),
    )
    expect(statusCode).toBe(400)
    expect(JSON.parse(body).faults).toMatchObject([{ pointer: '/callback' }])
  })
})
