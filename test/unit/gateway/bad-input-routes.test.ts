/** Every route of the table with input at fault: a problem of the catalogue each time, and the gateway works on. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { InjectOptions } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { realSystem } from '#core/system.ts'
import { hasFields, placesOf } from '#gateway/http/input.ts'
import { type HttpRoute, pathFields, ROUTES } from '#gateway/http/routes.ts'
import { PROBLEMS } from '#gateway/problem.ts'
import { LmdbCache } from '#stores/lmdb/cache.ts'
import { SqliteAnswers } from '#stores/sqlite/answers.ts'
import { SqliteHistory } from '#stores/sqlite/history.ts'
import { scripted } from '../operators/values.ts'
import { type Opened, openGateway, post } from './open-gateway.ts'

let folder: string
let answers: SqliteAnswers
let history: SqliteHistory
let cache: LmdbCache
let opened: Opened
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caudal-bad-'))
  const path = join(folder, 'answers.db')
  answers = new SqliteAnswers({ path, system: realSystem })
  history = new SqliteHistory({ path, system: realSystem, keptMs: 86_400_000 })
  cache = new LmdbCache({ path: join(folder, 'cache'), system: realSystem })
  opened = await openGateway(scripted({ text: 'Fine.' }), { answers, history, cache })
})
afterAll(async () => {
  expect((await opened.ask(post('/query?wait=30s', { title: 'Does it work on?' }))).body).toMatchObject({
    state: 'delivered',
  })
  await opened[Symbol.asyncDispose]()
  history.close()
  answers.close()
  await cache.close()
  rmSync(folder, { recursive: true, force: true })
})

const nameOf = ({ method, path }: HttpRoute): string => `${method} ${path}`
const at = ({ path }: HttpRoute, id = 'x'): string => path.replace(/\{\w+\}/, id)
const takesBody = (route: HttpRoute): boolean => hasFields(placesOf(route).body)

/** A request with nothing in it but what is asked for. */
function request(route: HttpRoute, url = at(route), payload?: unknown): InjectOptions {
  const { method } = route
  return payload === undefined ? { method, url } : { ...post(url, payload), method }
}

async function refused(options: InjectOptions): Promise<{ readonly status: number; readonly code: string }> {
  const { status, type, body } = await opened.ask(options)
  const error = body.error as { readonly code?: unknown } | undefined
  const code = String(error ? error.code : body.code)
  if (error)
    expect([type, error]).toEqual([
      'application/json',
      {
        message: expect.any(String),
        type: expect.any(String),
        param: expect.toBeOneOf([expect.any(String), null]),
        code,
      },
    ])
  else expect([type, status]).toEqual(['application/problem+json', body.status])
  expect(Object.keys(PROBLEMS)).toContain(code)
  expect(status, code).toBeLessThan(500)
  expect(JSON.stringify(body)).not.toMatch(/node_modules|\.ts:|Error:/)
  return { status, code }
}

const IDS = [
  '%00',
  '..%2f..%2fetc',
  '__proto__',
  'constructor',
  '%F0%9F%9C%81',
  '%ED%A0%80',
  '*',
  'x'.repeat(257),
]

/** Bodies without a fault, of the routes that take one beside an id. */
const WHOLE_BODIES: Readonly<Record<string, object>> = {
  'PATCH /sessions/{id}': { version: 1, data: {} },
  'PUT /brakes/{scope}': { reason: 'too dear' },
  'DELETE /brakes/{scope}': { reason: 'paid' },
}

describe('an operation of the gateway', () => {
  it.each(ROUTES.filter(route => pathFields(route).length > 0).map(route => [nameOf(route), route] as const))(
    '%s finds no task for an id of another form',
    async (_, route) => {
      const payload = WHOLE_BODIES[nameOf(route)]
      for (const id of IDS) {
        const { status } = await refused(request(route, at(route, id), payload))
        expect([400, 404]).toContain(status)
      }
      expect((await refused(request(route, at(route, 'x'.repeat(1_001)), payload))).code).toBe(
        'address_too_long',
      )
    },
  )

  it.each(ROUTES.map(route => [nameOf(route), route] as const))(
    '%s refuses an unknown name in the query, and a name that comes twice',
    async (_, route) => {
      const payload = takesBody(route) ? {} : undefined
      const names = ['colour', '__proto__', ...(route.query ?? [])]
      for (const name of names)
        expect((await refused(request(route, `${at(route)}?${name}=a&${name}=b`, payload))).code).toBe(
          'invalid_request',
        )
    },
  )

  it.each(ROUTES.filter(takesBody).map(route => [nameOf(route), route] as const))(
    '%s refuses bodies of other forms, and names each fault',
    async (_, route) => {
      const send = (payload: unknown) => refused(request(route, at(route), payload))
      const shapes = ['null', '7', '"text"', '[[]]', { colour: 'red' }, '{"__proto__": {"a": 1}}']
      for (const shape of shapes) expect((await send(shape)).code).toBe('invalid_request')
      for (const text of ['', '{', '{"title": "x"', 'title=x', '\u0000'])
        expect((await send(text)).code).toBe('not_json')
      const large = JSON.stringify({ title: 'x'.repeat(4_100_000) })
      expect((await send(large)).code).toBe('too_large')
    },
  )

  it.each(ROUTES.filter(takesBody).map(route => [nameOf(route), route] as const))(
    '%s refuses each compressed body',
    async (_, route) => {
      const headers = { 'content-type': 'application/json' }
      for (const encoding of ['gzip', 'br', 'deflate', 'gzip, gzip'])
        expect(
          (
            await refused({
              ...request(route, at(route), '{}'),
              headers: { ...headers, 'content-encoding': encoding },
            })
          ).code,
        ).toBe('media_type_unknown')
    },
  )
})
