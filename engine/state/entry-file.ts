/** The port to the file of a local copy, as a store that gathers writes in memory uses it. */
import type { Due } from './due-heap.ts'

export type Writes = ReadonlyMap<string, Uint8Array | null>

/** The file: its entries and its position change together or not at all. Failures are STORE_FAILED. */
export interface EntryFile {
  get(key: string): Uint8Array | undefined
  has(key: string): boolean
  readonly size: number
  /** Of the pages in use. */
  readonly bytes: number
  /** At most `entriesMax` entries with the prefix, in the order of their keys, those behind `after`. */
  page(
    prefix: string,
    after: string | undefined,
    entriesMax: number,
  ): readonly (readonly [string, Uint8Array])[]
  /** At most `timersMax` timers due behind a place, in order. */
  duePage(after: Due, timersMax: number): readonly Due[]
  /** Writes in the background. At most one at a time. */
  write(writes: Writes, position: number | undefined): Promise<void>
  /** Writes before it returns. A `write` under way takes place before it or not at all, and resolves in both cases. */
  writeNow(writes: Writes, position: number | undefined): void
  /** Resolves when what was written is on disk. */
  sync(): Promise<void>
  close(): Promise<void>
  erase(): Promise<void>
}
