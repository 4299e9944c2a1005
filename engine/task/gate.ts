/**
 * Whether records and outside calls may be started. None is while commits stall (age or number of staged effects above the limit), while
 * the producer is being replaced, while claims are unread since a join, or when neither group nor log have confirmed this pod (confirmation.ts):
 * what would finish then might be bought for nothing. The gate never holds back staging or committing, so loops of a
 * topology cannot dead-lock.
 */
import type { Limits } from '#core/limits.ts'
import type { CallGate } from '#engine/record/pod-context.ts'

export interface GateFacts {
  /** The group or a commit has confirmed this pod lately. */
  readonly isConfirmed: boolean
  /** Commits may go on, and no task can have been another's since it was last looked at. */
  readonly isSure: boolean
  readonly stagedAgeMs: number
}

export class Gate implements CallGate {
  readonly #limits: Limits
  readonly #staged: { readonly stagedRecords: number; readonly stagedBytes: number }
  /** As far as time is concerned; looked at once a step. */
  isOpen = false
  readonly #facts: () => GateFacts
  readonly #onWaiting: () => void
  #waiting: (() => void)[] = []

  /** `onWaiting`: a call waits, and what keeps the gate shut is to be looked at. */
  constructor(
    limits: Limits,
    staged: { readonly stagedRecords: number; readonly stagedBytes: number },
    facts: () => GateFacts,
    onWaiting: () => void,
  ) {
    this.#limits = limits
    this.#staged = staged
    this.#facts = facts
    this.#onWaiting = onWaiting
  }

  /** Once a step, and before each outside call. */
  look(): void {
    const { isConfirmed, isSure, stagedAgeMs } = this.#facts()
    this.isOpen = isConfirmed && isSure && stagedAgeMs < this.#limits.stagedAgeMaxMs
    if (!this.isOpen || this.#waiting.length === 0) return
    for (const go of this.#waiting.splice(0)) go()
  }

  /** Resolves when it opens; nothing when it is open. */
  whenOpen(): Promise<void> | undefined {
    this.look()
    if (this.isOpen) return undefined
    this.#onWaiting()
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  /** One more record may be started: looked at for each. */
  get admits(): boolean {
    const { stagedRecords, stagedBytes } = this.#staged
    const { stagedRecordsMax, stagedBytesMax } = this.#limits
    return this.isOpen && stagedRecords < stagedRecordsMax && stagedBytes < stagedBytesMax
  }
}
