/**
 * Looks at the records of some partitions, forwards or backwards, until a page is full or a bound is reached. So what is not
 * found is known to be either absent or not looked at yet.
 *
 * A log is only read forwards. Backwards, a window of offsets is read forwards and turned around; where it holds little, as in
 * a compacted topic, the next window is wider. A record counts as looked at once it is given out, or passed by a later one
 * that is. So a scan that goes on at the positions of the one before counts each record once.
 *
 * Without a filter the partitions are merged by time. With one, matches are given out as they are found: the next match of a
 * partition may be far away.
 */
import type { LogRecord, TopicPartition } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { Bounds, Log } from '#engine/log/log.ts'
import { readFirst, readRange } from '#engine/log/read-topic.ts'
import type { RecordView } from './record-views.ts'

export const LOOKED_AT_MAX = 100_000
const TAKES_MS = 10_000
const WINDOW_MAX = 10_000
const SPARSE_WINDOW_MAX = 200_000

export type Direction = 'forwards' | 'backwards'

export interface ScanOptions {
  readonly log: Log
  readonly system: System
  readonly direction: Direction
  readonly parts: readonly ScannedPart[]
  /** Records of a page. */
  readonly pageMax: number
  /** Whether few records match: then the order among partitions is that of finding. */
  readonly isNarrow: boolean
  readonly lookedAtMax?: number
  readonly signal: AbortSignal
  /** The record for a page; nothing where it does not match. */
  readonly match: (record: LogRecord, partition: number) => Promise<RecordView | undefined> | undefined
  readonly onRecord: (record: RecordView) => Promise<void>
  readonly onProgress: (progress: Progress) => Promise<void>
  /** Offsets that the topic dropped before they were looked at. */
  readonly onGap: (partition: number, from: number, to: number) => Promise<void>
}

export interface ScannedPart extends TopicPartition {
  readonly bounds: Bounds
  /** Forwards the first offset that is looked at, backwards the one behind it. */
  readonly position: number
}

export interface Progress {
  readonly lookedAt: number
  readonly found: number
  readonly positions: readonly Position[]
}

export interface Position {
  readonly partition: number
  /** Where a later scan goes on. */
  readonly position: number
  readonly isDone: boolean
}

/** `page`: it is full. `bound`: it looked at so much that it stops. `end`: nothing is left. */
export type Ending = 'page' | 'bound' | 'end'

export interface Scanned extends Progress {
  readonly ending: Ending
}

export async function scan(options: ScanOptions): Promise<Scanned> {
  const { system, pageMax, lookedAtMax = LOOKED_AT_MAX, signal } = options
  const parts = options.parts.map(part => new PartScan(part, options))
  const until = system.monotonic() + TAKES_MS
  let found = 0
  const progress = (): Progress => ({
    lookedAt: parts.reduce((sum, part) => sum + part.lookedAt, 0),
    found,
    positions: parts.map(part => part.at),
  })
  for (;;) {
    for (const part of parts.filter(each => !each.head && !each.isDone)) {
      signal.throwIfAborted()
      await part.fill()
      await options.onProgress(progress())
    }
    for (let next = nextOf(parts, options); next && found < pageMax; next = nextOf(parts, options)) {
      found += 1
      await options.onRecord(next.take())
    }
    if (parts.every(part => part.isDone && !part.head)) return { ...progress(), ending: 'end' }
    if (found >= pageMax) return { ...progress(), ending: 'page' }
    const read = parts.reduce((sum, part) => sum + part.read, 0)
    if (read >= lookedAtMax || system.monotonic() > until) return { ...progress(), ending: 'bound' }
  }
}

/** The partition that has the next record; nothing while one that must be compared has not been read far enough. */
function nextOf(parts: readonly PartScan[], { isNarrow, direction }: ScanOptions): PartScan | undefined {
  if (!isNarrow && parts.some(part => !part.head && !part.isDone)) return undefined
  const ready = parts.filter(part => part.head)
  const sign = direction === 'forwards' ? 1 : -1
  return ready.reduce<PartScan | undefined>((best, part) => {
    if (!best) return part
    return sign * (part.head?.at ?? '').localeCompare(best.head?.at ?? '') < 0 ? part : best
  }, undefined)
}

interface Match {
  readonly view: RecordView
  /** Records looked at in this partition, it included. */
  readonly lookedAt: number
}

/** One partition of a scan. */
class PartScan {
  /** Records that were read, those given out and those that wait. */
  read = 0
  readonly #part: ScannedPart
  readonly #options: ScanOptions
  #start: number
  /** Forwards the next offset that is read, backwards the one behind it. */
  #edge: number
  #window: number
  #matches: Match[] = []

  constructor(part: ScannedPart, options: ScanOptions) {
    this.#part = part
    this.#options = options
    this.#start = part.bounds.start
    this.#edge = part.position
    this.#window = options.pageMax
  }

  get head(): RecordView | undefined {
    return this.#matches[0]?.view
  }

  take(): RecordView {
    const match = this.#matches.shift()
    if (!match) throw new TypeError('nothing waits in this partition')
    return match.view
  }

  get isDone(): boolean {
    const { direction } = this.#options
    return direction === 'forwards' ? this.#edge >= this.#part.bounds.end : this.#edge <= this.#start
  }

  get lookedAt(): number {
    const [next] = this.#matches
    return next ? next.lookedAt - 1 : this.read
  }

  get at(): Position {
    const { direction } = this.#options
    const { head } = this
    const waiting = head && (direction === 'forwards' ? head.offset : head.offset + 1)
    return {
      partition: this.#part.partition,
      position: waiting ?? this.#edge,
      isDone: this.isDone && !head,
    }
  }

  /** Reads one window. */
  fill(): Promise<void> {
    return this.#options.direction === 'forwards' ? this.#fillForwards() : this.#fillBackwards()
  }

  async #fillForwards(): Promise<void> {
    const to = Math.min(this.#part.bounds.end, this.#edge + this.#window)
    const before = this.read
    await this.#readFrom(this.#edge, to, view => {
      this.read += 1
      if (view) this.#matches.push({ view, lookedAt: this.read })
    })
    this.#edge = to
    this.#widen(this.read - before)
  }

  async #fillBackwards(): Promise<void> {
    const { pageMax } = this.#options
    const from = Math.max(this.#start, this.#edge - this.#window)
    const kept: { readonly view: RecordView; readonly index: number }[] = []
    let count = 0
    let passed: number | undefined
    await this.#readFrom(from, this.#edge, view => {
      if (view) kept.push({ view, index: count })
      count += 1
      if (kept.length > pageMax) {
        kept.shift()
        passed = kept[0]?.index
      }
    })
    for (const { view, index } of kept.reverse())
      this.#matches.push({ view, lookedAt: this.read + count - index })
    const oldest = passed === undefined ? undefined : kept.at(-1)
    this.#edge = oldest ? oldest.view.offset : from
    this.read += count - (passed ?? 0)
    this.#widen(count)
  }

  #widen(count: number): void {
    const isSparse = count * 10 < this.#window
    this.#window = Math.min(this.#window * (isSparse ? 8 : 4), isSparse ? SPARSE_WINDOW_MAX : WINDOW_MAX)
  }

  async #readFrom(from: number, to: number, onRecord: (view: RecordView | undefined) => void): Promise<void> {
    const { log, signal, match, onGap } = this.#options
    const place = this.#part
    const found = async (record: LogRecord) => onRecord(await match(record, place.partition))
    const gap = (first: number, next: number) => {
      this.#start = Math.max(this.#start, next)
      return onGap(place.partition, first, next)
    }
    await readRange(log, place, { from, to }, found, { signal, onGap: gap })
  }
}

/**
 * About where a time begins in a partition, found by halving. Where times go back and forth, a record of that time or later may
 * lie before it.
 */
export async function offsetAt(
  log: Log,
  part: Omit<ScannedPart, 'position'>,
  time: number,
  signal: AbortSignal,
): Promise<number> {
  let { start: low, end: high } = part.bounds
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const record = await readFirst(log, part, { from: middle, to: high }, { signal })
    if (record && record.timestamp < time) low = record.offset + 1
    else high = middle
  }
  return low
}
