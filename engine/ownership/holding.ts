/** What ownership knows of one task that the group has assigned to this pod. */
import { actionOf, CaudalError } from '#core/errors.ts'
import { type NewRecord, NO_HEADERS } from '#core/record.ts'
import { type Claim, encodeMarker, type Marker } from '#engine/commit/claims.ts'
import type { PartitionBatch } from '#engine/log/log.ts'
import type { PodContext } from '#engine/record/pod-context.ts'
import { markerEntry } from '#engine/state/layout.ts'
import type { Task } from '#engine/task/task.ts'
import { isSamePod } from './incarnation.ts'
import { NOTHING_READ, type Tail, type TailOptions, type TailView } from './state-tail.ts'

/** Added to a leaving owner's grace time before it is fenced; the time to look for what one that is gone has left. */
const PATIENCE_MS = 2_000
/** Whoever aborts what was committed drops it. */
const UNEXPLAINED =
  'find it with kafka-transactions.sh find-hanging, and ask kafka-transactions.sh describe how it ended before you abort it'
/** What a person must mend is looked at again after this time. */
const LOOK_AGAIN_MS = 5_000
/** Claims of one task whose answers may be under way at once; one that came later still would count as another's. */
const SENT_MAX = 100

/** Reads a state partition. */
export type OpenTail = (options: TailOptions) => Tail

export class Holding {
  readonly task: Task
  /** What its state partition has shown so far. */
  seen: TailView = NOTHING_READ
  #tail: Tail | undefined
  /** The own marker, which may be written before the local copy is open. */
  #target: string | undefined
  readonly #pod: PodContext
  readonly #openTail: OpenTail
  /** Its stored claim was read since the last join. */
  verified = false
  /** Whose stored claim stands in the way: neither released nor fenced yet. */
  owner: Claim | undefined
  /** Since when that owner has been waited for. */
  waitingSince = Number.NEGATIVE_INFINITY
  ownerIsAlive = false
  /** The claim of an owner that lives and was waited for long enough. */
  overdue: string | undefined
  /** Where the state topic ended for readers when the claim was read: a hand-over of the owner stands before it. */
  readableEnd = 0
  /** Its owner could not be fenced, which is tried again then. */
  blockedUntil = 0
  /** The accepted claim of ours. */
  claim: string | undefined
  /** The claim was made with the producer in use. */
  fresh = false
  /** The marker that was written last, and when. */
  marked: string | undefined
  markedAt = 0
  /** Why it is to be blocked, once its stored claim shows that it still is this pod's. */
  trouble: unknown
  /** A kept task reads whether anybody has written since its last commit. */
  checking = false
  /** When its successor is tired of waiting: if it cannot be handed over by then, it is not claimed for that once more. */
  leaveBy = Number.POSITIVE_INFINITY
  /** Every nonce that was sent: its answer may have been lost, so that it counts as ours wherever it is found. */
  readonly sent = new Set<string>()
  /** Nonces of others whose owner was fenced after the nonce was read. */
  readonly #settled = new Set<string>()
  /** No claim is stored: it was never claimed, or somebody has wiped the group's offsets. Then its markers tell of its owner. */
  #isUnclaimed = false
  /** Incarnations of the members that lived when the claim was read. */
  #live: ReadonlySet<string> = new Set()
  /** Nonces of our markers that may be in the state topic. */
  readonly #written = new Set<string>()
  #isBeingExplained = false
  /** What was written last to mark it. */
  #marking: readonly NewRecord[] = []

  constructor(task: Task, pod: PodContext, openTail: OpenTail) {
    this.task = task
    this.#pod = pod
    this.#openTail = openTail
  }

  /** Opens the local copy, and restores it from the state topic. */
  open(): void {
    this.task.open(() => {
      const tail = this.#read((entries, position) => this.task.restore(entries, position))
      tail.resume(this.task.stored)
      if (this.#target !== undefined) tail.readTo(this.#target)
      tail.start()
    })
  }

  /** The own marker was written: reading ends there. */
  restoreTo(nonce: string): void {
    this.#target = nonce
    this.#tail?.readTo(nonce)
  }

  /** Reads from the last own commit up to a new marker: has anybody else written, and what became of a commit? */
  check(nonce: string): void {
    this.checking = true
    const tail = this.#read(() => undefined)
    tail.readTo(nonce)
    tail.start()
  }

  /** Nothing of its task has an effect any more. */
  close(): void {
    this.task.close('closedDirty')
    this.#tail?.close()
  }

  /** Its task has ended. */
  ended(): void {
    this.#tail?.close()
  }

  #read(apply: TailOptions['apply']): Tail {
    const { task } = this
    const { log, system, incarnation } = this.#pod
    this.#tail?.close()
    this.#tail = this.#openTail({
      place: task.statePlace,
      from: task.position,
      topicId: task.stateTopicId,
      log,
      system,
      incarnation,
      enqueue: callback => this.#pod.enqueue(() => task.isOpen && task.guard(callback)),
      apply,
      onSeen: () => this.#pod.wake(),
      onFailed: (error, offset) => task.readFailed(error, offset),
    })
    this.seen = this.#tail
    return this.#tail
  }

  /** A claim is sent under this nonce. */
  sends(nonce: string): void {
    this.sent.add(nonce)
    for (const oldest of this.sent) {
      if (this.sent.size <= SENT_MAX) return
      if (oldest !== this.claim) this.sent.delete(oldest)
    }
  }

  /** It holds state that only this pod may change: its claim must not lapse unnoticed. */
  get isKept(): boolean {
    return this.task.work !== undefined && this.task.isOpen
  }

  /** Claimed and marked with the producer in use, and known to be whole. */
  get isSecure(): boolean {
    return this.fresh && this.claim !== undefined && this.marked === this.claim && !this.checking
  }

  /** The owner's hand-over was read in the state topic, or its producer is fenced. */
  get ownerIsOut(): boolean {
    return !this.owner || this.#isOut(this.owner)
  }

  /** What the stored claim says; `false`: it was another's meanwhile, and is to be restarted. */
  verify(stored: Claim | undefined, live: ReadonlySet<string>, producer: string, now: number): boolean {
    this.verified = true
    if (stored && this.sent.has(stored.nonce)) {
      // An answer was lost: the claim stands, but which of ours it is matters for the marker.
      if (stored.nonce !== this.claim) this.fresh = false
      this.#isUnclaimed = false
      return true
    }
    if (this.claim !== undefined) return false
    this.#live = live
    if (!stored && !this.#isUnclaimed) this.waitingSince = now
    this.#isUnclaimed = !stored
    const owner = stored ?? this.owner
    this.#awaitOwner(owner?.producer === producer ? undefined : owner, now)
    return true
  }

  /** Its pod was out of the group for a while: the task may have been another's, who knows only now whom to leave it to. */
  wasOut(now: number): void {
    this.verified = false
    this.waitingSince = now
  }

  /** Whoever is out is not waited for. Where no claim is stored, whoever has marked the task is. True: somebody else is now. */
  lookForOwner(producer: string, now: number): boolean {
    if (this.ownerIsOut) this.owner = undefined
    if (!this.#isUnclaimed || this.owner || this.claim !== undefined) return false
    this.#awaitOwner(this.strangerBehind(producer), now)
    return this.owner !== undefined
  }

  /** It may be claimed: nobody stands in the way, and where only markers can tell of somebody they were read. */
  mayBeClaimed(now: number): boolean {
    if (this.owner || this.fresh) return false
    return !this.#isUnclaimed || this.#hasReadAll || now - this.waitingSince >= PATIENCE_MS
  }

  /** It is given up: it has as long as its successor waits. */
  leaves(now: number, handOverMaxMs: number): void {
    this.leaveBy = now + this.#graceMs(handOverMaxMs) + PATIENCE_MS
    this.task.leave()
  }

  /** How long its owner is waited for. */
  patienceMs(handOverMaxMs: number): number {
    return PATIENCE_MS + (this.ownerIsAlive ? this.#graceMs(handOverMaxMs) : 0)
  }

  #graceMs(handOverMaxMs: number): number {
    return Math.min(this.task.program.timeoutMs, handOverMaxMs)
  }

  /**
   * What a fence of this owner settles of what was read so far, a claim that stands in the way and markers: all that is its own
   * or of others who went by its producer's name and are gone. One who lives under that name may still hand over. Nothing once
   * it is claimed: our marker may stand before what they wrote last, so that it takes another one behind the fence.
   */
  settledBy({ producer, incarnation }: Claim): readonly string[] {
    if (this.fresh) return []
    const markers = [...this.seen.foreignMarkers.values()]
    const read = this.owner ? [...markers, this.owner] : markers
    const isOut = (each: Claim) => each.incarnation === incarnation || !this.#live.has(each.incarnation)
    return read.filter(each => each.producer === producer && isOut(each)).map(({ nonce }) => nonce)
  }

  /** The producer was fenced after these were read: nothing under them can follow. */
  settle(nonces: readonly string[]): void {
    for (const nonce of nonces) this.#settled.add(nonce)
    if (this.owner && this.#settled.has(this.owner.nonce)) this.verified = false
  }

  /** Its owner may still hand it over, or has done so where we have not read yet; or it cannot be fenced for now. */
  isWaiting(now: number, handOverMaxMs: number): boolean {
    if (now < this.blockedUntil) return true
    if (now - this.waitingSince >= this.patienceMs(handOverMaxMs)) return false
    // Whoever has left may be back under its name: a fence would hit the one that came back, which will tell that it is out.
    return this.ownerIsAlive || !this.#hasReadAll || this.#ownerIsBack
  }

  /** Its owner has had its time. What it left may be unread, if we have slept meanwhile: true if that is looked at first. */
  looksAgain(now: number): boolean {
    if (!this.ownerIsAlive) return false
    this.overdue = this.owner?.nonce
    this.waitingSince = now
    this.ownerIsAlive = false
    return true
  }

  /** Somebody who has marked the task before us and is not known to be out. */
  strangerBehind(producer: string): Claim | undefined {
    for (const marker of this.seen.foreignMarkers.values()) {
      if (marker.producer !== producer && !this.#isOut(marker)) return marker
    }
    return undefined
  }

  /**
   * Reading up to our own marker has shown somebody who may still be at work. One that lives is waited for, as its release
   * may follow; then the task is claimed and marked again. Returns for how long, at most.
   */
  meets(stranger: Claim, now: number, handOverMaxMs: number): number {
    this.#awaitOwner(stranger, now)
    this.fresh = false
    this.#tail?.readOn()
    return this.patienceMs(handOverMaxMs)
  }

  /** What marks the task as ours: the new marker, and the end of our earlier ones. */
  marks(marker: Marker, timestamp: number): PartitionBatch {
    const record = (nonce: string, value: Uint8Array | null) => {
      return { key: Buffer.from(markerEntry(nonce)), value, headers: NO_HEADERS, timestamp }
    }
    const earlier = [...this.#written].map(nonce => record(nonce, null))
    this.#written.add(marker.nonce)
    this.#marking = [...earlier, record(marker.nonce, encodeMarker(marker))]
    return { ...this.task.statePlace, records: this.#marking }
  }

  /** The marker is there, and the earlier ones are gone. */
  wasMarked(nonce: string, now: number): void {
    this.marked = nonce
    this.markedAt = now
    this.#written.clear()
    this.#written.add(nonce)
    this.task.noted(this.#marking)
  }

  /** Its state topic does not take the marker: it cannot be ours, and holds up no other task. */
  cannotBeMarked(error: CaudalError, drop: (name: string) => void): void {
    if (this.isKept) drop(this.task.name)
    else this.task.cannotCommit(error)
  }

  get #ownerIsBack(): boolean {
    const { owner } = this
    return owner !== undefined && [...this.#live].some(member => isSamePod(member, owner.incarnation))
  }

  get #hasReadAll(): boolean {
    return this.seen.position >= this.readableEnd
  }

  #awaitOwner(owner: Claim | undefined, now: number): void {
    if (owner && owner.nonce !== this.owner?.nonce) this.waitingSince = now
    this.owner = owner
    this.ownerIsAlive =
      owner !== undefined && owner.nonce !== this.overdue && this.#live.has(owner.incarnation)
  }

  #isOut({ nonce }: Claim): boolean {
    return this.seen.released.has(nonce) || this.#settled.has(nonce)
  }

  /** Blocks it for what keeps its restore from coming to an end. */
  async blockHeldUp(pod: Pick<PodContext, 'log' | 'limits' | 'block'>): Promise<void> {
    if (this.#isBeingExplained) return
    this.#isBeingExplained = true
    const { topic, partition } = this.task.statePlace
    const { position } = this.seen
    const explained = await pod.log.explainHalt?.(this.task.statePlace).catch(() => undefined)
    const diagnosis =
      `${topic}/${partition} was read to offset ${position}, and the marker written behind it does not show: a transaction ` +
      `that never ended holds readers back; ${explained ?? UNEXPLAINED}`
    const timeoutMs = pod.limits.restoreTimeoutMs
    pod.block(
      this.task.name,
      new CaudalError('RESTORE_BLOCKED', { task: this.task.name, timeoutMs, diagnosis }),
    )
    this.#isBeingExplained = false
  }
}

/**
 * What these wait for was refused until somebody acts: they stand still and others go on. Returns when it is tried again;
 * `undefined` for any other failure.
 */
export function standStill(
  holdings: Iterable<Holding>,
  error: unknown,
  pod: Pick<PodContext, 'system' | 'block' | 'enqueue'>,
): number | undefined {
  if (actionOf(error) !== 'blockTask') return undefined
  const until = pod.system.monotonic() + LOOK_AGAIN_MS
  for (const holding of holdings) {
    holding.blockedUntil = until
    if (holding.task.phase === 'restoring') pod.block(holding.task.name, error)
  }
  pod.system.after(LOOK_AGAIN_MS + 1, () => pod.enqueue(() => undefined))
  return until
}
