/** Who may ask: keys and their scopes, and what happens when the file of keys changes. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { silent } from '#core/loggers.ts'
import { ROUTES } from '#gateway/http/routes.ts'
import { KeyRing, keysIn, keysText, SCOPES } from '#gateway/keys.ts'
import { manualTime } from '../models/manual-time.ts'
import { scripted } from '../operators/values.ts'
import { bearer, HeldKeys, keyOf, ringOf } from './held-keys.ts'
import { type Opened, openGateway, post } from './open-gateway.ts'

const ALL = 'caudal_all'
const READER = 'caudal_reader'
const FUSE = { title: 'What is a fuse for?' }
/** A second passes before a change of the file is looked for. */
const TOLD_MS = 1_000

const time = manualTime()
const held = new HeldKeys()
let opened: Opened
beforeAll(async () => {
  opened = await openGateway(scripted({ text: 'It cuts the current.' }), {}, {}, await ringOf(held, time))
})
afterAll(() => opened[Symbol.asyncDispose]())
beforeEach(async () => {
  held.failure = undefined
  held.set(keyOf(ALL, 'acme', SCOPES), keyOf(READER, 'acme', ['read']))
  await time.advance(TOLD_MS)
})

const codeOf = async (headers: Record<string, string>, url = '/task/x', method: 'GET' | 'POST' = 'GET') => {
  const { status, body } = await opened.ask(
    method === 'POST' ? post(url, FUSE, headers) : { method, url, headers },
  )
  return [status, body.code]
}

describe('a gateway with keys', () => {
  it('accepts a valid key in any place, and the question belongs to the organisation of its key', async () => {
    const asked = await opened.ask({
      ...post('/query?wait=30s', FUSE, bearer(ALL)),
      remoteAddress: '192.0.2.7',
    })
    expect(asked.body).toMatchObject({ state: 'delivered' })
    const task = { url: `/task/${asked.body.task_id}` }
    expect((await opened.ask({ ...task, headers: bearer(READER) })).status).toBe(200)
    expect(opened.gateway.runs.get('acme' as never, String(asked.body.task_id))).toBeDefined()
  })

  it('says to whom a key belongs and what the key may do', async () => {
    const { body } = await opened.ask({ url: '/whoami', headers: bearer(READER) })
    expect(body).toEqual({ organization: 'acme', key: READER, scopes: ['read'] })
  })

  it.each<[string, Record<string, string>]>([
    ['without a key, also from this machine', {}],
    ['with a key that nobody made', bearer('caudal_none')],
    ['with the digest of a key', bearer(keyOf(ALL, 'acme', SCOPES).digest)],
    ['with an empty key', { authorization: 'Bearer ' }],
    ['with another scheme', { authorization: `Basic ${ALL}` }],
    ['with two keys', { authorization: `Bearer ${ALL} ${READER}` }],
  ])('refuses a request %s', async (_, headers) => {
    expect(await codeOf(headers)).toEqual([401, 'unauthenticated'])
    const { headers: replied } = await opened.ask({ url: '/task/x', headers })
    expect(replied['www-authenticate']).toBe('Bearer')
  })

  it('refuses even a valid key in the address, and does not repeat the key', async () => {
    for (const query of [`api_key=${ALL}`, `access_token=${ALL}`, `wait=${ALL}`, 'key=x', `%6Bey=x`]) {
      const { status, body } = await opened.ask({ url: `/task/x?${query}`, headers: bearer(ALL) })
      expect([status, body.code]).toEqual([400, 'key_in_address'])
      expect(JSON.stringify(body)).not.toContain(ALL)
    }
  })

  it('refuses each route to a key that has all scopes but that of the route', async () => {
    for (const { method, path, operation } of ROUTES) {
      held.set(
        keyOf(
          'caudal_but',
          'acme',
          SCOPES.filter(scope => scope !== operation.scope),
        ),
      )
      await time.advance(TOLD_MS)
      const { status, body } = await opened.ask({
        method,
        url: path.replace('{id}', 'x'),
        headers: bearer('caudal_but'),
      })
      // The route for clients of OpenAI's API has the code in its own shape.
      const { code } = Object(body.error ?? body)
      expect([path, status, code]).toEqual([path, 403, 'scope_missing'])
    }
  })
})

describe('the file of keys', () => {
  it('is read again after a change: a revoked key is refused and a new key accepted without a restart', async () => {
    expect(await codeOf(bearer(ALL))).toEqual([404, 'task_unknown'])
    held.set(keyOf('caudal_next', 'acme', SCOPES))
    await time.advance(TOLD_MS)
    expect(await codeOf(bearer(ALL))).toEqual([401, 'unauthenticated'])
    expect(await codeOf(bearer('caudal_next'))).toEqual([404, 'task_unknown'])
  })

  it('may have two keys of one name during a rotation', async () => {
    held.set(keyOf(ALL, 'acme', SCOPES, 'web'), keyOf('caudal_next', 'acme', SCOPES, 'web'))
    await time.advance(TOLD_MS)
    for (const key of [ALL, 'caudal_next']) expect(await codeOf(bearer(key))).toEqual([404, 'task_unknown'])
  })

  it('keeps the known keys in force while it cannot be read or is torn', async () => {
    held.failure = new TypeError('no such file')
    await time.advance(TOLD_MS)
    expect(await codeOf(bearer(ALL))).toEqual([404, 'task_unknown'])
    held.failure = undefined
    held.setText('{"keys": [')
    await time.advance(TOLD_MS)
    expect(await codeOf(bearer(ALL))).toEqual([404, 'task_unknown'])
    held.setText('')
    await time.advance(TOLD_MS)
    expect(await codeOf(bearer(ALL))).toEqual([401, 'unauthenticated'])
  })

  it('stops the start when it has a fault, with the command that makes the file', async () => {
    const torn = new HeldKeys()
    torn.setText('{"keys": [{"name": "a b"}]}')
    const ring = new KeyRing({ source: torn, system: time, logger: silent })
    await expect(ring.start()).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' })
    await expect(ring.start()).rejects.toThrow(/key 0: name .*caudal key create/)
  })

  it('is refused with the faults of each key', () => {
    const good = JSON.parse(keysText([keyOf('k', 'acme', ['read'], 'web')])).keys[0]
    const faultsOf = (more: object) => keysIn(JSON.stringify({ keys: [{ ...good, ...more }] }))
    expect(faultsOf({})).toMatchObject([{ organization: 'acme', scopes: ['read'] }])
    for (const [more, fault] of [
      [{ organization: 'a.b' }, /organization must/],
      [{ organization: '' }, /organization must/],
      [{ scopes: [] }, /scopes must/],
      [{ scopes: ['all'] }, /scopes must/],
      [{ sha256: 'x' }, /sha256 must/],
    ] as const)
      expect(faultsOf(more)).toEqual({ faults: [expect.stringMatching(fault)] })
    expect(keysIn('[]')).toEqual({ faults: [expect.stringMatching(/named keys/)] })
  })
})
