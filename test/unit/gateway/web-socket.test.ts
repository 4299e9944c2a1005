/** WebSockets: the events of the streams, who may have them, and clients that behave as none should. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { realSystem } from '#core/system.ts'
import { urlOf } from '#gateway/http/server.ts'
import { SCOPES } from '#gateway/keys.ts'
import { type Admitted, Channel, type Frames } from '#gateway/websocket/channel.ts'
import { organizationOf } from '#stores/organization.ts'
import { manualTime } from '../models/manual-time.ts'
import { scripted } from '../operators/values.ts'
import { bearer, HeldKeys, keyOf, ringOf } from './held-keys.ts'
import { type Opened, openGateway, post, serverOf } from './open-gateway.ts'
import { BINARY, frame, openClient, openRaw, TEXT } from './web-sockets.ts'

const ACME = bearer('caudal_acme')
const GLOBEX = bearer('caudal_globex')
const held = new HeldKeys()
held.set(
  keyOf('caudal_acme', 'acme', SCOPES),
  keyOf('caudal_globex', 'globex', SCOPES),
  keyOf('caudal_asker', 'acme', ['ask']),
)

let opened: Opened
let url: string
let port: number
beforeAll(async () => {
  opened = await openGateway(scripted({ text: 'Fine.' }), {}, {}, await ringOf(held))
  url = await opened.server.listen({ host: '127.0.0.1', port: 0 })
  port = Number(new URL(url).port)
})
afterAll(() => opened[Symbol.asyncDispose]())

const client = (headers: Record<string, string> = ACME) =>
  openClient(`${url.replace('http', 'ws')}/ws`, headers)

async function asked(title: string): Promise<string> {
  const { body } = await opened.ask(post('/query?wait=30s', { title }, ACME))
  return String(body.task_id)
}

const subscribe = (id: string, stream: string, input: object = {}) => ({
  type: 'subscribe',
  id,
  stream,
  input,
})

describe('a subscription on a WebSocket', () => {
  it('to a task gets its events from the first to the last, and the rest when it resumes', async () => {
    const taskId = await asked('One?')
    const one = await client()
    one.send(subscribe('a', 'task_events', { id: taskId }))
    const all = await one.until(received => received.some(({ type }) => type === 'end'))
    expect(all.map(({ type, id, kind }) => [type, id, kind])).toEqual([
      ['subscribed', 'a', undefined],
      ['event', 'a', 'accepted'],
      ['event', 'a', 'delivered'],
      ['end', 'a', undefined],
    ])
    one.send(subscribe('a', 'task_events', { id: taskId, last_event_id: all[1]?.event_id }))
    const more = await one.until(received => received.filter(({ type }) => type === 'end').length === 2)
    expect(more.slice(4).map(({ kind }) => kind)).toEqual([undefined, 'delivered', undefined])
    one.close()
    expect((await one.closed).code).toBe(1005)
  })

  it('to all events gets those of its organisation alone, until it is cancelled', async () => {
    const [mine, theirs] = [await client(), await client(GLOBEX)]
    for (const each of [mine, theirs]) {
      each.send(subscribe('all', 'events', { kind: 'delivered' }))
      await each.until(received => received.length > 0)
    }
    const taskId = await asked('Two?')
    const [, event] = await mine.until(received => received.length > 1)
    expect(event).toMatchObject({ type: 'event', id: 'all', kind: 'delivered', data: { task_id: taskId } })
    theirs.send({ type: 'ping' })
    expect((await theirs.until(received => received.length > 1))[1]).toEqual({ type: 'pong' })
    mine.send({ type: 'unsubscribe', id: 'all' })
    await mine.until(received => received.at(-1)?.type === 'end')
    mine.send(subscribe('all', 'events'))
    await mine.until(received => received.at(-1)?.type === 'subscribed')
    mine.close()
    theirs.close()
  })

  it('to a task of another organisation is answered as one to an unknown task', async () => {
    const taskId = await asked('Three?')
    const theirs = await client(GLOBEX)
    theirs.send(subscribe('a', 'task_events', { id: taskId }))
    theirs.send(subscribe('a', 'task_events', { id: 'x'.repeat(taskId.length) }))
    const [known, unknown] = await theirs.until(received => received.length === 2)
    const text = JSON.stringify(known).replaceAll(taskId, 'x'.repeat(taskId.length))
    expect(text).toBe(JSON.stringify(unknown))
    expect(known?.problem?.code).toBe('task_unknown')
    theirs.close()
  })

  it.each<[string, object | string, string, string | undefined]>([
    ['no JSON', '{', 'not_json', undefined],
    ['null', 'null', 'invalid_request', ''],
    ['an unknown type', { type: 'shout' }, 'invalid_request', '/type'],
    ['no id', { type: 'subscribe', stream: 'events' }, 'invalid_request', '/id'],
    ['an unknown stream', subscribe('a', 'flow'), 'invalid_request', '/stream'],
    ['an unknown field', { ...subscribe('a', 'events'), colour: 'red' }, 'invalid_request', '/colour'],
    ['an input at fault', subscribe('a', 'events', { kind: 7 }), 'invalid_request', '/input/kind'],
    ['a NUL', subscribe('a', 'task_events', { id: 'a\0' }), 'invalid_request', '/input/id'],
  ])(
    'by a message with %s gets a problem, and the connection stays usable',
    async (_, message, code, pointer) => {
      const one = await client()
      one.send(message)
      one.send({ type: 'ping' })
      const [refused] = await one.until(received => received.length === 2)
      expect(refused).toMatchObject({ type: 'problem', problem: { code } })
      expect(refused?.problem?.faults?.[0]?.pointer).toBe(pointer)
      one.close()
    },
  )
})

describe('a connection of a WebSocket', () => {
  it.each<[string, Record<string, string>, number]>([
    ['without a key', {}, 401],
    ['with a key that is none', bearer('caudal_none'), 401],
    ['without the scope read', bearer('caudal_asker'), 403],
    ['from a page of another origin', { ...ACME, origin: 'http://evil.example' }, 403],
    ['from a page without an origin', { ...ACME, origin: 'null' }, 403],
    ['with a key', ACME, 101],
  ])('gets its status in the handshake: %s', async (_, headers, status) => {
    const raw = await openRaw(port, headers)
    expect(raw.status).toBe(status)
    raw.end()
  })

  it('from a page of its own origin is accepted, and without keys one of another origin is refused', async () => {
    const own = await openRaw(port, { ...ACME, origin: `http://127.0.0.1:${port}` })
    expect(own.status).toBe(101)
    own.end()
    const open = serverOf(opened.gateway)
    await open.listen({ host: '127.0.0.1', port: 0 })
    const local = Number(new URL(urlOf(open)).port)
    const statuses = [{}, { origin: 'http://evil.example' }, { host: 'evil.example' }].map(async headers => {
      const raw = await openRaw(local, headers)
      raw.end()
      return raw.status
    })
    expect(await Promise.all(statuses)).toEqual([101, 403, 403])
    await open.close()
  })

  it.each<[string, Buffer, number]>([
    ['of a frame of 100 MB', frame(TEXT, Buffer.from('x'), 100_000_000), 1009],
    ['of bad UTF-8', frame(TEXT, Buffer.from([0x22, 0xc3, 0x28, 0x22])), 1007],
    ['of bytes', frame(BINARY, Buffer.from('{"type":"ping"}')), 1003],
    ['of a frame that no version knows', frame(0x0b, Buffer.from('x')), 1002],
    [
      'of 10,000 subscriptions',
      Buffer.concat(
        Array.from({ length: 10_000 }, (_, index) =>
          frame(TEXT, Buffer.from(JSON.stringify(subscribe(`s${index}`, 'events')))),
        ),
      ),
      1008,
    ],
  ])('is closed with a code, and the next connection works: %s', async (_, bytes, code) => {
    const raw = await openRaw(port, ACME)
    raw.write(bytes)
    expect(await raw.closed).toBe(code)
    const next = await client()
    next.send({ type: 'ping' })
    await next.until(received => received.length === 1)
    next.close()
  })

  it('without a handshake is answered by a problem, and one for another protocol by HTTP', async () => {
    const { status, body } = await opened.ask({ url: '/ws', headers: ACME })
    expect([status, body.code]).toEqual([426, 'upgrade_needed'])
    const other = await openRaw(port, { ...ACME, upgrade: 'h2c', connection: 'Upgrade, close' }, '/task/x')
    expect(other.status).toBe(404)
    other.end()
  })

  it('ends with a code when the gateway stops, without a wait for clients that stay', async () => {
    const server = serverOf(opened.gateway, await ringOf(held))
    const at = await server.listen({ host: '127.0.0.1', port: 0 })
    const one = await openClient(`${at.replace('http', 'ws')}/ws`, ACME)
    await openRaw(Number(new URL(at).port), ACME)
    const stopped = server.close()
    expect(await one.closed).toEqual({ code: 1001, reason: 'the gateway stops' })
    await stopped
  })
})

/** A connection whose client reads when it is let. */
function heldFrames() {
  const listeners = new Map<string, (...of: never[]) => void>()
  const sent: string[] = []
  const frames = {
    bufferedAmount: 0,
    send: (text: string, done: () => void) => {
      sent.push(text)
      done()
    },
    close: vi.fn(),
    terminate: vi.fn(),
    ping: vi.fn(),
    pause: vi.fn(),
    resume: vi.fn(),
    on: (event: string, listener: (...of: never[]) => void) => listeners.set(event, listener),
  }
  return { frames: frames satisfies Frames, sent, hear: (event: string) => listeners.get(event)?.() }
}

describe('a channel of a WebSocket', () => {
  const admitted = (isInForce = true): Admitted => ({
    gateway: opened.gateway,
    call: {
      caller: { organization: organizationOf('acme'), scopes: new Set(), key: 'k', keyName: 'k' },
      ...{ address: '127.0.0.1', traceparent: '', requestId: 'r' },
    },
    isInForce: async () => isInForce,
    count: async () => undefined,
  })

  it('ends for a client that leaves more than 64 kB unread, and keeps nothing of that client', () => {
    const { frames, sent } = heldFrames()
    const channel = new Channel(frames, admitted(), realSystem)
    channel.open()
    channel.write({ large: 'x'.repeat(1_000_000) })
    expect(sent).toHaveLength(1)
    frames.bufferedAmount = 65_537
    channel.write({ one: 'more' })
    expect(sent).toHaveLength(1)
    expect(frames.terminate).toHaveBeenCalledOnce()
  })

  it('pings every 15 s, and ends a connection that answers none', async () => {
    const time = manualTime()
    const { frames, hear } = heldFrames()
    new Channel(frames, admitted(), time).open()
    await time.advance(15_000)
    hear('pong')
    await time.advance(15_000)
    expect(frames.ping).toHaveBeenCalledTimes(2)
    expect(frames.terminate).not.toHaveBeenCalled()
    await time.advance(15_000)
    expect(frames.terminate).toHaveBeenCalledOnce()
  })

  it('ends within 15 s when its key is revoked', async () => {
    const time = manualTime()
    const { frames } = heldFrames()
    new Channel(frames, admitted(false), time).open()
    await time.advance(15_000)
    await vi.waitFor(() => expect(frames.close).toHaveBeenCalledWith(1008, 'the key was revoked'))
  })
})
