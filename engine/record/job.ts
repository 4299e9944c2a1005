/** One unit of work of a lane, across its attempts: a record of a source or of a delay tier, or a timer that has fired. */
import type { ProcessInfo } from '#core/interceptor.ts'
import type { LogRecord, TopicPartition } from '#core/record.ts'
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
  /** The same as bytes, where they were read. */
  readonly keyBytes?: Uint8Array | null
  /** Identity, the same after a crash. */
  readonly id: string
  /** Where it came from, in words: `topic/partition@offset`, or the timer. */
  readonly place: string
  /** The timer that has fired, with its entry in the state; only of a timer's job. */
  readonly fired?: { readonly entry: string; readonly timer: QueuedTimer }
  /** Its record is of outsiders, whose headers are not trusted with its identity. */
  readonly isOutsiders?: boolean
  /** 1 on the first run. */
  attempt: number
  /** Its record is done, by whichever attempt. */
  finished: boolean
  /** Entries of the steps that its attempts have journaled: its completion deletes them. */
  steps: Set<string> | undefined
  /** False once there is nothing left to be done for it. */
  isDue(state: { get(entry: string): Uint8Array | undefined }): boolean
  /** Hands the run its first deliveries. */
  begin(run: JobRun): void | Promise<void>
  /** Its source is done with it. */
  complete(): void
  /** It was done, and is not committed: its record is to be done once more. */
  reopen(): void
  /** The same work for another run, as if this attempt had not been; its steps are known. */
  again(): Job
  /** What giving it up changes in the state of its task. */
  givenUp(now: number): readonly StateWrite[]
  /** What its dead letter says of where it came from. */
  origin(task: string, now: number): LogRecord & TopicPartition
}

/** What another run of a job goes on with. */
export function attemptBefore({ attempt, steps }: Job): Pick<Job, 'attempt' | 'steps'> {
  return { attempt: Math.max(attempt - 1, 0), steps }
}
