/** Bytes on real sockets as nobody should send them: each gets the right answer, and the next request works. */
import { connect } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Logger } from '#core/loggers.ts'
import { silent } from '#core/loggers.ts'
import { realSystem } from '#core/system.ts'
import { gatewayServer } from '#gateway/http/server.ts'
import { scripted } from '../operators/values.ts'
import { type Opened, openGateway, post } from './open-gateway.ts'

let opened: Opened
let server: FastifyInstance
let port: number
const errors: unknown[] = []
const logger: Logger = { ...silent, error: (...of) => void errors.push(of) }
beforeAll(async () => {
  opened = await openGateway(scripted({ text: 'Fine.' }))
  const parts = { gateway: () => opened.gateway, name: 'gate', logger, system: realSystem, routes: [] }
  server = gatewayServer({ ...parts, arrivalMs: 300 })
  port = Number(new URL(await server.listen({ host: '127.0.0.1', port: 0 })).port)
})
afterAll(async () => {
  await server.close()
  await opened[Symbol.asyncDispose]()
})
afterEach(async () => {
  const next = await fetch(`http://127.0.0.1:${port}/query?wait=30s`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
    body: JSON.stringify({ title: 'Does it work on?' }),
  })
  expect(await next.json()).toMatchObject({ state: 'delivered', answer: 'Fine.' })
  expect(errors).toEqual([])
})

/** What comes back until the connection ends. */
function answered(text: string, { ends = false } = {}): Promise<string> {
  return new Promise(resolve => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => (ends ? socket.end(text) : socket.write(text)))
    socket.on('data', chunk => {
      answer += chunk
    })
    socket.on('error', () => undefined) // Its end follows.
    socket.on('close', () => resolve(answer))
  })
}

const statusesIn = (answer: string): readonly number[] =>
  [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))

const LOOK = 'GET /task/x HTTP/1.1\r\nhost: localhost\r\n'
const ASK = 'POST /query HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n'
const BODY = JSON.stringify({ title: 'In one piece?' })

describe('a request that does not arrive', () => {
  it.each([
    ['of which nothing comes behind the first line', 'GET /task/x HTTP/1.1\r\n'],
    ['whose headers stop in the middle', `${LOOK}x-a: b`],
    ['whose body stops in the middle', `${ASK}content-length: 500\r\n\r\n${BODY}`],
    ['whose chunks stop in the middle', `${ASK}transfer-encoding: chunked\r\n\r\n5\r\n{"tit`],
  ])('%s ends at its time limit', async (_, text) => {
    const answer = await answered(text)
    expect(statusesIn(answer)).toEqual([408])
    expect(answer).toContain('"code":"too_slow"')
  })

  it.each([
    ['a body', `${ASK}content-length: 500\r\n\r\n${BODY}`],
    ['a chunk', `${ASK}transfer-encoding: chunked\r\n\r\n50\r\n{"tit`],
    ['the headers', `${LOOK}x-a: b`],
  ])('in full because %s is cut off puts in no question', async (_, text) => {
    // Where the end is known only when the time is over, the answer is that of a slow request.
    expect([[], [400], [408]]).toContainEqual(statusesIn(await answered(text, { ends: true })))
  })
})

describe('several requests', () => {
  it('on one connection that come at once are answered in order', async () => {
    const ask = `${ASK}content-length: ${Buffer.byteLength(BODY)}\r\n\r\n${BODY}`
    const health = 'GET /nothing HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'
    const answer = await answered(`${LOOK}\r\n${ask}${LOOK}\r\n${health}`)
    expect(statusesIn(answer)).toEqual([404, 202, 404, 404])
    expect([...answer.matchAll(/"code":"(\w+)"/g)].map(([, code]) => code)).toEqual([
      ...['task_unknown', 'task_unknown', 'route_unknown'],
    ])
  })
})

const HIDDEN = 'GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n'
const hidden = (headers: string): string => `${ASK}${headers}\r\n\r\n0\r\n\r\n${HIDDEN}`

describe('a request that could smuggle another request', () => {
  it.each([
    ['both lengths', hidden('content-length: 5\r\ntransfer-encoding: chunked')],
    ['both lengths, the other way round', hidden('transfer-encoding: chunked\r\ncontent-length: 5')],
    ['two lengths', hidden('content-length: 5\r\ncontent-length: 60')],
    ['a list of lengths', hidden('content-length: 5, 60')],
    ['a length with a sign', hidden('content-length: +5')],
    ['a length in hexadecimal digits', hidden('content-length: 0x5')],
    ['a coding that is not chunked', hidden('transfer-encoding: xchunked')],
    ['chunked that is not the last coding', hidden('transfer-encoding: chunked, identity')],
    ['a space before the colon', hidden('transfer-encoding : chunked')],
    ['a header that is folded', hidden('transfer-encoding:\r\n chunked')],
    ['a NUL in a header', hidden('x-a: b\0c\r\ntransfer-encoding: chunked')],
    ['a bare carriage return', hidden('x-a: b\rtransfer-encoding: chunked')],
    ['a chunk of a size that is no number', `${ASK}transfer-encoding: chunked\r\n\r\nzz\r\n${HIDDEN}`],
    ['a chunk of a size below zero', `${ASK}transfer-encoding: chunked\r\n\r\n-1\r\n${HIDDEN}`],
    ['a chunk without its end', `${ASK}transfer-encoding: chunked\r\n\r\n2\r\n{}${HIDDEN}`],
    ['no host', `GET /task/x HTTP/1.1\r\n\r\n${HIDDEN}`],
    ['a version that is none', `GET /task/x HTTP/9.9\r\nhost: localhost\r\n\r\n${HIDDEN}`],
    ['a space in the address', `GET /task/x y HTTP/1.1\r\nhost: localhost\r\n\r\n${HIDDEN}`],
  ])('by %s is refused, and its connection ends', async (_, text) => {
    const answer = await answered(text)
    expect(statusesIn(answer)).toEqual([400])
    expect(answer).not.toContain('openapi')
  })
})

describe('a client of the gateway', () => {
  it.each([
    ['at once', ''],
    ['in the middle of the headers', 'POST /query HT'],
    ['before the body', `${ASK}content-length: ${BODY.length}\r\n\r\n`],
    ['in the middle of the body', `${ASK}content-length: ${BODY.length}\r\n\r\n${BODY.slice(0, 5)}`],
    ['behind the body', `${ASK}content-length: ${BODY.length}\r\n\r\n${BODY}`],
    [
      'while it waits',
      `${ASK.replace('/query', '/query?wait=30s')}content-length: ${BODY.length}\r\n\r\n${BODY}`,
    ],
    ['in a stream', 'GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n'],
  ])('may leave %s', async (_, text) => {
    for (const way of ['end', 'resetAndDestroy'] as const)
      await new Promise<void>(resolve => {
        const socket = connect(port, '127.0.0.1', () =>
          socket.write(text, () => {
            socket[way]()
            socket.resume()
          }),
        )
        socket.on('error', () => undefined)
        socket.on('close', () => resolve())
      })
    expect((await opened.ask(post('/query?wait=30s', { title: 'In one piece?' }))).body.state).toBe(
      'delivered',
    )
  })
})
