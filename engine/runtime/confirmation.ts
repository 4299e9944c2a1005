/** How long ago others have confirmed this pod: the group by its heartbeats, the log by its commits. */
import type { System } from '#engine/core/system.ts'
import type { Membership } from '#engine/log/log.ts'

export interface ConfirmationOptions {
  readonly system: Pick<System, 'monotonic'>
  readonly sessionTimeoutMs: number
  readonly membership: () => Pick<Membership, 'confirmedAt'> | undefined
  /** When a commit took place last. */
  readonly committer: { readonly lastGoodAt: number }
}

/** A confirmation counts for two thirds of a session: the last third is for what was begun meanwhile. */
export class Confirmation {
  readonly #options: ConfirmationOptions
  #doubtedAt = Number.NEGATIVE_INFINITY

  constructor(options: ConfirmationOptions) {
    this.#options = options
  }

  /** The process did not run for a while, and its clock may have stood still: what was confirmed before counts no longer. */
  doubt(): void {
    this.#doubtedAt = this.#options.system.monotonic()
  }

  /** The group has heard of this pod lately. One that has slept or was cut off would fence owners that are in the right. */
  get isByGroup(): boolean {
    return this.#counts(this.#options.membership()?.confirmedAt ?? Number.NEGATIVE_INFINITY)
  }

  /** The group or the log has. */
  get isByAny(): boolean {
    return this.isByGroup || this.#counts(this.#options.committer.lastGoodAt)
  }

  #counts(confirmedAt: number): boolean {
    const { system, sessionTimeoutMs } = this.#options
    return confirmedAt > this.#doubtedAt && system.monotonic() - confirmedAt < (sessionTimeoutMs * 2) / 3
  }
}
