/** A load through a gateway that behaves, refuses, answers what is no JSON, or never answers. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { realSystem as system } from '#core/system.ts'
import { HttpTarget, Refused } from '#load/http-target.ts'

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void

const stream: Answer = (_, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(': here\n\n')
}

/** A gateway that streams no events but those that `answer` writes. */
async function gateway(answer: Answer, events = stream) {
  const streams: ServerResponse[] = []
  const asked: { readonly body: unknown; readonly headers: IncomingMessage['headers'] }[] = []
  const server = createServer(async (request, response) => {
    const body = await text(request)
    if (request.url === '/events') {
      streams.push(response)
      events(request, response, body)
      return
    }
    asked.push({ body: JSON.parse(body), headers: request.headers })
    answer(request, response, body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo // It listens on TCP.
  const tell = (kind: string, data: object) =>
    streams[0]?.write(`id: 1\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`)
  return { url: `http://127.0.0.1:${port}`, asked, tell, end: () => streams[0]?.end() }
}

function listening() {
  const outcomes: string[] = []
  const { promise: first, resolve } = Promise.withResolvers<void>()
  const add = (outcome: string) => {
    outcomes.push(outcome)
    resolve()
  }
  return {
    outcomes,
    first,
    delivered: (id: string) => add(id),
    failed: (id: string, why: string) => add(`${id} ${why}`),
  }
}

const event = (id: string) => ({ id, event: { id, title: 'Why?', organization_id: 'acme' } })
const taken =
  (task: string): Answer =>
  (_, response) =>
    response.writeHead(202).end(`{"task_id":"${task}"}`)

it('asks each question afresh under its own key, and gives its outcome the name of the load', async () => {
  const served = await gateway(taken('task-1'))
  const target = new HttpTarget({ url: `${served.url}/`, key: 'k', system })
  const listener = listening()
  const following = await target.follow(listener)
  await target.send(event('load-1'))
  served.tell('generated', { task_id: 'task-1' })
  served.tell('delivered', { task_id: 'other' })
  served.tell('failed', { task_id: 'task-1', reason: 'attempts_used_up' })
  await listener.first
  expect(listener.outcomes).toEqual(['load-1 attempts_used_up'])
  expect(served.asked).toMatchObject([
    {
      body: { title: 'Why?', fresh: true },
      headers: { 'idempotency-key': 'load-1', authorization: 'Bearer k' },
    },
  ])
  expect(served.asked[0]?.body).not.toHaveProperty('organization_id')
  following.close()
  await following.ended
})

it('keeps an outcome that comes before the answer to its request', async () => {
  const served = await gateway((_, response) => {
    served.tell('delivered', { task_id: 'task-1' })
    setImmediate(() => response.writeHead(202).end('{"task_id":"task-1"}'))
  })
  const target = new HttpTarget({ url: served.url, system })
  const listener = listening()
  const following = await target.follow(listener)
  await target.send(event('load-1'))
  await listener.first
  expect(listener.outcomes).toEqual(['load-1'])
  following.close()
  await following.ended
})

it.each([
  [
    'a status',
    (_, response) => response.writeHead(503).end('{"code":"log_unavailable"}'),
    /status 503.*log_unavailable/,
  ],
  ['a page', (_, response) => response.writeHead(202).end('<html>'), /no JSON/],
  ['no task', (_, response) => response.writeHead(202).end('{}'), /named no task/],
] satisfies [string, Answer, RegExp][])('%s is an error of the question', async (_, answer, reason) => {
  const served = await gateway(answer)
  await expect(new HttpTarget({ url: served.url, system }).send(event('load-1'))).rejects.toThrow(reason)
})

it('a refusal has the status as a number', () => expect(new Refused(429, 'slow down').status).toBe(429))

it('a gateway that never answers does not outlive the end of the load', async () => {
  const served = await gateway(() => undefined)
  const target = new HttpTarget({ url: served.url, system })
  const following = await target.follow(listening())
  const sent = expect(target.send(event('load-1'))).rejects.toThrow(/abort/i)
  following.close()
  await following.ended
  await sent
})

it('a stream of events that ends is the end of the load, since outcomes would be missed', async () => {
  const served = await gateway(taken('task-1'))
  const following = await new HttpTarget({ url: served.url, system }).follow(listening())
  served.end()
  await expect(following.ended).rejects.toMatchObject({ code: 'LOG_CLOSED' })
})

describe('a question of which nobody knows whether it was taken', () => {
  it.each([
    ['has its outcome by its key', 'load-1'],
    ['has its outcome by its key and the organisation of the caller', 'acme.load-1'],
  ])('%s', async (_, task) => {
    const served = await gateway((_, response) => response.writeHead(502).end('<html>'))
    const target = new HttpTarget({ url: served.url, system })
    const listener = listening()
    const following = await target.follow(listener)
    const error: unknown = await target.send(event('load-1')).catch(error => error)
    expect(error).toMatchObject({ status: 502, isDoubtful: true, message: expect.stringContaining('/query') })
    served.tell('delivered', { task_id: task })
    await listener.first
    expect(listener.outcomes).toEqual(['load-1'])
    following.close()
    await following.ended
  })
})

describe('a question that may be answered with what is known', () => {
  it.each([
    ['a known answer', 200, { hit: true, task_id: 'old' }, 'load-1'],
    [
      'a joined question that is delivered',
      200,
      { hit: false, state: 'delivered', task_id: 'old' },
      'load-1',
    ],
    ['a joined question that failed', 200, { state: 'failed', reason: 'no', task_id: 'old' }, 'load-1 no'],
  ])('%s is its outcome', async (_, status, body, outcome) => {
    const served = await gateway((_, response) => response.writeHead(status).end(JSON.stringify(body)))
    const target = new HttpTarget({ url: served.url, fresh: false, system })
    const listener = listening()
    const following = await target.follow(listener)
    await target.send(event('load-1'))
    expect(listener.outcomes).toEqual([outcome])
    expect(served.asked[0]?.body).toEqual({ title: 'Why?' })
    following.close()
    await following.ended
  })

  it('shares the outcome of the question that it has joined, before it and behind it', async () => {
    const served = await gateway(taken('task-1'))
    const target = new HttpTarget({ url: served.url, fresh: false, system })
    const listener = listening()
    const following = await target.follow(listener)
    await target.send(event('load-1'))
    await target.send(event('load-2'))
    served.tell('delivered', { task_id: 'task-1' })
    await listener.first
    await target.send(event('load-3'))
    expect(listener.outcomes).toEqual(['load-1', 'load-2', 'load-3'])
    following.close()
    await following.ended
  })
})

describe('a gateway that takes connections and says nothing', () => {
  it('ends the load before it begins, by the address of the stream', async () => {
    const served = await gateway(taken('task-1'), () => undefined)
    const target = new HttpTarget({ url: served.url, streamMs: 50, system })
    await expect(target.follow(listening())).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(`${served.url}/events has not replied within 0.05 s`),
    })
  })

  it('is an error of the question, by its address', async () => {
    const served = await gateway(() => undefined)
    const target = new HttpTarget({ url: served.url, answerMs: 50, system })
    await expect(target.send(event('load-1'))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(`${served.url}/query has not replied within 0.05 s`),
    })
  })
})

it('a stream that has begun has no time limit', async () => {
  let limits = 0
  const after = () => {
    limits++
    return () => void limits--
  }
  const served = await gateway(taken('task-1'))
  const target = new HttpTarget({ url: served.url, system: { ...system, after } })
  const following = await target.follow(listening())
  expect(limits).toBe(0)
  following.close()
  await following.ended
})

it.each<[string, Answer, RegExp]>([
  [
    'a page',
    (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>hello'),
    /\/events is text\/html instead of text\/event-stream: <html>hello/,
  ],
  ['a status', (_, response) => response.writeHead(401).end('no key'), /status 401: .*\/events.*no key/],
])('%s instead of events ends the load with what came', async (_, events, reason) => {
  const served = await gateway(taken('task-1'), events)
  await expect(new HttpTarget({ url: served.url, system }).follow(listening())).rejects.toThrow(reason)
})

it('where nobody listens, the address and the reason are named', async () => {
  const target = new HttpTarget({ url: 'http://127.0.0.1:9', system })
  const reason = /http:\/\/127\.0\.0\.1:9\/events does not answer: /
  await expect(target.follow(listening())).rejects.toThrow(reason)
})
