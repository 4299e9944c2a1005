/** Two organisations on one gateway: neither sees a byte of the other, and the property that says so can fail. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { realSystem } from '#core/system.ts'
import { SCOPES } from '#gateway/keys.ts'
import type { Model } from '#models/model.ts'
import { LmdbCache } from '#stores/lmdb/cache.ts'
import { type Organization, organizationOf } from '#stores/organization.ts'
import { SqliteAnswers } from '#stores/sqlite/answers.ts'
import { SqliteHistory } from '#stores/sqlite/history.ts'
import { REPLY } from '../operators/values.ts'
import { bearer, HeldKeys, keyOf, ringOf } from './held-keys.ts'
import { type Opened, openGateway, post } from './open-gateway.ts'
import { type Asked, leaksOf, MINE, questionsAsked, THEIRS, webSocketLeaksOf } from './tenants.ts'

const ACME = organizationOf('acme')
const GLOBEX = organizationOf('globex')
const PATIENCE = { timeout: 20_000 }

/** Every reply is another text. */
function talkative(): Model {
  let calls = 0
  return { complete: async () => ({ ...REPLY, text: `reply ${(calls++).toString().padStart(5, '0')}` }) }
}

let folder: string
let answers: SqliteAnswers
let history: SqliteHistory
let cache: LmdbCache
let opened: Opened
let acme: Asked
let webSocketUrl: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caudal-tenants-'))
  const path = join(folder, 'answers.db')
  answers = new SqliteAnswers({ path, system: realSystem })
  history = new SqliteHistory({ path, system: realSystem, keptMs: 86_400_000 })
  cache = new LmdbCache({ path: join(folder, 'cache'), system: realSystem })
  const held = new HeldKeys()
  held.set(keyOf(MINE, ACME, SCOPES), keyOf(THEIRS, GLOBEX, SCOPES))
  opened = await openGateway(talkative(), { answers, history, cache }, {}, await ringOf(held))
  webSocketUrl = (await opened.server.listen({ host: '127.0.0.1', port: 0 })).replace('http', 'ws')
  const asked = await questionsAsked(opened.server, ACME)
  const stored = await vi.waitFor(async () => {
    const page = await answers.page(ACME, { limit: 10 })
    expect(page).toHaveLength(5)
    for (const { id } of page)
      expect((await history.of(ACME, id)).map(({ kind }) => kind)).toContain('delivered')
    return page
  }, PATIENCE)
  // Of a question that was answered with another version of the prompt too.
  const twice = stored.find(({ taskType }) => taskType === 'summarization')
  if (twice) await answers.save([{ ...twice, id: 'Ada-1618', promptVersion: '1+1' }])
  const braked = post(`/brakes/organization:${ACME}`, { reason: 'Ada-1123' }, bearer(MINE))
  expect((await opened.ask({ ...braked, method: 'PUT' })).body).toMatchObject({ reason: 'Ada-1123' })
  acme = { ...asked, secrets: [...asked.secrets, ...stored.map(({ answer }) => answer)] }
})
afterAll(async () => {
  await opened[Symbol.asyncDispose]()
  history.close()
  answers.close()
  await cache.close()
  rmSync(folder, { recursive: true, force: true })
})
afterEach(() => vi.restoreAllMocks())

describe('an organisation', () => {
  it('sees what it asked itself', async () => {
    for (const id of acme.belongings.id ?? []) {
      const places = ['task', 'batch', 'sessions'].map(place => `/${place}/${id}`)
      const found = await Promise.all(places.map(url => opened.ask({ url, headers: bearer(MINE) })))
      expect(found.map(({ status }) => status)).toContain(200)
    }
    expect(acme.belongings.last_event_id?.length).toBeGreaterThan(6)
  })

  it('sees no byte of another organisation by any route or id, and takes nothing away from it', async () => {
    const before = await answers.page(ACME, { limit: 10 })
    expect(await leaksOf(opened.server, acme)).toEqual([])
    expect(await answers.page(ACME, { limit: 10 })).toEqual(before)
  })
})

describe('a WebSocket', () => {
  it('shows an organisation no byte of another, by any stream and any id', async () => {
    expect(await webSocketLeaksOf(webSocketUrl, acme)).toEqual([])
  })

  it('would leak if the streams did not know organisations, and the property finds the leak', async () => {
    PLANTED['the feed remembers events for all']?.()
    PLANTED['the index of runs ignores the organisation']?.()
    expect(await webSocketLeaksOf(webSocketUrl, acme)).not.toEqual([])
  })
})

/** Asks in the name of the other. */
const careless =
  <A extends readonly unknown[], R>(real: (organization: Organization, ...more: A) => R) =>
  (_: Organization, ...more: A): R =>
    real(ACME, ...more)

const PLANTED: Readonly<Record<string, () => void>> = {
  'the database ignores the organisation of an id': () => {
    const real = answers.get.bind(answers)
    vi.spyOn(answers, 'get').mockImplementation(careless(real))
  },
  'the database ignores the organisation of a question': () => {
    const real = answers.newestOf.bind(answers)
    vi.spyOn(answers, 'newestOf').mockImplementation(careless(real))
  },
  'the database lists answers of all': () => {
    const real = answers.page.bind(answers)
    vi.spyOn(answers, 'page').mockImplementation(careless(real))
  },
  'the database pairs answers of all': () => {
    const real = answers.versionPairs.bind(answers)
    vi.spyOn(answers, 'versionPairs').mockImplementation((_, wanted) => real(ACME, wanted))
  },
  'the history ignores the organisation': () => {
    const real = history.of.bind(history)
    vi.spyOn(history, 'of').mockImplementation(careless(real))
  },
  'the cache ignores the organisation, for sessions and batches': () => {
    const real = cache.get.bind(cache)
    vi.spyOn(cache, 'get').mockImplementation(careless(real))
  },
  'the index of runs ignores the organisation': () => {
    const { runs } = opened.gateway
    const real = runs.get.bind(runs)
    vi.spyOn(runs, 'get').mockImplementation(careless(real))
  },
  'the feed remembers events for all': () => {
    const { feed } = opened.gateway
    const real = feed.recent.bind(feed)
    vi.spyOn(feed, 'recent').mockImplementation(careless(real))
  },
}

describe('the property of two organisations', () => {
  it.each(Object.keys(PLANTED))('finds a leak when %s', async name => {
    PLANTED[name]?.()
    expect(await leaksOf(opened.server, acme)).not.toEqual([])
  })
})
