/** The state of one task as its records see it: the store, and in front of it what is staged or being committed. */
import { invariant } from '#core/errors.ts'
import type { Due } from './due-heap.ts'
import { type DueLayer, duesOf } from './due-order.ts'
import { EntryMap } from './entry-map.ts'
import type { Store } from './store.ts'

export type Writes = ReadonlyMap<string, Uint8Array | null>

/**
 * Three layers, read from the newest to the oldest:
 * - what was staged since the last take
 * - what was taken into the commit under way (at most one)
 * - the store, which holds only what is committed
 *
 * A deletion is staged only where a layer below holds the entry. So an entry that is written and deleted before a take never
 * reaches the topic. An example is a journaled step of a record that completes at once. The price is one read of the
 * store per deletion.
 *
 * Writes that are not in the store yet are also kept as they were staged. So the writes of a record that the log refuses can
 * be withdrawn, and those of others stay.
 */
export class TaskState {
  readonly #store: Store
  #staged = new EntryMap<Uint8Array | null>()
  #taken: EntryMap<Uint8Array | null> | undefined
  /** Of what the two layers above were made, in order. */
  #stagedOf: Writes[] = []
  #takenOf: readonly Writes[] = []

  constructor(store: Store) {
    this.#store = store
  }

  get(key: string): Uint8Array | undefined {
    const staged = this.#staged.get(key)
    return staged === undefined ? this.#below(key) : (staged ?? undefined)
  }

  /** Entries whose key begins with `prefix`, staged ones included. What `Store.entries` says of changes holds here too. */
  *entries(prefix: string): IterableIterator<[string, Uint8Array]> {
    const staged = this.#staged
    const taken = this.#taken
    for (const [key, bytes] of staged.entries(prefix)) if (bytes !== null) yield [key, bytes]
    if (taken)
      for (const [key, bytes] of taken.entries(prefix))
        if (bytes !== null && !staged.has(key)) yield [key, bytes]
    for (const [key, bytes] of this.#store.entries(prefix))
      if (!staged.has(key) && !taken?.has(key)) yield [key, bytes]
  }

  /** Timers due behind a place, in order, staged ones included. Not to be held while anything is staged. */
  dues(after: Due): IterableIterator<Due> {
    const store = this.#store
    const oldest: DueLayer = { dues: place => store.dues(place), has: () => true }
    return duesOf([this.#staged, ...(this.#taken ? [this.#taken] : []), oldest], after)
  }

  /** Makes a completed record's writes visible to those that follow, and part of the next commit. Returns their bytes. */
  stage(writes: Writes): number {
    this.#stagedOf.push(writes)
    let size = 0
    for (const [key, bytes] of writes) {
      this.#write(key, bytes)
      size += key.length + (bytes === null ? 0 : bytes.length)
    }
    return size
  }

  /** Takes back what was staged by these calls of `stage`, as if it had never been, while nothing is taken. */
  withdraw(withdrawn: ReadonlySet<Writes>): void {
    invariant(!this.#taken, 'state was withdrawn while a commit was under way')
    const latest = new Map<string, Uint8Array | null | undefined>()
    for (const writes of withdrawn) for (const key of writes.keys()) latest.set(key, undefined)
    this.#stagedOf = this.#stagedOf.filter(writes => !withdrawn.has(writes))
    for (const writes of this.#stagedOf)
      for (const [key, bytes] of writes) if (latest.has(key)) latest.set(key, bytes)
    for (const [key, bytes] of latest) {
      if (bytes === undefined) this.#staged.delete(key)
      else this.#write(key, bytes)
    }
  }

  /** Number of entries that the next commit would write. */
  get stagedCount(): number {
    return this.#staged.size
  }

  /** What was staged since the last take: goes into one commit. */
  take(): Writes {
    invariant(!this.#taken, 'state was taken twice without an answer')
    const taken = this.#staged
    this.#taken = taken
    this.#staged = new EntryMap()
    this.#takenOf = this.#stagedOf
    this.#stagedOf = []
    return taken.all
  }

  /** The taken writes are committed up to `position`: the store gets them. */
  committed(taken: Writes, position: number): void {
    invariant(this.#taken?.all === taken, 'state was committed that is not the one taken')
    this.#store.apply(taken, position)
    this.#taken = undefined
    this.#takenOf = []
  }

  /** The taken writes did not take place: they go back in front of what was staged since. */
  putBack(taken: Writes): void {
    invariant(this.#taken?.all === taken, 'state was put back that is not the one taken')
    const newer = this.#staged
    this.#staged = this.#taken
    this.#taken = undefined
    for (const [key, bytes] of newer.all) this.#write(key, bytes)
    this.#stagedOf = [...this.#takenOf, ...this.#stagedOf]
    this.#takenOf = []
  }

  /** Entries read from the topic up to `position`: on restoring, and for what others committed meanwhile. */
  restore(writes: Iterable<readonly [string, Uint8Array | null]>, position: number): void {
    this.#store.apply(keyed(writes), position)
  }

  #write(key: string, bytes: Uint8Array | null): void {
    if (bytes === null && this.#below(key) === undefined) this.#staged.delete(key)
    else this.#staged.set(key, bytes)
  }

  /** What is visible when nothing staged since the last take is. */
  #below(key: string): Uint8Array | undefined {
    const taken = this.#taken?.get(key)
    return taken === undefined ? this.#store.get(key) : (taken ?? undefined)
  }
}

/** A record without a key is nobody's entry. */
function* keyed<V>(writes: Iterable<readonly [string, V]>): Iterable<readonly [string, V]> {
  for (const write of writes) if (write[0] !== '') yield write
}
