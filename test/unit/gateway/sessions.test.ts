/** Sessions: any gateway reads them, updates are compare-and-set, and their cookie logs a browser in. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Sessions } from '#gateway/sessions.ts'
import { LmdbCache } from '#stores/lmdb/cache.ts'
import { organizationOf } from '#stores/organization.ts'
import { manualTime } from '../models/manual-time.ts'
import { scripted } from '../operators/values.ts'
import { bearer, HeldKeys, keyOf, ringOf } from './held-keys.ts'
import { type Opened, openGateway, post, serverOf } from './open-gateway.ts'
import { Switch, unsteadyCache } from './unsteady-stores.ts'

const ACME = 'caudal_acme'
const ALL = ['ask', 'read'] as const
const TTL_MS = 60_000
const time = manualTime()
const held = new HeldKeys()
const memory = new Switch()

let folder: string
let cache: LmdbCache
let opened: Opened
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caudal-sessions-'))
  cache = new LmdbCache({ path: join(folder, 'cache'), system: time })
  opened = await openGateway(
    scripted({ text: 'Fine.' }),
    { cache: unsteadyCache(cache, memory) },
    {},
    await ringOf(held, time),
  )
  let count = 0
  Object.assign(opened.gateway, {
    sessions: new Sessions({
      cache: unsteadyCache(cache, memory),
      system: time,
      ttlMs: TTL_MS,
      secrets: {
        secret: () => `${++count}`.padStart(43, 's'),
        uuid: () => `${++count}`.padStart(36, '0'),
      },
    }),
  })
})
afterAll(async () => {
  memory.on()
  await opened[Symbol.asyncDispose]()
  await cache.close()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  held.set(keyOf(ACME, 'acme', ALL), keyOf('caudal_globex', 'globex', ALL))
  await time.advance(1_000)
})

async function made(data: object = { page: 1 }) {
  const { status, body, headers } = await opened.ask(post('/sessions', { user: 'ada', data }, bearer(ACME)))
  expect(status).toBe(200)
  const header = String(headers['set-cookie'])
  return { id: String(body.id), body, header, cookie: header.split(';')[0] ?? '' }
}

const read = (id: string, headers: Record<string, string> = bearer(ACME)) =>
  opened.ask({ url: `/sessions/${id}`, headers })
const change = (id: string, version: number, data: object) =>
  opened.ask({ ...post(`/sessions/${id}`, { version, data }, bearer(ACME)), method: 'PATCH' })

describe('a session of the gateway', () => {
  it('is read at another gateway, and ends on request', async () => {
    const { id, body } = await made()
    expect(body).toMatchObject({ user: 'ada', address: '127.0.0.1', data: { page: 1 }, version: 1 })
    const other = serverOf(opened.gateway, await ringOf(held, time))
    expect((await other.inject({ url: `/sessions/${id}`, headers: bearer(ACME) })).json()).toMatchObject({
      id,
    })
    const end = { method: 'DELETE', url: `/sessions/${id}`, headers: bearer(ACME) } as const
    expect((await opened.ask(end)).body).toEqual({ ended: true })
    expect((await opened.ask(end)).body.code).toBe('session_unknown')
    expect((await read(id)).body.code).toBe('session_unknown')
  })

  it('lives while it is used, and ends otherwise', async () => {
    const { id } = await made()
    for (let times = 0; times < 4; times++) {
      await time.advance(TTL_MS * 0.75)
      expect((await read(id)).status).toBe(200)
    }
    await time.advance(TTL_MS + 1)
    expect((await read(id)).body.code).toBe('session_unknown')
  })

  it('is changed by one of several callers who change the same version', async () => {
    const { id } = await made()
    const all = await Promise.all([1, 2, 3, 4].map(page => change(id, 1, { page })))
    expect(all.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409])
    expect(all.find(({ status }) => status === 409)?.body.code).toBe('session_changed')
    expect((await read(id)).body).toMatchObject({ version: 2 })
    expect((await change('0'.repeat(36), 1, {})).body.code).toBe('session_unknown')
  })

  it('holds 64 kB of data at most, and belongs to its organisation alone', async () => {
    const text = 'x'.repeat(65_536 - '{"text":""}'.length)
    const { id } = await made({ text })
    expect((await change(id, 1, { text: `${text}x` })).body.faults).toEqual([
      { pointer: '/data', reason: expect.any(String) },
    ])
    expect((await read(id, bearer('caudal_globex'))).body.code).toBe('session_unknown')
  })

  it('is unavailable while the cache is away, and the problem says so', async () => {
    const { id, cookie } = await made()
    memory.off()
    expect((await read(id)).body.code).toBe('store_unavailable')
    expect((await read(id, { cookie })).body.code).toBe('store_unavailable')
    memory.on()
    expect((await read(id)).status).toBe(200)
  })
})

describe('a session of somebody else', () => {
  const other = bearer('caudal_other')
  beforeEach(() =>
    held.set(
      keyOf(ACME, 'acme', ALL),
      keyOf('caudal_acme_next', 'acme', ALL, ACME),
      keyOf('caudal_other', 'acme', ALL),
      keyOf('caudal_boss', 'acme', ['read', 'operate']),
    ),
  )
  const end = (id: string, headers: Record<string, string>) =>
    opened.ask({ method: 'DELETE', url: `/sessions/${id}`, headers })

  it('is unknown to another key of the organisation, which neither reads, changes nor ends it', async () => {
    const { id } = await made()
    const replies = [
      await read(id, other),
      await opened.ask({
        ...post(`/sessions/${id}`, { version: 1, data: { page: 2 } }, other),
        method: 'PATCH',
      }),
      await end(id, other),
    ]
    expect(replies.map(({ body }) => body.code)).toEqual(Array(3).fill('session_unknown'))
    expect((await read(id)).body).toMatchObject({ version: 1, data: { page: 1 } })
  })

  it('is known to the next key of the same name after a rotation', async () => {
    const { id } = await made()
    expect((await read(id, bearer('caudal_acme_next'))).body).toMatchObject({ id })
  })

  it('is unknown to the cookie of another session of the same key', async () => {
    const [mine, theirs] = [await made(), await made()]
    const own = { cookie: mine.cookie, origin: 'http://localhost:8080', host: 'localhost:8080' }
    expect((await read(theirs.id, own)).body.code).toBe('session_unknown')
    expect((await end(theirs.id, own)).body.code).toBe('session_unknown')
    const ended = await end(mine.id, own)
    expect(ended.body).toEqual({ ended: true })
    expect(ended.headers['set-cookie']).toMatch(/^caudal_session=;.*Max-Age=0/)
    expect((await read(theirs.id)).status).toBe(200)
  })

  it('is ended by a key that may operate, whose own cookie stays', async () => {
    const { id } = await made()
    const boss = bearer('caudal_boss')
    expect((await read(id, boss)).body.code).toBe('session_unknown')
    const { cookie } = await made()
    const ended = await end(id, { ...boss, cookie })
    expect(ended.body).toEqual({ ended: true })
    expect(ended.headers).not.toHaveProperty('set-cookie')
    expect((await read(id)).body.code).toBe('session_unknown')
  })
})

describe('the cookie of a session', () => {
  it('is readable by no script and no other site, and is secure behind TLS', async () => {
    const { header } = await made()
    expect(header).toMatch(/; Path=\/; HttpOnly; SameSite=Strict; Max-Age=60$/)
    const { headers } = await opened.ask(
      post('/sessions', {}, { ...bearer(ACME), 'x-forwarded-proto': 'https' }),
    )
    expect(headers['set-cookie']).toMatch(/; Secure$/)
  })

  it('gives the rights of its key until the key is revoked or the session ends', async () => {
    const { id, cookie } = await made()
    const own = { cookie, origin: 'http://localhost:8080', host: 'localhost:8080' }
    expect((await read(id, { cookie })).body).toMatchObject({ id })
    expect((await opened.ask({ url: '/whoami', headers: { cookie } })).body.session).toBe(id)
    expect((await opened.ask(post('/query', { title: 'One?' }, own))).status).toBe(202)
    expect((await opened.ask({ url: '/workers', headers: { cookie } })).body.code).toBe('scope_missing')
    held.set(keyOf('caudal_globex', 'globex', ALL))
    await time.advance(1_000)
    expect((await read(id, { cookie })).body.code).toBe('unauthenticated')
  })

  it('changes nothing for a page of another origin, or of none', async () => {
    const { cookie } = await made()
    for (const origin of [undefined, 'http://evil.example', 'null', 'http://localhost:81'])
      expect(
        (
          await opened.ask(
            post('/query', { title: 'One?' }, { cookie, host: 'localhost:8080', ...(origin && { origin }) }),
          )
        ).body.code,
      ).toBe('origin_refused')
  })

  it('is worthless with the id alone, with another secret, or for another organisation', async () => {
    const { id, cookie } = await made()
    const secret = cookie.split('.')[2]
    for (const text of [
      '',
      id,
      `acme.${id}`,
      `acme.${id}.${'x'.repeat(43)}`,
      `globex.${id}.${secret}`,
      `.${id}.${secret}`,
    ])
      expect((await read(id, { cookie: `caudal_session=${text}` })).body.code).toBe('unauthenticated')
    expect(await cache.get(organizationOf('acme'), `session:${id}`)).not.toContain(secret)
  })
})
