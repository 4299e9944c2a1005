/** A map of entries by key that also finds the entries of one key's map, or all timers, without a scan. */
import { type Due, dueOf } from './due-heap.ts'
import { DueOrder } from './due-order.ts'
import { groupOf, TIMER_PREFIX } from './layout.ts'

/**
 * A plain Map answers everything but `entries(prefix)`. For that, the keys of each group of the layout (the map
 * entries of one key; the timers; the steps) are kept in a set of their own: any other prefix scans all. Entries that belong to
 * no group, the most common by far, cost no more than in a Map. The order of the timers is kept from the first time
 * that it is asked for: most maps are never asked.
 */
export class EntryMap<V extends Uint8Array | null> {
  readonly #entries = new Map<string, V>()
  readonly #groups = new Map<string, Set<string>>()
  #dues: DueOrder | undefined

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
    this.#entries.set(key, value)
    const group = groupOf(key)
    if (group === undefined) return
    const keys = this.#groups.get(group)
    if (keys) keys.add(key)
    else this.#groups.set(group, new Set([key]))
    if (this.#dues && group === TIMER_PREFIX) this.#dues.add(key, value)
  }

  delete(key: string): void {
    if (!this.#entries.delete(key)) return
    const group = groupOf(key)
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
    const entries = this.#entries
    const groups = this.#groups
    const order = new DueOrder({
      get size() {
        return groups.get(TIMER_PREFIX)?.size ?? 0
      },
      due: entry => dueOf(entries.get(entry)),
    })
    for (const [entry, value] of this.entries(TIMER_PREFIX)) order.add(entry, value)
    return order
  }
}
