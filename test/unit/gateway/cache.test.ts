/** What the gateway tells of the cache, and how an organisation empties its part of it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { realSystem } from '#core/system.ts'
import { Metrics } from '#observability/metrics/metrics.ts'
import { LmdbCache } from '#stores/lmdb/cache.ts'
import { organizationOf } from '#stores/organization.ts'
import { seriesOf } from '../observability/metrics/scraped.ts'
import { scripted } from '../operators/values.ts'
import { type Opened, openGateway } from './open-gateway.ts'
import { Switch, unsteadyCache } from './unsteady-stores.ts'

const NOBODY = organizationOf(undefined)
const ACME = organizationOf('acme')
const HOUR_MS = 3_600_000

let folder: string
let cache: LmdbCache
let opened: Opened
const memory = new Switch()
const metrics = new Metrics({ system: realSystem })
beforeAll(async () => {
  metrics.start()
  folder = mkdtempSync(join(tmpdir(), 'caudal-cache-'))
  cache = new LmdbCache({ path: join(folder, 'cache'), system: realSystem })
  opened = await openGateway(scripted(), { cache: unsteadyCache(cache, memory) })
})
afterAll(async () => {
  memory.on()
  metrics[Symbol.dispose]()
  await opened[Symbol.asyncDispose]()
  await cache.close()
  rmSync(folder, { recursive: true, force: true })
})

const remove = (prefix: string) =>
  opened.ask({ method: 'DELETE', url: `/cache?prefix=${encodeURIComponent(prefix)}` })

it('GET /cache/statistics counts hits and misses by namespace, as the metrics do', async () => {
  await cache.set(NOBODY, 'q:one', 'value', HOUR_MS)
  for (const key of ['q:one', 'q:one', 'q:one', 'q:two']) await cache.get(NOBODY, key)
  const { status, body } = await opened.ask({ url: '/cache/statistics' })
  expect(status).toBe(200)
  expect(body.namespaces).toContainEqual({ namespace: 'q', hits: 3, misses: 1, errors: 0, hit_rate: 0.75 })
  const series = seriesOf((await metrics.scrape()).text)
  expect(series.get('cache_hits_total{cache_type="q"}')).toBe(3)
  expect(series.get('cache_misses_total{cache_type="q"}')).toBe(1)
})

it('DELETE /cache removes the entries of the caller under a prefix, and of nobody else', async () => {
  await cache.set(NOBODY, 'q:a1', 'value', HOUR_MS)
  await cache.set(NOBODY, 'q:b', 'value', HOUR_MS)
  await cache.set(ACME, 'q:a2', 'theirs', HOUR_MS)
  expect((await remove('q:a')).body).toEqual({ deleted: 1 })
  expect(await cache.get(NOBODY, 'q:b')).toBe('value')
  expect(await cache.get(ACME, 'q:a2')).toBe('theirs')
})

it.each(['', 'q', '*', 'q:*', 'session:', 'session:x', 'Q:', 'q: '])(
  'DELETE /cache refuses the prefix %j',
  async prefix => {
    const { status, body } = await remove(prefix)
    expect([status, body.faults]).toEqual([400, [{ pointer: '/prefix', reason: expect.any(String) }]])
  },
)

it('the routes of the cache name a cache that is absent, and a cache that is away', async () => {
  memory.off()
  expect((await remove('q:')).body.code).toBe('store_unavailable')
  memory.on()
  const bare = await openGateway(scripted())
  for (const options of [
    { url: '/cache/statistics' },
    { method: 'DELETE', url: '/cache?prefix=q:' },
  ] as const)
    expect((await bare.ask(options)).body.code).toBe('store_absent')
  await bare[Symbol.asyncDispose]()
})
