/** A file under a store, for tests of what gathers in front of it. */
import { CaudalError } from '#core/errors.ts'
import { compareDue, type Due, dueOf } from '#engine/state/due-heap.ts'
import type { EntryFile, Writes } from '#engine/state/entry-file.ts'

/** A file in memory whose background writes end when the test says so. */
export class HeldFile implements EntryFile {
  readonly entries = new Map<string, Uint8Array>()
  /** Each transaction that took place: its position and how many entries it wrote. */
  readonly transactions: string[] = []
  position: number | undefined
  closed = false
  failing = false
  reads = 0
  #pending: { run(): void; drop(): void; fail(): void } | undefined

  get(key: string) {
    this.reads++
    return this.entries.get(key)
  }
  has(key: string) {
    return this.entries.has(key)
  }
  get size() {
    return this.entries.size
  }
  get bytes() {
    return [...this.entries].reduce((sum, [key, value]) => sum + key.length + value.length, 0)
  }
  page(prefix: string, after: string | undefined, entriesMax: number) {
    const found = [...this.entries].filter(
      ([key]) => key.startsWith(prefix) && (after === undefined || key > after),
    )
    return found.sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, entriesMax)
  }

  duePage(after: Due, timersMax: number) {
    const dues = [...this.entries].map(([entry, bytes]) => ({ entry, due: dueOf(bytes) ?? Number.NaN }))
    return dues
      .filter(item => compareDue(item, after) > 0)
      .sort(compareDue)
      .slice(0, timersMax)
  }

  write(writes: Writes, position: number | undefined): Promise<void> {
    const copy = new Map(writes)
    return new Promise((resolve, reject) => {
      const run = () => {
        this.#put(copy, position)
        resolve()
      }
      const fail = () => reject(new CaudalError('STORE_FAILED', { reason: 'disk full' }))
      this.#pending = { run, drop: resolve, fail }
    })
  }

  /** Overtakes a background write that has not ended: that one never takes place. */
  writeNow(writes: Writes, position: number | undefined): void {
    if (this.failing) throw new CaudalError('STORE_FAILED', { reason: 'disk full' })
    const overtaken = this.#pending
    this.#put(writes, position)
    if (overtaken) this.#pending = { ...overtaken, run: overtaken.drop }
  }

  get isWriting(): boolean {
    return this.#pending !== undefined
  }

  async end(how: 'run' | 'fail' = 'run'): Promise<void> {
    const pending = this.#pending
    this.#pending = undefined
    pending?.[how]()
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
  }

  async sync() {}
  async close() {
    this.closed = true
  }
  async erase() {
    this.entries.clear()
    this.closed = true
  }

  #put(writes: Writes, position: number | undefined) {
    for (const [key, bytes] of writes)
      bytes === null ? this.entries.delete(key) : this.entries.set(key, bytes)
    this.position = position
    this.transactions.push(`${position}: ${writes.size}`)
  }
}
