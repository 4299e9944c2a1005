/**
 * Who may write for a task: exactly one pod, without group metadata in transactions.
 *
 * `advance` begins the first step of the list in protocol.ts that applies. The completion of a step is an event of the
 * pod's inbox, after which `advance` looks again. A join makes everything stale that was read before, so the loop begins again.
 *
 * 1. Start a producer, which bumps its epoch: always before claiming.
 * 2. Read the stored claims. A task that runs here is kept only if its claim is literally ours. Else the task is restarted.
 *    After a missed generation a kept task is also claimed, marked and checked again: the claims may be those of long ago.
 * 3. Settle the previous owner. An owner that has released is out. A live owner is waited for, up to its grace time. Any other
 *    owner is fenced. If no claim is stored, because it was wiped, the writer of the last marker counts as the owner.
 * 4. Claim: new tasks, or all tasks after the producer was replaced (a fence may be under way).
 * 5. Mark: a transaction writes the claim's nonce into each state partition.
 * 6. Read up to our own marker. New tasks restore. Kept tasks look for foreign writes and for the outcome of a commit.
 * 7. Every foreign marker that is left must be of an owner that is out. If one is not, settle that owner as in 3 and claim again.
 *    The first commit after this step deletes the foreign markers. A marker does not prove that earlier owners are gone:
 *    its writer may have crashed before checking.
 *
 * Safety:
 *
 * - Every earlier owner is fenced, or has released, before our marker is written. So none of its writes can follow the marker.
 * - Two pods may claim at once, for example an owner on its way out and its successor. The pod whose marker is second reads
 *   the first marker.
 *
 * Docs: docs/ownership.md.
 */

import { hasCode } from '#core/errors.ts'
import { RETRIES } from '#core/retry.ts'
import { HeldUp } from './blocked.ts'
import type { Holding } from './holding.ts'
import { Holdings, type HoldingsOptions } from './holdings.ts'
import { markerRead } from './marker-read.ts'
import { Operations } from './operations.ts'
import { Protocol, type ProtocolOptions } from './protocol.ts'
import { Trouble } from './trouble.ts'

export type OwnershipOptions = Omit<ProtocolOptions, 'holdings' | 'operations'> & HoldingsOptions

export class Ownership {
  readonly #holdings: Holdings
  readonly #trouble: Trouble
  readonly #operations: Operations
  readonly #protocol: Protocol
  readonly #heldUp: HeldUp
  readonly #options: OwnershipOptions

  constructor(options: OwnershipOptions) {
    this.#options = options
    this.#holdings = new Holdings(options)
    this.#trouble = new Trouble(options.pod, options.committer)
    this.#operations = new Operations(options.pod, this.#trouble)
    this.#heldUp = new HeldUp(options.pod)
    this.#protocol = new Protocol({ ...options, holdings: this.#holdings, operations: this.#operations })
  }

  /** Tasks assigned to this pod, by name. */
  get held(): ReadonlyMap<string, Holding> {
    return this.#holdings.held
  }

  /** Tasks on their way out, by name. */
  get leaving(): ReadonlyMap<string, Holding> {
    return this.#holdings.leaving
  }

  get generation(): number {
    return this.#protocol.generation
  }

  /** Commits may go on: the producer is in use and every task that works here is secure. */
  get isSettled(): boolean {
    return this.#protocol.isSettled
  }

  /** Settled, and since the last join no task that works here can have been another's. */
  get isSure(): boolean {
    return this.#protocol.isSure
  }

  get isEmpty(): boolean {
    return this.#holdings.isEmpty
  }

  /** A new generation began with these tasks. */
  joined(generation: number, tasks: readonly string[]): void {
    const protocol = this.#protocol
    protocol.joins++
    protocol.isOut = false
    const hasMissedSome = generation !== protocol.generation + 1
    protocol.generation = generation
    for (const holding of this.#holdings.all) {
      if (hasMissedSome) holding.previous.waitAgain()
      // We stop waiting for a claim in flight; it may be stored after the next owner's.
      if (hasMissedSome || !holding.isCurrent) holding.unread()
    }
    this.assign(tasks)
    for (const holding of this.held.values()) {
      if (hasMissedSome) holding.doubted()
      else holding.unread()
    }
  }

  /** These are to be held from now on; all others are given away. */
  assign(tasks: readonly string[]): void {
    this.#holdings.assign(tasks)
  }

  /** The group no longer counts this pod. Until the pod has joined again, its tasks may be given to others. */
  lost(reason: string): void {
    this.#protocol.isOut = true
    this.#options.pod.logger.warn('membership was lost', { reason })
  }

  /** The task had its turn: the others come first next time. */
  rotate(holding: Holding): void {
    this.#holdings.moveLast(holding)
  }

  /** The claims that a leaving task gives up. */
  claimsOf({ name }: { readonly name: string }): readonly string[] {
    return [...((this.leaving.get(name) ?? this.held.get(name))?.sent ?? [])]
  }

  /** The producer failed: a new one is needed, and each task is claimed again, also those on their way out. */
  producerLost(error: unknown): void {
    const { committer, pod } = this.#options
    committer.dropProducer()
    this.#protocol.hasProducer = false
    // The pod that fenced us may have taken tasks over, or may be a successor under our name.
    const isFenced = hasCode(error, 'FENCED')
    if (isFenced) this.#protocol.knowsPredecessors = false
    for (const holding of this.#holdings.all) {
      holding.producerLost(isFenced)
      // Its marker would be refused, and all others wait for the markers of tasks that work here.
      if (holding.isKept && holding.task.isMute) this.drop(holding.task.name)
      if (pod.system.monotonic() > holding.leaveBy) this.drop(holding.task.name)
    }
    this.#operations.pauseUntil(this.#protocol.producerSince + RETRIES.ownership.firstMs)
    this.#trouble.record(error)
  }

  /**
   * A task cannot go on. This pod reads the stored claim before it blocks the task. A pod that has slept may fail at what the
   * next owner has done, such as trimming what both have read. Such a pod has nothing to report.
   */
  stuck(name: string, error: unknown): void {
    const holding = this.held.get(name)
    if (!holding) return
    if (!holding.isKept) return this.#options.pod.block(name, error)
    holding.trouble = error
    holding.unread()
  }

  /** Drops a task. A task that is still assigned is restarted. */
  drop(name: string): void {
    this.#holdings.drop(name)
  }

  /** Drops everything without hand-over. */
  abandon(): void {
    this.#holdings.abandon()
  }

  /** Ends all without hand-over; nothing is begun afterwards. */
  close(): void {
    for (const holding of this.#holdings.all) holding.close()
  }

  /** Blocks tasks that restore for too long. Something in the log holds such a task up, and the task must not hold up others. */
  checkTimeouts(): void {
    const { pod } = this.#options
    const latest = pod.system.monotonic() - pod.limits.restoreTimeoutMs
    for (const holding of this.#holdings.all) {
      if (!holding.isReading || holding.markedAt > latest) continue
      // A kept task is dropped, so that the commits of others go on. The task is restarted, and is blocked while it restores.
      if (holding.isKept) this.drop(holding.task.name)
      else if (holding.task.phase !== 'blocked') void this.#heldUp.block(holding)
    }
  }

  /** Begins the next step, unless an operation is under way. */
  advance(): void {
    this.#holdings.tidy()
    if (this.generation === 0) return
    if (this.#operations.mayBegin) this.#protocol.advance()
    const { pod } = this.#options
    for (const holding of this.#holdings.all) markerRead(holding, pod, this.#holdings, this.#operations)
    this.#resolvePending()
  }

  /** Resolves a commit of unknown outcome. Any of its tasks that is still ours has read whether the commit took place. */
  #resolvePending(): void {
    const { committer } = this.#options
    const { pending } = committer
    if (!pending || !this.isSettled) return
    const { all, leaving, releases } = this.#holdings
    // A task that has begun to leave meanwhile counts too: it was checked before, or it would not be open.
    const open = new Map(all.map(holding => [holding.task.name, holding]))
    const witnesses = pending.parts.flatMap(({ task }) => (task.isOpen ? (open.get(task.name) ?? []) : []))
    const tookPlace = witnesses.some(({ seen }) => seen.numbers.has(pending.number))
    committer.resolve(tookPlace, ({ name }) => open.get(name)?.seen.position ?? 0)
    // A commit that gave a task up does not list the claims that were made since to learn its outcome.
    for (const holding of leaving.values()) if (!holding.isKept) releases.owe(holding)
    for (const { isKept, seen, task } of all) if (isKept) task.checked(seen.position)
  }
}
