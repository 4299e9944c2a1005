/**
 * The events of virtual time in the order in which they happen: by due time, then by order of insertion.
 *
 * A binary heap holds events that are due later. Events that are due at once go to a plain queue, because most events are
 * deferred callbacks. Both number their events from one counter, so that the two together keep the order of insertion.
 */

export interface Event {
  readonly due: number
  readonly order: number
  readonly run: () => void
  cancelled: boolean
}

export class EventQueue {
  readonly #heap: Event[] = []
  #ready: Event[] = []
  #readyAt = 0
  #order = 0

  /** Adds an event; `due` must not lie before `now`. */
  add(now: number, due: number, run: () => void): Event {
    const event: Event = { due, order: this.#order++, run, cancelled: false }
    if (due <= now) this.#ready.push(event)
    else this.#push(event)
    return event
  }

  /** The event that `take` would return. */
  peek(): Event | undefined {
    this.#dropCancelled()
    const ready = this.#ready[this.#readyAt]
    const later = this.#heap[0]
    if (!ready || !later) return ready ?? later
    return isBefore(later, ready) ? later : ready
  }

  take(): Event | undefined {
    const event = this.peek()
    if (event === undefined) return undefined
    if (event === this.#heap[0]) this.#pop()
    else this.#advanceReady()
    return event
  }

  #dropCancelled(): void {
    while (this.#ready[this.#readyAt]?.cancelled) this.#advanceReady()
    while (this.#heap[0]?.cancelled) this.#pop()
  }

  #advanceReady(): void {
    this.#readyAt++
    if (this.#readyAt < 1_024 && this.#readyAt < this.#ready.length) return
    this.#ready = this.#ready.slice(this.#readyAt)
    this.#readyAt = 0
  }

  #push(event: Event): void {
    const heap = this.#heap
    let at = heap.length
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || isBefore(parent, event)) break
      heap[at] = parent
      at = above
    }
    heap[at] = event
  }

  #pop(): void {
    const heap = this.#heap
    const moved = heap.pop()
    if (moved === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      let child = heap[below]
      if (child === undefined) break
      const right = heap[below + 1]
      if (right !== undefined && isBefore(right, child)) {
        child = right
        below++
      }
      if (isBefore(moved, child)) break
      heap[at] = child
      at = below
    }
    heap[at] = moved
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.due !== other.due ? one.due < other.due : one.order < other.order
}
