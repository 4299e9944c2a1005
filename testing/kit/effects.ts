/** What an operator under test has done: the effects of a record, a timer or a batch. */
import type { ValueOf } from '#core/codec.ts'
import type { Codecs } from '#core/context.ts'

/** One emitted record. */
export interface Emission {
  /** Name of the output. */
  readonly output: string
  /** As a reader of the output gets it. */
  readonly value: unknown
  /** The key as text; `null` where the record has none. */
  readonly key: string | null
  /** The headers, as text. */
  readonly headers: Readonly<Record<string, string>>
  /** The time of the record, in milliseconds since the epoch. */
  readonly timestamp: number
  /** When the record is due, if it was emitted with a delay. */
  readonly notBefore: number | undefined
}

/** The effects of an operator for one record or timer. */
export interface Effects<O extends Codecs> {
  /** Values by output, each as a reader of the output gets it. */
  readonly emitted: { readonly [N in keyof O]: readonly ValueOf<O[N]>[] }
  /** All of them in order, with keys, headers and times. */
  readonly emissions: readonly Emission[]
  /** State of the key afterwards: by name, a value, or an object of a map's entries. */
  readonly state: Readonly<Record<string, unknown>>
  /** Timers that were set, with when they are due, and those that were cancelled, with `null`. */
  readonly timers: Readonly<Record<string, number | null>>
  /** Durable steps in order; replayed ones were in the journal and called nothing. */
  readonly steps: readonly StepTaken[]
}

/** One durable step that was called. */
export interface StepTaken {
  /** The declared name of the step. */
  readonly step: string
  /** What the step has answered. */
  readonly result: unknown
  /** The result was read from the journal, and the call was not made again. */
  readonly replayed: boolean
}

/** The effects of one record of a batch. */
export interface BatchedEffects<O extends Codecs> extends Effects<O> {
  /** The error of the record, if it failed. */
  readonly failure: unknown
}
