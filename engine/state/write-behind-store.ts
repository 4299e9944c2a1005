/** A store that gathers writes in memory in front of a file, and moves them there many at a time. */
import { type CaudalError, invariant } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import type { Due } from './due-heap.ts'
import { type DueLayer, duesOf } from './due-order.ts'
import type { EntryFile } from './entry-file.ts'
import { EntryMap } from './entry-map.ts'
import { isEntryKey } from './layout.ts'
import type { Store } from './store.ts'
import type { Turns } from './turns.ts'

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
/** Behind so many, what gathers meanwhile becomes one larger batch, in which an entry that is hot is kept once. */
const SEALED_MAX = 8
const PAGE_ENTRIES_MIN = 16
const PAGE_ENTRIES_MAX = 512

/** What one flush writes, and the position that the file has with it. */
interface Batch {
  readonly entries: EntryMap<Uint8Array | null>
  readonly bytes: number
  readonly position: number | undefined
}

/**
 * Layers, the newest first: what has gathered, batches that are sealed for a flush, the file. What has gathered is sealed
 * when it is enough for a flush, however slow the disk is. So no flush keeps the thread for long. A flush writes the oldest
 * batch and its position in one transaction of the file. So the file always holds the state topic up to its position, and
 * hot entries are written once a flush instead of once a commit.
 *
 * Flushing only shortens the restore: what is lost in a crash is read from the topic again. So flushes are rare, and a
 * failed flush is repeated after a while with what has gathered since. When memory is full during a flush, all batches are
 * written synchronously: slow disks slow the task down instead of filling memory.
 */
export class WriteBehindStore implements Store {
  readonly #options: WriteBehindOptions
  #file: EntryFile | undefined
  #gathered = new EntryMap<Uint8Array | null>()
  /** With those of the sealed batches that are not being flushed. */
  #gatheredBytes = 0
  /** The oldest first: that one is being flushed while a flush is under way. */
  #sealed: Batch[] = []
  /** Resolves to the error when the flush under way has failed. */
  #underWay: Promise<CaudalError | undefined> | undefined
  #cancelTimer: (() => void) | undefined
  #isTurnAsked = false
  /** The last flush failed: the next waits its time, however much has gathered. */
  #isFailing = false
  #position: number | undefined
  #writtenPosition: number | undefined
  /** What the file said last, until it changes: an entry is mostly deleted right after it was read. */
  #lastKey: string | undefined
  #lastBytes: Uint8Array | undefined
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
    let { size } = this.#open
    for (const { layer, isHidden } of visible(this.#layers))
      for (const [key, bytes] of layer.all) if (!isHidden(key)) size += difference(this.#open.has(key), bytes)
    return size
  }

  get bytes(): number {
    return this.#open.bytes + this.#gatheredBytes
  }

  get(key: string): Uint8Array | undefined {
    let bytes = this.#gathered.get(key)
    for (let at = this.#sealed.length - 1; bytes === undefined && at >= 0; at--)
      bytes = this.#sealed[at]?.entries.get(key)
    return bytes === undefined ? this.#inFile(key) : (bytes ?? undefined)
  }

  *entries(prefix: string): IterableIterator<readonly [string, Uint8Array]> {
    const layers = this.#layers
    for (const { layer, isHidden } of visible(layers))
      for (const [key, bytes] of layer.entries(prefix))
        if (bytes !== null && !isHidden(key)) yield [key, bytes]
    let after: string | undefined
    for (let entriesMax = PAGE_ENTRIES_MIN; ; entriesMax = PAGE_ENTRIES_MAX) {
      // Page by page, so that an iterator that is held pins no old version of the file.
      const page = this.#open.page(prefix, after, entriesMax)
      for (const entry of page) {
        // What was shown from memory may have reached the file meanwhile.
        if (!isIn(layers, entry[0]) && !isIn(this.#layers, entry[0])) yield entry
      }
      after = page.at(-1)?.[0]
      if (page.length < entriesMax) return
    }
  }

  dues(after: Due): IterableIterator<Due> {
    const file = this.#open
    const oldest: DueLayer = { dues: place => duesIn(file, place), has: () => true }
    return duesOf([...this.#layers, oldest], after)
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
    const error = this.#isBehind ? await this.#flushAll() : undefined
    if (error) throw error
    await this.#open.sync()
  }

  async close(): Promise<void> {
    const file = this.#open
    try {
      await this.#underWay
      // Also when nothing has gathered: the time until which the copy is in touch is written along.
      await this.#flushAll()
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
    const isWritten = this.#sealed.length === 0 && this.#gathered.size === 0
    return this.#unsynced || !isWritten || this.#position !== this.#writtenPosition
  }

  #inFile(key: string): Uint8Array | undefined {
    const file = this.#open
    if (key === this.#lastKey) return this.#lastBytes
    const bytes = file.get(key)
    this.#lastKey = key
    this.#lastBytes = bytes
    return bytes
  }

  #gather(key: string, bytes: Uint8Array | null): void {
    invariant(isEntryKey(key), 'an entry has no key, or one that is longer than any that the layout builds')
    const before = this.#gathered.get(key)
    if (before === undefined) this.#gatheredBytes += key.length + ENTRY_OVERHEAD_BYTES
    this.#gatheredBytes += (bytes?.length ?? 0) - (before?.length ?? 0)
    this.#gathered.set(key, bytes)
  }

  /** The newest first. */
  get #layers(): readonly EntryMap<Uint8Array | null>[] {
    return [this.#gathered, ...this.#sealed.map(({ entries }) => entries).reverse()]
  }

  /** Sees to it that what has gathered is flushed in time. */
  #plan(): void {
    const isFull = this.#gathered.size >= FLUSH_ENTRIES && this.#sealed.length < SEALED_MAX
    if (isFull && !this.#isFailing) this.#seal()
    if (this.#underWay || this.#isTurnAsked || !this.#isBehind) return
    const isMuch = this.#sealed.length > 0 || this.#gatheredBytes >= this.#options.gatheredBytesMax() / 4
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

  /** What has gathered, and the position, become a batch. */
  #seal(): Batch {
    const sealedBytes = this.#sealed.slice(this.#underWay ? 1 : 0).reduce((sum, { bytes }) => sum + bytes, 0)
    const bytes = this.#gatheredBytes - sealedBytes
    const batch = { entries: this.#gathered, bytes, position: this.#position }
    this.#gathered = new EntryMap()
    this.#sealed.push(batch)
    return batch
  }

  /** Flushes all that was applied until now; gives the error where that fails. */
  async #flushAll(): Promise<CaudalError | undefined> {
    const last = this.#seal()
    let error: CaudalError | undefined
    while (!error && this.#sealed.includes(last)) {
      this.#startFlush()
      error = await this.#underWay
    }
    return error
  }

  #startFlush(): void {
    if (this.#underWay) return
    this.#clearTimer()
    const batch = this.#sealed[0] ?? this.#seal()
    this.#gatheredBytes -= batch.bytes
    this.#unsynced = false
    this.#underWay = this.#open.write(batch.entries.all, batch.position).then(
      () => this.#flushed(batch),
      error => this.#flushFailed(batch, error),
    )
  }

  #flushed(batch: Batch): undefined {
    this.#underWay = undefined
    this.#lastKey = undefined
    // Otherwise a synchronous write has taken its place, with a newer position.
    if (this.#sealed[0] === batch) {
      this.#sealed.shift()
      this.#writtenPosition = batch.position
    }
    this.#isFailing = false
    this.#plan()
  }

  /** What was to be flushed goes back behind what has gathered since. */
  #flushFailed(batch: Batch, error: CaudalError): CaudalError | undefined {
    this.#underWay = undefined
    if (this.#sealed[0] !== batch) return undefined
    this.#gathered = this.#merge()
    this.#gatheredBytes += batch.bytes
    this.#sealed = []
    if (!this.#isFailing) this.#options.onFlushFailed(error)
    this.#isFailing = true
    this.#plan()
    return error
  }

  #writeThrough(): void {
    const file = this.#open
    this.#clearTimer()
    file.writeNow(this.#merge().all, this.#position)
    this.#lastKey = undefined
    this.#sealed = []
    this.#gathered = new EntryMap()
    this.#gatheredBytes = 0
    this.#writtenPosition = this.#position
    this.#unsynced = true
  }

  /** All that is in memory, in the oldest of its layers. */
  #merge(): EntryMap<Uint8Array | null> {
    const layers = [...this.#layers]
    const merged = layers.pop() ?? this.#gathered
    for (const layer of layers.reverse()) for (const [key, newer] of layer.all) merged.set(key, newer)
    return merged
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

type Layers = readonly EntryMap<Uint8Array | null>[]

function isIn(layers: Layers, key: string): boolean {
  return layers.some(layer => layer.has(key))
}

/** Each with what is hidden in it by a newer one. */
function visible(layers: Layers) {
  return layers.map((layer, index) => {
    const newer = layers.slice(0, index)
    return { layer, isHidden: (key: string) => isIn(newer, key) }
  })
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
