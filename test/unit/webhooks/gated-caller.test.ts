/** The gate of each endpoint: which failures close it, what passes meanwhile, and that one endpoint holds up no other. */
import { describe, expect, it } from 'vitest'
import { realSystem } from '#core/system.ts'
import { GatedCaller } from '#webhooks/gated-caller.ts'
import { type WebhookCaller, WebhookFailure, type WebhookMessage } from '#webhooks/webhook.ts'

const TAKEN = { status: 204, at: 0, latencyMs: 1 }

function gated() {
  const lines: string[] = []
  const waiting: PromiseWithResolvers<typeof TAKEN>[] = []
  const called: string[] = []
  const world = { nowMs: 0, mode: 'takes' as 'takes' | 'fails' | 'refuses' | 'hangs' }
  const inner: WebhookCaller = {
    async call({ url, id }) {
      called.push(id)
      if (world.mode === 'takes' || url.includes('other')) return TAKEN
      if (world.mode === 'hangs') {
        const hanging = Promise.withResolvers<typeof TAKEN>()
        waiting.push(hanging)
        return hanging.promise
      }
      throw new WebhookFailure(url, 'no', { isCalled: world.mode === 'fails' })
    },
  }
  const system = { ...realSystem, monotonic: () => world.nowMs }
  const log = (line: string) => void lines.push(line)
  const caller = new GatedCaller(inner, { system, logger: { info: log, warn: log } })
  const call = (id: string, more: Partial<WebhookMessage> = {}) => {
    const message = { id, url: 'https://acme.example/hook', organization: 'acme', body: '{}', ...more }
    return caller.call(message, new AbortController().signal).then(
      () => 'taken',
      (failure: WebhookFailure) => (failure.isParked ? 'parked' : 'failed'),
    )
  }
  const open = async () => {
    world.mode = 'fails'
    for (let nth = 0; nth < 5; nth++) await call(`m${nth}`)
  }
  return { world, call, called, lines, waiting, open }
}

describe('the gate of an endpoint', () => {
  it('closes when five different messages fail in a row, and lets one through every ten seconds', async () => {
    const { world, call, called, lines, open } = gated()
    await open()
    expect(await call('next')).toBe('parked')
    expect(called).toHaveLength(5)
    world.nowMs = 10_000
    expect(await call('probe')).toBe('failed')
    expect(await call('behind')).toBe('parked')
    world.nowMs = 20_000
    world.mode = 'takes'
    expect(await call('again')).toBe('taken')
    expect(await call('last')).toBe('taken')
    expect(lines).toEqual([
      expect.stringContaining('calls are reduced'),
      expect.stringContaining('takes webhooks again'),
    ])
  })

  it('stays open for one message that fails again and again', async () => {
    const { world, call, called } = gated()
    world.mode = 'fails'
    for (let nth = 0; nth < 20; nth++) expect(await call('m')).toBe('failed')
    expect(called).toHaveLength(20)
  })

  it('says nothing about another endpoint, or about another organisation at the same one', async () => {
    const { world, call, open } = gated()
    await open()
    expect(await call('x', { url: 'https://other.example/' })).toBe('taken')
    world.mode = 'takes'
    expect(await call('y', { organization: 'other' })).toBe('taken')
    expect(await call('z', { url: 'https://acme.example/hook?part=2' })).toBe('parked')
  })

  it('is not closed by what was never called', async () => {
    const { world, call } = gated()
    world.mode = 'refuses'
    for (let nth = 0; nth < 9; nth++) expect(await call(`m${nth}`)).toBe('failed')
    world.mode = 'takes'
    expect(await call('last')).toBe('taken')
  })

  it('lets twenty calls be in flight, and parks the next', async () => {
    const { world, call, waiting } = gated()
    world.mode = 'hangs'
    const calls = Array.from({ length: 20 }, (_, nth) => call(`m${nth}`))
    await expect.poll(() => waiting.length).toBe(20)
    expect(await call('one more')).toBe('parked')
    for (const each of waiting) each.resolve(TAKEN)
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['taken']))
    world.mode = 'takes'
    expect(await call('then')).toBe('taken')
  })

  it('is that of all paths of a machine: a path for each message passes neither the calls in flight nor the breaker', async () => {
    const { world, call, waiting } = gated()
    const at = (nth: number) => ({ url: `https://acme.example/orders/${nth}` })
    world.mode = 'hangs'
    const calls = Array.from({ length: 20 }, (_, nth) => call(`m${nth}`, at(nth)))
    await expect.poll(() => waiting.length).toBe(20)
    expect(await call('one more', at(20))).toBe('parked')
    for (const each of waiting) each.resolve(TAKEN)
    await Promise.all(calls)
    world.mode = 'fails'
    for (let nth = 0; nth < 5; nth++) expect(await call(`f${nth}`, at(nth))).toBe('failed')
    expect(await call('next', at(99))).toBe('parked')
  })

  it('is not all that bounds an organisation: two hundred calls to many endpoints, and the next is parked', async () => {
    const { world, call, waiting } = gated()
    const at = (nth: number) => ({ url: `https://shop-${nth}.example/` })
    world.mode = 'hangs'
    const calls = Array.from({ length: 200 }, (_, nth) => call(`m${nth}`, at(nth)))
    await expect.poll(() => waiting.length).toBe(200)
    expect(await call('one more', at(200))).toBe('parked')
    world.mode = 'takes'
    expect(await call('theirs', { ...at(0), organization: 'globex' })).toBe('taken')
    for (const each of waiting) each.resolve(TAKEN)
    await Promise.all(calls)
    expect(await call('then', at(200))).toBe('taken')
  })
})
