/** Functions around what a pod does, for traces: each is called once for each piece of work, and calls `next` once. */

/** One run of an operator for one record or timer. */
export interface ProcessInfo {
  readonly task: string
  readonly node: string
  /** `timer`: `onTimer` runs instead of `process`. A record of a batch is one until its item is settled. */
  readonly kind: 'record' | 'timer'
  /** Identity of the record or of the timer, the same after a crash. */
  readonly id: string
  readonly attempt: number
}

/** One call of a durable step. */
export interface StepInfo {
  readonly node: string
  readonly step: string
  /** Identity of the call, the same after a crash. */
  readonly id: string
}

/** One commit of a pod. */
export interface CommitInfo {
  readonly pod: string
  /** Counts the commits of this incarnation. */
  readonly number: number
  readonly tasks: number
}

/**
 * Each function returns what `next` returns. What it throws, before or after `next`, is the failure of the record, of
 * the step or of the commit. After a failed commit the producer is replaced. Left out, a function costs one comparison.
 */
export interface Interceptor {
  /** Around one run of an operator for one record. */
  process?(info: ProcessInfo, next: () => void | Promise<void>): void | Promise<void>
  /** Around a call of a durable step; a result that is found in the journal calls nothing. */
  step?(info: StepInfo, next: () => Promise<unknown>): Promise<unknown>
  /** Around the transaction of a commit. */
  commit?(info: CommitInfo, next: () => Promise<void>): Promise<void>
}
