/** Operators as plain data: what they declare, what they do with a record or a batch, and what happens on an error. */
import type { Codec, ValueOf } from './codec.ts'
import { codec } from './codec.ts'
import type { Codecs, Context, Declared, EmitOptions, InputOf, InputRecord, Timer } from './context.ts'
import type { Duration } from './duration.ts'
import type { Logger } from './loggers.ts'
import type { StateDeclarations } from './state.ts'

/** What `onError` is given: the error of one run of a record. */
export interface FailureContext {
  /** What the operator threw. */
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
  /** Called for each record. What it emits and sets is committed once it returns or resolves. */
  process(record: InputOf<D['inputs']>, ctx: Context<D>): void | Promise<void>
  /** Called when a timer of the operator is due. */
  onTimer?(timer: Timer<D['timers']>, ctx: Context<D>): void | Promise<void>
}

/** One record of a batch. `emit` writes outputs of this record. `fail` treats this record alone as if it had thrown. */
export interface BatchItem<D extends Declared> {
  /** The record, as the operator reads it. */
  readonly record: InputOf<D['inputs']>
  /** The identity of the record: the same for each run of it. */
  readonly id: string
  /** Emits a value for this record alone. */
  emit<N extends keyof D['outputs'] & string>(
    output: N,
    value: ValueOf<D['outputs'][N]>,
    options?: EmitOptions,
  ): void
  /** Fails this record alone; the others of the batch complete. */
  fail(error: unknown): void
}

/** What `processBatch` is given beside the records. `now` is the processing time, milliseconds since the epoch. */
export interface BatchContext {
  /** The time of the run, in milliseconds since the epoch. */
  readonly now: number
  /** Aborted when the results of the run no longer count. */
  readonly signal: AbortSignal
  /** Log lines of the operator. */
  readonly log: Logger
}

/** When a batch starts: when it is full, or when its oldest record has waited for so long. */
export interface BatchLimits {
  /** At most so many records in a batch. */
  readonly recordsMax: number
  /** How long the first record of a batch waits for others. */
  readonly wait: Duration
}

/** What `batchOperator` takes. A batch operator has neither state nor steps, timers or tables. */
export interface BatchDefinition<D extends Declared>
  extends Omit<Definition<D>, 'state' | 'steps' | 'timers' | 'tables'> {
  /** How many records make a batch, and how long the first waits for others. */
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
  /** The kind of operator. */
  readonly kind: 'record'
  /** Processes one record. */
  process(record: InputRecord<string, unknown>, ctx: Context): void | Promise<void>
  /** Called when a timer of the operator is due. */
  onTimer(timer: Timer, ctx: Context): void | Promise<void>
}

/** A declared operator that runs on batches. It declares no state, steps, tables or timers. Made by `batchOperator`. */
export interface BatchOperator<I extends Codecs = Codecs, O extends Codecs = Codecs>
  extends DeclaredOperator<I, O> {
  /** The kind of operator. */
  readonly kind: 'batch'
  /** How many records make a batch, and how long the first waits for others. */
  readonly batch: BatchLimits
  /** Processes the records of one batch. */
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
