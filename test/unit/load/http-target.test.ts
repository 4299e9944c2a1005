/** A load through a gateway that behaves, refuses, answers what is no JSON, or never answers. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, it, onTestFinished } from 'vitest'
import { HttpTarget, Refused } from '#load/http-target.ts'

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void

/** A gateway that streams no events but those that `answer` writes. */
async function gateway(answer: Answer) {
  const streams: ServerResponse[] = []
  const asked: { readonly body: unknown; readonly headers: IncomingMessage['headers'] }[] = []
  const server = createServer(async (request, response) => {
    const body = await text(request)
    if (request.url === '/events') {
      streams.push(response.writeHead(200, { 'content-type': 'text/event-stream' }))
      response.write(': here\n\n')
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
  const target = new HttpTarget({ url: `${served.url}/`, key: 'k' })
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
  const target = new HttpTarget({ url: served.url })
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
  await expect(new HttpTarget({ url: served.url }).send(event('load-1'))).rejects.toThrow(reason)
})

it('a refusal has the status as a number', () => expect(new Refused(429, 'slow down').status).toBe(429))

it('a gateway that never answers does not outlive the end of the load', async () => {
  const served = await gateway(() => undefined)
  const target = new HttpTarget({ url: served.url })
  const following = await target.follow(listening())
  const sent = expect(target.send(event('load-1'))).rejects.toThrow(/abort/i)
  following.close()
  await following.ended
  await sent
})

it('a stream of events that ends is the end of the load, since outcomes would be missed', async () => {
  const served = await gateway(taken('task-1'))
  const following = await new HttpTarget({ url: served.url }).follow(listening())
  served.end()
  await expect(following.ended).rejects.toMatchObject({ code: 'LOG_CLOSED' })
})
