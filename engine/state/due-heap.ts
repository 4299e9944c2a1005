/** A binary heap of what is due at some time, the earliest first; entries break ties, so that the order is total. */

export interface Due {
  readonly due: number
  readonly entry: string
}

/** Negative when `a` comes before `b`. */
export function compareDue(a: Due, b: Due): number {
  return a.due - b.due || (a.entry < b.entry ? -1 : a.entry > b.entry ? 1 : 0)
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
