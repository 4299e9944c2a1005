/** A store that gathers writes in memory in front of a file, and moves them there many at a time. */
import { type CaudalError, invariant } from '#engine/core/errors.ts'
import type { System } from '#engine/core/system.ts'
import type { Due } from './due-heap.ts'
import { type DueLayer, duesOf } from './due-order.ts'
import { EntryMap } from './entry-map.ts'
import { isEntryKey } from './layout.ts'
import type { Store } from './store.ts'
import type { Turns } from './turns.ts'

export type Writes = ReadonlyMap<string, Uint8Array | null>

/** The file: its entries and its position change together or not at all. Failures are STORE_FAILED. */
export interface EntryFile {
  get(key: string): Uint8Array | undefined
  has(key: string): boolean
  readonly size: number
  /** At most `entriesMax` entries with the prefix, in the order of their keys, those behind `after`. */
  page(
    prefix: string,
    after: string | undefined,
    entriesMax: number,
  ): readonly (readonly [string, Uint8Array])[]
  /** At most `timersMax` timers due behind a place, in order. */
  duePage(after: Due, timersMax: number): readonly Due[]
  /** Writes in the background. At most one at a time. */
  write(writes: Writes, position: number | undefined): Promise<void>
  /** Writes before it returns. A `write` under way takes place before it or not at all, and resolves in both cases. */
  writeNow(writes: Writes, position: number | undefined): void
  /** Resolves when what was written is on disk. */
  sync(): Promise<void>
  close(): Promise<void>
  erase(): Promise<void>
}

export interface WriteBehindOptions {
  readonly system: System
  /** A flush starts when the oldest write has waited this long, when a quarter of the memory is used, or with 8,000 entries. */
  readonly flushDelayMs: number
  /** The store's share of memory now: when that is full, `apply` itself writes to the file. */
  readonly gatheredBytesMax: () => number
  /** A flush failed, the first in a row; what it held is still in memory and is written with the next one. */
  readonly onFlushFailed: (error: unknown) => void
  /** Shared by the stores of a pod: a flush keeps the thread while it hands its batch over. */
  readonly turns: Turns
  readonly onClosed: () => void
}

/** What an entry in memory costs beside its key and its bytes. */
const ENTRY_OVERHEAD_BYTES = 150
/** What one flush hands over in some ten milliseconds. */
const FLUSH_ENTRIES = 8_000
const PAGE_ENTRIES_MIN = 16
const PAGE_ENTRIES_MAX = 512

/**
 * Three layers, the newest first: what was applied since the last flush began, what is being flushed (at most one
 * batch), the file. A flush writes the whole batch and the position that it reflects in one transaction of the file,
 * so the file always holds the state topic up to its position, and entries that are hot are written once a flush
 * instead of once a commit.
 *
 * Flushing is for a short restore only: what is lost in a crash is read from the topic again. So flushes are rare, and
 * one that fails is repeated after a while with what has gathered since. When memory is full while a flush is still under way, both
 * batches are written synchronously: slow disks slow the task down instead of filling memory.
 */
export class WriteBehindStore implements Store {
  readonly #options: WriteBehindOptions
  #file: EntryFile | undefined
  #gathered = new EntryMap<Uint8Array | null>()
  #gatheredBytes = 0
  #flushing: EntryMap<Uint8Array | null> | undefined
  /** Resolves to the error when the flush under way has failed. */
  #underWay: Promise<CaudalError | undefined> | undefined
  #cancelTimer: (() => void) | undefined
  #isTurnAsked = false
  /** The last flush failed: the next waits its time, however much has gathered. */
  #isFailing = false
  #position: number | undefined
  #writtenPosition: number | undefined
  /** The last write to the file was a synchronous one: the next in the background takes it to the disk. */
  #unsynced = false

  constructor(file: EntryFile, position: number | undefined, options: WriteBehindOptions) {
    this.#file = file
    this.#position = position
    this.#writtenPosition = position
    this.#options = options
  }

  get position(): number | undefined {
    return this.#position
  }

  get size(): number {
    const file = this.#open
    let size = file.size
    for (const [key, bytes] of this.#gathered.all) size += difference(file.has(key), bytes)
    for (const [key, bytes] of this.#flushing?.all ?? [])
      if (!this.#gathered.has(key)) size += difference(file.has(key), bytes)
    return size
  }

  get(key: string): Uint8Array | undefined {
    let bytes = this.#gathered.get(key)
    if (bytes === undefined) bytes = this.#flushing?.get(key)
    return bytes === undefined ? this.#open.get(key) : (bytes ?? undefined)
  }

  *entries(prefix: string): IterableIterator<readonly [string, Uint8Array]> {
    const gathered = this.#gathered
    const flushing = this.#flushing
    for (const [key, bytes] of gathered.entries(prefix)) if (bytes !== null) yield [key, bytes]
    for (const [key, bytes] of flushing?.entries(prefix) ?? [])
      if (bytes !== null && !gathered.has(key)) yield [key, bytes]
    let after: string | undefined
    for (let entriesMax = PAGE_ENTRIES_MIN; ; entriesMax = PAGE_ENTRIES_MAX) {
      // Page by page, so that an iterator that is held pins no old version of the file.
      const page = this.#open.page(prefix, after, entriesMax)
      for (const entry of page) {
        // What was shown from memory may have reached the file meanwhile.
        const isShown = gathered.has(entry[0]) || flushing?.has(entry[0])
        if (!isShown && !this.#isOverlaid(entry[0])) yield entry
      }
      after = page.at(-1)?.[0]
      if (page.length < entriesMax) return
    }
  }

  dues(after: Due): IterableIterator<Due> {
    const file = this.#open
    const flushing = this.#flushing
    const oldest: DueLayer = { dues: place => duesIn(file, place), has: () => true }
    return duesOf([this.#gathered, ...(flushing ? [flushing] : []), oldest], after)
  }

  apply(writes: Iterable<readonly [string, Uint8Array | null]>, position: number): void {
    invariant(this.#file, 'a store was written after it was closed')
    for (const [key, bytes] of writes) this.#gather(key, bytes)
    this.#position = position
    if (this.#gatheredBytes >= this.#options.gatheredBytesMax()) this.#writeThrough()
    else this.#plan()
  }

  async flush(): Promise<void> {
    await this.#underWay
    if (this.#isBehind) this.#startFlush()
    const error = await this.#underWay
    if (error) throw error
    await this.#open.sync()
  }

  async close(): Promise<void> {
    const file = this.#open
    try {
      await this.#underWay
      // Also when nothing has gathered: the time until which the copy is in touch is written along.
      this.#startFlush()
      await this.#underWay
    } finally {
      this.#end()
      await file.close()
    }
  }

  async discard(): Promise<void> {
    const file = this.#open
    await this.#underWay
    this.#end()
    await file.erase()
  }

  #end(): void {
    this.#clearTimer()
    this.#file = undefined
    this.#options.onClosed()
  }

  /** Whether there is anything that the file does not hold, or holds without being on the disk. */
  get #isBehind(): boolean {
    return this.#unsynced || this.#gathered.size > 0 || this.#position !== this.#writtenPosition
  }

  #gather(key: string, bytes: Uint8Array | null): void {
    invariant(isEntryKey(key), 'an entry has no key, or one that is longer than any that the layout builds')
    const before = this.#gathered.get(key)
    if (before === undefined) this.#gatheredBytes += key.length + ENTRY_OVERHEAD_BYTES
    this.#gatheredBytes += (bytes?.length ?? 0) - (before?.length ?? 0)
    this.#gathered.set(key, bytes)
  }

  #isOverlaid(key: string): boolean {
    return this.#gathered.has(key) || this.#flushing?.has(key) === true
  }

  /** Sees to it that what has gathered is flushed in time. */
  #plan(): void {
    if (this.#underWay || this.#isTurnAsked || !this.#isBehind) return
    const isMuch =
      this.#gathered.size >= FLUSH_ENTRIES || this.#gatheredBytes >= this.#options.gatheredBytesMax() / 4
    if (isMuch && !this.#isFailing) return this.#flushInTurn()
    this.#cancelTimer ??= this.#options.system.after(this.#options.flushDelayMs, () => this.#flushInTurn())
  }

  #flushInTurn(): void {
    this.#clearTimer()
    this.#isTurnAsked = true
    this.#options.turns.take(() => {
      this.#isTurnAsked = false
      if (this.#file && this.#isBehind) this.#startFlush()
    })
  }

  #startFlush(): void {
    if (this.#underWay) return
    this.#clearTimer()
    const batch = this.#gathered
    const bytes = this.#gatheredBytes
    const position = this.#position
    this.#gathered = new EntryMap()
    this.#gatheredBytes = 0
    this.#flushing = batch
    this.#unsynced = false
    this.#underWay = this.#open.write(batch.all, position).then(
      () => this.#flushed(batch, position),
      error => this.#flushFailed(batch, bytes, error),
    )
  }

  #flushed(batch: EntryMap<Uint8Array | null>, position: number | undefined): undefined {
    this.#underWay = undefined
    // Otherwise a synchronous write has taken its place, with a newer position.
    if (this.#flushing === batch) {
      this.#flushing = undefined
      this.#writtenPosition = position
    }
    this.#isFailing = false
    this.#plan()
  }

  /** What was to be flushed goes back behind what has gathered since. */
  #flushFailed(
    batch: EntryMap<Uint8Array | null>,
    bytes: number,
    error: CaudalError,
  ): CaudalError | undefined {
    this.#underWay = undefined
    if (this.#flushing !== batch) return undefined
    for (const [key, newer] of this.#gathered.all) batch.set(key, newer)
    this.#gathered = batch
    this.#gatheredBytes += bytes
    this.#flushing = undefined
    if (!this.#isFailing) this.#options.onFlushFailed(error)
    this.#isFailing = true
    this.#plan()
    return error
  }

  #writeThrough(): void {
    const file = this.#open
    this.#clearTimer()
    const batch = this.#flushing ?? new EntryMap<Uint8Array | null>()
    for (const [key, bytes] of this.#gathered.all) batch.set(key, bytes)
    file.writeNow(batch.all, this.#position)
    this.#flushing = undefined
    this.#gathered = new EntryMap()
    this.#gatheredBytes = 0
    this.#writtenPosition = this.#position
    this.#unsynced = true
  }

  #clearTimer(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  get #open(): EntryFile {
    invariant(this.#file, 'a store was used after it was closed')
    return this.#file
  }
}

function difference(inFile: boolean, bytes: Uint8Array | null): number {
  return (bytes === null ? 0 : 1) - (inFile ? 1 : 0)
}

/** Page by page, as few want all of them. */
function* duesIn(file: EntryFile, after: Due): IterableIterator<Due> {
  let place = after
  for (let timersMax = PAGE_ENTRIES_MIN; ; timersMax = PAGE_ENTRIES_MAX) {
    const page = file.duePage(place, timersMax)
    yield* page
    const last = page.at(-1)
    if (!last || page.length < timersMax) return
    place = last
  }
}
