/** A table that every pod holds whole, read through snapshots that updates do not disturb. */
import { asText, type Codec, decodeApart } from '#core/codec.ts'
import { CaudalError, invariant, reasonOf, Unavailable } from '#core/errors.ts'
import { freezeDeeply } from '#core/frozen.ts'
import { DEFAULT_LIMITS } from '#core/limits.ts'
import type { LogRecord } from '#core/record.ts'

export const TABLE_ENTRIES_MAX = DEFAULT_LIMITS.tableEntriesMax

export interface GlobalTableOptions<T> {
  readonly topic: string
  readonly codec: Codec<T>
  readonly entriesMax?: number
  /** Called for each record that was skipped because it could not be read. */
  readonly report: (error: CaudalError) => void
}

/** The table as it was at one moment. Its reader releases it, once. */
export interface TableSnapshot<T> {
  get(key: string): T | undefined
  release(): void
}

/** A value since a version of the table, and what the key had before while a snapshot may still ask for that. */
interface Entry<T> {
  readonly since: number
  /** `undefined`: the key is deleted. */
  readonly value: T | undefined
  /** Of a value that cannot be frozen: each reader gets one of its own. */
  readonly bytes: Uint8Array | undefined
  previous: Entry<T> | undefined
}

interface Change<T> {
  readonly key: string
  readonly value: T | undefined
  readonly bytes: Uint8Array | undefined
}

/**
 * Rows are shared by all records that look at them, and therefore frozen.
 *
 * Many versions at once: each applied batch makes a new version of the table. A snapshot reads the version at which it was
 * taken, however long the snapshot lives.
 *
 * A key has a chain of entries, the newest first; a snapshot takes the first one that is not younger than itself. When
 * a key is written, its earlier entry stays in the chain only if a live snapshot can see it. The key is then queued with
 * the version of the write. The chain is cut once no live snapshot is older than that version. So a write, a read without
 * history and a release cost the same however large the table is.
 *
 * Invariant: a key with a chain longer than one, or with a deletion, is in the queue exactly once, by ascending version.
 * Trade-off: an entry needed only by snapshots released out of order stays until the oldest live snapshot is released.
 * History is bounded by the updates made while the longest record runs.
 */
export class GlobalTable<T> {
  readonly topic: string
  readonly #codec: Codec<T>
  readonly #entriesMax: number
  readonly #report: (error: CaudalError) => void
  readonly #entries = new Map<string, Entry<T>>()
  /** Live snapshots by version; versions ascend in the order of insertion. */
  readonly #live = new Map<number, number>()
  #history: { readonly key: string; readonly at: number }[] = []
  #historyAt = 0
  #version = 0
  #size = 0
  #skipped = 0

  constructor(options: GlobalTableOptions<T>) {
    this.topic = options.topic
    this.#codec = options.codec
    this.#entriesMax = options.entriesMax ?? TABLE_ENTRIES_MAX
    this.#report = options.report
  }

  /** Keys that have a value. */
  get size(): number {
    return this.#size
  }

  /** Records that could not be read; their keys kept the values that they had. */
  get skipped(): number {
    return this.#skipped
  }

  /** Keys whose former values are kept for a snapshot. */
  get keysWithHistory(): number {
    return this.#history.length - this.#historyAt
  }

  /** Makes one new version. Throws TABLE_TOO_LARGE above the limit, and Unavailable with nothing applied. */
  apply(records: readonly LogRecord[], partition = 0): void {
    const version = this.#version + 1
    const newest = this.#newestSnapshot()
    const changes = records.map(record => this.#decode(record, partition))
    for (const change of changes) if (change) this.#put(change, version, newest)
    this.#version = version
  }

  /** The table as it is now. */
  snapshot(): TableSnapshot<T> {
    const version = this.#version
    this.#live.set(version, (this.#live.get(version) ?? 0) + 1)
    let released = false
    return {
      get: key => {
        invariant(!released, `a snapshot of table ${this.topic} was read after its release`)
        let entry = this.#entries.get(key)
        while (entry && entry.since > version) entry = entry.previous
        return entry?.bytes ? decodeApart(this.#codec, entry.bytes) : entry?.value
      },
      release: () => {
        invariant(!released, `a snapshot of table ${this.topic} was released twice`)
        released = true
        this.#release(version)
      },
    }
  }

  #decode(record: LogRecord, partition: number): Change<T> | undefined {
    try {
      if (record.key === null)
        throw new CaudalError('KEY_INVALID', { node: this.topic, reason: 'it has no key' })
      const key = asText(record.key)
      if (record.value === null) return { key, value: undefined, bytes: undefined }
      const value = decodeApart(this.#codec, record.value)
      return { key, value, bytes: freezeDeeply(value) ? undefined : record.value }
    } catch (error) {
      if (error instanceof Unavailable) throw error
      this.#skipped += 1
      const { topic } = this
      const details = {
        topic,
        partition,
        offset: record.offset,
        codec: this.#codec.name,
        reason: reasonOf(error),
      }
      this.#report(new CaudalError('DECODE_FAILED', { node: `table ${topic}`, ...details }, error))
      return undefined
    }
  }

  #put({ key, value, bytes }: Change<T>, version: number, newest: number): void {
    const former = this.#entries.get(key)
    this.#count(former?.value, value)
    const previous = former && former.since <= newest ? former : former?.previous
    if (previous === undefined && value === undefined) {
      this.#entries.delete(key)
      return
    }
    this.#entries.set(key, { since: version, value, bytes, previous })
    if (previous && former?.previous === undefined) this.#history.push({ key, at: version })
  }

  #count(former: T | undefined, value: T | undefined): void {
    if (former === undefined && value !== undefined) this.#size += 1
    if (former !== undefined && value === undefined) this.#size -= 1
    if (this.#size <= this.#entriesMax) return
    throw new CaudalError('TABLE_TOO_LARGE', { table: this.topic, limit: this.#entriesMax })
  }

  #newestSnapshot(): number {
    let newest = -1
    for (const version of this.#live.keys()) newest = version
    return newest
  }

  #release(version: number): void {
    const count = (this.#live.get(version) ?? 0) - 1
    if (count > 0) this.#live.set(version, count)
    else this.#live.delete(version)
    if (this.#historyAt === this.#history.length) return
    const [oldest = this.#version] = this.#live.keys()
    for (;;) {
      const next = this.#history[this.#historyAt]
      if (!next || next.at > oldest) break
      this.#historyAt += 1
      this.#cut(next.key, oldest)
    }
    if (this.#historyAt * 2 <= this.#history.length) return
    this.#history = this.#history.slice(this.#historyAt)
    this.#historyAt = 0
  }

  /** Forgets what no snapshot from `oldest` on can see. */
  #cut(key: string, oldest: number): void {
    const newest = this.#entries.get(key)
    let entry = newest
    while (entry && entry.since > oldest) entry = entry.previous
    if (entry) entry.previous = undefined
    if (newest?.previous) this.#history.push({ key, at: this.#version })
    else if (newest?.value === undefined) this.#entries.delete(key)
  }
}
