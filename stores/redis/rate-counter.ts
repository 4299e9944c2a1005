/** Counts in Redis: one for all gateways. */
import { Redis } from 'ioredis'
import { reasonOf, unavailable } from '#core/errors.ts'
import { RETRIES } from '#core/retry.ts'
import { type System, sleep } from '#core/system.ts'
import type { Counted, RateCounter } from '../rate-counter.ts'

/** The address of Redis, and the clock of this process. */
export interface RedisRateCounterOptions {
  readonly url: string
  readonly system: System
}

const COMMAND_MS = 200
const PREFIX = 'rate:'

/** Redis runs it whole, so that a count is never without its end. */
const ADD = `
local total = redis.call('INCRBY', KEYS[1], ARGV[1])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return {total, redis.call('PTTL', KEYS[1])}`

/** Adds and reads a count in one command, so that gateways count together. */
export class RedisRateCounter implements RateCounter {
  readonly #system: System
  readonly #redis: Redis

  constructor({ url, system }: RedisRateCounterOptions) {
    this.#system = system
    this.#redis = new Redis(url, {
      enableOfflineQueue: false,
      enableAutoPipelining: true,
      maxRetriesPerRequest: 1,
      commandTimeout: COMMAND_MS,
      retryStrategy: () => RETRIES.store.firstMs,
    })
    // Each command rejects for its caller; a connection that breaks is opened again.
    this.#redis.on('error', () => {})
  }

  async add(key: string, count: number, windowMs: number): Promise<Counted> {
    try {
      const found = await this.#redis.eval(ADD, 1, `${PREFIX}${key}`, String(count), String(windowMs))
      const [total, resetMs] = Array.isArray(found) ? found.map(Number) : []
      if (total === undefined || resetMs === undefined) throw new TypeError('it answered no count')
      return { total, resetMs }
    } catch (error) {
      throw unavailable(`the counts: ${reasonOf(error)}`, sleep(this.#system, RETRIES.store.firstMs))
    }
  }

  close(): void {
    this.#redis.disconnect()
  }
}
