/**
 * Reads a task's state partition up to a marker of one's own, which is the end by construction: whoever wrote there
 * before has been fenced or has released when the marker is written.
 *
 * Used twice. A new task restores with it: entries are applied as they are read, already while the former owner still
 * finishes its work, so that a hand-over needs only the rest. A kept task checks with it, after its producer was
 * replaced, that nobody else has written since its last commit, and whether a commit of unknown outcome took place.
 */
import { isUtf8 } from 'node:buffer'
import { asText } from '#core/codec.ts'
import type { LogRecord, TopicPartition } from '#core/record.ts'
import { RETRIES } from '#core/retry.ts'
import type { System } from '#core/system.ts'
import { decodeCheckpoint } from '#engine/commit/checkpoint.ts'
import { decodeMarker, decodeRelease, type Marker } from '#engine/commit/claims.ts'
import type { Fetched, Log, Reader } from '#engine/log/log.ts'
import { afterFailedRead } from '#engine/log/read-topic.ts'
import { CHECKPOINT, MARKER_PREFIX, RELEASE } from '#engine/state/layout.ts'
import type { StateEntry, StoredEntries } from '#engine/state/stored-entries.ts'

const FETCH_RECORDS_MAX = 10_000

export interface TailOptions {
  readonly place: TopicPartition
  readonly from: number
  /** The topic that is meant; whichever has the name when left out. */
  readonly topicId?: string | undefined
  readonly log: Log
  readonly system: System
  /** This pod's incarnation: what others have written is foreign. */
  readonly incarnation: string
  readonly enqueue: (callback: () => void) => void
  /** Entries read, up to an offset. */
  readonly apply: (entries: readonly StateEntry[], position: number) => void
  /** Something was seen that ownership may be waiting for: a release, or the own marker. */
  readonly onSeen: () => void
  /** It cannot be read on from this offset. */
  readonly onFailed: (error: unknown, offset: number) => void
}

/** What was read of a state partition so far. */
export interface TailView {
  /** By entry, the markers of other incarnations that no owner has deleted: those who wrote them may still be at work. */
  readonly foreignMarkers: ReadonlyMap<string, Marker>
  /** Anything of another incarnation was read: a marker or a checkpoint. */
  readonly foreign: boolean
  /** The nonces that were given up. */
  readonly released: ReadonlySet<string>
  /** Numbers of this incarnation's own commits that were read. */
  readonly numbers: ReadonlySet<number>
  /** Up to where it was read. */
  readonly position: number
  /** The own marker that was asked for was read. */
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

  /** The own marker to read up to; may have been read already. */
  readTo(nonce: string): void {
    this.#target = nonce
    this.reached = this.#lastMarker === nonce
    if (this.reached) this.#options.onSeen()
    else this.start()
  }

  /** Reads on behind the own marker, until it is told of another. */
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

  /** What arrives after the target was reached is not part of what was asked for: whoever goes on reads it again. */
  #forget(): void {
    this.#reader?.close()
    this.#reader = undefined
  }

  #read({ key, value }: LogRecord): StateEntry {
    const entry = key && isUtf8(key) ? asText(key) : '' // Whatever is no text was written by somebody else.
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
    if (afterFailedRead(error) === 'again') {
      this.#cancelRetry = this.#options.system.after(RETRIES.read.firstMs, () =>
        this.#options.enqueue(() => this.start()),
      )
      return
    }
    this.#options.onFailed(error, this.position)
  }
}
