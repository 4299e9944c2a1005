/** State that an operator declares, and the handles by which it reads and writes the entries of a record's key. */
import type { Codec } from './codec.ts'
import type { Duration } from './duration.ts'

/** Options of one declared state. */
export interface StateOptions {
  /** Entries not written for this long are gone; measured on the record's processing time. */
  readonly ttl?: Duration
}
/** Declaration of one value per key. Made by `state.value`. */
export interface ValueState<T> extends StateOptions {
  /** The kind of state. */
  readonly kind: 'value'
  /** The codec of the value. */
  readonly codec: Codec<T>
}
/** Declaration of a map of names to values per key. Made by `state.map`. */
export interface MapState<T> extends StateOptions {
  /** The kind of state. */
  readonly kind: 'map'
  /** The codec of each value of the map. */
  readonly codec: Codec<T>
}
/** State name to its declaration. */
export type StateDeclarations = Readonly<Record<string, ValueState<unknown> | MapState<unknown>>>

/** Declares state: `state.value(codec)` is one value per key, `state.map(codec)` a map of string to value per key. */
export const state = {
  /** Declares one value per key. */
  value: <T>(codec: Codec<T>, options: StateOptions = {}): ValueState<T> => ({
    kind: 'value',
    codec,
    ...options,
  }),
  /** Declares a map of string to value per key. */
  map: <T>(codec: Codec<T>, options: StateOptions = {}): MapState<T> => ({ kind: 'map', codec, ...options }),
} as const

/** The value of the record's key. Writes are visible at once to the same record, and committed with all its effects. */
export interface ValueHandle<T> {
  /** The stored value; `undefined` where there is none. */
  get(): T | undefined
  /** Stores a value, in the commit of the record. */
  set(value: T): void
  /** Removes the value, in the commit of the record. */
  delete(): void
}
/** The map of the record's key. Writes are visible at once to the same record, and committed with all its effects. */
export interface MapHandle<T> {
  /** The value under this name; `undefined` where there is none. */
  get(name: string): T | undefined
  /** Stores a value under this name, in the commit of the record. */
  set(name: string, value: T): void
  /** Removes what is stored under this name, in the commit of the record. */
  delete(name: string): void
  /**
   * All entries of the record's key as they are at the call, own writes included. Each comes once, in no particular
   * order. Writes during the walk change the map and not the walk.
   */
  entries(): IterableIterator<[string, T]>
}
/** `ctx.state`: a handle for each declared state. */
export type StateHandles<S extends StateDeclarations> = {
  readonly [N in keyof S]: S[N] extends ValueState<infer T>
    ? ValueHandle<T>
    : S[N] extends MapState<infer T>
      ? MapHandle<T>
      : never
}
