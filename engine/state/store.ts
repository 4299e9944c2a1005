/** The Store port: a task's local copy of its state topic. One suite (test/conformance/store.ts) runs on every store. */
import type { TaskId } from '#core/record.ts'
import type { Due } from './due-heap.ts'

/**
 * A copy of the committed entries of one partition of a state topic, never ahead of the topic. After a crash it holds what
 * the topic held at `position`, and only the records after that are read again.
 */
export interface Store {
  get(key: string): Uint8Array | undefined
  /**
   * Committed entries whose key begins with `prefix`, in no particular order. The iterator may be held while the store
   * is written. It shows every entry that was there all along; an entry that changes meanwhile may come twice or not at all.
   */
  entries(prefix: string): IterableIterator<readonly [string, Uint8Array]>
  /** Committed timers that come after the given one in the order of `compareDue`. Not to be held while the store is written. */
  dues(after: Due): IterableIterator<Due>
  /** Offset of the state topic up to which the store reflects it; undefined when it is empty. */
  readonly position: number | undefined
  /** Number of entries. */
  readonly size: number
  /** What the entries take: keys and values in memory, pages on a disk. Asked often: nothing is counted for it. */
  readonly bytes: number
  /**
   * Applies writes (null deletes) of the state topic up to `position`, atomically with it. Only after their commit.
   * The bytes belong to the store from then on.
   */
  apply(writes: Iterable<readonly [string, Uint8Array | null]>, position: number): void
  /** Resolves when what was applied is on disk (memory: at once). */
  flush(): Promise<void>
  /** Keeps the local copy. */
  close(): Promise<void>
  /** Deletes the local copy, instead of `close`: the next open starts empty. */
  discard(): Promise<void>
}

/** What a local copy is a copy of: one of anything else is never used. */
export interface CopyOf extends TaskId {
  readonly application: string
  /** Of the state topic. */
  readonly topicId: string
}

/** Where the local copies of state are kept: `memoryStores` or `lmdbStores`. */
export interface StoreFactory {
  /** At most one store of a task is open at a time. A copy of something else is discarded first. */
  open(of: CopyOf): Promise<Store>
}
