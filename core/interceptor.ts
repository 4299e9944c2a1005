/** Functions around what a pod does, for traces: each is called once for each piece of work, and calls `next` once. */

/** Headers of a record as texts; one that is no text is absent. */
export interface InfoHeaders {
  /** The value of a header as text; `undefined` where there is none. */
  get(name: string): string | undefined
}

/** One run of an operator for one record or timer. */
export interface ProcessInfo {
  /** Name of the task, as `stage/partition`. */
  readonly task: string
  /** Name of the operator. */
  readonly node: string
  /** `timer`: `onTimer` runs instead of `process`. A record of a batch is one until its item is settled. */
  readonly kind: 'record' | 'timer'
  /** Identity of the record or of the timer, the same after a crash. */
  readonly id: string
  /** The number of the run; the first one is 1. */
  readonly attempt: number
  /** Of the record; a timer has none. */
  readonly headers: InfoHeaders
}

/** One run of a batch operator, for all records of the batch. */
export interface BatchInfo {
  /** Name of the operator. */
  readonly node: string
  /** Identities of the records, the same after a crash, and their headers. */
  readonly records: readonly Pick<ProcessInfo, 'id' | 'headers'>[]
}

/** One call of a durable step. */
export interface StepInfo {
  /** Name of the operator that takes the step. */
  readonly node: string
  /** The declared name of the step. */
  readonly step: string
  /** Identity of the call, the same after a crash. */
  readonly id: string
}

/** One record that an operator emits, on its way to a topic. */
export interface EmitInfo {
  /** Name of the operator that emits. */
  readonly node: string
  /** Name of the topic that the record goes to. */
  readonly topic: string
  /** Identity of the record that is written, the same after a crash. */
  readonly id: string
  /** Identity of the record or the timer that it is emitted for. */
  readonly from: string
  /** As they are without those that are added. */
  readonly headers: InfoHeaders
  /** When the record goes on from its delay, milliseconds since the epoch; `undefined` where it does not wait. */
  readonly due: number | undefined
}

/** One commit of a pod. */
export interface CommitInfo {
  /** Name of the pod. */
  readonly pod: string
  /** Counts the commits of this incarnation. */
  readonly number: number
  /** How many tasks the commit has effects of. */
  readonly tasks: number
}

/**
 * Each function returns what `next` returns. What it throws, before or after `next`, is the failure of the record, of
 * the step or of the commit. After a failed commit the producer is replaced. Left out, a function costs one comparison.
 */
export interface Interceptor {
  /** Around one run of an operator for one record. */
  process?(info: ProcessInfo, next: () => void | Promise<void>): void | Promise<void>
  /** Around one run of a batch operator. The run of each of its records goes on around it, by `process`. */
  batch?(info: BatchInfo, next: () => void | Promise<void>): void | Promise<void>
  /** Around a call of a durable step; a result that is found in the journal calls nothing. */
  step?(info: StepInfo, next: () => Promise<unknown>): Promise<unknown>
  /** The result of a step was found in the journal: nothing is called. */
  replayed?(info: StepInfo): void
  /**
   * Headers that a record gets beside its own. They must depend on the identities and the headers of `info` alone. So a
   * record that is written again after a crash has the same bytes.
   */
  emit?(info: EmitInfo): Readonly<Record<string, string>>
  /** Around the transaction of a commit. */
  commit?(info: CommitInfo, next: () => Promise<void>): Promise<void>
}
