/** What this pod knows of the owner before it, whose claim or marker is in the way: may that owner still write? */
import type { Claim } from '#engine/commit/claims.ts'
import { isSamePod } from './incarnation.ts'
import type { TailView } from './state-tail.ts'

/** Added to the grace time of a live owner. Also the time in which this pod looks for the release of an owner that is gone. */
export const PATIENCE_MS = 2_000

export interface PreviousOwnerOptions {
  /** Transactional id of this pod. Earlier claims and markers with this id were fenced when our producer started. */
  readonly producer: string
  /** How long a live owner may finish what it has in flight. */
  readonly graceMs: number
  readonly monotonic: () => number
  /** What was read of the state partition. */
  readonly seen: () => TailView
}

export class PreviousOwner {
  /** Neither released nor fenced yet. */
  claim: Claim | undefined
  /** No claim is stored: the task was never claimed, or the group's offsets were wiped. Then the markers name the owner. */
  isUnclaimed = false
  /** Where the state partition ended for readers when the claim was read. A hand-over was written before this offset. */
  readableEnd = 0
  /** The owner could not be fenced; the next try is then. */
  blockedUntil = 0
  /** Since when the owner has been waited for. */
  #waitingSince = Number.NEGATIVE_INFINITY
  #isAlive = false
  /** The nonce of a live owner that was waited for long enough. */
  #overdue: string | undefined
  /** Incarnations of the members that lived when the claim was read. */
  #live: ReadonlySet<string> = new Set()
  /** Nonces whose owner was fenced after the nonce was read. */
  readonly #settled = new Set<string>()
  readonly #options: PreviousOwnerOptions

  constructor(options: PreviousOwnerOptions) {
    this.#options = options
  }

  /** The stored claim is not ours, or no claim is stored. */
  found(stored: Claim | undefined, live: ReadonlySet<string>): void {
    this.#live = live
    if (!stored && !this.isUnclaimed) this.#waitingSince = this.#options.monotonic()
    this.isUnclaimed = !stored
    const owner = stored ?? this.claim
    this.await(owner?.producer === this.#options.producer ? undefined : owner)
  }

  /** From now on this owner is in the way. `undefined`: nobody is. */
  await(owner: Claim | undefined): void {
    if (owner && owner.nonce !== this.claim?.nonce) this.#waitingSince = this.#options.monotonic()
    this.claim = owner
    this.#isAlive = owner !== undefined && owner.nonce !== this.#overdue && this.#live.has(owner.incarnation)
  }

  /** The wait begins again. Our pod was out of the group, so the owner learns only now that it must leave the task. */
  waitAgain(): void {
    this.#waitingSince = this.#options.monotonic()
  }

  /** Forgets an owner that is out. */
  forgetIfOut(): void {
    if (this.claim && this.#isOut(this.claim)) this.claim = undefined
  }

  /** How long the owner is waited for. */
  get patienceMs(): number {
    return PATIENCE_MS + (this.#isAlive ? this.#options.graceMs : 0)
  }

  /** Where only markers can name an owner: the markers were read, or the pod has looked for long enough. */
  get hasLooked(): boolean {
    return !this.isUnclaimed || this.hasReadAll || this.#waitedMs >= PATIENCE_MS
  }

  /** The owner may still hand the task over, or may have done so behind what we have read. Or it cannot be fenced for now. */
  get isAwaited(): boolean {
    if (this.#options.monotonic() < this.blockedUntil) return true
    if (this.#waitedMs >= this.patienceMs) return false
    // The owner's pod may have restarted under its name: a fence would hit the new process, which releases the old claim.
    return this.#isAlive || !this.hasReadAll || this.#isBack
  }

  /** A live owner has had its time. True: this pod reads the claim once more first, as it may have slept and missed the release. */
  looksAgain(): boolean {
    if (!this.#isAlive) return false
    this.#overdue = this.claim?.nonce
    this.#waitingSince = this.#options.monotonic()
    this.#isAlive = false
    return true
  }

  /** A marker whose writer may still write. */
  get unsettledMarker(): Claim | undefined {
    for (const marker of this.#options.seen().foreignMarkers.values()) {
      if (marker.producer !== this.#options.producer && !this.#isOut(marker)) return marker
    }
    return undefined
  }

  /**
   * The nonces read so far that fencing this owner makes harmless. They are those of its incarnation, and those of dead
   * incarnations with the same transactional id. A live incarnation under that name may still hand over.
   */
  settledBy({ producer, incarnation }: Claim): readonly string[] {
    const markers = [...this.#options.seen().foreignMarkers.values()]
    const read = this.claim ? [...markers, this.claim] : markers
    const isOut = (each: Claim) => each.incarnation === incarnation || !this.#live.has(each.incarnation)
    return read.filter(each => each.producer === producer && isOut(each)).map(({ nonce }) => nonce)
  }

  /** The producer of these nonces was fenced after they were read. True: the owner in the way is among them. */
  settle(nonces: readonly string[]): boolean {
    for (const nonce of nonces) this.#settled.add(nonce)
    return this.claim !== undefined && this.#settled.has(this.claim.nonce)
  }

  /** The state partition was read to where it ended when the claim was read. */
  get hasReadAll(): boolean {
    return this.#options.seen().position >= this.readableEnd
  }

  get #waitedMs(): number {
    return this.#options.monotonic() - this.#waitingSince
  }

  get #isBack(): boolean {
    const { claim } = this
    return claim !== undefined && [...this.#live].some(member => isSamePod(member, claim.incarnation))
  }

  #isOut({ nonce }: Claim): boolean {
    return this.#options.seen().released.has(nonce) || this.#settled.has(nonce)
  }
}
