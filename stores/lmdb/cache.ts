/** The cache in a folder of LMDB: nothing has to be installed, and several processes of one machine may use it. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { open, type RootDatabase } from 'lmdb'
import { reasonOf, unavailable } from '#core/errors.ts'
import { RETRIES } from '#core/retry.ts'
import { type System, sleep } from '#core/system.ts'
import type { Cache, CacheStatistics } from '../cache.ts'
import { CacheCounts, entryOf, lifeOf, matcherOf, valueIn, wholeEntryOf } from '../cache-entry.ts'
import type { Organization } from '../organization.ts'

/** The folder of the cache, its clock, and how many entries the cache keeps. */
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

/** No key of an entry begins like this one. */
const VERSION_KEY = '\0version'
/** Of the form of all keys and entries. */
const VERSION = '2'
const ENTRIES_MAX = 100_000
/** So many writes later, what has ended is removed. */
const WRITES_A_SWEEP = 1_000
/** Bounds how long a sweep holds up what else the process does. */
const SWEPT_MAX = 10_000
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
    beginAtVersion(this.#database)
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
      if (text === undefined) await this.#remove(before ? [key, [before.endsAt, key]] : [key])
      else await this.#put(key, before, { text, endsAt: this.#system.now() + lifeOf(ttlMs) })
      await this.#countWrite()
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
    return this.#tried(key, async () => {
      const isReplaced = await this.#database.transaction(() => {
        const now = this.#system.now()
        const entry = this.#database.get(key)
        const found = entry && entry.endsAt > now ? entry.text : undefined
        if (found !== was) return false
        this.#put(key, entry, { text, endsAt: now + lifeOf(ttlMs) })
        return true
      })
      await this.#countWrite()
      return isReplaced
    })
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

  /** With its second key, in place of that of the entry before. */
  async #put(key: string, before: Entry | null | undefined, entry: Entry): Promise<void> {
    await Promise.all([
      before && before.endsAt !== entry.endsAt && this.#database.remove([before.endsAt, key]),
      this.#database.put(key, entry),
      this.#database.put([entry.endsAt, key], null),
    ])
  }

  async #countWrite(): Promise<void> {
    if (++this.#writes % WRITES_A_SWEEP === 0) await this.#sweep()
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

  /** Each has two keys, and the version has one. */
  get #entries(): number {
    const statistics: { readonly entryCount?: number } = this.#database.getStats()
    return ((statistics.entryCount ?? 1) - 1) / 2
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
      throw unavailable(`the cache: ${reasonOf(error)}`, sleep(this.#system, RETRIES.store.firstMs))
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

/** What another version wrote is removed: nothing of it would ever be found by when it ends. */
function beginAtVersion(database: Database): void {
  if (database.get(VERSION_KEY)?.text === VERSION) return
  database.transactionSync(() => {
    // Another process may have begun meanwhile.
    if (database.get(VERSION_KEY)?.text === VERSION) return
    database.clearSync()
    database.putSync(VERSION_KEY, { text: VERSION, endsAt: Number.MAX_SAFE_INTEGER })
  })
}

function openMap(path: string): Database {
  return open<Entry | null, string | EndKey>({ path, compression: false })
}
