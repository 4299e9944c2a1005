/**
 * The operator contract: what a user declares and what `process` is given. Operators only describe effects; the
 * runtime performs them, all of a record's together or none.
 */
import type { Codec, ValueOf } from './codec.ts'
import { bytes } from './codec.ts'

export type Codecs = Readonly<Record<string, Codec<unknown>>>

// --- State -------------------------------------------------------------------------------------------------------

export interface StateOptions {
  /** Entries not written for this long are gone; measured on the record's processing time. */
  readonly ttlMs?: number
}
export interface ValueState<T> extends StateOptions {
  readonly kind: 'value'
  readonly codec: Codec<T>
}
export interface MapState<T> extends StateOptions {
  readonly kind: 'map'
  readonly codec: Codec<T>
}
export type StateDeclarations = Readonly<Record<string, ValueState<unknown> | MapState<unknown>>>

/** Declares one value per key. */
export const value = <T>(codec: Codec<T>, options: StateOptions = {}): ValueState<T> => ({
  kind: 'value',
  codec,
  ...options,
})
/** Declares a map of string to value per key. */
export const map = <T>(codec: Codec<T>, options: StateOptions = {}): MapState<T> => ({
  kind: 'map',
  codec,
  ...options,
})

export interface ValueHandle<T> {
  get(): T | undefined
  set(value: T): void
  delete(): void
}
export interface MapHandle<T> {
  get(name: string): T | undefined
  set(name: string, value: T): void
  delete(name: string): void
  /**
   * All entries of the record's key as they are when this is called, own writes included, each once, in no particular
   * order. What is set or deleted during the walk changes the map and not the walk.
   */
  entries(): IterableIterator<[string, T]>
}
export type StateHandles<S extends StateDeclarations> = {
  readonly [N in keyof S]: S[N] extends ValueState<infer T>
    ? ValueHandle<T>
    : S[N] extends MapState<infer T>
      ? MapHandle<T>
      : never
}

// --- What process is given ---------------------------------------------------------------------------------------

export interface InputRecord<Name extends string, Value> {
  /** Name of the input that it came by; `in` for an operator with a single input. */
  readonly input: Name
  readonly key: string | null
  readonly value: Value
  /** Event time, milliseconds since the epoch. */
  readonly timestamp: number
}
export type InputOf<I extends Codecs> = { [N in keyof I & string]: InputRecord<N, ValueOf<I[N]>> }[keyof I &
  string]

export interface Timer<Name extends string = string> {
  readonly name: Name
  readonly key: string | null
  /** When it was due; it fires at or after this, once. */
  readonly due: number
}

export interface EmitOptions {
  /** Overrides the key of the target topic. */
  readonly key?: string | null
  /** Not before this time (ms since the epoch); the output must be routed through a delay. */
  readonly notBefore?: number
  /** Headers added to the inherited ones; an existing name is replaced. */
  readonly headers?: Readonly<Record<string, string>>
  /** Event time; the input's when left out. */
  readonly timestamp?: number
}

export interface StepCall {
  /** Aborted when the record's time is up or the task leaves this pod. */
  readonly signal: AbortSignal
  /** Identity of the call, the same after a crash: send it as the request id. */
  readonly id: string
}

export interface Logger {
  debug(message: string, fields?: object): void
  info(message: string, fields?: object): void
  warn(message: string, fields?: object): void
  error(message: string, fields?: object): void
}

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

export interface Context<D extends Declared = Declared> {
  /** Identity of the record: pure function of the input, the same after a crash or a replay. */
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
  /** At most one timer per key and name; setting it again moves it. A due time in the past is refused. */
  readonly timers: { set(name: D['timers'], due: number): void; cancel(name: D['timers']): void }
  emit<N extends keyof D['outputs'] & string>(
    output: N,
    value: ValueOf<D['outputs'][N]>,
    options?: EmitOptions,
  ): void
  /**
   * Runs `call` once and journals its result as soon as it arrives; a record that runs again, after a crash or as a retry,
   * finds the result instead of calling again. `part` tells apart several calls of one step by one record;
   * `String(ctx.attempt)` lets a retry buy another result than the one that it was refused for.
   */
  step<N extends keyof D['steps'] & string>(
    name: N,
    call: (call: StepCall) => Promise<ValueOf<D['steps'][N]>>,
    part?: string,
  ): Promise<ValueOf<D['steps'][N]>>
  table<N extends keyof D['tables'] & string>(name: N): TableHandle<ValueOf<D['tables'][N]>>
  /** Ends the record: to the dead letters, with this reason. */
  deadLetter(reason: string): never
}

export interface FailureContext {
  readonly error: unknown
  /** How often the record has run, this time included. */
  readonly attempt: number
  /** `null` also where the key is not text. */
  readonly key: string | null
}
export type FailureAnswer = 'retry' | 'deadLetter' | 'stop'

export interface OperatorLimits {
  /** Records of this operator's stage in progress at a time, in one pod. */
  readonly inFlightMax?: number
  /** One run of a record may take this long. */
  readonly timeoutMs?: number
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

export interface ProcessDefinition<D extends Declared> extends Definition<D> {
  process(record: InputOf<D['inputs']>, ctx: Context<D>): void | Promise<void>
  onTimer?(timer: Timer<D['timers']>, ctx: Context<D>): void | Promise<void>
}

/** One record of a batch. Emissions are its own; `fail` gives it the treatment of a thrown error, alone. */
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

export interface BatchContext {
  readonly now: number
  readonly signal: AbortSignal
  readonly log: Logger
}

export interface BatchDefinition<D extends Declared>
  extends Omit<Definition<D>, 'state' | 'steps' | 'timers' | 'tables'> {
  /** A batch starts when it is full or its oldest record has waited `waitMs`. */
  readonly batch: { readonly recordsMax: number; readonly waitMs: number }
  /** A throw fails every record of the batch that was not failed already. */
  processBatch(items: readonly BatchItem<D>[], ctx: BatchContext): void | Promise<void>
}

/** A declared operator: plain data and functions, nothing runs. Made by `operator` or `batchOperator`. */
export interface Operator<I extends Codecs = Codecs, O extends Codecs = Codecs> {
  readonly name: string
  readonly inputs: I
  readonly outputs: O
  readonly state: StateDeclarations
  readonly steps: Codecs
  readonly tables: Codecs
  readonly timers: readonly string[]
  readonly limits: OperatorLimits
  readonly batch: { readonly recordsMax: number; readonly waitMs: number } | undefined
  process(record: InputRecord<string, unknown>, ctx: Context): void | Promise<void>
  onTimer(timer: Timer, ctx: Context): void | Promise<void>
  processBatch(items: readonly BatchItem<Declared>[], ctx: BatchContext): void | Promise<void>
  onError(failure: FailureContext): FailureAnswer | undefined
}

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
 * const count = operator({
 *   name: 'count', input: text, outputs: { counted: json<number>() }, state: { total: value(json<number>()) },
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
): Operator<{ readonly in: Codec<V> }, O>
export function operator<
  I extends Codecs,
  O extends Codecs = None,
  S extends StateDeclarations = None,
  P extends Codecs = None,
  T extends Codecs = None,
  N extends string = never,
>(definition: { readonly inputs: I } & ProcessDefinition<Declare<I, O, S, P, T, N>>): Operator<I, O>
export function operator(definition: Erased): Operator {
  return {
    ...declared(definition),
    batch: undefined,
    process: (record, ctx) => definition.process?.(record, ctx),
    onTimer: (timer, ctx) => definition.onTimer?.(timer, ctx),
    processBatch: () => undefined,
  }
}

/** Declares a stateless operator that runs on batches gathered across keys, for instance bulk writes to a database. */
export function batchOperator<V, O extends Codecs = None>(
  definition: { readonly input: Codec<V> } & BatchDefinition<
    Declare<{ readonly in: Codec<V> }, O, None, None, None, never>
  >,
): Operator<{ readonly in: Codec<V> }, O>
export function batchOperator(definition: Erased): Operator {
  return {
    ...declared(definition),
    batch: definition.batch,
    process: () => undefined,
    onTimer: () => undefined,
    processBatch: (items, ctx) => definition.processBatch?.(items, ctx),
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
  readonly batch?: { readonly recordsMax: number; readonly waitMs: number }
  process?(record: unknown, ctx: unknown): void | Promise<void>
  onTimer?(timer: Timer, ctx: unknown): void | Promise<void>
  processBatch?(items: unknown, ctx: BatchContext): void | Promise<void>
  onError?(failure: FailureContext): FailureAnswer | undefined
}

function declared(definition: Erased) {
  return {
    name: definition.name,
    inputs: definition.inputs ?? { in: definition.input ?? bytes },
    outputs: definition.outputs ?? {},
    state: definition.state ?? {},
    steps: definition.steps ?? {},
    tables: definition.tables ?? {},
    timers: definition.timers ?? [],
    limits: definition.limits ?? {},
    onError: (failure: FailureContext) => definition.onError?.(failure),
  }
}
