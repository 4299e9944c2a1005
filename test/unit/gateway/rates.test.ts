/** Limits: requests by key, questions by organisation, and what several gateways make of them. */
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { unavailable } from '#core/errors.ts'
import { Problem } from '#gateway/problem.ts'
import { type RateOptions, Rates } from '#gateway/rates.ts'
import { organizationOf } from '#stores/organization.ts'
import type { RateCounter } from '#stores/rate-counter.ts'
import { manualTime } from '../models/manual-time.ts'
import { scripted } from '../operators/values.ts'
import { bearer, HeldKeys, keyOf, ringOf } from './held-keys.ts'
import { asked, type Opened, openGateway, post, serverOf } from './open-gateway.ts'

const ONE = bearer('caudal_one')
const SECOND = bearer('caudal_second')
const GLOBEX = bearer('caudal_globex')
const ALL = ['ask', 'read'] as const
const held = new HeldKeys()
held.set(
  keyOf('caudal_one', 'acme', ALL),
  keyOf('caudal_second', 'acme', ALL),
  keyOf('caudal_globex', 'globex', ALL),
)

let time = manualTime()
let opened: Opened
beforeAll(async () => {
  opened = await openGateway(scripted({ text: 'Fine.' }))
})
afterAll(() => opened[Symbol.asyncDispose]())
beforeEach(() => {
  time = manualTime()
})

/** A count that several gateways share, as Redis keeps it. */
function sharedCounter(): RateCounter & { away: boolean } {
  const totals = new Map<string, number>()
  return {
    away: false,
    async add(key, count, windowMs) {
      if (this.away) throw unavailable('switched off', Promise.resolve())
      const total = (totals.get(key) ?? 0) + count
      totals.set(key, total)
      return { total, resetMs: windowMs }
    },
  }
}

async function gateway(
  more: Partial<RateOptions>,
  proxies: readonly string[] = [],
): Promise<FastifyInstance> {
  const rates = new Rates({
    ...{ requestsAMinute: 0, questionsADay: 0, shared: undefined, gateways: () => 1, system: time },
    ...more,
  })
  return serverOf(opened.gateway, await ringOf(held, time), rates, { trustedProxies: proxies })
}

const look = (server: FastifyInstance, headers: Record<string, string>, remoteAddress = '127.0.0.1') =>
  asked(server, { url: '/task/x', headers, remoteAddress })

/** How many of so many requests were let in. */
async function letIn(count: number, servers: readonly FastifyInstance[], headers = ONE): Promise<number> {
  const replies = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      look(servers[index % servers.length] ?? opened.server, headers),
    ),
  )
  return replies.filter(({ status }) => status !== 429).length
}

describe('the limit of requests', () => {
  it('holds for each key, is named in headers, and ends with the minute', async () => {
    const server = await gateway({ requestsAMinute: 3 })
    const first = await look(server, ONE)
    expect(first.headers).toMatchObject({ 'ratelimit-limit': '3', 'ratelimit-remaining': '2' })
    expect(await letIn(4, [server])).toBe(2)
    const { status, body, headers } = await look(server, ONE)
    expect([status, body.code, body.type]).toEqual([429, 'rate_limited', 'urn:caudal:problem:rate_limited'])
    expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    expect((await look(server, SECOND)).status).toBe(404)
    await time.advance(60_001)
    expect((await look(server, ONE)).status).toBe(404)
  })

  it('counts requests without a key by their address, so that nobody can try keys at will', async () => {
    const server = await gateway({ requestsAMinute: 2 })
    for (const expected of [401, 401, 429])
      expect((await look(server, bearer('caudal_x'))).status).toBe(expected)
    expect((await look(server, {}, '127.0.0.2')).status).toBe(401)
  })

  it('counts IPv6 addresses by their network of 64 bits, and IPv4 addresses each for itself', async () => {
    const server = await gateway({ requestsAMinute: 1 })
    const statuses = async (addresses: readonly string[]) => {
      const replies: number[] = []
      for (const address of addresses) replies.push((await look(server, bearer('caudal_x'), address)).status)
      return replies
    }
    const same = ['2001:db8::1', '2001:db8::ffff:2', '2001:db8:0:0:1:2:3:4', '2001:DB8:0::9%eth0']
    expect(await statuses(same)).toEqual([401, 429, 429, 429])
    expect(await statuses(['2001:db8:0:1::1', '2001:db8:1::1', '::1'])).toEqual([401, 401, 401])
    expect(await statuses(['::ffff:192.0.2.7', '192.0.2.7', '::ffff:192.0.2.8'])).toEqual([401, 429, 401])
  })

  it('distinguishes callers behind a trusted proxy', async () => {
    const from = (address: string) => ({ ...bearer('caudal_x'), 'x-forwarded-for': address })
    const behind = await gateway({ requestsAMinute: 1 }, ['10.0.0.0/8'])
    for (const expected of [401, 429])
      expect((await look(behind, from('192.0.2.1'), '10.1.2.3')).status).toBe(expected)
    expect((await look(behind, from('192.0.2.2'), '10.1.2.3')).status).toBe(401)
    // What a caller says of itself stands before what the proxy says.
    expect((await look(behind, from('192.0.2.9, 192.0.2.2'), '10.1.2.3')).status).toBe(429)
    const open = await gateway({ requestsAMinute: 1 })
    expect((await look(open, from('192.0.2.1'), '10.1.2.3')).status).toBe(401)
    expect((await look(open, from('192.0.2.2'), '10.1.2.3')).status).toBe(429)
    expect((await look(behind, from('192.0.2.3'), '192.0.2.99')).status).toBe(401)
    expect((await look(behind, from('192.0.2.4'), '192.0.2.99')).status).toBe(429)
  })

  it('is one limit for all gateways with a shared count', async () => {
    const shared = sharedCounter()
    const servers = [
      await gateway({ requestsAMinute: 5, shared }),
      await gateway({ requestsAMinute: 5, shared }),
    ]
    expect(await letIn(20, servers)).toBe(5)
  })

  it('is divided among the gateways without a shared count, and while that count is away', async () => {
    const gateways = () => 3
    const servers = await Promise.all([1, 2, 3].map(() => gateway({ requestsAMinute: 9, gateways })))
    expect(await letIn(60, servers)).toBe(9)
    const shared = sharedCounter()
    shared.away = true
    const others = await Promise.all([1, 2, 3].map(() => gateway({ requestsAMinute: 9, gateways, shared })))
    expect(await letIn(60, others)).toBe(9)
  })
})

describe('the quota of questions', () => {
  const ask = (server: FastifyInstance, title: string, headers = ONE) =>
    asked(server, post('/query', { title }, headers))

  it('holds for an organisation with all its keys until midnight', async () => {
    const server = await gateway({ questionsADay: 2 })
    expect((await ask(server, 'One?')).status).toBe(202)
    expect((await ask(server, 'Two?', SECOND)).status).toBe(202)
    const { status, body, headers } = await ask(server, 'Three?')
    expect([status, body.code]).toEqual([429, 'quota_used_up'])
    expect(Number(headers['retry-after'])).toBe(Math.ceil((86_400_000 - (time.now() % 86_400_000)) / 1_000))
    expect((await ask(server, 'One?', GLOBEX)).status).toBe(202)
    expect((await look(server, ONE)).status).toBe(404)
    await time.advance(86_400_000)
    expect((await ask(server, 'Three?')).status).toBe(202)
  })

  it('is not forgotten although many addresses have asked since', async () => {
    const options = { requestsAMinute: 9, questionsADay: 2, shared: undefined, gateways: () => 1 }
    const rates = new Rates({ ...options, system: time })
    const acme = organizationOf('acme')
    expect(await rates.questions(acme, 2)).not.toBeInstanceOf(Problem)
    for (let nth = 0; nth <= 50_000; nth++) await rates.request(`address ${nth}`)
    expect(await rates.questions(acme, 1)).toBeInstanceOf(Problem)
  })

  it('lets in no more questions than it has left, and a batch as a whole or not at all', async () => {
    const server = await gateway({ questionsADay: 5 })
    const items = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ title: `Item ${index}?` }))
    const batch = (count: number) => asked(server, post('/batch', items(count), ONE))
    expect((await batch(6)).body.code).toBe('quota_used_up')
    const replies = await Promise.all(Array.from({ length: 12 }, (_, index) => ask(server, `Many ${index}?`)))
    expect(replies.filter(({ status }) => status === 202)).toHaveLength(5)
    expect((await batch(1)).body.code).toBe('quota_used_up')
  })

  it('gets back what is refused: a fault, an item of a batch, and a key of another question', async () => {
    const server = await gateway({ questionsADay: 3 })
    expect((await ask(server, 'nul \0')).body.code).toBe('invalid_request')
    const batch = await asked(server, post('/batch', [{ title: 'Back one?' }, { title: '' }], ONE))
    expect([batch.status, batch.body.rejected]).toMatchObject([202, [{ index: 1 }]])
    const keyed = (title: string) =>
      asked(server, post('/query', { title }, { ...ONE, 'idempotency-key': 'given-back' }))
    expect((await keyed('Back two?')).status).toBe(202)
    expect((await keyed('Back three?')).body.code).toBe('key_reused')
    expect((await ask(server, 'Back four?')).status).toBe(202)
    expect((await ask(server, 'Back five?')).body.code).toBe('quota_used_up')
  })

  it('is not counted again where a request comes again under its key', async () => {
    const server = await gateway({ questionsADay: 3 })
    const key = { ...ONE, 'idempotency-key': 'again' }
    const batch = () => asked(server, post('/batch', [{ title: 'Again two?' }], key))
    const query = () => asked(server, post('/query', { title: 'Again one?' }, key))
    for (const request of [query, query, query, batch, batch, batch])
      expect((await request()).status).toBeLessThan(300)
    expect((await ask(server, 'Again three?')).status).toBe(202)
    expect((await ask(server, 'Again four?')).body.code).toBe('quota_used_up')
  })

  it('is given back to the count that it came from, though that count goes away in between', async () => {
    const shared = sharedCounter()
    const add = shared.add.bind(shared)
    shared.add = async (...of) => {
      const counted = await add(...of)
      shared.away = true
      return counted
    }
    const server = await gateway({ questionsADay: 2, shared })
    const items = ['Away one?', 'Away two?', 'Away three?'].map(title => ({ title }))
    expect((await asked(server, post('/batch', items, ONE))).body.code).toBe('quota_used_up')
    const replies = await Promise.all([4, 5, 6, 7].map(number => ask(server, `Away ${number}?`)))
    expect(replies.filter(({ status }) => status === 202)).toHaveLength(2)
  })

  it('of several gateways without a shared count reports what is left at this gateway', async () => {
    const server = await gateway({ questionsADay: 9, gateways: () => 3 })
    const batch = (from: number, to: number) =>
      asked(
        server,
        post(
          '/batch',
          Array.from({ length: to - from }, (_, index) => ({ title: `Left ${from + index}?` })),
          ONE,
        ),
      )
    expect((await batch(0, 2)).status).toBe(202)
    expect((await batch(2, 6)).body.detail).toContain('1 are left at this gateway')
    expect((await batch(6, 7)).status).toBe(202)
    expect((await batch(7, 8)).body.detail).toContain('0 are left')
  })
})
