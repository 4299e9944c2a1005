/** The stores that need nothing installed, each by the suite of its port, and what only a file or a folder can show. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { open } from 'lmdb'
import { afterAll, expect, it } from 'vitest'
import { realSystem } from '#core/system.ts'
import { LmdbCache } from '#stores/lmdb/cache.ts'
import { organizationOf } from '#stores/organization.ts'
import { SqliteAnswers } from '#stores/sqlite/answers.ts'
import { SqliteHistory } from '#stores/sqlite/history.ts'
import { answer, describeAnswerStore } from './answer-store.ts'
import { describeCache } from './cache.ts'
import { describeHistoryStore, event, KEPT_MS } from './history-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'caudal-stores-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describeAnswerStore('SQLite', async () => {
  const path = join(folder, 'suite.db')
  const store = new SqliteAnswers({ path, system: realSystem })
  const reader = new DatabaseSync(path)
  return {
    store,
    query: async sql => reader.prepare(sql).all(),
    close: async () => {
      reader.close()
      store.close()
    },
  }
})

describeHistoryStore('SQLite', async () => {
  const store = new SqliteHistory({ path: join(folder, 'suite.db'), system: realSystem, keptMs: KEPT_MS })
  return { store, now: realSystem.now(), close: async () => store.close() }
})

it('the history in SQLite forgets events that are too old', async () => {
  const path = join(folder, 'aged.db')
  const now = realSystem.now()
  const system = { ...realSystem, now: () => now + KEPT_MS + 1 }
  const before = new SqliteHistory({ path, system: realSystem, keptMs: KEPT_MS })
  await before.append([event({ at: now }), event({ recordId: 'later', at: now + 2 })])
  before.close()
  const after = new SqliteHistory({ path, system, keptMs: KEPT_MS })
  await after.append([event({ recordId: 'new', at: now + 3 })])
  const found = await after.of(organizationOf('acme'), 'run-1')
  expect(found.map(({ recordId }) => recordId)).toEqual(['later', 'new'])
  after.close()
})

describeCache('LMDB', async () => {
  const path = join(folder, 'cache')
  const cache = new LmdbCache({ path, system: realSystem })
  const other = open({ path })
  return {
    cache,
    spoil: async key => {
      await other.put(key, { text: '[7', endsAt: Number.MAX_SAFE_INTEGER })
    },
    close: async () => {
      await other.close()
      await cache.close()
    },
  }
})

it('a file of SQLite keeps its rows when it is opened again, and a file of a newer schema is not touched', async () => {
  const path = join(folder, 'kept.db')
  const first = new SqliteAnswers({ path, system: realSystem })
  await first.save([answer()])
  first.close()
  const second = new SqliteAnswers({ path, system: realSystem })
  expect(await second.get(organizationOf('acme'), 'run-1')).toEqual(answer())
  second.close()
  const newer = new DatabaseSync(path)
  newer.exec('PRAGMA user_version = 99')
  newer.close()
  expect(() => new SqliteAnswers({ path, system: realSystem })).toThrow(/schema 99.*run the newer version/)
})

it('a file of SQLite that another process holds for long makes its caller wait, and fails nothing', async () => {
  const path = join(folder, 'held.db')
  const store = new SqliteAnswers({ path, system: realSystem })
  const holder = new DatabaseSync(path)
  holder.exec('BEGIN IMMEDIATE')
  const error = await store.save([answer()]).catch(rejected => rejected)
  expect(error).toMatchObject({ code: 'UNAVAILABLE', action: 'wait' })
  holder.exec('COMMIT')
  await error.ready
  await store.save([answer()])
  expect(await store.get(organizationOf('acme'), 'run-1')).toEqual(answer())
  holder.close()
  store.close()
})

it('a cache of LMDB from an earlier version begins empty, because its entries would never be removed', async () => {
  const path = join(folder, 'earlier')
  const earlier = open({ path })
  await earlier.put('q:old', { text: '["acme","value"]', endsAt: Number.MAX_SAFE_INTEGER })
  await earlier.close()
  const cache = new LmdbCache({ path, system: realSystem })
  expect(await cache.get(organizationOf('acme'), 'q:old')).toBeUndefined()
  await cache.set(organizationOf('acme'), 'q:new', 'value', 10_000)
  await cache.close()
  const again = new LmdbCache({ path, system: realSystem })
  expect(await again.get(organizationOf('acme'), 'q:new')).toBe('value')
  await again.close()
})

it('a cache of LMDB whose entries are replaced again and again forgets no other entry', async () => {
  const cache = new LmdbCache({ path: join(folder, 'rewritten'), system: realSystem, entriesMax: 10 })
  const acme = organizationOf('acme')
  await cache.set(acme, 'q:first', 'value', 1_000_000)
  for (let n = 0; n < 2_000; n++) await cache.set(acme, 'q:often', 'value', 10_000_000 + n)
  expect(await cache.get(acme, 'q:first')).toBe('value')
  await cache.close()
})

it('a cache of LMDB with replaced entries alone keeps their last values when it is opened again', async () => {
  const path = join(folder, 'replaced')
  const acme = organizationOf('acme')
  const first = new LmdbCache({ path, system: realSystem })
  expect(await first.replace(acme, 'session:a', undefined, 'value', 1_000_000)).toBe(true)
  await first.close()
  const again = new LmdbCache({ path, system: realSystem })
  expect(await again.get(acme, 'session:a')).toBe('value')
  await again.close()
})

it('a cache of LMDB removes replaced entries at their end, and keeps entries that were replaced since', async () => {
  let now = realSystem.now()
  const cache = new LmdbCache({ path: join(folder, 'sessions'), system: { ...realSystem, now: () => now } })
  const acme = organizationOf('acme')
  for (let n = 0; n < 500; n++) await cache.replace(acme, `session:${n}`, undefined, 'first', 1_000)
  await cache.replace(acme, 'session:0', 'first', 'second', 1_000_000)
  now += 2_000
  for (let n = 0; n < 500; n++) await cache.replace(acme, `session:new-${n}`, undefined, 'first', 1_000_000)
  expect(await cache.get(acme, 'session:0')).toBe('second')
  expect(await cache.deleteMatching(acme, 'session:*')).toBe(501)
  await cache.close()
})

it('a cache of LMDB keeps as many entries as allowed, and removes first the entry that ends first', async () => {
  const cache = new LmdbCache({ path: join(folder, 'small'), system: realSystem, entriesMax: 10 })
  const acme = organizationOf('acme')
  for (let n = 0; n < 1_000; n++) await cache.set(acme, `q:${n}`, 'value', 10_000_000 + n)
  expect(await cache.get(acme, 'q:0')).toBeUndefined()
  expect(await cache.get(acme, 'q:999')).toBe('value')
  expect(await cache.deleteMatching(acme, 'q:*')).toBe(10)
  await cache.close()
})
