/** The types that a graph's author holds while declaring it: what can be read, what can be written, and the edges between. */
import type { Codec, ValueOf } from '#core/codec.ts'
import type { Codecs } from '#core/context.ts'
import type { Duration } from '#core/duration.ts'
import type { Operator } from '#core/operator.ts'
import type { Origin } from './topology.ts'

/** Anything that an operator can take its input from. */
export interface Readable<V> {
  /** The codec of the values. */
  readonly codec: Codec<V>
  /** Where the values come from. */
  readonly origin: Origin
}

/** Anything that an output can be written to. Its key function makes the type refuse values of another type. */
export interface Target<V> {
  /** Name of the topic. */
  readonly topic: string
  /** Makes the key of a record from its value; `undefined`: the key of the input. */
  readonly key: ((value: V) => string | null) | undefined
}

/** Options of an operator at its place in the graph. */
export interface ProcessOptions {
  /** Why no record passes this operator for ever, in words for a reader. Required once on every loop; the engine does not check it. */
  readonly endsBecause?: string
  /**
   * Name of the stage that the operator is part of; that of the stage's first operator when left out. State and positions
   * belong to it, so it is kept when another operator comes first.
   */
  readonly stage?: string
}

/** Options of a delay between an output and its topic. */
export interface DelayOptions {
  /** The waits that are offered, ascending; a time between two of them is served by several hops. */
  readonly tiers: readonly Duration[]
}

/** What the functions of the stateless operators see of a record besides its value. */
export interface RecordFacts {
  /** The key as text; `null` where the record has none. */
  readonly key: string | null
  /** The time of the record, in milliseconds since the epoch. */
  readonly timestamp: number
}

/** A case of `branch`; `true` takes whatever is left. */
export type Case<V> = true | ((value: V, record: RecordFacts) => boolean)

/** An operator that can read values of type V. The marker only serves the compiler's message. */
export type Reads<V, X, O extends Codecs> = Operator<{ readonly in: Codec<X> }, O> &
  ([V] extends [X] ? unknown : { readonly readsAnotherType: { readonly wanted: X; readonly given: V } })

/** A sequence of records that operators can be attached to. Those that it compiles to are ordinary, named operators. */
export interface Stream<V> extends Readable<V> {
  /** Places an operator. The name is unique in the graph, and is the identity of the operator's state across versions. */
  process<X, O extends Codecs>(name: string, operator: Reads<V, X, O>, options?: ProcessOptions): Processed<O>
  /** One value in, one value out. */
  map<T>(
    name: string,
    codec: Codec<T>,
    change: (value: V, record: RecordFacts) => NoInfer<T>,
  ): Processed<{ readonly out: Codec<T> }>
  /** Keeps the values for which `keep` is true. */
  filter(
    name: string,
    keep: (value: V, record: RecordFacts) => boolean,
  ): Processed<{ readonly out: Codec<V> }>
  /**
   * One output per case; a record goes to the first case that holds, in the order written, and nowhere when none
   * does. End with `rest: true` to keep the others.
   */
  branch<N extends string>(
    name: string,
    cases: Readonly<Record<N, Case<V>>>,
  ): Processed<Readonly<Record<N, Codec<V>>>>
  /** Changes the key and nothing else. Only a topic brings records to where their new key lives, so one must follow. */
  rekey(name: string, key: (value: V, record: RecordFacts) => string | null): Rekeyed<V>
  /** Both streams as one, in no particular order. */
  merge(name: string, other: Readable<V>): Processed<{ readonly out: Codec<V> }>
}

/** Where an output goes. `Back` is what the chain goes on with. */
export interface Routing<V, Back> {
  to(target: Target<V>): Back
  /** Waiting on the way: needed where the operator emits with `notBefore`. */
  delay(options: DelayOptions): { to(target: Target<V>): Back }
}

/** One output of an operator. Several targets each get every record. */
export interface Edge<V, Back> extends Stream<V>, Routing<V, Back> {
  /** States that nobody wants this output. */
  discard(): Back
}

/** A stream under a new key, on its way to a topic. */
export interface Rekeyed<V> extends Routing<V, Rekeyed<V>> {}

/** The outputs of an operator by name. */
export interface Outputs<O extends Codecs> {
  on<N extends keyof O & string>(output: N): Edge<ValueOf<O[N]>, Processed<O>>
}

/** An operator placed in the graph. With exactly one output, it can be used as that output's edge. */
export type Processed<O extends Codecs> = Outputs<O> &
  (IsSingle<keyof O> extends true ? Edge<ValueOf<O[keyof O]>, Processed<O>> : unknown)

/** Topics written by others. */
export interface Source<V> extends Stream<V> {}
/** A topic that this graph writes; it can also be read. */
export interface Topic<V> extends Stream<V>, Target<V> {}
/** A compacted topic that every pod holds whole. Operators read it by `ctx.table`. */
export interface Table<V> extends Target<V> {
  /** The codec of the rows. */
  readonly codec: Codec<V>
}

/** For each input of a join, where it comes from; an array merges. */
export type Origins<I extends Codecs> = {
  readonly [N in keyof I]: Readable<ValueOf<I[N]>> | readonly Readable<ValueOf<I[N]>>[]
}

type IsSingle<N> = [N] extends [never]
  ? false
  : string extends N
    ? false
    : IsUnion<N> extends true
      ? false
      : true
type IsUnion<N, All = N> = N extends unknown ? ([All] extends [N] ? false : true) : never
