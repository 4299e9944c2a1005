/** The cache in a folder of LMDB: nothing has to be installed, and several processes of one machine may use it. */
import { open, type RootDatabase } from 'lmdb'
import { reasonOf, unavailable } from '#core/errors.ts'
import { type System, sleep } from '#core/system.ts'
import type { Cache, CacheStatistics } from '../cache.ts'
import { CacheCounts, entryOf, lifeOf, matcherOf, valueIn, wholeEntryOf } from '../cache-entry.ts'
import type { Organization } from '../organization.ts'

export interface LmdbCacheOptions {
  readonly path: string
  readonly system: System
  /** Entries that are kept; those that end first go first. */
  readonly entriesMax?: number
}

interface Entry {
  readonly text: string
  /** Milliseconds since the epoch. */
  readonly endsAt: number
}

const ENTRIES_MAX = 100_000
/** So many writes later, what has ended is removed. */
const WRITES_A_SWEEP = 1_000
const PAUSE_MS = 500

export class LmdbCache implements Cache {
  readonly #system: System
  readonly #entriesMax: number
  readonly #database: RootDatabase<Entry, string>
  readonly #counts = new CacheCounts()
  #writes = 0

  constructor({ path, system, entriesMax = ENTRIES_MAX }: LmdbCacheOptions) {
    this.#system = system
    this.#entriesMax = entriesMax
    this.#database = open<Entry, string>({ path, compression: false })
  }

  async get(organization: Organization, key: string): Promise<string | undefined> {
    return this.#tried(key, () => {
      const entry = this.#database.get(key)
      const isAlive = entry !== undefined && entry.endsAt > this.#system.now()
      const value = valueIn(organization, isAlive ? entry.text : undefined)
      this.#counts.count(key, value === undefined ? 'misses' : 'hits')
      return value
    })
  }

  async set(organization: Organization, key: string, value: string, ttlMs: number): Promise<void> {
    const text = entryOf(organization, value)
    await this.#tried(key, async () => {
      if (text === undefined) await this.#database.remove(key)
      else await this.#database.put(key, { text, endsAt: this.#system.now() + lifeOf(ttlMs) })
      if (++this.#writes % WRITES_A_SWEEP === 0) await this.#sweep()
    })
  }

  async replace(
    organization: Organization,
    key: string,
    before: string | undefined,
    value: string,
    ttlMs: number,
  ): Promise<boolean> {
    const text = wholeEntryOf(organization, value)
    const was = before === undefined ? undefined : entryOf(organization, before)
    return this.#tried(key, () =>
      this.#database.transaction(() => {
        const now = this.#system.now()
        const entry = this.#database.get(key)
        const found = entry && entry.endsAt > now ? entry.text : undefined
        if (found !== was) return false
        this.#database.put(key, { text, endsAt: now + lifeOf(ttlMs) })
        return true
      }),
    )
  }

  async deleteMatching(organization: Organization, pattern: string): Promise<number> {
    return this.#tried(pattern, async () => {
      const matches = matcherOf(pattern)
      const [start = ''] = pattern.split('*')
      const own: string[] = []
      for (const { key, value } of this.#database.getRange({ start }))
        if (!key.startsWith(start)) break
        else if (matches(key) && valueIn(organization, value.text) !== undefined) own.push(key)
      await Promise.all(own.map(key => this.#database.remove(key)))
      return own.length
    })
  }

  statistics(): Readonly<Record<string, CacheStatistics>> {
    return this.#counts.statistics
  }

  async close(): Promise<void> {
    await this.#database.close()
  }

  /** What has ended goes; then, of what is over the limit, what ends first. */
  async #sweep(): Promise<void> {
    const now = this.#system.now()
    const all = [...this.#database.getRange()].map(({ key, value }) => ({ key, endsAt: value.endsAt }))
    const alive = all.filter(({ endsAt }) => endsAt > now).sort((a, b) => a.endsAt - b.endsAt)
    const over = alive.slice(0, Math.max(0, alive.length - this.#entriesMax))
    const gone = [...all.filter(({ endsAt }) => endsAt <= now), ...over]
    await Promise.all(gone.map(({ key }) => this.#database.remove(key)))
  }

  async #tried<T>(key: string, use: () => T | Promise<T>): Promise<T> {
    try {
      return await use()
    } catch (error) {
      this.#counts.count(key, 'errors')
      throw unavailable(`the cache: ${reasonOf(error)}`, sleep(this.#system, PAUSE_MS))
    }
  }
}
