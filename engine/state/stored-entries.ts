/** Entries of a task's state as they are read and found. */

export type StateEntry = readonly [entry: string, value: Uint8Array | null]

/** Markers and release that a state holds. */
export interface StoredEntries {
  readonly markers: Iterable<readonly [string, Uint8Array]>
  readonly release: Uint8Array | undefined
}
