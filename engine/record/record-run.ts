/**
 * One attempt at one record: runs the operators fused in its stage and gathers their effects.
 *
 * Emissions to topics are encoded at once (emitting.ts). Emissions to a fused operator wait in a queue until the emitting one has
 * ended. So operators of one record never overlap, and read and write the state of the key serially. Nothing leaves the run
 * before the task stages the run whole. A failed run is dropped. Synchronous operators run without a promise.
 */
import { CaudalError, failureFields, type Unavailable } from '#core/errors.ts'
import { readable } from '#core/headers.ts'
import type { Interceptor, ProcessInfo } from '#core/interceptor.ts'
import { type Logger, withFields } from '#core/loggers.ts'
import { isPending } from '#core/pending.ts'
import type { Output } from '#engine/commit/outlets.ts'
import type { TaskState } from '#engine/state/task-state.ts'
import type { TableSnapshot } from '#engine/topics/global-table.ts'
import type { Intercepted } from './batcher.ts'
import { beginWork, type Work } from './current-work.ts'
import type { Delivery } from './delivery.ts'
import { emit } from './emitting.ts'
import type { Job, JobRun } from './job.ts'
import { lineFields } from './line-fields.ts'
import {
  type ContextRun,
  type Emission,
  NodeContext,
  READ_OF_STATE,
  type Reader,
  type TimerChange,
} from './node-context.ts'
import type { RunServices } from './pod-context.ts'
import type { ProgramNode } from './stage-program.ts'

/** What a run needs of the task that it belongs to. */
export interface RunTask {
  readonly name: string
  readonly pod: RunServices
  readonly state: TaskState
  /** Largest entry of the state topic. */
  readonly stateBytesMax: number
  /** Stages a step's result for the next commit, before its record completes. */
  journal(job: Job, callId: string, value: Uint8Array): void
  /** Counts a step whose result was found in the journal. */
  replayed(): void
}

export type RunEffect = Pick<RecordRun, 'job' | 'node' | 'writes' | 'timers' | 'outputs'>

export class RecordRun implements ContextRun, JobRun, Work {
  readonly job: Job
  readonly task: RunTask
  readonly now: number
  readonly outputs: Output[] = []
  writes: Map<string, Uint8Array | null> | undefined
  timers: TimerChange[] | undefined
  /** The operator that ran last: a failure belongs to it. */
  node: ProgramNode | undefined
  ended = false
  /** The run was ended from outside, before its operators had ended. */
  isAborted = false
  /** A read needs what is unavailable now. The run has no effect, even if its operators go on. */
  postponedBy: Unavailable | undefined
  /** The rejection of an operator's promise that nobody awaited. The run has no effect. */
  failedBy: { readonly error: unknown } | undefined
  #queue: Delivery[] | undefined
  #next = 0
  #abort: AbortController | undefined
  #rejectPending: ((reason: unknown) => void) | undefined
  /** Calls that wait at the gate. */
  #gated = 0
  #snapshots: Map<string, TableSnapshot<unknown>> | undefined

  constructor(job: Job, task: RunTask, now: number) {
    this.job = job
    this.task = task
    this.now = now
  }

  /** Runs everything, within `eachAsWork`. Returns a promise only if an operator did. Throws or rejects with the first failure. */
  start(): void | Promise<void> {
    beginWork(this)
    const pending = this.job.begin(this)
    return pending ? pending.then(() => this.#drain()) : this.#drain()
  }

  /** Fails the record while it runs. After the record's end the error is only logged. */
  stray(error: unknown): void {
    if (this.ended) return this.tellLate('a promise that nobody awaited was rejected', error)
    this.failedBy = { error }
    this.#rejectPending?.(error)
  }

  /** Logs what came after the record's end and has no effect. */
  tellLate(what: string, error?: unknown): void {
    const { task, job, node } = this
    const reason = error === undefined ? {} : failureFields(error)
    task.pod.logger.warn(`${LATE}: ${what}`, { ...lineFields(job, task.name, node?.name), ...reason })
  }

  deliver(delivery: Delivery): void {
    if (this.#queue) this.#queue.push(delivery)
    else this.#queue = [delivery]
  }

  /** Awaits an operator's promise under its time-out. Its context closes when the promise settles, or at the time-out. */
  settle(pending: PromiseLike<void>, node: ProgramNode, context?: { close(): void }): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const { name, timeoutMs } = node
      // Waiting at the gate is not the operator's time: the time-out begins again.
      const timeout = () => {
        if (this.#gated > 0) cancel = this.task.pod.system.after(timeoutMs, timeout)
        else this.abort(new CaudalError('HANDLER_TIMED_OUT', { node: name, timeoutMs }))
      }
      let cancel = this.task.pod.system.after(timeoutMs, timeout)
      const fail = (reason: unknown) => {
        cancel()
        context?.close()
        reject(reason)
      }
      this.#rejectPending = fail
      pending.then(() => {
        cancel()
        context?.close()
        resolve()
      }, fail)
    })
  }

  /** Ends the run from outside: it has timed out, or its task leaves. What its operators still do has no effect. */
  abort(reason: CaudalError): void {
    if (this.ended) return
    this.isAborted = true
    this.end()
    this.#abort?.abort(reason)
    this.#rejectPending?.(reason)
  }

  /** All that the run changes, as one value. So effects that wait for a commit keep nothing else of the run alive. */
  get effect(): RunEffect {
    const { job, node, writes, timers, outputs } = this
    return { job, node, writes, timers, outputs }
  }

  /** From now on the run accepts no effect. */
  end(): void {
    this.ended = true
    if (this.#snapshots) for (const snapshot of this.#snapshots.values()) snapshot.release()
    this.#snapshots = undefined
  }

  /** Resolves when an outside call may start. `undefined`: it may start now. */
  whenMayCall(): Promise<void> | undefined {
    const open = this.task.pod.gate.whenOpen()
    if (!open) return undefined
    this.#gated++
    return open.then(() => void this.#gated--)
  }

  /** Whether an outside call waits until the pod may call. */
  get isGated(): boolean {
    return this.#gated > 0
  }

  journal(callId: string, value: Uint8Array): void {
    this.task.journal(this.job, callId, value)
  }

  replayed(entries: readonly string[]): void {
    this.job.steps = new Set([...(this.job.steps ?? []), ...entries])
    this.task.replayed()
  }

  get logger(): Logger {
    const { task, job } = this
    return withFields(task.pod.logger, () => lineFields(job, task.name, this.node?.name))
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.ended && !this.#abort.signal.aborted) this.#abort.abort(new CaudalError('ABORTED'))
    return this.#abort.signal
  }

  read(entry: string): Uint8Array | undefined {
    const own = this.writes?.get(entry)
    return own === undefined ? this.task.state.get(entry) : (own ?? undefined)
  }

  write(entry: string, value: Uint8Array | null): void {
    const size = entry.length + (value?.length ?? 0)
    const { stateBytesMax: limit } = this.task
    if (size > limit) {
      const details = { node: this.node?.name, target: 'state', limit, size }
      throw new CaudalError('RECORD_TOO_LARGE', details)
    }
    this.writes ??= new Map()
    this.writes.set(entry, value)
  }

  postpone(error: Unavailable): void {
    this.postponedBy = error
  }

  changeTimer(change: TimerChange): void {
    this.timers ??= []
    this.timers.push(change)
  }

  /** The entries at the time of the call. Writes of the record during the walk are not part of it. The reader is asked at each. */
  entries(prefix: string, reader: Reader): IterableIterator<[string, Uint8Array]> {
    const own = new Map<string, Uint8Array | null>()
    for (const [entry, value] of this.writes ?? NONE) if (entry.startsWith(prefix)) own.set(entry, value)
    return walk(own, this.task.state.entries(prefix), reader)
  }

  table(name: string): TableSnapshot<unknown> {
    this.#snapshots ??= new Map()
    const snapshot = this.#snapshots.get(name) ?? this.task.pod.tables.snapshot(name)
    this.#snapshots.set(name, snapshot)
    return snapshot
  }

  lookUp(table: string, key: string): unknown {
    const snapshot = this.task.pod.tables.snapshot(table)
    try {
      return snapshot.get(key)
    } finally {
      snapshot.release()
    }
  }

  emit(emission: Emission): void {
    emit(this, emission)
  }

  #drain(): void | Promise<void> {
    for (;;) {
      const delivery = this.#queue?.[this.#next++]
      if (!delivery) return
      const hops = this.task.pod.limits.hopsMax
      this.node = delivery.node
      if (delivery.depth > hops) throw new CaudalError('HOPS_EXCEEDED', { node: delivery.node.name, hops })
      const pending = this.#invoke(delivery)
      if (pending) return pending.then(() => (this.ended ? undefined : this.#drain()))
    }
  }

  get interceptor(): Interceptor | undefined {
    return this.task.pod.interceptor
  }

  around(
    node: ProgramNode,
    kind: ProcessInfo['kind'],
    next: () => void | Promise<void>,
  ): void | Promise<void> {
    const { interceptor, job } = this
    if (!interceptor?.process) return next()
    const info = {
      task: this.task.name,
      node: node.name,
      kind,
      id: job.id,
      attempt: job.attempt,
      headers: readable(job.headers),
    }
    return interceptor.process(info, next)
  }

  /** Nothing for the many pods whose batches are not observed. */
  #intercepted(node: ProgramNode): Intercepted | undefined {
    const { interceptor, job } = this
    if (!interceptor?.batch) return undefined
    return { interceptor, node: node.name, record: { id: job.id, headers: readable(job.headers) } }
  }

  #invoke(delivery: Delivery): void | Promise<void> {
    const { node } = delivery
    if (delivery.keyFault) {
      if (node.needsKeyText) throw delivery.keyFault(node.name)
    } else if (node.stateful && delivery.key === null) throw this.job.keyMissing(node.name)
    const context = new NodeContext(this, delivery)
    const { batcher } = node
    if (batcher)
      return this.settle(
        Promise.resolve(this.around(node, 'record', () => batcher.add(context, this.#intercepted(node)))),
        node,
      )
    // Most pods have no interceptor. Then no closure is made for a record.
    const pending = this.interceptor?.process
      ? this.around(node, 'record', () => node.operator.process(delivery, context))
      : node.operator.process(delivery, context)
    if (isPending(pending)) return this.settle(pending, node, context)
    context.close()
  }
}

const NONE: readonly never[] = []

/** Begins the warnings of what an operator does for a record that has ended. */
export const LATE =
  'an operator went on after its record had ended; what it did then has no effect, await every promise'

/** The entries of the store, with the record's own writes in place of older values, for as long as the reader may read. */
function* walk(
  own: ReadonlyMap<string, Uint8Array | null>,
  below: IterableIterator<[string, Uint8Array]>,
  reader: Reader,
): IterableIterator<[string, Uint8Array]> {
  if (!reader.admits(READ_OF_STATE)) return
  for (const each of below) {
    if (own.has(each[0])) continue
    yield each
    if (!reader.admits(READ_OF_STATE)) return
  }
  for (const [entry, value] of own) {
    if (!value) continue
    yield [entry, value]
    if (!reader.admits(READ_OF_STATE)) return
  }
}
