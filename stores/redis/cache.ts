/** The cache in Redis: shared by all gateways and pods. */
import { Redis } from 'ioredis'
import { failureFields, reasonOf, unavailable } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import { pauseMs, RETRIES } from '#core/retry.ts'
import { type System, sleep } from '#core/system.ts'
import type { Cache, CacheStatistics } from '../cache.ts'
import { CacheCounts, entryOf, lifeOf, matcherOf, valueIn, wholeEntryOf } from '../cache-entry.ts'
import type { Organization } from '../organization.ts'

/** The address of Redis and the number of connections. */
export interface RedisCacheOptions {
  readonly url: string
  readonly connections: number
  readonly system: System
  readonly logger: Logger
}

const COMMAND_MS = 200
const CONNECT_MS = 2_000
/** Keys that one step of a walk looks at. */
const SCAN_COUNT = 500
/** After so many failures in a row nothing is asked for a while. */
const BREAKER_FAILURES = 5
const BREAKER_MS = 1_000
/** Redis runs it whole: nothing comes between the look and the write. Without a third argument no value must be there. */
const REPLACE = `
if redis.call('GET', KEYS[1]) ~= (ARGV[3] or false) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`

/**
 * Nothing is queued while Redis is away: a command fails at once, or after 200 ms. After five failures in a row, commands
 * fail without being sent, for a second; then one is tried. Connections are opened again by themselves.
 */
export class RedisCache implements Cache {
  readonly #options: RedisCacheOptions
  readonly #connections: readonly Redis[]
  readonly #counts = new CacheCounts()
  #next = 0
  #failures = 0
  /** By the monotonic clock. */
  #closedUntil = Number.NEGATIVE_INFINITY
  #pause: Promise<void> | undefined

  constructor(options: RedisCacheOptions) {
    this.#options = options
    this.#connections = Array.from({ length: options.connections }, () => connectionTo(options))
  }

  async get(organization: Organization, key: string): Promise<string | undefined> {
    const value = valueIn(organization, await this.#tried(key, redis => redis.get(key)))
    this.#counts.count(key, value === undefined ? 'misses' : 'hits')
    return value
  }

  async set(organization: Organization, key: string, value: string, ttlMs: number): Promise<void> {
    const entry = entryOf(organization, value)
    await this.#tried<unknown>(key, redis =>
      entry === undefined ? redis.unlink(key) : redis.set(key, entry, 'PX', lifeOf(ttlMs)),
    )
  }

  async replace(
    organization: Organization,
    key: string,
    before: string | undefined,
    value: string,
    ttlMs: number,
  ): Promise<boolean> {
    const text = wholeEntryOf(organization, value)
    const life = String(lifeOf(ttlMs))
    const was = before === undefined ? [] : [entryOf(organization, before) ?? '']
    return (await this.#tried(key, redis => redis.eval(REPLACE, 1, key, text, life, ...was))) === 1
  }

  async deleteMatching(organization: Organization, pattern: string): Promise<number> {
    const matches = matcherOf(pattern)
    // What is special in Redis' own patterns, but for the star, stands for itself.
    const match = pattern.replace(/[?[\]\\^]/g, '\\$&')
    let cursor = '0'
    let deleted = 0
    do {
      const [next, keys] = await this.#tried(pattern, redis =>
        redis.scan(cursor, 'MATCH', match, 'COUNT', SCAN_COUNT),
      )
      cursor = next
      const found = keys.filter(matches)
      if (found.length > 0) deleted += await this.#deleteOwn(organization, pattern, found)
    } while (cursor !== '0')
    return deleted
  }

  statistics(): Readonly<Record<string, CacheStatistics>> {
    return this.#counts.statistics
  }

  close(): void {
    for (const each of this.#connections) each.disconnect()
  }

  async #deleteOwn(organization: Organization, pattern: string, keys: readonly string[]): Promise<number> {
    const entries = await this.#tried(pattern, redis => redis.mget([...keys]))
    const own = keys.filter((_, index) => valueIn(organization, entries[index]) !== undefined)
    return own.length === 0 ? 0 : this.#tried(pattern, redis => redis.unlink(...own))
  }

  async #tried<T>(key: string, use: (redis: Redis) => Promise<T>): Promise<T> {
    const { system } = this.#options
    const redis = this.#connections[this.#next++ % this.#connections.length]
    try {
      if (!redis || system.monotonic() < this.#closedUntil) throw new TypeError('it did not answer lately')
      const answer = await use(redis)
      this.#answered()
      return answer
    } catch (error) {
      this.#counts.count(key, 'errors')
      throw this.#trouble(error)
    }
  }

  #answered(): void {
    if (this.#failures >= BREAKER_FAILURES) this.#options.logger.info('the cache answers again')
    this.#failures = 0
  }

  #trouble(error: unknown): unknown {
    const { system, logger } = this.#options
    const now = system.monotonic()
    if (now >= this.#closedUntil && ++this.#failures >= BREAKER_FAILURES) {
      if (this.#failures === BREAKER_FAILURES)
        logger.warn('the cache is away: answers come from the database', failureFields(error))
      this.#closedUntil = now + BREAKER_MS
    }
    // One pause for all who fail meanwhile.
    this.#pause ??= sleep(system, BREAKER_MS).then(() => {
      this.#pause = undefined
    })
    return unavailable(`the cache: ${reasonOf(error)}`, this.#pause)
  }
}

function connectionTo({ url, system }: Pick<RedisCacheOptions, 'url' | 'system'>): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    maxRetriesPerRequest: 1,
    autoResendUnfulfilledCommands: false,
    commandTimeout: COMMAND_MS,
    connectTimeout: CONNECT_MS,
    retryStrategy: times => pauseMs(RETRIES.reconnect, times - 1, system),
  })
  // Each command tells its caller; a connection that breaks is opened again.
  redis.on('error', () => {})
  return redis
}
