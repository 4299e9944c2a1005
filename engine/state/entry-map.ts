/** A map of entries by key that also finds the entries of one key's map, or all timers, without a scan. */
import { type Due, dueOf } from './due-heap.ts'
import { DueOrder } from './due-order.ts'
import { groupOf, TIMER_PREFIX } from './layout.ts'

/**
 * A plain Map answers everything but `entries(prefix)`. For that, each group of the layout has a set with its keys: the map
 * entries of one key, the timers, the steps. Any other prefix scans all. Entries that belong to no group, the most common
 * by far, cost no more than in a Map. The order of the timers is kept from the first question for it, since most maps are
 * never asked. With `ordersTimers` it is kept from the start, so that no question sorts many.
 */
export class EntryMap<V extends Uint8Array | null> {
  readonly #entries = new Map<string, V>()
  readonly #groups = new Map<string, Set<string>>()
  #dues: DueOrder | undefined

  constructor(options: { readonly ordersTimers?: boolean } = {}) {
    if (options.ordersTimers) this.#dues = new DueOrder()
  }

  get size(): number {
    return this.#entries.size
  }

  /** The entries as a map; it changes with this one. */
  get all(): ReadonlyMap<string, V> {
    return this.#entries
  }

  get(key: string): V | undefined {
    return this.#entries.get(key)
  }

  has(key: string): boolean {
    return this.#entries.has(key)
  }

  set(key: string, value: V): void {
    const group = groupOf(key)
    if (this.#dues && group === TIMER_PREFIX)
      this.#dues.move(key, dueOf(this.#entries.get(key)), dueOf(value))
    this.#entries.set(key, value)
    if (group === undefined) return
    const keys = this.#groups.get(group)
    if (keys) keys.add(key)
    else this.#groups.set(group, new Set([key]))
  }

  delete(key: string): void {
    const group = groupOf(key)
    if (this.#dues && group === TIMER_PREFIX) this.#dues.move(key, dueOf(this.#entries.get(key)), undefined)
    if (!this.#entries.delete(key)) return
    if (group === undefined) return
    const keys = this.#groups.get(group)
    keys?.delete(key)
    if (keys?.size === 0) this.#groups.delete(group)
  }

  *entries(prefix: string): IterableIterator<readonly [string, V]> {
    if (prefix === groupOf(prefix)) {
      for (const key of this.#groups.get(prefix) ?? []) {
        const value = this.#entries.get(key)
        if (value !== undefined) yield [key, value]
      }
    } else for (const entry of this.#entries) if (entry[0].startsWith(prefix)) yield entry
  }

  /** The timers due behind a place, in order. Not to be held while the map is written. */
  dues(after: Due): IterableIterator<Due> {
    this.#dues ??= this.#orderTimers()
    return this.#dues.after(after)
  }

  #orderTimers(): DueOrder {
    const dues: Due[] = []
    for (const [entry, value] of this.entries(TIMER_PREFIX)) {
      const due = dueOf(value)
      if (due !== undefined) dues.push({ due, entry })
    }
    return new DueOrder(dues)
  }
}
