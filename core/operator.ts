/**
 * The operator contract: what a user declares and what `process` is given. Operators only describe effects; the
 * runtime performs them, all of a record's together or none.
 */
import type { Codec, ValueOf } from './codec.ts'
import { codec } from './codec.ts'
import type { Duration, Moment } from './duration.ts'

/** Name to codec: the inputs, outputs, steps or tables that an operator declares. */
export type Codecs = Readonly<Record<string, Codec<unknown>>>

// --- State -------------------------------------------------------------------------------------------------------

/** Options of one declared state. */
export interface StateOptions {
  /** Entries not written for this long are gone; measured on the record's processing time. */
  readonly ttl?: Duration
}
/** Declaration of one value per key. Made by `state.value`. */
export interface ValueState<T> extends StateOptions {
  readonly kind: 'value'
  readonly codec: Codec<T>
}
/** Declaration of a map of names to values per key. Made by `state.map`. */
export interface MapState<T> extends StateOptions {
  readonly kind: 'map'
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
  get(): T | undefined
  set(value: T): void
  delete(): void
}
/** The map of the record's key. Writes are visible at once to the same record, and committed with all its effects. */
export interface MapHandle<T> {
  get(name: string): T | undefined
  set(name: string, value: T): void
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

// --- What process is given ---------------------------------------------------------------------------------------

/** A record as `process` gets it, decoded. */
export interface InputRecord<Name extends string, Value> {
  /** Name of the input that it came by; `in` for an operator with a single input. */
  readonly input: Name
  readonly key: string | null
  readonly value: Value
  /** Event time, milliseconds since the epoch. */
  readonly timestamp: number
}
/** The record of any declared input; `record.input` narrows the type of its value. */
export type InputOf<I extends Codecs> = { [N in keyof I & string]: InputRecord<N, ValueOf<I[N]>> }[keyof I &
  string]

/** A timer that fired, as `onTimer` gets it. */
export interface Timer<Name extends string = string> {
  readonly name: Name
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
export interface StepCall {
  /** Aborted when the record's time is up or the task leaves this pod. */
  readonly signal: AbortSignal
  /** Identity of the call, the same after a crash: send it as the request id. */
  readonly id: string
}

/** Options of one call of a durable step. */
export interface StepOptions {
  /**
   * Names each of several calls of one step by one record. With `{ part: ctx.attempt }` a retry of the record buys a new
   * result.
   */
  readonly part?: string | number
}

/** Where log lines go. The host passes one in; `fields` are data of the line. */
export interface Logger {
  debug(message: string, fields?: object): void
  info(message: string, fields?: object): void
  warn(message: string, fields?: object): void
  error(message: string, fields?: object): void
}

/** A compacted topic that this pod holds whole. */
export interface TableHandle<T> {
  get(key: string): T | undefined
}

/** The types that one operator declares, gathered so that the context takes one parameter. */
export interface Declared {
  readonly inputs: Codecs
  readonly outputs: Codecs
  readonly state: StateDeclarations
  readonly steps: Codecs
  readonly tables: Codecs
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
  readonly key: string | null
  readonly headers: { get(name: string): string | undefined }
  /** Aborted when the record's time is up or the task leaves this pod. */
  readonly signal: AbortSignal
  readonly log: Logger
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
    call: (call: StepCall) => Promise<ValueOf<D['steps'][N]>>,
    options?: StepOptions,
  ): Promise<ValueOf<D['steps'][N]>>
  /** A declared table, for look-ups. An undeclared table fails with TABLE_UNKNOWN. */
  table<N extends keyof D['tables'] & string>(name: N): TableHandle<ValueOf<D['tables'][N]>>
  /** Ends the record: to the dead letters, with this reason. */
  deadLetter(reason: string): never
}

/** What `onError` is given: the error of one run of a record. */
export interface FailureContext {
  readonly error: unknown
  /** How often the record has run, this time included. */
  readonly attempt: number
  /** `null` also where the key is not text. */
  readonly key: string | null
}
/** What `onError` answers: run the record again, give the record up, or stop the pod. */
export type FailureAnswer = 'retry' | 'deadLetter' | 'stop'

/** Limits of one operator. */
export interface OperatorLimits {
  /** Records of this operator's stage in progress at a time, in one pod. */
  readonly inFlightMax?: number
  /** One run of a record may take this long. */
  readonly timeout?: Duration
}

// --- The declaration ---------------------------------------------------------------------------------------------

interface Definition<D extends Declared> {
  readonly name: string
  readonly outputs?: D['outputs']
  readonly state?: D['state']
  readonly steps?: D['steps']
  readonly tables?: D['tables']
  readonly timers?: readonly D['timers'][]
  readonly limits?: OperatorLimits
  /** Overrides the action of a failure; `undefined` leaves it to the error's class. */
  onError?(failure: FailureContext): FailureAnswer | undefined
}

/** What `operator` takes. */
export interface ProcessDefinition<D extends Declared> extends Definition<D> {
  process(record: InputOf<D['inputs']>, ctx: Context<D>): void | Promise<void>
  onTimer?(timer: Timer<D['timers']>, ctx: Context<D>): void | Promise<void>
}

/** One record of a batch. `emit` writes outputs of this record. `fail` treats this record alone as if it had thrown. */
export interface BatchItem<D extends Declared> {
  readonly record: InputOf<D['inputs']>
  readonly id: string
  emit<N extends keyof D['outputs'] & string>(
    output: N,
    value: ValueOf<D['outputs'][N]>,
    options?: EmitOptions,
  ): void
  fail(error: unknown): void
}

/** What `processBatch` is given beside the records. `now` is the processing time, milliseconds since the epoch. */
export interface BatchContext {
  readonly now: number
  readonly signal: AbortSignal
  readonly log: Logger
}

/** When a batch starts: when it is full, or when its oldest record has waited for so long. */
export interface BatchLimits {
  readonly recordsMax: number
  readonly wait: Duration
}

/** What `batchOperator` takes. A batch operator has neither state nor steps, timers or tables. */
export interface BatchDefinition<D extends Declared>
  extends Omit<Definition<D>, 'state' | 'steps' | 'timers' | 'tables'> {
  readonly batch: BatchLimits
  /** A throw fails every record of the batch that was not failed already. */
  processBatch(items: readonly BatchItem<D>[], ctx: BatchContext): void | Promise<void>
}

interface DeclaredOperator<I extends Codecs, O extends Codecs> {
  readonly name: string
  readonly inputs: I
  readonly outputs: O
  readonly state: StateDeclarations
  readonly steps: Codecs
  readonly tables: Codecs
  readonly timers: readonly string[]
  readonly limits: OperatorLimits
  onError(failure: FailureContext): FailureAnswer | undefined
}

/** A declared operator that runs record by record. Made by `operator`. */
export interface RecordOperator<I extends Codecs = Codecs, O extends Codecs = Codecs>
  extends DeclaredOperator<I, O> {
  readonly kind: 'record'
  process(record: InputRecord<string, unknown>, ctx: Context): void | Promise<void>
  onTimer(timer: Timer, ctx: Context): void | Promise<void>
}

/** A declared operator that runs on batches. It declares no state, steps, tables or timers. Made by `batchOperator`. */
export interface BatchOperator<I extends Codecs = Codecs, O extends Codecs = Codecs>
  extends DeclaredOperator<I, O> {
  readonly kind: 'batch'
  readonly batch: BatchLimits
  processBatch(items: readonly BatchItem<Declared>[], ctx: BatchContext): void | Promise<void>
}

/** A declared operator: plain data and functions, nothing runs. Made by `operator` or `batchOperator`. */
export type Operator<I extends Codecs = Codecs, O extends Codecs = Codecs> =
  | RecordOperator<I, O>
  | BatchOperator<I, O>

type None = Readonly<Record<never, never>>
interface Declare<
  I extends Codecs,
  O extends Codecs,
  S extends StateDeclarations,
  P extends Codecs,
  T extends Codecs,
  N extends string,
> extends Declared {
  readonly inputs: I
  readonly outputs: O
  readonly state: S
  readonly steps: P
  readonly tables: T
  readonly timers: N
}

/**
 * Declares an operator that runs record by record. Give `input` for one input, or `inputs` for several (a join);
 * then `record.input` says by which one a record came.
 *
 * ```ts
 * const Total = codec.json<number>('Total')
 * const count = operator({
 *   name: 'count', input: codec.text, outputs: { counted: Total }, state: { total: state.value(Total) },
 *   process(record, ctx) {
 *     const total = (ctx.state.total.get() ?? 0) + 1
 *     ctx.state.total.set(total)
 *     ctx.emit('counted', total)
 *   },
 * })
 * ```
 */
export function operator<
  V,
  O extends Codecs = None,
  S extends StateDeclarations = None,
  P extends Codecs = None,
  T extends Codecs = None,
  N extends string = never,
>(
  definition: { readonly input: Codec<V> } & ProcessDefinition<
    Declare<{ readonly in: Codec<V> }, O, S, P, T, N>
  >,
): RecordOperator<{ readonly in: Codec<V> }, O>
export function operator<
  I extends Codecs,
  O extends Codecs = None,
  S extends StateDeclarations = None,
  P extends Codecs = None,
  T extends Codecs = None,
  N extends string = never,
>(definition: { readonly inputs: I } & ProcessDefinition<Declare<I, O, S, P, T, N>>): RecordOperator<I, O>
export function operator(definition: ErasedProcess): RecordOperator {
  return {
    kind: 'record',
    ...declared(definition),
    process: (record, ctx) => definition.process(record, ctx),
    onTimer: (timer, ctx) => definition.onTimer?.(timer, ctx),
  }
}

/** Declares a stateless operator that runs on batches gathered across keys, for instance bulk writes to a database. */
export function batchOperator<V, O extends Codecs = None>(
  definition: { readonly input: Codec<V> } & BatchDefinition<
    Declare<{ readonly in: Codec<V> }, O, None, None, None, never>
  >,
): BatchOperator<{ readonly in: Codec<V> }, O>
export function batchOperator(definition: ErasedBatch): BatchOperator {
  return {
    kind: 'batch',
    ...declared(definition),
    batch: definition.batch,
    processBatch: (items, ctx) => definition.processBatch(items, ctx),
  }
}

/** Either definition with its types forgotten: the overloads above are what checks a user's code. */
interface Erased {
  readonly name: string
  readonly input?: Codec<unknown>
  readonly inputs?: Codecs
  readonly outputs?: Codecs
  readonly state?: StateDeclarations
  readonly steps?: Codecs
  readonly tables?: Codecs
  readonly timers?: readonly string[]
  readonly limits?: OperatorLimits
  onError?(failure: FailureContext): FailureAnswer | undefined
}
interface ErasedProcess extends Erased {
  process(record: unknown, ctx: unknown): void | Promise<void>
  onTimer?(timer: Timer, ctx: unknown): void | Promise<void>
}
interface ErasedBatch extends Erased {
  readonly batch: BatchLimits
  processBatch(items: unknown, ctx: BatchContext): void | Promise<void>
}

function declared(definition: Erased) {
  return {
    name: definition.name,
    inputs: definition.inputs ?? { in: definition.input ?? codec.bytes },
    outputs: definition.outputs ?? {},
    state: definition.state ?? {},
    steps: definition.steps ?? {},
    tables: definition.tables ?? {},
    timers: definition.timers ?? [],
    limits: definition.limits ?? {},
    onError: (failure: FailureContext) => definition.onError?.(failure),
  }
}
