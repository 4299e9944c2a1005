/** Timers of several layers in the order in which they are due: the order within one, and the merging of all. */
import { compareDue, type Due, dueOf } from './due-heap.ts'

/** What the order is of: the entries change beside it. */
interface Entries {
  readonly size: number
  due(entry: string): number | undefined
}

/**
 * A sorted array and what was set since it was last asked, sorted and merged when it is asked again: n settings and the
 * questions between them cost O(n log n) in all, and a copy of the array for each question that follows a setting. A
 * place counts while its entry is due then; when more than half are dead, they are dropped.
 */
export class DueOrder {
  readonly #entries: Entries
  #sorted: Due[] = []
  #recent: Due[] = []

  constructor(entries: Entries) {
    this.#entries = entries
  }

  add(entry: string, bytes: Uint8Array | null): void {
    const due = dueOf(bytes)
    if (due !== undefined) this.#recent.push({ due, entry })
  }

  /** Those behind a place. Not to be held while entries change. */
  *after(place: Due): IterableIterator<Due> {
    this.#arrange()
    let last: Due = place
    for (let at = this.#firstAfter(place); at < this.#sorted.length; at++) {
      const item = this.#sorted[at]
      // One that was moved away and back has two equal places.
      if (!item || compareDue(item, last) === 0 || !this.#counts(item)) continue
      last = item
      yield item
    }
  }

  #arrange(): void {
    if (this.#recent.length > 0) {
      this.#sorted = [...merged([this.#sorted.values(), this.#recent.sort(compareDue).values()])]
      this.#recent = []
    }
    if (this.#sorted.length > 2 * this.#entries.size + 64)
      this.#sorted = this.#sorted.filter(item => this.#counts(item))
  }

  #counts({ entry, due }: Due): boolean {
    return this.#entries.due(entry) === due
  }

  #firstAfter(place: Due): number {
    let from = 0
    let to = this.#sorted.length
    while (from < to) {
      const middle = (from + to) >> 1
      const item = this.#sorted[middle]
      if (item && compareDue(item, place) > 0) to = middle
      else from = middle + 1
    }
    return from
  }
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
