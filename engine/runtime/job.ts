/** One unit of work of a lane, across its attempts: a record of a source, or a timer that has fired. */
import { CaudalError } from '#engine/core/errors.ts'
import type { TopicPartition } from '#engine/core/record.ts'
import type { Delivery } from './delivery.ts'
import type { ProgramNode } from './stage-program.ts'

/** What a job needs of a run to begin it. */
export interface JobRun {
  node: ProgramNode | undefined
  write(entry: string, value: Uint8Array | null): void
  deliver(delivery: Delivery): void
  settle(pending: PromiseLike<void>, node: ProgramNode, context?: { close(): void }): Promise<void>
}

export interface Job {
  /** The lane; `null` is a lane of its own. */
  readonly key: string | null
  /** The same as bytes, where they were read. */
  readonly keyBytes?: Uint8Array | null
  /** Identity, the same after a crash. */
  readonly id: string
  /** Where it came from, in words: `topic/partition@offset`, or the timer. */
  readonly place: string
  /** The same in parts, of a record. */
  readonly at?: TopicPartition & { readonly offset: number }
  /** 1 on the first run. */
  attempt: number
  /** Its record is done, by whichever attempt. */
  finished: boolean
  /** Entries of the steps that its attempts have journaled: its completion deletes them. */
  steps: Set<string> | undefined
  /** The same work for another run, as if this attempt had not been; its steps are known. */
  again(): Job
  /** It was done, and is not committed: its record is to be done once more. */
  reopen(): void
  /** Hands the run its first deliveries. */
  begin(run: JobRun): void | Promise<void>
  keyMissing(node: string): CaudalError
}

/** What another run of a job goes on with. */
export function attemptBefore({ attempt, steps }: Job): Pick<Job, 'attempt' | 'steps'> {
  return { attempt: Math.max(attempt - 1, 0), steps }
}

/** Stands for a job that went to the end of its lane. */
export const PARKED: Job = {
  key: null,
  id: '',
  place: '',
  attempt: 0,
  finished: true,
  steps: undefined,
  again: () => PARKED,
  reopen: () => undefined,
  begin: () => undefined,
  keyMissing: node => new CaudalError('INTERNAL', { reason: `${node} ran a parked job` }),
}
