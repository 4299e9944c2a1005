/**
 * How long ago others have confirmed this pod: the group by its heartbeats, the log by its commits and its claims.
 *
 * What the group confirms is a lease: it gives no task away before the session is over. What the log confirms holds for its moment
 * only, as whoever takes over waits for nobody's commits. A pod that only the log has confirmed therefore looks at its claims, again
 * and again, for as long as its last commit is not older than the lease.
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

/** As shares of a session: the last third of it is for what was begun meanwhile. */
const LEASE = 2 / 3
/** Less than a next owner takes from its fence to its first commit, were it on the fastest broker. */
const MOMENT = 1 / 60

export class Confirmation {
  readonly #options: ConfirmationOptions
  #doubtedAt = Number.NEGATIVE_INFINITY
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(options: ConfirmationOptions) {
    this.#options = options
  }

  /** The process did not run for a while, and its clock may have stood still: what was confirmed before counts no longer. */
  doubt(): void {
    this.#doubtedAt = this.#options.system.monotonic()
  }

  /** The group has heard of this pod lately. One that has slept or was cut off would fence owners that are in the right. */
  get isByGroup(): boolean {
    return this.#counts(this.#options.membership()?.confirmedAt ?? Number.NEGATIVE_INFINITY, LEASE)
  }

  /** The group has, or the log has just now. */
  get isByAny(): boolean {
    if (this.isByGroup) return true
    return (
      this.#isCommitting && this.#counts(Math.max(this.#options.committer.lastGoodAt, this.#lookedAt), MOMENT)
    )
  }

  /** A look at the claims would confirm it. */
  get wantsLook(): boolean {
    return this.#isCommitting && !this.isByAny
  }

  /** The claims are asked for; to be called once all of them are found to be ours. */
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
