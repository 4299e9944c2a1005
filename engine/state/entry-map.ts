/** A map of entries by key that also finds the entries of one key's map, or all timers, without a scan. */
import { groupOf } from './layout.ts'

/**
 * A plain Map answers everything but `entries(prefix)`. For that, the keys of each group of the layout (the map
 * entries of one key; the timers; the steps) are kept in a set of their own: any other prefix scans all. Entries that belong to
 * no group, the most common by far, cost no more than in a Map.
 */
export class EntryMap<V> {
  readonly #entries = new Map<string, V>()
  readonly #groups = new Map<string, Set<string>>()

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
}
