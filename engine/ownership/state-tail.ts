/**
 * Reads a task's state partition up to our own marker. The marker is the end by construction: every earlier writer was fenced,
 * or has released, before the marker was written.
 *
 * - A new task restores with it. Entries are applied as they are read, also while the previous owner still finishes its work.
 *   So a hand-over needs only the rest.
 * - A kept task checks with it after its producer was replaced. Has anybody else written since its last commit? Did a commit of
 *   unknown outcome take place?
 */
import { isUtf8 } from 'node:buffer'
import { asText } from '#core/codec.ts'
import type { LogRecord, TopicPartition } from '#core/record.ts'
import { RETRIES, type RetryPolicy } from '#core/retry.ts'
import type { System } from '#core/system.ts'
import { decodeCheckpoint } from '#engine/commit/checkpoint.ts'
import { decodeMarker, decodeRelease, type Marker } from '#engine/commit/claims.ts'
import type { Fetched, Log, Reader } from '#engine/log/log.ts'
import { afterFailedRead, isRefused } from '#engine/log/read-topic.ts'
import { CHECKPOINT, MARKER_PREFIX, RELEASE } from '#engine/state/layout.ts'
import type { StateEntry, StoredEntries } from '#engine/state/stored-entries.ts'

const FETCH_RECORDS_MAX = 10_000

export interface TailOptions {
  readonly place: TopicPartition
  readonly from: number
  /** The id of the topic. Left out: the topic that has the name now. */
  readonly topicId?: string | undefined
  readonly log: Log
  readonly system: System
  /** This pod's incarnation: records of any other are foreign. */
  readonly incarnation: string
  readonly enqueue: (callback: () => void) => void
  /** Entries read, up to an offset. */
  readonly apply: (entries: readonly StateEntry[], position: number) => void
  /** A release or our own marker was read: ownership may be waiting for it. */
  readonly onSeen: () => void
  /** The partition cannot be read from this offset on. */
  readonly onFailed: (error: unknown, offset: number) => void
}

/** What was read of a state partition so far. */
export interface TailView {
  /** By entry, the markers of other incarnations that no owner has deleted. Their writers may still be at work. */
  readonly foreignMarkers: ReadonlyMap<string, Marker>
  /** A marker or a checkpoint of another incarnation was read. */
  readonly foreign: boolean
  /** The nonces that their owners have given up. */
  readonly released: ReadonlySet<string>
  /** Numbers of this incarnation's own commits that were read. */
  readonly numbers: ReadonlySet<number>
  /** The offset up to which the partition was read. */
  readonly position: number
  /** Our own marker was read. */
  readonly reached: boolean
}

/** Before anything was read. */
export const NOTHING_READ: TailView = {
  foreignMarkers: new Map(),
  foreign: false,
  released: new Set(),
  numbers: new Set(),
  position: 0,
  reached: false,
}

/** Reads a state partition, as ownership asks for it. */
export interface Tail extends TailView {
  start(): void
  resume(stored: StoredEntries): void
  readTo(nonce: string): void
  readOn(): void
  close(): void
}

export class StateTail implements Tail {
  readonly foreignMarkers = new Map<string, Marker>()
  foreign = false
  readonly released = new Set<string>()
  readonly numbers = new Set<number>()
  position: number
  reached = false
  #target: string | undefined
  #lastMarker: string | undefined
  #reader: Reader | undefined
  #closed = false
  #reading = false
  #cancelRetry: (() => void) | undefined
  readonly #options: TailOptions

  constructor(options: TailOptions) {
    this.#options = options
    this.position = options.from
  }

  start(): void {
    if (this.#closed || this.reached || this.#reading) return
    this.#reading = true
    const { enqueue, log, place, topicId } = this.#options
    this.#reader ??= log.openReader(place, this.position, topicId)
    const reader = this.#reader
    reader.next(FETCH_RECORDS_MAX).then(
      fetched => enqueue(() => this.#accept(fetched)),
      error => enqueue(() => this.#fail(error)),
    )
  }

  /** Sets the marker to read up to. It may have been read already. */
  readTo(nonce: string): void {
    this.#target = nonce
    this.reached = this.#lastMarker === nonce
    if (this.reached) this.#options.onSeen()
    else this.start()
  }

  /** Reads on behind our own marker, until `readTo` names another. */
  readOn(): void {
    this.#target = undefined
    this.reached = false
    this.start()
  }

  /** What a local copy already holds of the engine's own entries. */
  resume({ markers, release }: StoredEntries): void {
    for (const [entry, marker] of markers) this.#sawMarker(entry, marker)
    if (release) this.#sawRelease(release)
    this.foreign = false
  }

  close(): void {
    this.#closed = true
    this.#cancelRetry?.()
    this.#reader?.close()
  }

  #accept(fetched: Fetched): void {
    this.#reading = false
    if (this.#closed) return
    if (this.reached) return this.#forget()
    const entries = fetched.records.map(record => this.#read(record))
    this.position = fetched.nextOffset
    this.#options.apply(entries, fetched.nextOffset)
    this.#options.onSeen()
    this.start()
  }

  /** Drops records fetched beyond the target marker: `readOn` fetches them again. */
  #forget(): void {
    this.#reader?.close()
    this.#reader = undefined
  }

  #read({ key, value }: LogRecord): StateEntry {
    const entry = key && isUtf8(key) ? asText(key) : '' // A key that is no text was written by something other than the engine.
    if (value && entry === CHECKPOINT) {
      const { incarnation, number } = decodeCheckpoint(value)
      if (incarnation === this.#options.incarnation) this.numbers.add(number)
      else this.foreign = true
    } else if (entry.startsWith(MARKER_PREFIX)) this.#sawMarker(entry, value)
    else if (value && entry === RELEASE) this.#sawRelease(value)
    return [entry, value]
  }

  #sawMarker(entry: string, value: Uint8Array | null): void {
    if (!value) return void this.foreignMarkers.delete(entry)
    const marker = decodeMarker(value)
    this.#lastMarker = marker.nonce
    if (marker.nonce === this.#target) this.reached = true
    if (marker.incarnation === this.#options.incarnation) return
    this.foreign = true
    this.foreignMarkers.set(entry, marker)
  }

  #sawRelease(value: Uint8Array): void {
    for (const nonce of decodeRelease(value).nonces) this.released.add(nonce)
  }

  #fail(error: unknown): void {
    this.#reading = false
    if (this.#closed) return
    if (afterFailedRead(error) === 'again') return this.#startLater(RETRIES.read)
    this.#options.onFailed(error, this.position)
    if (!isRefused(error)) return
    // A reader that was refused gives nothing any more.
    this.#forget()
    this.#startLater(RETRIES.blockedOwnership)
  }

  #startLater({ firstMs }: RetryPolicy): void {
    const { system, enqueue } = this.#options
    this.#cancelRetry = system.after(firstMs, () => enqueue(() => this.start()))
  }
}
