/**
 * How long ago others have confirmed this pod: the group by its heartbeats, the log by its commits and its claims.
 *
 * A confirmation by the group is a lease: the group gives no task away before the session is over. A confirmation by the log
 * holds for its moment only, because a next owner waits for nobody's commits. So a pod that only the log confirms reads its
 * claims again and again, until its last commit is older than the lease.
 */
import type { System } from '#core/system.ts'
import type { Membership } from '#engine/log/log.ts'

export interface ConfirmationOptions {
  readonly system: Pick<System, 'monotonic'>
  readonly sessionTimeoutMs: number
  readonly membership: () => Pick<Membership, 'confirmedAt'> | undefined
  /** When a commit took place last. */
  readonly committer: { readonly lastGoodAt: number }
}

/** A share of a session. The last third of the session is for calls that were begun before. */
const LEASE = 2 / 3
/** A share of a session: less than a next owner needs from its fence to its first commit, even with the fastest broker. */
const MOMENT = 1 / 60

export class Confirmation {
  readonly #options: ConfirmationOptions
  #doubtedAt = Number.NEGATIVE_INFINITY
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(options: ConfirmationOptions) {
    this.#options = options
  }

  /** The process did not run for a while, and its clock may have paused. So no earlier confirmation counts any more. */
  doubt(): void {
    this.#doubtedAt = this.#options.system.monotonic()
  }

  /** The group has heard of this pod lately. A pod that has slept or was cut off would fence rightful owners. */
  get isByGroup(): boolean {
    return this.#counts(this.#options.membership()?.confirmedAt ?? Number.NEGATIVE_INFINITY, LEASE)
  }

  /** The group has confirmed this pod lately, or the log has done so just now. */
  get isByAny(): boolean {
    if (this.isByGroup) return true
    return (
      this.#isCommitting && this.#counts(Math.max(this.#options.committer.lastGoodAt, this.#lookedAt), MOMENT)
    )
  }

  /** Reading the claims would confirm this pod. */
  get wantsLook(): boolean {
    return this.#isCommitting && !this.isByAny
  }

  /** The claims are being read. The caller calls the returned function once all of them are found to be ours. */
  look(): () => void {
    const askedAt = this.#options.system.monotonic()
    return () => {
      this.#lookedAt = Math.max(this.#lookedAt, askedAt)
    }
  }

  get #isCommitting(): boolean {
    return this.#counts(this.#options.committer.lastGoodAt, LEASE)
  }

  #counts(confirmedAt: number, share: number): boolean {
    const { system, sessionTimeoutMs } = this.#options
    return confirmedAt > this.#doubtedAt && system.monotonic() - confirmedAt < sessionTimeoutMs * share
  }
}
