/**
 * What this pod knows of its ownership of one task. The phase of a holding is the table in holding-phase.ts. Each method changes
 * what is known, and must end in a phase that the table allows.
 */
import { type CaudalError, hasCode, reasonOf } from '#core/errors.ts'
import { type NewRecord, NO_HEADERS } from '#core/record.ts'
import { RETRIES } from '#core/retry.ts'
import { type Claim, encodeMarker, type Marker } from '#engine/commit/claims.ts'
import type { PartitionBatch } from '#engine/log/log.ts'
import type { PodContext } from '#engine/record/pod-context.ts'
import { markerEntry } from '#engine/state/layout.ts'
import type { Task } from '#engine/task/task.ts'
import { assertHoldingMove, type HoldingPhase } from './holding-phase.ts'
import { PATIENCE_MS, PreviousOwner } from './previous-owner.ts'
import { NOTHING_READ, type Tail, type TailOptions, type TailView } from './state-tail.ts'

/** How many of our own nonces are remembered. An older one, found in the group, would be mistaken for another pod's claim. */
const SENT_MAX = 100

/** Reads a state partition. */
export type OpenTail = (options: TailOptions) => Tail

export interface HoldingOptions {
  readonly task: Task
  readonly pod: PodContext
  /** Transactional id of this pod. */
  readonly producer: string
  readonly openTail: OpenTail
}

export class Holding {
  readonly task: Task
  /** What its state partition has shown so far. */
  seen: TailView = NOTHING_READ
  readonly previous: PreviousOwner
  /** The stored claim was read since the last join. */
  isRead = false
  /** The accepted claim of ours. */
  claim: string | undefined
  /** The claim was made with the producer in use. */
  isCurrent = false
  /** The marker that was written last, and when. */
  marked: string | undefined
  markedAt = 0
  /** Why the task will be blocked, once its stored claim shows that this pod still owns it. */
  trouble: unknown
  /** Deadline of a hand-over. After it the next owner fences us, so that the task is not claimed again just to hand it over. */
  leaveBy = Number.POSITIVE_INFINITY
  /** Every nonce that was sent. The answer to a claim may have been lost, so its nonce counts as ours wherever it is found. */
  readonly sent = new Set<string>()
  /** The state of a kept task is being read: has anybody written since its last commit? */
  #isChecking = false
  #phase: HoldingPhase = 'unread'
  #tail: Tail | undefined
  /** Our own marker, which may be written before the local copy is open. */
  #target: string | undefined
  /** Nonces of our markers that may be in the state topic. */
  readonly #written = new Set<string>()
  /** The records of the last marking. */
  #marking: readonly NewRecord[] = []
  /** The state topic has refused the marker: it is not written before this time. */
  #refusedUntil = Number.NEGATIVE_INFINITY
  readonly #graceMs: number
  readonly #options: HoldingOptions

  constructor(options: HoldingOptions) {
    const { task, pod, producer } = options
    this.#options = options
    this.task = task
    this.#graceMs = Math.min(task.program.timeoutMs, pod.limits.handOverMaxMs)
    const monotonic = () => pod.system.monotonic()
    this.previous = new PreviousOwner({ producer, graceMs: this.#graceMs, monotonic, seen: () => this.seen })
  }

  get phase(): HoldingPhase {
    if (!this.task.isOpen) return 'ended'
    if (!this.isCurrent) return this.isRead ? (this.previous.claim ? 'contested' : 'claimable') : 'unread'
    if (this.marked !== this.claim) return 'claimed'
    if (this.#isChecking) return 'checking'
    return this.isKept ? 'secure' : 'marked'
  }

  /** Compares the phase with the phase before. Throws INTERNAL for a move that the table does not have. */
  moved(): void {
    const { phase } = this
    if (phase === this.#phase) return
    assertHoldingMove(this.task.name, this.#phase, phase)
    this.#options.pod.meter.ownership(this.task.name, this.#phase, phase)
    this.#phase = phase
  }

  /** The task holds state that only this pod may change. So the loss of its claim must not go unnoticed. */
  get isKept(): boolean {
    return this.task.work !== undefined && this.task.isOpen
  }

  /** Claimed and marked with the producer in use, and known to be whole. */
  get isSecure(): boolean {
    return this.isCurrent && this.claim !== undefined && this.marked === this.claim && !this.#isChecking
  }

  /** The own marker is being read up to. */
  get isReading(): boolean {
    return this.marked !== undefined && this.marked === this.claim && !this.seen.reached
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

  /** The task is given up. It may finish its work for as long as the next owner waits. */
  leave(): void {
    this.leaveBy = this.#options.pod.system.monotonic() + this.#graceMs + PATIENCE_MS
    this.task.leave()
    this.moved()
  }

  /** From now on nothing that the task does has an effect. */
  close(): void {
    this.task.close('closedDirty')
    this.#tail?.close()
    this.moved()
  }

  /** Its task has ended. */
  ended(): void {
    this.#tail?.close()
    this.moved()
  }

  /** What was read of the stored claim no longer counts. */
  unread(): void {
    this.isRead = false
    this.moved()
  }

  /** The producer was lost, and with it the claim. */
  producerLost(isFenced: boolean): void {
    if (isFenced) this.isRead = false
    this.isCurrent = false
    this.#isChecking = false
    this.moved()
  }

  /**
   * The pod has missed a generation, in which another pod may have owned the task. A stored claim that is ours does not rule
   * that out, since a deposed coordinator answers with old claims. So the task is claimed, marked and checked as after the
   * loss of its producer.
   */
  doubted(): void {
    this.producerLost(true)
  }

  /** Compares with the stored claim. `false`: another pod has owned the task meanwhile, and the task must be restarted. */
  verify(stored: Claim | undefined, live: ReadonlySet<string>): boolean {
    this.isRead = true
    if (stored && this.sent.has(stored.nonce)) {
      // An answer was lost. The stored claim is ours, but the marker must have the nonce that is stored.
      if (stored.nonce !== this.claim) this.isCurrent = false
      this.previous.isUnclaimed = false
      this.moved()
      return true
    }
    if (this.claim !== undefined) return false
    this.previous.found(stored, live)
    this.moved()
    return true
  }

  /**
   * Forgets an owner that is out. If no claim is stored, looks for an owner among the markers. True: another owner is
   * in the way now.
   */
  lookForOwner(): boolean {
    const { previous } = this
    previous.forgetIfOut()
    const looks = previous.isUnclaimed && !previous.claim && this.claim === undefined
    if (looks) previous.await(previous.unsettledMarker)
    this.moved()
    return looks && previous.claim !== undefined
  }

  /** Nobody stands in the way. */
  get mayBeClaimed(): boolean {
    return !this.previous.claim && !this.isCurrent && this.previous.hasLooked
  }

  /** A claim is sent under this nonce. */
  sends(nonce: string): void {
    this.sent.add(nonce)
    for (const oldest of this.sent) {
      if (this.sent.size <= SENT_MAX) return
      if (oldest !== this.claim) this.sent.delete(oldest)
    }
  }

  /** The group has accepted the claim. */
  claimed(nonce: string): void {
    this.claim = nonce
    this.isCurrent = true
    this.moved()
  }

  get mayBeMarked(): boolean {
    const isRefused = this.#options.pod.system.monotonic() < this.#refusedUntil
    return this.isCurrent && this.marked !== this.claim && !this.task.isMute && !isRefused
  }

  /** The records that mark the task as ours: the new marker, and the end of our earlier markers. */
  marks(marker: Marker, timestamp: number): PartitionBatch {
    const record = (nonce: string, value: Uint8Array | null) => {
      return { key: Buffer.from(markerEntry(nonce)), value, headers: NO_HEADERS, timestamp }
    }
    const earlier = [...this.#written].map(nonce => record(nonce, null))
    this.#written.add(marker.nonce)
    this.#marking = [...earlier, record(marker.nonce, encodeMarker(marker))]
    return { ...this.task.statePlace, records: this.#marking }
  }

  /** The marker is written, and our earlier markers are deleted. Now the state is read up to the marker. */
  wasMarked(nonce: string): void {
    if (this.claim !== nonce || !this.task.isOpen) return
    this.marked = nonce
    this.markedAt = this.#options.pod.system.monotonic()
    this.#written.clear()
    this.#written.add(nonce)
    this.task.noted(this.#marking)
    if (this.isKept) this.#check(nonce)
    else this.#restoreTo(nonce)
    this.moved()
  }

  /**
   * The state topic does not take the marker. The task cannot be ours, and must not hold up other tasks. Returns the time until
   * it may be marked again.
   */
  cannotBeMarked(error: CaudalError, drop: (name: string) => void): number {
    const { pod } = this.#options
    const isUnwritable = hasCode(error, 'PARTITION_UNWRITABLE')
    const { firstMs } = isUnwritable ? RETRIES.unwritable : RETRIES.blockedOwnership
    this.#refusedUntil = pod.system.monotonic() + firstMs
    if (this.isKept) drop(this.task.name)
    else if (this.task.phase === 'leaving') this.task.cannotCommit(error)
    else if (reasonOf(error) !== reasonOf(this.task.blockedBy)) pod.block(this.task.name, error)
    return firstMs
  }

  get isChecking(): boolean {
    return this.#isChecking
  }

  /** Nobody else has written since our last commit. */
  checked(): void {
    this.#isChecking = false
    this.moved()
  }

  /**
   * Reading up to our own marker has shown an owner that may still write. A live owner is waited for, because its release may
   * follow. Then the task is claimed and marked again. Returns the longest wait.
   */
  meets(owner: Claim): number {
    this.previous.await(owner)
    this.isCurrent = false
    this.#tail?.readOn()
    this.moved()
    return this.previous.patienceMs
  }

  /**
   * The nonces that a fence of this owner settles. None, once the task is claimed: our marker may stand before the last write
   * of that owner, so another marker must follow the fence.
   */
  settledBy(owner: Claim): readonly string[] {
    return this.isCurrent ? [] : this.previous.settledBy(owner)
  }

  /** The owner was fenced after these nonces were read: no write under them can follow. */
  settle(nonces: readonly string[]): void {
    if (this.previous.settle(nonces)) this.isRead = false
    this.moved()
  }

  /** Reads from our last commit up to a new marker: has anybody else written, and did a commit of unknown outcome take place? */
  #check(nonce: string): void {
    this.#isChecking = true
    const tail = this.#read(() => undefined)
    tail.readTo(nonce)
    tail.start()
  }

  /** Our own marker is written: restoring ends there. */
  #restoreTo(nonce: string): void {
    this.#target = nonce
    this.#tail?.readTo(nonce)
  }

  #read(apply: TailOptions['apply']): Tail {
    const { task, pod, openTail } = this.#options
    const { log, system, incarnation } = pod
    this.#tail?.close()
    this.#tail = openTail({
      place: task.statePlace,
      from: task.position,
      topicId: task.stateTopicId,
      log,
      system,
      incarnation,
      enqueue: callback => pod.enqueue(() => task.isOpen && task.guard(callback)),
      apply,
      onSeen: () => pod.wake(),
      onFailed: (error, offset) => task.readFailed(error, offset),
    })
    this.seen = this.#tail
    return this.#tail
  }
}
