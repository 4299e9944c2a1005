/**
 * What an operator is given for a record: the record, and the context by which the operator describes effects. The runtime
 * performs the effects of a record all together or not at all.
 */
import type { Codec, ValueOf } from './codec.ts'
import type { Moment } from './duration.ts'
import type { Logger } from './loggers.ts'
import type { StateDeclarations, StateHandles } from './state.ts'

/** Name to codec: the inputs, outputs, steps or tables that an operator declares. */
export type Codecs = Readonly<Record<string, Codec<unknown>>>

/** A record as `process` gets it, decoded. */
export interface InputRecord<Name extends string, Value> {
  /** Name of the input that it came by; `in` for an operator with a single input. */
  readonly input: Name
  /** The key as text; `null` where the record has none. */
  readonly key: string | null
  /** The value, decoded by the codec of the input. */
  readonly value: Value
  /** Event time, milliseconds since the epoch. */
  readonly timestamp: number
}
/** The record of any declared input; `record.input` narrows the type of its value. */
export type InputOf<I extends Codecs> = { [N in keyof I & string]: InputRecord<N, ValueOf<I[N]>> }[keyof I &
  string]

/** A timer that fired, as `onTimer` gets it. */
export interface Timer<Name extends string = string> {
  /** The declared name of the timer. */
  readonly name: Name
  /** The key under which the timer was set. */
  readonly key: string | null
  /** When it was due, milliseconds since the epoch. It fires once, at or after this time. */
  readonly due: number
}

/** Options of one emitted record. */
export interface EmitOptions {
  /** Overrides the key of the target topic. */
  readonly key?: string | null
  /** Not before this moment, for example `{ after: '15m' }`; the output must be routed through a delay. */
  readonly notBefore?: Moment
  /** Headers added to the inherited ones; an existing name is replaced. */
  readonly headers?: Readonly<Record<string, string>>
  /** Event time; the input's when left out. */
  readonly timestamp?: number
}

/** What the call of a durable step is given. */
export interface StepCall<T extends Codecs = Codecs> {
  /** Aborted when the record's time is up or the task leaves this pod. */
  readonly signal: AbortSignal
  /** Identity of the call, the same after a crash: send it as the request id. */
  readonly id: string
  /** A declared table, each look-up as the table is then. `ctx.table` keeps the table as the record found it. */
  table<N extends keyof T & string>(name: N): TableHandle<ValueOf<T[N]>>
}

/** Options of one call of a durable step. */
export interface StepOptions {
  /**
   * Names each of several calls of one step by one record. With `{ part: ctx.attempt }` a retry of the record buys a new
   * result.
   */
  readonly part?: string | number
}

/** A compacted topic that this pod holds whole. */
export interface TableHandle<T> {
  /** The row under this key; `undefined` where there is none. */
  get(key: string): T | undefined
}

/** The types that one operator declares, gathered so that the context takes one parameter. */
export interface Declared {
  /** Codec of each input, by its name. */
  readonly inputs: Codecs
  /** Codec of each output, by its name. */
  readonly outputs: Codecs
  /** Each state, by its name. */
  readonly state: StateDeclarations
  /** Codec of the result of each durable step, by its name. */
  readonly steps: Codecs
  /** Codec of each table, by its name. */
  readonly tables: Codecs
  /** The names of its timers. */
  readonly timers: string
}

/** What `process` and `onTimer` are given beside the record: the ways to describe effects. It is closed when they end. */
export interface Context<D extends Declared = Declared> {
  /** Identity of the record: a pure function of the input, the same after a crash or a replay. */
  readonly id: string
  /** Processing time, fixed for the record: use it instead of the clock. */
  readonly now: number
  /** 1 on the first run, counting up as the record is retried in its lane. */
  readonly attempt: number
  /** The key of the record, as text; `null` where it has none. */
  readonly key: string | null
  /** The headers of the record, as text. */
  readonly headers: { get(name: string): string | undefined }
  /** Aborted when the record's time is up or the task leaves this pod. */
  readonly signal: AbortSignal
  /** Log lines of the operator; each names the task, the operator and the record. */
  readonly log: Logger
  /** The state of the operator under the key of the record. */
  readonly state: StateHandles<D['state']>
  /** At most one timer per key and name; setting it again moves it. Due at a time, or `{ after: '15m' }`; never in the past. */
  readonly timers: { set(name: D['timers'], due: Moment): void; cancel(name: D['timers']): void }
  /** Writes a value to a declared output, with the record's commit. An undeclared output fails with OUTPUT_UNKNOWN. */
  emit<N extends keyof D['outputs'] & string>(
    output: N,
    value: ValueOf<D['outputs'][N]>,
    options?: EmitOptions,
  ): void
  /**
   * Runs `call` once and journals its result as soon as it arrives. A record that runs again, after a crash or as a retry,
   * finds the result instead of calling again.
   */
  step<N extends keyof D['steps'] & string>(
    name: N,
    call: (call: StepCall<D['tables']>) => Promise<ValueOf<D['steps'][N]>>,
    options?: StepOptions,
  ): Promise<ValueOf<D['steps'][N]>>
  /** A declared table, for look-ups. An undeclared table fails with TABLE_UNKNOWN. */
  table<N extends keyof D['tables'] & string>(name: N): TableHandle<ValueOf<D['tables'][N]>>
  /** Ends the record: to the dead letters, with this reason. */
  deadLetter(reason: string): never
}
