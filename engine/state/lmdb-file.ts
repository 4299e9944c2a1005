/** A task's local copy on the disk: entries, the timers among them by when they are due, and the position that they reflect. */
import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Database, type RootDatabase, TransactionFlags } from 'lmdb'
import { asText } from '#core/codec.ts'
import { isDiskFull } from '#core/disk-full.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import { causeOf, hasRoomFor, pagesOf, statisticsOf } from '#engine/disk/lmdb-commits.ts'
import { type Due, dueOf } from './due-heap.ts'
import type { EntryFile, Writes } from './entry-file.ts'
import { DUE_BYTES } from './frame.ts'
import { TIMER_PREFIX } from './layout.ts'

/** What a copy is a copy of, as it is stored in it. */
interface Original {
  readonly application: string
  readonly task: string
  /** Of the state topic. */
  readonly topicId: string
}

export interface Place {
  readonly of: Original
  readonly directory: string
  readonly outOfTouchMaxMs: number
  readonly system: System
}

export function failed(place: Place, error: unknown): CaudalError {
  const { of, directory: path } = place
  const reason = isFull(place, error)
    ? `the disk is full (${reasonOf(error)}): make room there, and it goes on by itself`
    : reasonOf(error)
  return new CaudalError('STORE_FAILED', { task: of.task, path, reason }, error)
}

export function isFull(place: Place, error: unknown): boolean {
  return isDiskFull(error, () => freeBytes(place))
}

function freeBytes({ directory }: Place): number {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}

/** Counted up when the databases or what is in them change: an older copy is restored from its topic. */
export const FORMAT = 2
/**
 * This file exists while a copy is being opened, and after the first failure to read the copy. LMDB may end the process on a
 * damaged file. The next process then finds this file and begins an empty copy instead of dying as well.
 */
export const SUSPECT = 'suspect'
const META = 'meta'

export interface Meta {
  readonly format: number
  /** -1 where nothing was applied yet. */
  readonly position: number
  /** When the copy was last in touch with its topic, by the wall clock. */
  readonly at: number
  /** Absent in copies of versions that did not store it: nobody can say what they are copies of. */
  readonly of?: Original
}

const encodeMeta = (meta: Meta): Uint8Array => Buffer.from(JSON.stringify(meta))
const decodeMeta = (bytes: Uint8Array): Meta => JSON.parse(asText(bytes)) as Meta // Written by `encodeMeta` alone.

/** Plain UTF-8: the library's own encoding of strings escapes some, and so may exceed the longest key. */
const keyEncoder = {
  writeKey: (key: string, target: Buffer, start: number) => start + target.write(key, start),
  readKey: (source: Buffer, start: number, end: number) => source.toString('utf8', start, end),
}
/** A timer by when it is due: the time in bytes that sort as numbers do, then the entry. */
type DueKey = [due: number, entry: string]
const SIGN_BIT = 0x80
const dueKeyEncoder = {
  writeKey([due, entry]: DueKey, target: Buffer, start: number) {
    // Without the sign of a zero, which no comparison sees.
    target.writeDoubleBE(due + 0, start)
    turn(target, start, (target[start] ?? 0) & SIGN_BIT)
    return start + DUE_BYTES + target.write(entry, start + DUE_BYTES)
  },
  readKey(source: Buffer, start: number, end: number): DueKey {
    const bytes = Buffer.from(source.subarray(start, start + DUE_BYTES))
    turn(bytes, 0, ~(bytes[0] ?? 0) & SIGN_BIT)
    return [bytes.readDoubleBE(), source.toString('utf8', start + DUE_BYTES, end)]
  },
}

/** The higher a negative number, the lower are its bits: all are turned, of others only the sign. */
function turn(bytes: Buffer, start: number, isNegative: number): void {
  if (isNegative) for (let at = start; at < start + DUE_BYTES; at++) bytes[at] = ~(bytes[at] ?? 0)
  else bytes[start] = (bytes[start] ?? 0) ^ SIGN_BIT
}

/** Commit before returning, and leave the disk to the next write in the background. */
const COMMIT_WITHOUT_SYNC = TransactionFlags.SYNCHRONOUS_COMMIT | TransactionFlags.NO_SYNC_FLUSH
const ENTRY_DATABASE = { name: 'entries', encoding: 'binary', keyEncoder } as const
const DUE_DATABASE = { name: 'dues', encoding: 'binary', keyEncoder: dueKeyEncoder } as const
const NOTHING = Buffer.alloc(0)
/** What an entry takes beside its key and its value, and once more where it is a timer. */
const NODES_BYTES = 64
const META_DATABASE = { name: 'meta', encoding: 'binary', useVersions: true } as const
/** Keys of entries are not empty: no key sorts before this one. */
const FIRST_KEY = '\0'

export type Root = RootDatabase<Uint8Array, string>

interface Databases {
  readonly root: Root
  readonly entries: Database<Uint8Array, string>
  readonly dues: Database<Uint8Array, DueKey>
  readonly meta: Database<Uint8Array, string>
}

/**
 * Three databases: the entries; the timers once more, by when they are due; and a single record with the position. The
 * version of that record counts the transactions. Each transaction is conditional on the version that it follows. So a
 * background write that comes too late changes nothing: a synchronous write was faster, or another process has opened the
 * copy meanwhile.
 */
export class LmdbFile implements EntryFile {
  readonly #place: Place
  readonly #databases: Databases
  /** That of the last transaction asked for. */
  #version: number | undefined
  /** Where a background write is under way: the version that it follows. */
  #followed: number | undefined

  private constructor(place: Place, databases: Databases) {
    this.#place = place
    this.#databases = databases
    this.#version = databases.meta.getEntry(META)?.version
  }

  static open(place: Place, root: Root): LmdbFile {
    const meta = root.openDB<Uint8Array, string>(META_DATABASE)
    const entries = root.openDB<Uint8Array, string>(ENTRY_DATABASE)
    const dues = root.openDB<Uint8Array, DueKey>(DUE_DATABASE)
    return new LmdbFile(place, { root, entries, dues, meta })
  }

  /** Nothing where the copy is new. */
  get meta(): Meta | undefined {
    const stored = this.#databases.meta.getEntry(META)
    return stored && decodeMeta(stored.value)
  }

  get size(): number {
    return statisticsOf(this.#databases.entries).entryCount ?? 0
  }

  get bytes(): number {
    const { root, entries, dues } = this.#databases
    return (pagesOf(entries) + pagesOf(dues)) * (statisticsOf(root).pageSize ?? 0)
  }

  get(key: string): Uint8Array | undefined {
    try {
      return this.#databases.entries.getBinary(key)
    } catch (error) {
      throw this.#unreadable(error)
    }
  }

  has(key: string): boolean {
    try {
      return this.#databases.entries.doesExist(key)
    } catch (error) {
      throw this.#unreadable(error)
    }
  }

  page(
    prefix: string,
    after: string | undefined,
    entriesMax: number,
  ): readonly (readonly [string, Uint8Array])[] {
    const page: [string, Uint8Array][] = []
    const start = after ?? (prefix || FIRST_KEY)
    try {
      const range = { start, exclusiveStart: after !== undefined, limit: entriesMax }
      for (const { key, value } of this.#databases.entries.getRange(range)) {
        if (!key.startsWith(prefix)) break
        page.push([key, value])
      }
    } catch (error) {
      throw this.#unreadable(error)
    }
    return page
  }

  duePage(after: Due, timersMax: number): readonly Due[] {
    const start: DueKey = [after.due, after.entry]
    try {
      const keys = this.#databases.dues.getKeys({ start, exclusiveStart: true, limit: timersMax })
      return [...keys].map(([due, entry]) => ({ due, entry }))
    } catch (error) {
      throw this.#unreadable(error)
    }
  }

  async write(writes: Writes, position: number | undefined): Promise<void> {
    this.#expectRoom(writes)
    const { meta } = this.#databases
    const followed = this.#version ?? 0
    const version = followed + 1
    this.#version = version
    this.#followed = followed
    try {
      const written = await meta.ifVersion(META, followed, () => this.#put(writes, position, version))
      if (!written && this.#version === version) throw new TypeError('another process writes to it')
    } catch (error) {
      if (this.#version === version) this.#version = followed
      throw failed(this.#place, await causeOf(error))
    } finally {
      this.#followed = undefined
    }
  }

  writeNow(writes: Writes, position: number | undefined): void {
    const { root, meta } = this.#databases
    this.#expectRoom(writes)
    try {
      root.transactionSync(() => {
        const found = meta.getEntry(META)?.version
        if (found !== this.#version && found !== this.#followed)
          throw new TypeError('another process writes to it')
        this.#put(writes, position, (this.#version ?? 0) + 1)
      }, COMMIT_WITHOUT_SYNC)
      this.#version = (this.#version ?? 0) + 1
    } catch (error) {
      throw failed(this.#place, error)
    }
  }

  async sync(): Promise<void> {
    await this.#databases.root.flushed
  }

  async close(): Promise<void> {
    await this.#databases.root.close()
  }

  async erase(): Promise<void> {
    await this.#databases.root.close()
    rmSync(this.#place.directory, { recursive: true, force: true })
  }

  #expectRoom(writes: Writes): void {
    const { entries, dues } = this.#databases
    let bytes = 0
    for (const [key, value] of writes) bytes += 2 * key.length + (value?.length ?? 0) + NODES_BYTES
    const { directory } = this.#place
    const fits = (puts: number) => hasRoomFor(directory, puts, bytes, () => this.#reusableBytes())
    // LMDB rewrites at most the pages that there are; what comes in addition is in the bytes.
    if (fits(writes.size) || fits(pagesOf(entries) + pagesOf(dues))) return
    throw failed(this.#place, Object.assign(new TypeError('no room for a commit'), { code: 'ENOSPC' }))
  }

  /** What deleted entries have left within the file. */
  #reusableBytes(): number {
    const { root, entries, dues } = this.#databases
    const { lastPageNumber = 0, pageSize = 0 } = statisticsOf(root)
    return (lastPageNumber - pagesOf(entries) - pagesOf(dues)) * pageSize
  }

  #put(writes: Writes, position: number | undefined, version: number): void {
    const { entries, meta } = this.#databases
    for (const [key, bytes] of writes) {
      if (key.startsWith(TIMER_PREFIX)) this.#putDue(key, bytes)
      if (bytes === null) entries.remove(key)
      else entries.put(key, bytes)
    }
    const { of, system } = this.#place
    const meant: Meta = { format: FORMAT, position: position ?? -1, at: system.now(), of }
    meta.put(META, encodeMeta(meant), version)
  }

  #putDue(key: string, bytes: Uint8Array | null): void {
    const { entries, dues } = this.#databases
    const before = dueOf(entries.getBinary(key))
    const due = dueOf(bytes)
    if (before === due) return
    if (before !== undefined) dues.remove([before, key])
    if (due !== undefined) dues.put([due, key], NOTHING)
  }

  #unreadable(error: unknown): CaudalError {
    try {
      writeFileSync(join(this.#place.directory, SUSPECT), '')
    } catch (unmarked) {
      const reason = `${reasonOf(error)}; it is not marked as suspect: ${reasonOf(unmarked)}`
      return failed(this.#place, new TypeError(reason, { cause: error }))
    }
    return failed(this.#place, error)
  }
}
