/**
 * Decides whether new records and outside calls may start. The gate is closed while a paid result could be lost:
 *
 * - Commits stall: the age or the number of staged effects is above its limit.
 * - The producer is being replaced.
 * - Claims were not read since the last join.
 * - Neither group nor log have confirmed this pod lately (confirmation.ts).
 *
 * The gate never holds back staging or committing, so loops of a topology cannot dead-lock.
 */
import type { Limits } from '#core/limits.ts'
import type { CallGate } from '#engine/record/pod-context.ts'

export interface GateFacts {
  /** The group or a commit has confirmed this pod lately. */
  readonly isConfirmed: boolean
  /** Commits may go on, and no task can have had another owner since its claim was read last. */
  readonly isSure: boolean
  readonly stagedAgeMs: number
}

export class Gate implements CallGate {
  readonly #limits: Limits
  readonly #staged: { readonly stagedRecords: number; readonly stagedBytes: number }
  /** All conditions that change with time, evaluated once a step. */
  isOpen = false
  readonly #facts: () => GateFacts
  readonly #onWaiting: () => void
  #waiting: (() => void)[] = []

  /** `onWaiting`: a call waits, so the conditions must be evaluated again. */
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

  /** Evaluates the conditions: once a step, and before each outside call. */
  look(): void {
    const { isConfirmed, isSure, stagedAgeMs } = this.#facts()
    this.isOpen = isConfirmed && isSure && stagedAgeMs < this.#limits.stagedAgeMaxMs
    if (!this.isOpen || this.#waiting.length === 0) return
    for (const go of this.#waiting.splice(0)) go()
  }

  /** Resolves when the gate opens. `undefined`: the gate is open. */
  whenOpen(): Promise<void> | undefined {
    this.look()
    if (this.isOpen) return undefined
    this.#onWaiting()
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  /** One more record may start. Read for each record. */
  get admits(): boolean {
    const { stagedRecords, stagedBytes } = this.#staged
    const { stagedRecordsMax, stagedBytesMax } = this.#limits
    return this.isOpen && stagedRecords < stagedRecordsMax && stagedBytes < stagedBytesMax
  }
}
