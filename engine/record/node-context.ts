/** The context that one operator gets for one record. Every call is checked against the declaration, and buffered in the run. */
import { isUtf8 } from 'node:buffer'
import { asText } from '#core/codec.ts'
import type { Context, EmitOptions, StepCall, StepOptions, TableHandle } from '#core/context.ts'
import { DURATION_REMEDY, type Moment } from '#core/duration.ts'
import { CaudalError, type Unavailable } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import type { TopicPartition } from '#core/record.ts'
import type { StateHandles } from '#core/state.ts'
import { encodeDue } from '#engine/state/frame.ts'
import { openState, type StateAccess } from '#engine/state/keyed-state.ts'
import { timerEntry } from '#engine/state/layout.ts'
import type { TableSnapshot } from '#engine/topics/global-table.ts'
import { currentWork, type Work } from './current-work.ts'
import type { Delivery } from './delivery.ts'
import type { ProgramRoute } from './stage-program.ts'
import { StepCalls, type StepRun } from './step-calls.ts'
import { hasUnreadable, isTime, timeOf, timeText } from './times.ts'

export interface TimerChange {
  readonly entry: string
  readonly operator: string
  readonly name: string
  readonly key: string
  /** `undefined` cancels. */
  readonly due: number | undefined
}

/** One value on its way out of an operator, by one of the routes of its output. */
export interface Emission {
  readonly from: Delivery
  readonly output: string
  /** How many values the operator has emitted before, for this record. */
  readonly index: number
  readonly route: ProgramRoute
  readonly value: unknown
  readonly options: EmitOptions
}

/** What a context needs of its job. */
export interface ContextJob {
  readonly attempt: number
  readonly finished: boolean
  /** Position of the record. */
  readonly at?: (TopicPartition & { readonly offset: number }) | undefined
  keyMissing(node: string): CaudalError
}

/** Who reads for a record. */
export interface Reader {
  /** Whether it may still read. False or an error once its record has ended. */
  admits(what: string): boolean
}

/** What a context needs of the run that it belongs to. */
export interface ContextRun extends StepRun, Work {
  readonly job: ContextJob
  readonly now: number
  readonly ended: boolean
  readonly logger: Logger
  write(entry: string, value: Uint8Array | null): void
  changeTimer(change: TimerChange): void
  entries(prefix: string, reader: Reader): IterableIterator<[string, Uint8Array]>
  table(name: string): TableSnapshot<unknown>
  emit(emission: Emission): void
}

const NO_OPTIONS: EmitOptions = Object.freeze({})
export const READ_OF_STATE = 'a read of state'

export class NodeContext implements Context {
  readonly #run: ContextRun
  readonly delivery: Delivery
  #emitted = 0
  #closed = false
  #steps: StepCalls | undefined
  #state: StateHandles<Record<string, never>> | undefined

  constructor(run: ContextRun, delivery: Delivery) {
    this.#run = run
    this.delivery = delivery
  }

  close(): void {
    this.#closed = true
  }

  tellLate(what: string, error?: unknown): void {
    this.#run.tellLate(what, error)
  }

  get isOpen(): boolean {
    return !this.#closed && !this.#run.ended
  }
  get id(): string {
    return this.delivery.id
  }
  get now(): number {
    return this.#run.now
  }
  get attempt(): number {
    return this.#run.job.attempt
  }
  get key(): string | null {
    return this.delivery.key
  }
  get signal(): AbortSignal {
    return this.#run.signal
  }
  get log(): Logger {
    return this.#run.logger
  }

  get headers(): { get(name: string): string | undefined } {
    const { headers } = this.delivery
    return {
      get: name => {
        const value = headers[name]
        if (value && !isUtf8(value)) throw this.#headerInvalid(name)
        return value && asText(value)
      },
    }
  }

  get state(): StateHandles<Record<string, never>> {
    if (this.#state) return this.#state
    const { node, key } = this.delivery
    if (key === null) throw this.#run.job.keyMissing(node.name)
    // The compiler checked the types of the declaration where it was written.
    this.#state = openState(
      node.operator.state,
      new KeyAccess(node.name, key, this.#run, this),
    ) as StateHandles<Record<string, never>>
    return this.#state
  }

  get timers() {
    return {
      set: (name: string, moment: Moment): void => {
        if (hasUnreadable(moment))
          this.#refuseTimer(name, `is due at ${timeText(moment)}; ${DURATION_REMEDY}`)
        const due = timeOf(moment, this.#run.now)
        if (!Number.isFinite(due)) this.#refuseTimer(name, 'has no finite due time')
        if (due < this.#run.now) this.#refuseTimer(name, 'is due in the past')
        if (!isTime(due))
          this.#refuseTimer(name, `is due at ${due}, which is no whole number of milliseconds`)
        this.#changeTimer(name, due)
      },
      cancel: (name: string): void => this.#changeTimer(name, undefined),
    }
  }

  emit(output: string, value: unknown, options: EmitOptions = NO_OPTIONS): void {
    if (!this.admits(`emit to ${output}`)) return
    const { node } = this.delivery
    const routes = node.routes.get(output)
    if (!routes) throw new CaudalError('OUTPUT_UNKNOWN', { node: node.name, output })
    for (const route of routes)
      this.#run.emit({ from: this.delivery, output, index: this.#emitted++, route, value, options })
  }

  async step(
    name: string,
    call: (call: StepCall) => Promise<unknown>,
    options: StepOptions = {},
  ): Promise<unknown> {
    // The record has ended, and nobody waits for this step: it never settles.
    if (!this.admits(`step ${name}`)) return new Promise<never>(() => {})
    this.#steps ??= new StepCalls(this.#run, this.delivery.node, this, () => this.#assertOpen())
    return this.#steps.call(name, call, String(options.part ?? ''))
  }

  table(name: string): TableHandle<never> {
    const { node } = this.delivery
    if (!node.operator.tables[name]) throw new CaudalError('TABLE_UNKNOWN', { node: node.name, table: name })
    const snapshot = this.admits(`table ${name}`) ? this.#run.table(name) : undefined
    return new TableRows(name, snapshot, this) as TableHandle<never> // The validation has compared both codecs.
  }

  deadLetter(reason: string): never {
    throw new CaudalError('REJECTED', { reason })
  }

  #changeTimer(name: string, due: number | undefined): void {
    if (!this.admits(`timer ${name}`)) return
    const { node, key } = this.delivery
    if (!node.operator.timers.includes(name))
      throw new CaudalError('STATE_UNKNOWN', { node: node.name, name })
    if (key === null) throw this.#run.job.keyMissing(node.name)
    const entry = timerEntry(node.name, name, key)
    this.#run.write(entry, due === undefined ? null : encodeDue(due))
    this.#run.changeTimer({ entry, operator: node.name, name, key, due })
  }

  #headerInvalid(header: string): CaudalError {
    const { node } = this.delivery
    const details = { node: node.name, ...this.#run.job.at, codec: 'text' }
    return new CaudalError('DECODE_FAILED', { ...details, reason: `header ${header} is not valid UTF-8` })
  }

  #refuseTimer(timer: string, reason: string): never {
    throw new CaudalError('TIMER_INVALID', { node: this.delivery.node.name, timer, reason })
  }

  /**
   * Whether a call may still read or have an effect. After the record's end none may, and the call is logged. A call of the
   * record's own work that nobody awaits finds and changes nothing, because a throw would reach nobody. Any other caller gets
   * CONTEXT_CLOSED: for another record the state would be that of a wrong key.
   */
  admits(what: string): boolean {
    if (this.isOpen) return true
    if (this.#run.isAborted) this.#assertOpen()
    this.#run.tellLate(what)
    if (currentWork() !== this.#run) this.#assertOpen()
    return false
  }

  #assertOpen(): void {
    if (!this.isOpen) throw new CaudalError('CONTEXT_CLOSED', { node: this.delivery.node.name })
  }
}

/** State of one operator under one key, as the record sees it. */
class KeyAccess implements StateAccess {
  readonly operator: string
  readonly key: string
  readonly now: number
  readonly #run: ContextRun
  readonly #context: NodeContext

  constructor(operator: string, key: string, run: ContextRun, context: NodeContext) {
    this.operator = operator
    this.key = key
    this.now = run.now
    this.#run = run
    this.#context = context
  }

  read(entry: string): Uint8Array | undefined {
    return this.#context.admits(READ_OF_STATE) ? this.#run.read(entry) : undefined
  }
  entries(prefix: string): IterableIterator<[string, Uint8Array]> {
    return this.#run.entries(prefix, this.#context)
  }
  write(entry: string, value: Uint8Array | null): void {
    if (this.#context.admits('a write of state')) this.#run.write(entry, value)
  }
  postpone(error: Unavailable): void {
    this.#run.postpone(error)
  }
}

/** A table as the record found it, for as long as the record runs. */
class TableRows implements TableHandle<unknown> {
  readonly #name: string
  readonly #snapshot: TableSnapshot<unknown> | undefined
  readonly #context: NodeContext

  /** `snapshot` is missing if the record has ended before. That is logged already. */
  constructor(name: string, snapshot: TableSnapshot<unknown> | undefined, context: NodeContext) {
    this.#name = name
    this.#snapshot = snapshot
    this.#context = context
  }

  get(key: string): unknown {
    const snapshot = this.#snapshot
    if (!snapshot) return undefined
    // The text is made only for a call that comes too late.
    const mayRead = this.#context.isOpen || this.#context.admits(`a read of table ${this.#name}`)
    return mayRead ? snapshot.get(key) : undefined
  }
}
