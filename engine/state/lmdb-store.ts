/** Stores on the local disk: one LMDB environment per task, so that state may exceed memory and goes when its task goes. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Database, open, type RootDatabase, TransactionFlags } from 'lmdb'
import { asText } from '#engine/core/codec.ts'
import { CaudalError, reasonOf } from '#engine/core/errors.ts'
import { type TaskId, taskKey } from '#engine/core/record.ts'
import type { System } from '#engine/core/system.ts'
import type { StoreFactory } from './store.ts'
import { type EntryFile, WriteBehindStore, type Writes } from './write-behind-store.ts'

export interface LmdbStoreOptions {
  /** Directory of all copies; each task has its own below it. */
  readonly path: string
  readonly system: System
  /** A copy that was out of touch for longer begins anew: tombstones that it has not seen may be gone. */
  readonly outOfTouchMaxMs?: number
  /** Memory for what is not yet written, shared equally by the stores that are open. */
  readonly gatheredBytesMax?: number
  /** How long a write waits in memory for others to go to disk with it. */
  readonly flushDelayMs?: number
  readonly diagnose?: (diagnosis: StoreDiagnosis) => void
}

export interface StoreDiagnosis {
  /** `discarded`: the copy is restored from the topic. `flushFailed`: what it held is kept in memory for the next one. */
  readonly event: 'discarded' | 'flushFailed'
  readonly task: string
  readonly path: string
  readonly reason: string
}

/** Half of the seven days for which state topics keep tombstones. */
export const OUT_OF_TOUCH_MAX_MS = (7 * 24 * 3_600_000) / 2
const FLUSH_DELAY_MS = 2_000
const GATHERED_BYTES_MAX = 256 * 1024 * 1024

export function lmdbStores(options: LmdbStoreOptions): StoreFactory {
  const { path, system, diagnose, gatheredBytesMax = GATHERED_BYTES_MAX } = options
  let stores = 0
  return {
    open: async task => {
      const place: Place = {
        task: taskKey(task),
        directory: join(path, directoryOf(task)),
        outOfTouchMaxMs: options.outOfTouchMaxMs ?? OUT_OF_TOUCH_MAX_MS,
        system,
      }
      const tell = (event: StoreDiagnosis['event'], reason: string) =>
        diagnose?.({ event, task: place.task, path: place.directory, reason })
      const { file, position } = await openCopy(place, reason => tell('discarded', reason))
      stores++
      return new WriteBehindStore(file, position, {
        system,
        flushDelayMs: options.flushDelayMs ?? FLUSH_DELAY_MS,
        gatheredBytesMax: () => gatheredBytesMax / stores,
        onClosed: () => stores--,
        onFlushFailed: error => tell('flushFailed', reasonOf(error)),
      })
    },
  }
}

function directoryOf({ stage, partition }: TaskId): string {
  return `${encodeURIComponent(stage)}-${partition}`
}

interface Place {
  readonly task: string
  readonly directory: string
  readonly outOfTouchMaxMs: number
  readonly system: System
}

// --- Opening -----------------------------------------------------------------------------------------------------

const DATA = 'data.mdb'
/**
 * Stands while a copy is being opened, and from the first failure of reading it: LMDB may end the process on a file
 * that is damaged, so the next process finds this and begins anew instead of dying as well.
 */
const SUSPECT = 'suspect'
/** Where LMDB's files have their magic number and the size of their pages. */
const MAGIC_AT = 24
const PAGE_SIZE_AT = 48
const HEAD_BYTES = 64
const MAGIC = 0xbeef_c0de
const FORMAT = 1
const META = 'meta'

interface Meta {
  readonly format: number
  /** -1 where nothing was applied yet. */
  readonly position: number
  /** When the copy was last in touch with its topic, by the wall clock. */
  readonly at: number
}

const encodeMeta = (meta: Meta): Uint8Array => Buffer.from(JSON.stringify(meta))
const decodeMeta = (bytes: Uint8Array): Meta => JSON.parse(asText(bytes)) as Meta // Written by `encodeMeta` alone.

interface Copy {
  readonly file: LmdbFile
  readonly position: number | undefined
}

type Root = RootDatabase<Uint8Array, string>

/** Opens the copy, or an empty one in its place when it cannot be used. */
async function openCopy(place: Place, onDiscarded: (reason: string) => void): Promise<Copy> {
  const first = await tryOpen(place)
  if (typeof first !== 'string') return first
  onDiscarded(first)
  try {
    rmSync(place.directory, { recursive: true, force: true })
  } catch (error) {
    throw failed(place, reasonOf(error), error)
  }
  const second = await tryOpen(place)
  if (typeof second !== 'string') return second
  throw failed(place, second)
}

/** The copy, or the reason why it cannot be used. */
async function tryOpen(place: Place): Promise<Copy | string> {
  let root: Root | undefined
  try {
    const fault = faultOfHead(place.directory)
    if (fault !== undefined) return fault
    mkdirSync(place.directory, { recursive: true })
    writeFileSync(join(place.directory, SUSPECT), '')
    root = open<Uint8Array, string>({ path: place.directory, noSubdir: false, maxDbs: 2, noMemInit: true })
    if (isTruncated(root, place.directory)) return closing(root, 'the file is truncated')
    const meta = root.openDB<Uint8Array, string>(META_DATABASE)
    const entries = root.openDB<Uint8Array, string>(ENTRY_DATABASE)
    const stored = meta.getEntry(META)
    const known = stored && decodeMeta(stored.value)
    const misfit = known && misfitOf(known, place)
    if (misfit !== undefined) return closing(root, misfit)
    const position = known && known.position >= 0 ? known.position : undefined
    const file = new LmdbFile(place, { root, entries, meta }, stored?.version)
    // Counts the version up, so that a process that still has the copy open can write no more.
    file.writeNow(new Map(), position)
    rmSync(join(place.directory, SUSPECT))
    return { file, position }
  } catch (error) {
    return root ? closing(root, reasonOf(error)) : reasonOf(error)
  }
}

async function closing(root: Root, reason: string): Promise<string> {
  await root.close()
  return reason
}

/** What LMDB itself would crash on instead of reporting: a beginning that is foreign or cut. */
function faultOfHead(directory: string): string | undefined {
  if (existsSync(join(directory, SUSPECT))) return 'it could not be read before'
  const data = join(directory, DATA)
  const size = existsSync(data) ? statSync(data).size : 0
  if (size === 0) return undefined
  if (size < HEAD_BYTES) return 'the file is truncated'
  const head = Buffer.alloc(HEAD_BYTES)
  const descriptor = openSync(data, 'r')
  readSync(descriptor, head, 0, HEAD_BYTES, 0)
  closeSync(descriptor)
  if (head.readUInt32LE(MAGIC_AT) !== MAGIC) return 'it is not an LMDB file'
  return size < 2 * head.readUInt32LE(PAGE_SIZE_AT) ? 'the file is truncated' : undefined
}

/** Reading a page that the file does not have would end the process. */
function isTruncated(root: Root, directory: string): boolean {
  const { lastPageNumber, pageSize } = root.getStats() as { lastPageNumber: number; pageSize: number } // Typed as {}.
  const size = statSync(join(directory, DATA)).size
  return size > 0 && size < (lastPageNumber + 1) * pageSize
}

function misfitOf({ format, at }: Meta, { system, outOfTouchMaxMs }: Place): string | undefined {
  if (format !== FORMAT) return `it has format ${format}, this version reads ${FORMAT}`
  // A clock that went back says as little as one that went on too far.
  if (Math.abs(system.now() - at) <= outOfTouchMaxMs) return undefined
  return `it was last in touch with its topic at ${new Date(at).toISOString()}`
}

function failed({ task, directory }: Place, reason: string, cause?: unknown): CaudalError {
  return new CaudalError('STORE_FAILED', { task, path: directory, reason }, cause)
}

// --- The file ----------------------------------------------------------------------------------------------------

/** Plain UTF-8: the library's own encoding of strings escapes some, and so may exceed the longest key. */
const keyEncoder = {
  writeKey: (key: string, target: Buffer, start: number) => start + target.write(key, start),
  readKey: (source: Buffer, start: number, end: number) => source.toString('utf8', start, end),
}
/** Commit before returning, and leave the disk to the next write in the background. */
const COMMIT_WITHOUT_SYNC = TransactionFlags.SYNCHRONOUS_COMMIT | TransactionFlags.NO_SYNC_FLUSH
const ENTRY_DATABASE = { name: 'entries', encoding: 'binary', keyEncoder } as const
const META_DATABASE = { name: 'meta', encoding: 'binary', useVersions: true } as const
/** Keys of entries are not empty: no key sorts before this one. */
const FIRST_KEY = '\0'

interface Databases {
  readonly root: Root
  readonly entries: Database<Uint8Array, string>
  readonly meta: Database<Uint8Array, string>
}

/**
 * Entries in one database, and in another a single record with the position, whose version counts the transactions.
 * Each transaction is conditional on the version that it follows. So a background write that comes too late, because
 * a synchronous one was faster or because another process has opened the copy meanwhile, changes nothing.
 */
class LmdbFile implements EntryFile {
  readonly #place: Place
  readonly #databases: Databases
  /** That of the last transaction asked for. */
  #version: number | undefined
  /** Where a background write is under way: the version that it follows. */
  #followed: number | undefined

  constructor(place: Place, databases: Databases, version: number | undefined) {
    this.#place = place
    this.#databases = databases
    this.#version = version
  }

  get size(): number {
    const { entryCount } = this.#databases.entries.getStats() as { entryCount: number } // Typed as {}.
    return entryCount
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

  async write(writes: Writes, position: number | undefined): Promise<void> {
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
      throw failed(this.#place, reasonOf(error), error)
    } finally {
      this.#followed = undefined
    }
  }

  writeNow(writes: Writes, position: number | undefined): void {
    const { root, meta } = this.#databases
    try {
      root.transactionSync(() => {
        const found = meta.getEntry(META)?.version
        if (found !== this.#version && found !== this.#followed)
          throw new TypeError('another process writes to it')
        this.#put(writes, position, (this.#version ?? 0) + 1)
      }, COMMIT_WITHOUT_SYNC)
      this.#version = (this.#version ?? 0) + 1
    } catch (error) {
      throw failed(this.#place, reasonOf(error), error)
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

  #put(writes: Writes, position: number | undefined, version: number): void {
    const { entries, meta } = this.#databases
    for (const [key, bytes] of writes) {
      if (bytes === null) entries.remove(key)
      else entries.put(key, bytes)
    }
    const at = this.#place.system.now()
    meta.put(META, encodeMeta({ format: FORMAT, position: position ?? -1, at }), version)
  }

  #unreadable(error: unknown): CaudalError {
    try {
      writeFileSync(join(this.#place.directory, SUSPECT), '')
    } catch (unmarked) {
      return failed(
        this.#place,
        `${reasonOf(error)}; it is not marked as suspect: ${reasonOf(unmarked)}`,
        error,
      )
    }
    return failed(this.#place, reasonOf(error), error)
  }
}
