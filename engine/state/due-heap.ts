/** A binary heap of what is due at some time, the earliest first; entries break ties, so that the order is total. */
import { DUE_BYTES, decodeDue } from './frame.ts'

export interface Due {
  readonly due: number
  readonly entry: string
}

/** The place before all others. */
export const BEFORE_ALL: Due = Object.freeze({ due: Number.NEGATIVE_INFINITY, entry: '' })

/** When a timer's entry is due; undefined where it is deleted, or says no time. */
export function dueOf(bytes: Uint8Array | null | undefined): number | undefined {
  const due = bytes?.length === DUE_BYTES ? decodeDue(bytes) : Number.NaN
  return Number.isNaN(due) ? undefined : due
}

/** Negative when `a` comes before `b`. The times may be infinite. */
export function compareDue(a: Due, b: Due): number {
  if (a.due !== b.due) return a.due < b.due ? -1 : 1
  return a.entry === b.entry ? 0 : compareText(a.entry, b.entry)
}

const SURROGATES_BEGIN = 0xd800
const SURROGATES_END = 0xe000

/** By code points, as the bytes of UTF-8 are ordered on disk: strings compare by units, with the highest points too low. */
function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const left = a.charCodeAt(at)
    const right = b.charCodeAt(at)
    if (left !== right) return heightOf(left) - heightOf(right)
  }
  return a.length - b.length
}

function heightOf(unit: number): number {
  return unit >= SURROGATES_BEGIN && unit < SURROGATES_END ? unit + 0x10_000 : unit
}

export class DueHeap {
  readonly #items: Due[]

  /** Takes over an array that is in ascending order. */
  constructor(sorted: Due[] = []) {
    this.#items = sorted
  }

  get size(): number {
    return this.#items.length
  }

  get first(): Due | undefined {
    return this.#items[0]
  }

  /** All items, in no particular order. */
  get all(): readonly Due[] {
    return this.#items
  }

  push(item: Due): void {
    const items = this.#items
    let at = items.length
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = items[parent]
      if (!above || compareDue(above, item) <= 0) break
      items[at] = above
      at = parent
    }
    items[at] = item
  }

  removeFirst(): void {
    const last = this.#items.pop()
    if (last && this.#items.length > 0) this.#sink(last)
  }

  /** Places `item` from the top downwards. */
  #sink(item: Due): void {
    const items = this.#items
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      let below = items[child]
      const right = items[child + 1]
      if (below && right && compareDue(right, below) < 0) {
        child++
        below = right
      }
      if (!below || compareDue(item, below) <= 0) break
      items[at] = below
      at = child
    }
    items[at] = item
  }
}
