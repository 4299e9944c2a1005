/** What ownership knows of one task that the group has assigned to this pod. */
import type { Claim } from './checkpoint.ts'
import type { Task } from './task.ts'

export class Holding {
  readonly task: Task
  /** Its stored claim was read since the last join. */
  verified = false
  /** Whose stored claim stands in the way: neither released nor fenced yet. */
  owner: Claim | undefined
  /** Since when that owner has been waited for. */
  waitingSince = 0
  ownerIsAlive = false
  /** Where the state topic ended for readers when the claim was read: a hand-over of the owner stands before it. */
  readableEnd = 0
  /** The accepted claim of ours. */
  claim: string | undefined
  /** The claim was made with the producer in use. */
  fresh = false
  /** The marker that was written last, and when. */
  marked: string | undefined
  markedAt = 0
  /** A kept task reads whether anybody has written since its last commit. */
  checking = false
  /** Every nonce that was sent: its answer may have been lost, so that it counts as ours wherever it is found. */
  readonly sent = new Set<string>()
  /** Nonces of others whose owner was fenced after the nonce was read. */
  readonly settled = new Set<string>()

  constructor(task: Task) {
    this.task = task
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
    const { owner } = this
    return !owner || this.task.tail?.released === owner.nonce || this.settled.has(owner.nonce)
  }

  /** The marker that was the last before ours, where its owner is not known to be out. */
  strangerBehind(producer: string): Claim | undefined {
    const marker = this.task.tail?.foreignMarker
    if (!marker || marker.producer === producer) return undefined
    const isOut = this.task.tail?.released === marker.nonce || this.settled.has(marker.nonce)
    return isOut ? undefined : marker
  }
}
