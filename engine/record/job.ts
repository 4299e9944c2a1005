/** One unit of work of a lane, across its attempts: a record of a source or a delay tier, or a timer that has fired. */
import type { ProcessInfo } from '#core/interceptor.ts'
import type { Headers, LogRecord, TopicPartition } from '#core/record.ts'
import type { Output } from '#engine/commit/outlets.ts'
import type { Delivery } from './delivery.ts'
import type { ContextJob, ContextRun } from './node-context.ts'
import type { ProgramNode } from './stage-program.ts'

/** What a job needs of a run to begin it. */
export interface JobRun extends ContextRun {
  node: ProgramNode | undefined
  readonly outputs: Output[]
  deliver(delivery: Delivery): void
  /** Runs an operator, within the interceptor if there is one. */
  around(node: ProgramNode, kind: ProcessInfo['kind'], next: () => void | Promise<void>): void | Promise<void>
  settle(pending: PromiseLike<void>, node: ProgramNode, context?: { close(): void }): Promise<void>
}

/** An entry of the task's state and its new value. */
export type StateWrite = readonly [entry: string, value: Uint8Array | null]

/** A timer as the queue of timers takes it. */
export type QueuedTimer = readonly [operator: string, name: string, key: string, due: number]

export interface Job extends ContextJob {
  /** The lane; `null` is a lane of its own. */
  readonly key: string | null
  /** The key as bytes, if bytes were read. */
  readonly keyBytes?: Uint8Array | null
  /** Identity, the same after a crash. */
  readonly id: string
  /** Of its record; a timer has none. */
  readonly headers?: Headers
  /** The origin in words: `topic/partition@offset`, or the timer. */
  readonly place: string
  /** The timer that has fired, with its entry in the state. Only jobs of timers have it. */
  readonly fired?: { readonly entry: string; readonly timer: QueuedTimer }
  /** Outsiders wrote the record, so its headers are not trusted with its identity. */
  readonly isOutsiders?: boolean
  /** 1 on the first run. */
  attempt: number
  /** The record is done, by any attempt. */
  finished: boolean
  /** Entries of the steps that the attempts have journaled. The completion of the job deletes them. */
  steps: Set<string> | undefined
  /** False once nothing is left to do for this job. */
  isDue(state: { get(entry: string): Uint8Array | undefined }): boolean
  /** Hands the run its first deliveries. */
  begin(run: JobRun): void | Promise<void>
  /** Counts the record as done at its source. */
  complete(): void
  /** Counts a done record that is not committed as unfinished again: the record will run once more. */
  reopen(): void
  /** The same work for another run, as if this attempt had not been. It keeps the journaled steps. */
  again(): Job
  /** The writes to the task's state when the job is given up. */
  givenUp(now: number): readonly StateWrite[]
  /** The origin of the record, for its dead letter. */
  origin(task: string, now: number): LogRecord & TopicPartition
}

/** What the next run of a job keeps of this one. */
export function attemptBefore({ attempt, steps }: Job): Pick<Job, 'attempt' | 'steps'> {
  return { attempt: Math.max(attempt - 1, 0), steps }
}
