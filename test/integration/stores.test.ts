/** Postgres and Redis behind the ports: the suites, and what happens while they are away. */
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { silent } from '#core/loggers.ts'
import { realSystem } from '#core/system.ts'
import { HOST, PORTS, POSTGRES_URL, REDIS_URL } from '#deploy/local/addresses.ts'
import { organizationOf } from '#stores/organization.ts'
import { PostgresAnswers } from '#stores/postgres/answers.ts'
import { Database } from '#stores/postgres/database.ts'
import { PostgresHistory } from '#stores/postgres/history.ts'
import { RedisCache } from '#stores/redis/cache.ts'
import { RedisRateCounter } from '#stores/redis/rate-counter.ts'
import { answer, describeAnswerStore } from '../conformance/answer-store.ts'
import { describeCache } from '../conformance/cache.ts'
import { describeHistoryStore, event, KEPT_MS } from '../conformance/history-store.ts'
import { type CutLine, openLine } from './cut-line.ts'
import { RUN, stackRuns } from './stack.ts'

const hasPostgres = await stackRuns('postgres')
const hasRedis = await stackRuns('redis')
const ACME = organizationOf('acme')
const databaseName = `gate_${RUN.replace(/\W/g, '')}`
const urlOf = (port: number, name = databaseName) => `postgres://caudal@${HOST}:${port}/${name}`

async function administer(sql: string, url = POSTGRES_URL): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(url)
  await client.connect()
  const { rows } = await client.query(sql)
  await client.end()
  return rows
}

const openDatabase = (port: number = PORTS.postgres) =>
  new Database({ url: urlOf(port), connectionsMax: 4, system: realSystem, logger: silent })

describe.skipIf(!hasPostgres)('Postgres', () => {
  beforeAll(() => administer(`CREATE DATABASE ${databaseName}`))
  afterAll(() => administer(`DROP DATABASE ${databaseName} WITH (FORCE)`))

  describeAnswerStore('Postgres', async () => {
    const database = openDatabase()
    return {
      store: new PostgresAnswers(database),
      query: sql => administer(sql, urlOf(PORTS.postgres)),
      close: () => database.close(),
    }
  })

  describeHistoryStore('Postgres', async () => {
    const database = openDatabase()
    const store = new PostgresHistory({ database, system: realSystem, keptMs: KEPT_MS })
    return { store, now: realSystem.now(), close: () => database.close() }
  })

  it('has a partition for each day, drops old partitions, and moves rows from before their day', async () => {
    const database = openDatabase()
    const ids = async (history: PostgresHistory) =>
      (await history.of(ACME, 'days')).map(({ recordId }) => recordId)
    const now = realSystem.now()
    const historyAt = (time: number) =>
      new PostgresHistory({ database, system: { ...realSystem, now: () => time }, keptMs: KEPT_MS })
    const early = { taskId: 'days', recordId: 'early', at: now + 3 * 86_400_000 }
    await historyAt(now).append([event({ taskId: 'days', recordId: 'today', at: now }), event(early)])
    const later = historyAt(now + 3 * 86_400_000)
    await later.append([event({ ...early, recordId: 'on its day' }), event(early)])
    expect(await ids(later)).toEqual(['today', 'early', 'on its day'])
    const last = historyAt(now + KEPT_MS + 2 * 86_400_000)
    await last.append([])
    await last.append([event({ ...early, recordId: 'at last' })])
    expect(await ids(last)).toEqual(['at last', 'early', 'on its day'])
    await database.close()
  })

  it('gets its schema once, although several processes start together', async () => {
    const databases = [openDatabase(), openDatabase(), openDatabase()]
    await Promise.all(databases.map(each => new PostgresAnswers(each).save([answer({ id: 'together' })])))
    const names = await administer('SELECT name FROM caudal_migrations', urlOf(PORTS.postgres))
    expect(new Set(names.map(({ name }) => name)).size).toBe(names.length)
    for (const each of databases) await each.close()
  })

  it('lets the caller wait while it is away, and stores the rows once it is back', async () => {
    const line: CutLine = await openLine(PORTS.postgres)
    const database = openDatabase(line.port)
    const store = new PostgresAnswers(database)
    await store.save([answer({ id: 'before' })])
    line.cut()
    const error = await store.save([answer({ id: 'after' })]).catch(rejected => rejected)
    expect(error).toMatchObject({ code: 'UNAVAILABLE', action: 'wait' })
    line.restore()
    await vi.waitFor(
      async () => {
        await store.save([answer({ id: 'after' })])
      },
      { timeout: 5_000 },
    )
    expect(await store.get(ACME, 'after')).toMatchObject({ id: 'after' })
    await database.close()
    await line.close()
  })

  it('serves the next statement after an administrator ended its connections', async () => {
    const database = openDatabase()
    const store = new PostgresAnswers(database)
    await store.save([answer()])
    await administer(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${databaseName}' AND pid <> pg_backend_pid()`,
    )
    await vi.waitFor(async () => expect(await store.get(ACME, 'run-1')).toMatchObject({ id: 'run-1' }))
    await database.close()
  })

  it('reports how many of its connections are used, and how many statements wait for one', async () => {
    const database = openDatabase()
    await database.query({ text: 'SELECT 1' })
    expect(database.figures()).toEqual({ limit: 4, used: 0, idle: 1, waiting: 0 })
    const sleeping = Array.from({ length: 6 }, () => database.query({ text: 'SELECT pg_sleep(1)' }))
    await vi.waitFor(() => expect(database.figures()).toEqual({ limit: 4, used: 4, idle: 0, waiting: 2 }))
    await Promise.all(sleeping)
    expect(database.figures()).toMatchObject({ used: 0, waiting: 0 })
    await database.close()
  })

  it('is waited for and not written while it has a newer schema or is read-only', async () => {
    await administer(
      "INSERT INTO caudal_migrations (name, run_on) VALUES ('9_future', now())",
      urlOf(PORTS.postgres),
    )
    const newer = openDatabase()
    const error = await new PostgresAnswers(newer).save([answer({ id: 'newer' })]).catch(rejected => rejected)
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/9_future.*newer version/),
    })
    await newer.close()
    await administer("DELETE FROM caudal_migrations WHERE name = '9_future'", urlOf(PORTS.postgres))
    await administer(`ALTER DATABASE ${databaseName} SET default_transaction_read_only = on`)
    const sealed = openDatabase()
    const refused = await new PostgresAnswers(sealed)
      .save([answer({ id: 'sealed' })])
      .catch(rejected => rejected)
    expect(refused).toMatchObject({ code: 'UNAVAILABLE' })
    await sealed.close()
    await administer(`ALTER DATABASE ${databaseName} RESET default_transaction_read_only`)
  })
})

describe.skipIf(!hasRedis)('Redis', () => {
  const prefix = `${RUN.replace(/\W/g, '')}:`
  const opened: RedisCache[] = []
  const openCache = (port: number = PORTS.redis) => {
    const cache = new RedisCache({
      url: `redis://${HOST}:${port}`,
      connections: 2,
      system: realSystem,
      logger: silent,
    })
    opened.push(cache)
    return cache
  }
  afterAll(async () => {
    for (const each of opened.splice(0)) each.close()
    const redis = new Redis(REDIS_URL)
    const keys = [...(await redis.keys(`${prefix}*`)), ...(await redis.keys(`rate:${prefix}*`))]
    if (keys.length > 0) await redis.unlink(...keys)
    redis.disconnect()
  })

  /** A connection is opened in the background: until then the cache is away. */
  async function connected(cache: RedisCache): Promise<RedisCache> {
    await vi.waitFor(() => cache.set(ACME, `${prefix}connected`, 'yes', 60_000), { timeout: 5_000 })
    return cache
  }

  describeCache(
    'Redis',
    async () => {
      const redis = new Redis(REDIS_URL)
      return {
        cache: await connected(openCache()),
        // A list where the cache looks for text.
        spoil: async key => void (await redis.set(key, '[7')),
        close: async () => redis.disconnect(),
      }
    },
    prefix,
  )

  it('counts for several gateways: each addition has a total of its own, and a window ends', async () => {
    const counters = [1, 2].map(() => new RedisRateCounter({ url: REDIS_URL, system: realSystem }))
    const key = (name: string) => `${prefix}${name}`
    for (const each of counters) await vi.waitFor(() => each.add(key('connected'), 1, 60_000))
    const all = Array.from({ length: 100 }, (_, index) => counters[index % 2]?.add(key('many'), 1, 60_000))
    const totals = (await Promise.all(all)).map(counted => counted?.total ?? 0)
    expect(totals.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
    const [first] = counters
    const brief = await first?.add(key('brief'), 3, 60)
    expect(brief?.total).toBe(3)
    expect(brief?.resetMs).toBeLessThanOrEqual(60)
    await vi.waitFor(async () => expect((await first?.add(key('brief'), 1, 60))?.total).toBe(1))
    for (const each of counters) each.close()
    await expect(first?.add(key('brief'), 1, 60)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('delays no caller for long while it is away, and is used again once it is back', async () => {
    const line = await openLine(PORTS.redis)
    const cache = await connected(openCache(line.port))
    await cache.set(ACME, `${prefix}kept`, 'value', 60_000)
    line.cut()
    const began = realSystem.monotonic()
    for (let n = 0; n < 20; n++)
      await expect(cache.get(ACME, `${prefix}kept`)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(realSystem.monotonic() - began).toBeLessThan(2_500)
    line.restore()
    await vi.waitFor(async () => expect(await cache.get(ACME, `${prefix}kept`)).toBe('value'), {
      timeout: 5_000,
    })
    cache.close()
    await line.close()
  })

  it('finds nothing under a key with a value of another type, and fails no other caller', async () => {
    const redis = new Redis(REDIS_URL)
    await redis.lpush(`${prefix}list`, 'x')
    const cache = await connected(openCache())
    await expect(cache.get(ACME, `${prefix}list`)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await cache.set(ACME, `${prefix}list`, 'value', 60_000)
    expect(await cache.get(ACME, `${prefix}list`)).toBe('value')
    redis.disconnect()
  })
})
