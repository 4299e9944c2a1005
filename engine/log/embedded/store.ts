/** The ordered map on disk under the embedded log, and the only file that knows LMDB. */
import { close, fdatasync, fstatSync, openSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { open, type RootDatabase, TransactionFlags } from 'lmdb'
import { isDiskFull } from '#core/disk-full.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import { makeFolder } from '#engine/disk/folder.ts'
import { causeOf, hasRoomFor, pagesOf, statisticsOf } from '#engine/disk/lmdb-commits.ts'
import { spareFilesFault } from '#engine/disk/spare-files.ts'
import { checkMapFile } from './map-file.ts'

/** Writes the value, or removes the key. */
export type Put = readonly [key: Buffer, value: Buffer | undefined]

export interface KeyRange {
  readonly start: Buffer
  /** Not included. With `reverse`, the range goes down from `start` to this. */
  readonly end: Buffer
  readonly reverse?: boolean
  readonly limit?: number
}

export interface Entry {
  readonly key: Buffer
  readonly value: Buffer
}

/**
 * - `interval`: a commit is in the kernel's hands when it resolves, so it survives this process however it ends; the
 *   disk follows within a second. After a loss of power the last moments may be missing. The log may also be damaged,
 *   since the kernel chooses the order of its writes: checksums notice that, and it is reported, never hidden.
 * - `always`: a commit is on the disk when it resolves. Survives a loss of power.
 */
export type Fsync = 'interval' | 'always'

/** The transaction can be aborted, and its commit does not wait for the disk. */
const NO_SYNC_FLUSH = TransactionFlags.ABORTABLE | TransactionFlags.NO_SYNC_FLUSH
/** Page not found, corrupted, panic, page full, and whatever else LMDB finds wrong with its own pages. */
const DAMAGED: ReadonlySet<unknown> = new Set([-30_797, -30_796, -30_795, -30_786, -30_779])

const GONE: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR'])

const DATA_FILE = 'data.mdb'
/** Bytes read or written after which the map is laid again. Linux maps up to 64 kB around a page: it may hold more than that. */
const MAPPED_BYTES_MAX = 12 * 1024 * 1024

const flushFile = promisify(fdatasync)
const closeFile = promisify(close)

/**
 * One LMDB environment. A commit of `interval` runs on the calling thread (about 10 us, 70 us with 200 kB). A commit of
 * `always` runs on LMDB's write thread, since it waits for the disk. Reads see what is committed.
 *
 * LMDB reads through a map of the file, and each page that was read stays resident. When the file outgrows its map,
 * LMDB as lmdb-js builds it also keeps the former map. A process that reads a long log once would therefore hold all of it. So the store closes
 * its environment after `MAPPED_BYTES_MAX` and opens it again, which takes about 2 ms. That happens between two reads, on
 * one turn, and never while a range is being read. With `always`, LMDB's write thread may be at work, and the map stays.
 */
export class Store {
  readonly path: string
  readonly #fsync: Fsync
  readonly #folder: string
  #database: RootDatabase<Buffer, Buffer>
  readonly #file: number
  readonly #sizeBytesMax: number
  /** Bytes in use as last counted, and everything written since: never below the truth by more than a page a put. */
  #sizeBytes = 0
  /** Read and written since the map was laid: a commit reads the pages that it replaces. */
  #mappedBytes = 0
  #rangesOpen = 0
  #failure: CaudalError | undefined
  #flushing: Promise<void> = Promise.resolve()

  /** Throws LOG_CORRUPT when the file cannot be read. */
  constructor(path: string, fsync: Fsync, sizeBytesMax: number) {
    this.path = path
    this.#fsync = fsync
    this.#sizeBytesMax = sizeBytesMax
    this.#folder = join(path, 'records')
    const file = join(this.#folder, DATA_FILE)
    makeFolder(this.#folder)
    checkMapFile(file, path)
    const fault = spareFilesFault()
    if (fault !== undefined) throw new CaudalError('LOG_UNAVAILABLE', { reason: fault })
    this.#database = this.#reading(() => openMap(this.#folder))
    this.#file = openSync(file, 'r')
    this.#count()
  }

  get(key: Buffer): Buffer | undefined {
    this.#layMapAgain()
    const value = this.#reading(() => this.#database.getBinary(key))
    this.#mappedBytes += value?.length ?? 0
    return value
  }

  /** Entries in order of their keys, each copied out of the map. Do not await between them. */
  *range(range: KeyRange): Generator<Entry> {
    this.#layMapAgain()
    const entries = this.#reading(() => this.#database.getRange(range)[Symbol.iterator]())
    this.#rangesOpen++
    try {
      for (;;) {
        const entry = this.#reading(() => entries.next())
        if (entry.done) return
        this.#mappedBytes += entry.value.value.length
        yield entry.value
      }
    } finally {
      this.#rangesOpen--
      entries.return?.()
    }
  }

  /** The keys alone, without touching the values. */
  keys(range: KeyRange): Buffer[] {
    return this.#reading(() => [...this.#database.getKeys(range)])
  }

  /** Throws LOG_FULL when so many more bytes would exceed the limit set for this log. */
  admit(bytes: number): void {
    if (this.#sizeBytes + bytes <= this.#sizeBytesMax) return
    this.#count()
    if (this.#sizeBytes + bytes > this.#sizeBytesMax) throw new CaudalError('LOG_FULL', { path: this.path })
  }

  /** Writes all or nothing. Throws or rejects with LOG_FULL (nothing was written) or OUTCOME_UNKNOWN. */
  commit(puts: readonly Put[]): Promise<unknown> | undefined {
    if (this.#failure) throw this.#failure
    const bytes = puts.reduce((sum, [key, value]) => sum + key.length + (value?.length ?? 0), 0)
    this.#sizeBytes += bytes
    this.#mappedBytes += bytes
    if (!this.#hasRoomFor(puts.length, bytes)) throw new CaudalError('LOG_FULL', { path: this.path })
    if (this.#fsync === 'always') return this.#commitFlushed(puts)
    try {
      this.#database.transactionSync(() => this.#apply(puts), NO_SYNC_FLUSH)
    } catch (error) {
      throw this.#commitFailure(error)
    }
    return undefined
  }

  /** Refuses every commit from now on: what is stored cannot be trusted any more. */
  refuse(failure: CaudalError): void {
    this.#failure ??= failure
  }

  /** Waits until the disk has everything committed before. A disk that cannot flush ends all writing. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#flushNow())
    return this.#flushing
  }

  async close(): Promise<void> {
    await this.flush()
    await this.#database.close()
    await closeFile(this.#file)
  }

  async #commitFlushed(puts: readonly Put[]): Promise<void> {
    try {
      await this.#database.batch(() => this.#apply(puts))
    } catch (error) {
      throw this.#commitFailure(await causeOf(error))
    }
  }

  async #flushNow(): Promise<void> {
    try {
      await flushFile(this.#file)
    } catch (error) {
      const reason = `the disk failed to flush: ${reasonOf(error)}`
      this.refuse(new CaudalError('LOG_CORRUPT', { path: this.path, reason }, error))
    }
  }

  #apply(puts: readonly Put[]): void {
    for (const [key, value] of puts) {
      const written = value ? this.#database.put(key, value) : this.#database.remove(key)
      // Each rejects with the transaction, which says all there is to say: this keeps them from ending the process.
      if (this.#fsync === 'always') written.catch(() => undefined)
    }
  }

  #commitFailure(error: unknown): CaudalError {
    if (isDiskFull(error, () => this.#freeBytes()))
      return new CaudalError('LOG_FULL', { path: this.path }, error)
    if (!DAMAGED.has(codeOf(error)))
      return new CaudalError('OUTCOME_UNKNOWN', { reason: reasonOf(error) }, error)
    const damage = new CaudalError('LOG_CORRUPT', { path: this.path, reason: reasonOf(error) }, error)
    this.refuse(damage)
    return damage
  }

  /** Throws LOG_REMOVED from then on where the folder is gone: what is written into a removed file ends with this process. */
  #hasRoomFor(puts: number, bytes: number): boolean {
    try {
      return hasRoomFor(this.path, puts, bytes, () => this.#reusableBytes())
    } catch (error) {
      if (!GONE.has(codeOf(error))) throw error
      this.refuse(new CaudalError('LOG_REMOVED', { path: this.path }, error))
      throw this.#failure
    }
  }

  #freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path)
    return bavail * bsize
  }

  /** What trims have left within the file. */
  #reusableBytes(): number {
    this.#count()
    const { lastPageNumber = 0, pageSize = 0 } = statisticsOf(this.#database)
    return lastPageNumber * pageSize - this.#sizeBytes
  }

  #layMapAgain(): void {
    if (this.#mappedBytes < MAPPED_BYTES_MAX || this.#rangesOpen > 0 || this.#fsync === 'always') return
    this.#mappedBytes = 0
    // The map that is there serves on.
    if (spareFilesFault() !== undefined) return
    // By its path one finds it only for as long as nobody has removed or replaced it under this process.
    if (statSync(join(this.#folder, DATA_FILE), { throwIfNoEntry: false })?.ino !== fstatSync(this.#file).ino)
      return
    // It has closed when it returns, since nothing is being written: its promise is for what is.
    void this.#database.close()
    this.#database = this.#reading(() => openMap(this.#folder))
  }

  #count(): void {
    this.#sizeBytes = pagesOf(this.#database) * (statisticsOf(this.#database).pageSize ?? 0)
  }

  #reading<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      throw new CaudalError('LOG_CORRUPT', { path: this.path, reason: reasonOf(error) }, error)
    }
  }
}

function openMap(path: string): RootDatabase<Buffer, Buffer> {
  return open<Buffer, Buffer>({
    path,
    noSubdir: false,
    keyEncoding: 'binary',
    encoding: 'binary',
    overlappingSync: false,
    // With it, a failed commit also rejects a promise inside LMDB that nobody can catch.
    eventTurnBatching: false,
  })
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
