/** Timers of several layers in the order in which they are due: the order within one, and the merging of all. */
import { compareDue, type Due } from './due-heap.ts'

/** Small enough to be moved about at each change. */
const CHUNK_MAX = 512

/** A sorted list in chunks: what one change costs hardly grows with the number of timers. */
export class DueOrder {
  /** Each in order, none empty, and each wholly before the next one. */
  readonly #chunks: Due[][] = []

  constructor(unsorted: Due[] = []) {
    const sorted = unsorted.sort(compareDue)
    for (let at = 0; at < sorted.length; at += CHUNK_MAX / 2)
      this.#chunks.push(sorted.slice(at, at + CHUNK_MAX / 2))
  }

  /** A timer that is due at the one time and was due at the other; absent where it is not, or was not, there. */
  move(entry: string, before: number | undefined, due: number | undefined): void {
    if (before === due) return
    if (before !== undefined) this.#remove({ due: before, entry })
    if (due !== undefined) this.#add({ due, entry })
  }

  /** Those behind a place. Not to be held while entries change. */
  *after(place: Due): IterableIterator<Due> {
    const at = this.#chunkAt(place)
    const chunk = this.#chunks[at] ?? []
    yield* chunk.slice(firstOf(chunk, item => compareDue(item, place) > 0))
    for (let next = at + 1; next < this.#chunks.length; next++) yield* this.#chunks[next] ?? []
  }

  #add(item: Due): void {
    // Behind all others, it goes to the last one.
    const at = Math.min(this.#chunkAt(item), Math.max(0, this.#chunks.length - 1))
    const chunk = this.#chunks[at]
    if (!chunk) {
      this.#chunks.push([item])
      return
    }
    const place = firstOf(chunk, each => compareDue(each, item) >= 0)
    chunk.splice(place, 0, item)
    if (chunk.length <= CHUNK_MAX) return
    // What comes in order leaves full chunks behind.
    const isLast = at === this.#chunks.length - 1 && place === CHUNK_MAX
    this.#chunks.splice(at + 1, 0, chunk.splice(isLast ? CHUNK_MAX : CHUNK_MAX / 2))
  }

  #remove(item: Due): void {
    const at = this.#chunkAt(item)
    const chunk = this.#chunks[at] ?? []
    const place = firstOf(chunk, each => compareDue(each, item) >= 0)
    if (chunk[place]?.entry !== item.entry) return
    chunk.splice(place, 1)
    if (chunk.length === 0) this.#chunks.splice(at, 1)
  }

  /** The first chunk that does not end before the place. */
  #chunkAt(place: Due): number {
    return firstOf(this.#chunks, chunk => compareDue(chunk.at(-1) ?? place, place) >= 0)
  }
}

/** The index of the first item that is so, where all behind it are; the length where none is. */
function firstOf<T>(items: readonly T[], isSo: (item: T) => boolean): number {
  let from = 0
  let to = items.length
  while (from < to) {
    const middle = (from + to) >> 1
    const item = items[middle]
    if (item !== undefined && isSo(item)) to = middle
    else from = middle + 1
  }
  return from
}

/** A layer hides what older layers say of the entries that it has. */
export interface DueLayer {
  dues(after: Due): Iterator<Due>
  has(entry: string): boolean
}

/** What all layers together say is due behind a place, in order; `layers` begins with the newest. */
export function duesOf(layers: readonly DueLayer[], after: Due): IterableIterator<Due> {
  return merged(layers.map((layer, index) => visible(layer.dues(after), layers.slice(0, index))))
}

function* visible(dues: Iterator<Due>, newer: readonly DueLayer[]): IterableIterator<Due> {
  for (let next = dues.next(); !next.done; next = dues.next())
    if (!newer.some(layer => layer.has(next.value.entry))) yield next.value
}

function* merged(orders: readonly Iterator<Due>[]): IterableIterator<Due> {
  const heads = orders.map(order => ({ order, next: order.next() }))
  for (;;) {
    let first: (typeof heads)[number] | undefined
    let least: Due | undefined
    for (const head of heads) {
      if (head.next.done || (least && compareDue(head.next.value, least) >= 0)) continue
      first = head
      least = head.next.value
    }
    if (!first || !least) return
    yield least
    first.next = first.order.next()
  }
}
