/**
 * Gathers records of one batch operator across the tasks of a pod. A batch starts when it is full, or when its oldest record
 * has waited long enough. The run of each record waits until its own item is settled.
 */

import type { Declared, EmitOptions, InputRecord } from '#core/context.ts'
import { durationMs } from '#core/duration.ts'
import type { BatchInfo, Interceptor } from '#core/interceptor.ts'
import type { Logger } from '#core/loggers.ts'
import type { BatchItem, BatchOperator } from '#core/operator.ts'
import type { System } from '#core/system.ts'
import { asWork, type Work } from './current-work.ts'

/** What a batch needs of the context of one record. */
export interface BatchedContext {
  readonly delivery: InputRecord<string, unknown>
  readonly id: string
  readonly now: number
  readonly signal: AbortSignal
  readonly log: Logger
  /** False once the record has timed out or its task has left. */
  readonly isOpen: boolean
  /** Logs what the operator did after the record's end. */
  tellLate(what: string, error?: unknown): void
  emit(output: string, value: unknown, options?: EmitOptions): void
  close(): void
}

/** What the interceptor learns of a record and its batch. */
export interface Intercepted {
  readonly interceptor: Interceptor
  readonly node: string
  readonly record: BatchInfo['records'][number]
}

export class Batcher {
  readonly #operator: BatchOperator
  readonly #recordsMax: number
  readonly #waitMs: number
  readonly #system: System
  #items: Item[] = []
  #cancelWait: (() => void) | undefined

  constructor(operator: BatchOperator, system: System) {
    this.#operator = operator
    this.#recordsMax = operator.batch.recordsMax
    this.#waitMs = durationMs(operator.batch.wait)
    this.#system = system
  }

  /** Resolves when the record's item is done. Rejects when the item was failed. */
  add(context: BatchedContext, intercepted?: Intercepted): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#items.push(new Item(context, intercepted, resolve, reject))
      if (this.#items.length >= this.#recordsMax) this.#start()
      else this.#cancelWait ??= this.#system.after(this.#waitMs, () => this.#start())
    })
  }

  async #start(): Promise<void> {
    this.#cancelWait?.()
    this.#cancelWait = undefined
    const items = this.#items.filter(({ context }) => context.isOpen)
    this.#items = []
    const first = items[0]
    if (!first) return
    const { now, log } = first.context
    let signal: AbortSignal | undefined
    const context = {
      now,
      log,
      get signal() {
        signal ??= signalOf(items)
        return signal
      },
    }
    try {
      const work = () => asWork(new BatchWork(items), () => this.#operator.processBatch(items, context))
      await around(items, work)
      for (const item of items) item.succeed()
    } catch (error) {
      for (const item of items) item.giveUp(error)
    }
  }
}

/** Calls the interceptor of the pod around the run of a batch, where the pod has one. */
function around(items: readonly Item[], next: () => void | Promise<void>): void | Promise<void> {
  const all = items.flatMap(({ intercepted }) => intercepted ?? [])
  const [first] = all
  if (!first?.interceptor.batch) return next()
  return first.interceptor.batch({ node: first.node, records: all.map(({ record }) => record) }, next)
}

/** Aborts once every record of the batch is given up. So the end of one record does not abort the work for the others. */
function signalOf(items: readonly Item[]): AbortSignal {
  const controller = new AbortController()
  for (const { context } of items) {
    const { signal } = context
    const abort = () => {
      if (items.every(item => !item.context.isOpen)) controller.abort(signal.reason)
    }
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  }
  return controller.signal
}

/** The work of a batch, which belongs to all of its records. */
class BatchWork implements Work {
  readonly #items: readonly Item[]

  constructor(items: readonly Item[]) {
    this.#items = items
  }

  stray(error: unknown): void {
    const open = this.#items.filter(({ isOpen }) => isOpen)
    for (const item of open) item.giveUp(error)
    if (open.length === 0)
      this.#items[0]?.context.tellLate('a promise that nobody awaited was rejected', error)
  }
}

class Item implements BatchItem<Declared> {
  readonly context: BatchedContext
  readonly intercepted: Intercepted | undefined
  readonly #resolve: () => void
  readonly #reject: (error: unknown) => void
  /** The item is done, without a failure. */
  #isDone = false

  constructor(
    context: BatchedContext,
    intercepted: Intercepted | undefined,
    resolve: () => void,
    reject: (error: unknown) => void,
  ) {
    this.context = context
    this.intercepted = intercepted
    this.#resolve = resolve
    this.#reject = reject
  }

  get record() {
    return this.context.delivery
  }
  get id(): string {
    return this.context.id
  }
  get isOpen(): boolean {
    return !this.#isDone && this.context.isOpen
  }
  /** Drops outputs of a record that was given up. Refuses outputs of an item that is done. */
  emit(output: string, value: unknown, options?: EmitOptions): void {
    if (this.context.isOpen) this.context.emit(output, value, options)
    else if (this.#isDone) this.context.tellLate(`emit to ${output}`)
  }
  /** Fails the item. Only the first outcome of an item counts. */
  fail(error: unknown): void {
    if (this.#isDone) this.context.tellLate('fail', error)
    else this.giveUp(error)
  }
  giveUp(error: unknown): void {
    this.context.close()
    this.#reject(error)
  }
  succeed(): void {
    this.#isDone = this.context.isOpen
    this.context.close()
    this.#resolve()
  }
}
