/** The stream of all events of an organisation: live, narrowed, and resumed without a gap or a repetition. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { silent } from '#core/loggers.ts'
import { realSystem } from '#core/system.ts'
import { gatewayServer, urlOf } from '#gateway/http/server.ts'
import { SCOPES } from '#gateway/keys.ts'
import { EventFeed } from '#pipelines/event-feed.ts'
import type { TaskEvent } from '#stores/history.ts'
import { organizationOf } from '#stores/organization.ts'
import { manualTime } from '../models/manual-time.ts'
import { REPLY } from '../operators/values.ts'
import { bearer, HeldKeys, keyOf, ringOf } from './held-keys.ts'
import { type Opened, openGateway, post, serverOf } from './open-gateway.ts'
import { openStream, type Sent } from './streams.ts'

const ACME = bearer('caudal_acme')
const GLOBEX = bearer('caudal_globex')

const held = new HeldKeys()
held.set(keyOf('caudal_acme', 'acme', SCOPES), keyOf('caudal_globex', 'globex', SCOPES))

let opened: Opened
beforeEach(async () => {
  const model = { complete: async () => ({ ...REPLY, text: 'It cuts the current.' }) }
  opened = await openGateway(model, {}, {}, await ringOf(held))
})
afterEach(() => opened[Symbol.asyncDispose]())

const streamed = (headers: Record<string, string>, query = '', server = opened.server) =>
  openStream(server, { url: `/events${query}`, headers })

const ask = async (title: string, headers = ACME, task_type = 'qa') => {
  const { body } = await opened.ask(post('/query?wait=30s', { title, task_type }, headers))
  expect(body.state).toBe('delivered')
  return String(body.task_id)
}

const BULK = 50_000
const bulky = (number: number): TaskEvent => ({
  ...{ recordId: `${number}`, organization: organizationOf('acme'), taskId: 'one', taskType: 'qa' },
  ...{ at: 1, rank: 1, kind: 'generated', detail: { reply: 'x'.repeat(BULK) } },
})

const delivered = (count: number) => (sent: readonly Sent[]) =>
  sent.filter(({ kind }) => kind === 'delivered').length >= count
const namesOf = (sent: readonly Sent[]) => sent.map(({ kind, data }) => `${kind} ${data.task_id} ${data.at}`)

describe('GET /events', () => {
  it('streams the events of all questions of the organisation, and nothing of another one', async () => {
    using stream = await streamed(ACME)
    using others = await streamed(GLOBEX)
    expect(stream.headers).toMatchObject({ 'content-type': 'text/event-stream; charset=utf-8' })
    const ids = [await ask('One?'), await ask('Two?')]
    const theirs = await ask('Three?', GLOBEX)
    const sent = await stream.until(delivered(2))
    expect(new Set(sent.map(({ data }) => data.task_id))).toEqual(new Set(ids))
    expect(sent.map(({ kind }) => kind).sort()).toEqual(['accepted', 'accepted', 'delivered', 'delivered'])
    await others.until(delivered(1))
    expect(new Set(others.sent().map(({ data }) => data.task_id))).toEqual(new Set([theirs]))
    expect(stream.text()).toMatch(/^retry: 1000\n\n/)
  })

  it('streams one task type or one kind of event on request', async () => {
    using types = await streamed(ACME, '?task_type=summarization')
    using kinds = await streamed(ACME, '?kind=delivered')
    await ask('One?')
    const moderated = await ask('Two?', ACME, 'summarization')
    expect((await kinds.until(delivered(2))).map(({ kind }) => kind)).toEqual(['delivered', 'delivered'])
    const sent = await types.until(delivered(1))
    expect(new Set(sent.map(({ data }) => data.task_id))).toEqual(new Set([moderated]))
  })

  it('continues behind any event, at this gateway and at one that was started later', async () => {
    using stream = await streamed(ACME)
    for (const title of ['One?', 'Two?', 'Three?']) {
      await ask(title)
      await ask(title, GLOBEX)
    }
    const all = await stream.until(delivered(3))
    const names = namesOf(all)
    using feed = new EventFeed({ log: opened.log, plan: opened.running.plan, system: realSystem })
    await feed.start()
    const other = serverOf({ ...opened.gateway, feed }, await ringOf(held))
    for (const server of [opened.server, other])
      for (const [index, { id }] of all.entries()) {
        using resumed = await streamed({ ...ACME, 'last-event-id': id }, '', server)
        const last = await ask(`Again ${index} ${server === other}?`)
        const sent = await resumed.until(found =>
          found.some(({ kind, data }) => kind === 'delivered' && data.task_id === last),
        )
        const old = namesOf(sent).filter(name => names.includes(name))
        expect(old.sort()).toEqual(names.slice(index + 1).sort())
        expect(new Set(namesOf(sent)).size).toBe(sent.length)
      }
  })

  it('refuses an id that no stream gave, and reports a gap for an id of another log', async () => {
    const { status, body } = await opened.ask({
      url: '/events',
      headers: { ...ACME, 'last-event-id': 'a b' },
    })
    expect([status, body.faults]).toEqual([400, [{ pointer: '/last_event_id', reason: expect.any(String) }]])
    expect((await opened.ask({ url: '/events?kind=nothing', headers: ACME })).status).toBe(400)
    using stream = await streamed({ ...ACME, 'last-event-id': 'zzzz' })
    const [gap] = await stream.until(sent => sent.length > 0)
    expect(gap).toMatchObject({ kind: 'gap', data: { reason: expect.stringMatching(/another log/) } })
    await ask('One?')
    await stream.until(delivered(1))
  })

  it('sends a comment every 15 s, and ends with a reason when the gateway stops', async () => {
    const time = manualTime()
    const server = gatewayServer({
      gateway: () => opened.gateway,
      keys: await ringOf(held),
      name: 'gate',
      logger: silent,
      system: time,
      routes: [],
    })
    using stream = await streamed(ACME, '', server)
    await time.advance(15_000)
    await stream.until((_, text) => text.includes(': still here'))
    opened.gateway.feed[Symbol.dispose]()
    await stream.until((_, text) => /event: end\ndata: {"reason":"the gateway stops"}/.test(text))
  })

  it('ends within 15 s when its key is revoked', async () => {
    const time = manualTime()
    const source = new HeldKeys()
    source.set(keyOf('caudal_acme', 'acme', SCOPES))
    const keys = await ringOf(source, time)
    const parts = { name: 'gate', logger: silent, system: time, routes: [] }
    const server = gatewayServer({ gateway: () => opened.gateway, keys, ...parts })
    using stream = await streamed(ACME, '', server)
    await time.advance(15_000)
    await stream.until((_, text) => text.includes(': still here'))
    source.set()
    await time.advance(15_000)
    await stream.until((_, text) => /event: end\ndata: {"reason":"the key was revoked"}/.test(text))
  })

  it('ends for a client that leaves 64 kB unread, and keeps nothing of that client', async () => {
    const listening = new Set<object>()
    vi.spyOn(opened.gateway.feed, 'all').mockReturnValue({
      open: async sink => {
        listening.add(sink)
        for (let sent = 0; sent < 1_000; sent++) sink.event(bulky(sent), `${sent}`)
        return () => void listening.delete(sink)
      },
    })
    await opened.server.listen({ host: '127.0.0.1', port: 0 })
    const port = Number(new URL(urlOf(opened.server)).port)
    const socket = connect(port, '127.0.0.1')
    socket.pause()
    socket.write(`GET /events HTTP/1.1\r\nhost: localhost\r\nauthorization: ${ACME.authorization}\r\n\r\n`)
    await once(opened.server.server, 'request')
    await vi.waitFor(() => expect(opened.gateway.feed.all).toHaveBeenCalled())
    await vi.waitFor(() => expect(listening.size).toBe(0))
    let got = 0
    socket.on('data', chunk => {
      got += chunk.length
    })
    await once(socket.resume(), 'close')
    expect(got).toBeLessThan(1_000 * BULK)
  })
})
