/** The cache in a folder of LMDB: nothing has to be installed, and several processes of one machine may use it. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
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

/** An entry once more, by when it ends: its key sorts before those of entries. */
type EndKey = [endsAt: number, key: string]
type Database = RootDatabase<Entry | null, string | EndKey>

const ENTRIES_MAX = 100_000
/** So many writes later, what has ended is removed. */
const WRITES_A_SWEEP = 1_000
/** Bounds how long a sweep holds up what else the process does. */
const SWEPT_MAX = 10_000
const PAUSE_MS = 500
/** Entries read or written after which the map is laid again. Linux maps up to 64 kB around a page that is touched. */
const TOUCHED_MAX = 200

/**
 * Each entry has a second key by which it is found when it ends. So a sweep reads what goes, and not what stays. A second
 * key whose entry was written again meanwhile, perhaps by another process, says nothing and goes when its time is over.
 *
 * LMDB reads through a map of the file, and what was read stays resident. When the file outgrows its map, LMDB as lmdb-js
 * builds it also keeps the former map. So the cache closes its environment after `TOUCHED_MAX` and opens it again, which
 * takes about 2 ms, while nothing is being written.
 */
export class LmdbCache implements Cache {
  readonly #system: System
  readonly #entriesMax: number
  readonly #path: string
  #database: Database
  #busy = 0
  #touched = 0
  /** The map is being laid again. */
  #laying: Promise<void> | undefined
  readonly #counts = new CacheCounts()
  #writes = 0

  constructor({ path, system, entriesMax = ENTRIES_MAX }: LmdbCacheOptions) {
    this.#system = system
    this.#entriesMax = entriesMax
    this.#path = path
    this.#database = openMap(path)
    // A version before this one wrote no second keys: what nobody finds would stay for ever.
    const [first] = this.#database.getKeys({ limit: 1 })
    if (typeof first === 'string') this.#database.clearSync()
  }

  async get(organization: Organization, key: string): Promise<string | undefined> {
    return this.#tried(key, () => {
      const entry = this.#database.get(key)
      const isAlive = entry && entry.endsAt > this.#system.now()
      const value = valueIn(organization, isAlive ? entry.text : undefined)
      this.#counts.count(key, value === undefined ? 'misses' : 'hits')
      return value
    })
  }

  async set(organization: Organization, key: string, value: string, ttlMs: number): Promise<void> {
    const text = entryOf(organization, value)
    await this.#tried(key, async () => {
      const before = this.#database.get(key)
      const endsAt = this.#system.now() + lifeOf(ttlMs)
      await Promise.all([
        before && before.endsAt !== endsAt && this.#database.remove([before.endsAt, key]),
        text === undefined ? this.#database.remove(key) : this.#database.put(key, { text, endsAt }),
        text !== undefined && this.#database.put([endsAt, key], null),
      ])
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
      const own: (readonly [key: string, endsAt: number])[] = []
      for (const { key, value } of this.#database.getRange({ start })) {
        if (typeof key !== 'string' || value === null) continue
        if (!key.startsWith(start)) break
        if (matches(key) && valueIn(organization, value.text) !== undefined) own.push([key, value.endsAt])
      }
      await this.#remove(own.flatMap(([key, endsAt]) => [key, [endsAt, key]]))
      return own.length
    })
  }

  statistics(): Readonly<Record<string, CacheStatistics>> {
    return this.#counts.statistics
  }

  async close(): Promise<void> {
    await this.#laying
    await this.#database.close()
  }

  /** What has ended goes; then, of what is over the limit, what ends first. */
  async #sweep(): Promise<void> {
    const now = this.#system.now()
    const over = this.#entries - this.#entriesMax
    const gone: (string | EndKey)[] = []
    let entries = 0
    for (const end of this.#database.getKeys({ limit: SWEPT_MAX })) {
      if (typeof end === 'string' || (end[0] > now && entries >= over)) break
      const [endsAt, key] = end
      gone.push(end)
      if (this.#database.get(key)?.endsAt !== endsAt) continue
      gone.push(key)
      entries++
    }
    await this.#remove(gone)
  }

  /** Each has two keys. */
  get #entries(): number {
    const statistics: { readonly entryCount?: number } = this.#database.getStats()
    return (statistics.entryCount ?? 0) / 2
  }

  async #remove(keys: readonly (string | EndKey)[]): Promise<void> {
    await Promise.all(keys.map(key => this.#database.remove(key)))
  }

  async #tried<T>(key: string, use: () => T | Promise<T>): Promise<T> {
    try {
      while (this.#laying) await this.#laying
      this.#busy++
      try {
        return await use()
      } finally {
        this.#busy--
        if (++this.#touched >= TOUCHED_MAX && this.#busy === 0) this.#layMapAgain()
      }
    } catch (error) {
      this.#counts.count(key, 'errors')
      throw unavailable(`the cache: ${reasonOf(error)}`, sleep(this.#system, PAUSE_MS))
    }
  }

  /** Where that fails, the next caller meets the error. */
  #layMapAgain(): void {
    this.#touched = 0
    // By its path one finds it only for as long as nobody has removed it under this process.
    if (!existsSync(join(this.#path, 'data.mdb'))) return
    const laid = this.#database.close().then(() => {
      this.#database = openMap(this.#path)
    })
    const laying = laid
      .catch(() => undefined)
      .finally(() => {
        this.#laying = undefined
      })
    this.#laying = laying
  }
}

function openMap(path: string): Database {
  return open<Entry | null, string | EndKey>({ path, compression: false })
}
