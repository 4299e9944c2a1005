/** Requests at fault: each is answered by a problem that names its faults, and the next request works. */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { InjectOptions } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TOPICS } from '#answers/topics.ts'
import { urlOf } from '#gateway/http/server.ts'
import { PROBLEMS } from '#gateway/problem.ts'
import { ROOT } from '../../tidy/source.ts'
import { scripted } from '../operators/values.ts'
import { asked, type Opened, openGateway, post, serverOf } from './open-gateway.ts'

let opened: Opened
beforeAll(async () => {
  opened = await openGateway(scripted({ text: 'It cuts the current.' }))
})
afterAll(() => opened[Symbol.asyncDispose]())

const FUSE = { title: 'What is a fuse for?' }

async function refused(options: InjectOptions) {
  const { status, type, headers, body } = await opened.ask(options)
  expect(type).toBe('application/problem+json')
  expect(body).toMatchObject({ status, type: `urn:caudal:problem:${body.code}`, title: expect.any(String) })
  expect(PROBLEMS).toHaveProperty(String(body.code))
  expect(JSON.stringify(body)).not.toMatch(/node_modules|\.ts:/)
  expect(headers['x-request-id']).toBeTruthy()
  const faults = body.faults as readonly { readonly pointer: string }[] | undefined
  return { status, code: String(body.code), faults, allow: headers.allow }
}

const pointersOf = async (options: InjectOptions) => {
  const { status, code, faults } = await refused(options)
  expect([status, code]).toEqual([400, 'invalid_request'])
  return (faults ?? []).map(({ pointer }) => pointer)
}

describe('the body of a request', () => {
  it.each<[string, unknown, readonly string[]]>([
    ['that lacks the title', {}, ['/title']],
    ['with an empty title', { title: '' }, ['/title']],
    ['with a title of spaces', { title: ' \n ' }, ['/title']],
    ['with a title of null', { title: null }, ['/title']],
    ['with a title that is a number', { title: 7 }, ['/title']],
    ['with a title of 10,001 characters', { title: 'x'.repeat(10_001) }, ['/title']],
    ['with half a character', { title: 'a\ud800b' }, ['/title']],
    ['with a character of code 0', { title: 'a\0b' }, ['/title']],
    ['with an unknown field', { ...FUSE, colour: 'red' }, ['/colour']],
    ['with __proto__', '{"title": "x", "__proto__": {"a": 1}}', ['/__proto__']],
    [
      'with every field at fault',
      { title: 7, fresh: 'yes', task_type: 'QA', x: 1 },
      ['/x', '/title', '/task_type', '/fresh'],
    ],
    ['with a task type that nobody knows', { ...FUSE, task_type: 'nonsense' }, ['/task_type']],
    ['with a name in the query and in the body', { ...FUSE, wait: '1s' }, ['/wait']],
    ['that is a list', [FUSE], ['']],
    ['that is null', 'null', ['']],
  ])('%s is refused with each fault by its pointer', async (_, body, pointers) => {
    const found = await pointersOf(post('/query', body))
    expect([...found].sort()).toEqual([...pointers].sort())
  })

  it('may have a text of 10,000 characters of several units each', async () => {
    expect((await opened.ask(post('/query', { title: '🜁'.repeat(10_000) }))).status).toBe(202)
  })

  it.each<[string, InjectOptions, string]>([
    ['cut off', post('/query', '{"title": "x'), 'not_json'],
    ['that is empty', post('/query', ''), 'not_json'],
    [
      'of bytes that are no UTF-8',
      { ...post('/query', ''), payload: Buffer.from([0x22, 0xff, 0x22]) },
      'not_json',
    ],
    [
      'that is a form',
      post('/query', 'title=x', { 'content-type': 'application/x-www-form-urlencoded' }),
      'media_type_unknown',
    ],
    ['without a type', { method: 'POST', url: '/query', payload: Buffer.from('{}') }, 'media_type_unknown'],
    ['that is compressed', post('/query', 'x', { 'content-encoding': 'gzip' }), 'media_type_unknown'],
    ['of a megabyte and more', post('/query', { title: 'x'.repeat(1_100_000) }), 'too_large'],
  ])('%s is refused', async (_, options, code) => {
    expect((await refused(options)).code).toBe(code)
  })
})

describe('a request', () => {
  it.each(['-1', '1e9s', '', '5', '1h', '1.5s', '9999999s'])('with wait=%s has a fault', async wait => {
    expect(await pointersOf(post(`/query?wait=${wait}`, FUSE))).toEqual(['/wait'])
  })

  it.each([
    ['a name twice', '{"title": "x", "title": "y"}', '/title'],
    [
      'no end to its levels',
      `{"title": ${'['.repeat(9_000)}${']'.repeat(9_000)}}`,
      `/title${'/0'.repeat(99)}`,
    ],
  ])('with %s has a fault', async (_, body, pointer) => {
    expect(await pointersOf(post('/query', body))).toEqual([pointer])
  })

  it('has a fault for a name in its query that is unknown or comes twice', async () => {
    expect(await pointersOf(post('/query?wait=1s&wait=2s', FUSE))).toEqual(['/wait'])
    expect(await pointersOf(post('/query?colour=red', FUSE))).toEqual(['/colour'])
  })

  it.each(['', 'two words', 'x'.repeat(129), 'ñ'])('with the Idempotency-Key %j has a fault', async key => {
    expect(await pointersOf(post('/query', FUSE, { 'idempotency-key': key }))).toEqual(['/idempotency_key'])
  })

  it('with an id of any form finds no task, and with an id that is too long is refused', async () => {
    for (const id of ['%00', '..%2f..%2fetc', '__proto__', '%F0%9F%9C%81', 'x'.repeat(256)])
      expect((await refused({ url: `/task/${id}` })).code).toBe('task_unknown')
    expect(await pointersOf({ url: `/task/${'x'.repeat(300)}` })).toEqual(['/id'])
    expect((await refused({ url: `/task/${'x'.repeat(1_001)}` })).code).toBe('address_too_long')
    expect((await refused({ url: '/task/%zz' })).code).toBe('request_malformed')
  })

  it('for an unknown route gets a problem, and one with another method gets the methods of the route', async () => {
    expect((await refused({ url: '/nothing' })).code).toBe('route_unknown')
    const { code, allow } = await refused({ method: 'DELETE', url: '/query' })
    expect([code, allow]).toEqual(['method_not_allowed', 'POST'])
  })

  it.each<[string, InjectOptions]>([
    ['another machine', { remoteAddress: '192.0.2.7' }],
    ['a proxy', { headers: { 'x-forwarded-for': '127.0.0.1' } }],
    ['a name that another host leads here', { headers: { host: 'evil.example' } }],
  ])('from %s is refused without keys', async (_, options) => {
    expect((await refused({ url: '/task/x', ...options })).code).toBe('loopback_only')
  })

  it('keeps a trace context and a request id of the right form, and the question carries both', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const known = await opened.ask(
      post('/query', { title: 'Traced?' }, { traceparent, 'x-request-id': 'r-1' }),
    )
    expect(known.headers).toMatchObject({ traceparent, 'x-request-id': 'r-1' })
    const reader = opened.log.openReader({ topic: TOPICS.raw, partition: 0 }, 0)
    reader.close()
    const fresh = await opened.ask(
      post('/query', FUSE, { traceparent: '00-zz', 'x-request-id': 'two words' }),
    )
    expect(fresh.headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    expect(fresh.headers['x-request-id']).not.toContain(' ')
  })

  it('begins traces that are written for the share of the settings alone, and leaves the decision of others', async () => {
    await using server = serverOf(opened.gateway, undefined, undefined, { traceShare: 0 })
    const flagOf = async (headers: Record<string, string>) =>
      String((await asked(server, { url: '/task/x', headers })).headers.traceparent).slice(-2)
    expect(await flagOf({})).toBe('00')
    expect(await flagOf({ traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` })).toBe('01')
  })
})

describe('a connection to the gateway', () => {
  it('ends with a problem for headers that are too large or bytes that are no HTTP, and the next connection works', async () => {
    await opened.server.listen({ host: '127.0.0.1', port: 0 })
    const url = urlOf(opened.server)
    const sent = (text: string) =>
      new Promise<string>((resolve, reject) => {
        let answer = ''
        const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text))
        socket.on('data', chunk => {
          answer += chunk
        })
        socket.on('close', () => resolve(answer))
        socket.on('error', reject)
      })
    expect(await sent(`GET /task/x HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(64_000)}\r\n\r\n`)).toMatch(
      / 431 [\s\S]*headers_too_large/,
    )
    expect(await sent('no request at all\r\n\r\n')).toMatch(/ 400 [\s\S]*request_malformed/)
    const both =
      'POST /query HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'
    expect(await sent(both)).toMatch(/ 400 [\s\S]*request_malformed/)
    const response = await fetch(`${url}/query?wait=30s`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ title: 'Over a socket?' }),
    })
    expect(await response.json()).toMatchObject({ state: 'delivered', answer: 'It cuts the current.' })
  })
})

describe('docs/gateway.md', () => {
  it('has one line for each problem, with its status', () => {
    const page = readFileSync(join(ROOT, 'docs/gateway.md'), 'utf8')
    const lines = [...page.matchAll(/^\| `(\w+)` \| (\d{3}) \| \S/gm)].map(([, code, status]) => [
      code,
      Number(status),
    ])
    expect(lines.sort()).toEqual(
      Object.entries(PROBLEMS)
        .map(([code, [status]]) => [code, status])
        .sort(),
    )
  })
})
