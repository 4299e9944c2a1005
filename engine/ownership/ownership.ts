/**
 * Who may write for a task: exactly one pod, without group metadata in transactions.
 *
 * `advance` looks at what is known and begins the one operation that is next; its completion is an event of the pod's
 * inbox, after which `advance` looks again. A join makes what was read before stale, so the loop starts over by itself.
 *
 * 1. a producer of our own, its epoch bumped: always before claiming
 * 2. read the stored claims. A task that runs here is kept only if its claim is literally ours; else it is restarted
 * 3. an owner that has released is out; one that lives is waited for, up to its grace time; else it is fenced. Where no
 *    claim is stored, because it was wiped, whoever has marked the task counts as its owner
 * 4. claim: new tasks, or all of them after the producer was replaced (a fence may be under way)
 * 5. mark: a transaction writes the claim's nonce into each state partition
 * 6. read up to the own marker: new tasks restore, kept ones look for foreign writes and for the outcome of a commit
 * 7. every foreign marker left must be of an owner that is out; else as in 3., and claim again. The first commit of an
 *    owner that came so far deletes them: a marker alone proves nothing of those before it, as its writer may have died
 *    before it looked
 *
 * Safe, because whoever owned a task before is fenced or has released before our marker is written, so that nothing of
 * theirs can follow it; and because of two who claim at once, as an owner on its way out and its successor may, the one that
 * marks later sees the other. Docs: docs/ownership.md.
 */
import { hasCode, type Refusal } from '#core/errors.ts'
import type { TopicPartition } from '#core/record.ts'
import { type Claim, decodeClaim, encodeClaim } from '#engine/commit/claims.ts'
import type { Committer } from '#engine/commit/committer.ts'
import type { Membership, Producer } from '#engine/log/log.ts'
import type { PodContext } from '#engine/record/pod-context.ts'
import type { Task } from '#engine/task/task.ts'
import type { Confirmation } from './confirmation.ts'
import { Holding, type OpenTail, standStill } from './holding.ts'
import { yieldToNamesake } from './incarnation.ts'
import { type MarkerProgress, progress } from './marker-progress.ts'
import { BACK_OFF_MS, Operations } from './operations.ts'
import { Releases } from './releases.ts'
import { Trouble } from './trouble.ts'

export interface OwnershipOptions {
  readonly pod: PodContext
  /** Transactional id of this pod. */
  readonly producer: string
  /** Of all tasks of the application. */
  readonly statePlaces: readonly TopicPartition[]
  /** All that pods of the application write to. */
  readonly writePlaces: readonly TopicPartition[]
  readonly membership: () => Membership | undefined
  readonly confirmation: Confirmation
  readonly committer: Committer
  /** Makes the task of this name, not yet opened. */
  readonly makeTask: (name: string) => Task
  readonly openTail: OpenTail
}

const kept = (holdings: readonly Holding[]) => holdings.filter(({ isKept }) => isKept)

export class Ownership {
  /** Tasks assigned to this pod, by name. */
  readonly holdings = new Map<string, Holding>()
  /** Tasks on their way out. */
  readonly leaving = new Map<string, Holding>()
  #assigned: readonly string[] = []
  generation = 0
  #joins = 0
  #hasProducer = false
  /** It is known what former incarnations of this pod have left. */
  #isHeir = false
  #isOut = false
  #producerSince = 0
  readonly #startedAt: number
  #nonces = 0
  readonly #releases = new Releases()
  readonly #trouble: Trouble
  readonly #operations: Operations
  readonly #markerProgress: MarkerProgress
  readonly #options: OwnershipOptions

  constructor(options: OwnershipOptions) {
    this.#options = options
    this.#startedAt = options.pod.system.monotonic()
    this.#trouble = new Trouble(options.pod, options.committer)
    this.#operations = new Operations(options.pod, this.#trouble)
    const { pod, producer } = options
    const drop = (name: string) => this.drop(name)
    const wakeIn = (delayMs: number) => this.#operations.wakeIn(delayMs)
    this.#markerProgress = { pod, producer, drop, wakeIn }
  }

  /** A new generation began with these tasks. */
  joined(generation: number, tasks: readonly string[]): void {
    this.#joins++
    this.#isOut = false
    const hasMissedSome = generation !== this.generation + 1
    this.generation = generation
    for (const holding of this.#all) {
      if (hasMissedSome) holding.wasOut(this.#options.pod.system.monotonic())
      // Its claim under way is no longer waited for, and may come behind a successor's.
      if (!holding.fresh) holding.verified = false
    }
    this.keepOnly(tasks)
    for (const holding of this.holdings.values()) holding.verified = false
  }

  /** These are to be held from now on; all others are given away. */
  keepOnly(tasks: readonly string[]): void {
    this.#assigned = tasks
    for (const [name, holding] of this.holdings) if (!tasks.includes(name)) this.#giveUp(name, holding)
  }

  /** Commits may go on: the producer is in use and every task that works here is secure. */
  get isSettled(): boolean {
    return this.#hasProducer && this.#all.every(({ isKept, isSecure }) => isSecure || !isKept)
  }

  /** The group counts this pod no longer: until it has joined again, its tasks may be given to others. */
  lost(reason: string): void {
    this.#isOut = true
    this.#options.pod.logger.warn('membership was lost', { reason })
  }

  /** Settled, and since the last join no task that works here can have been another's. */
  get isSure(): boolean {
    return this.isSettled && !this.#isOut && this.#all.every(({ isKept, verified }) => verified || !isKept)
  }

  get isEmpty(): boolean {
    return this.holdings.size === 0 && this.leaving.size === 0 && this.#releases.isEmpty
  }

  /** It had its turn at what all tasks share: the others come first next time. */
  hadItsTurn(holding: Holding): void {
    if (!this.holdings.delete(holding.task.name)) return
    this.holdings.set(holding.task.name, holding)
  }

  /** The claims that a leaving task gives up. */
  claimsOf({ name }: { readonly name: string }): readonly string[] {
    return [...((this.leaving.get(name) ?? this.holdings.get(name))?.sent ?? [])]
  }

  /** The producer failed: a new one is needed, and every claim anew, also of what is on its way out. */
  producerLost(error: unknown): void {
    this.#options.committer.dropProducer()
    this.#hasProducer = false
    // Whoever fenced us may have taken tasks over, or go by our name.
    const isFenced = hasCode(error, 'FENCED')
    if (isFenced) this.#isHeir = false
    for (const holding of this.#all) {
      if (isFenced) holding.verified = false
      holding.fresh = false
      holding.checking = false
      if (this.#options.pod.system.monotonic() > holding.leaveBy) this.drop(holding.task.name)
    }
    this.#operations.pauseUntil(this.#producerSince + BACK_OFF_MS)
    this.#trouble.met(error)
  }

  /** Drops everything without hand-over. */
  abandon(): void {
    this.#assigned = []
    for (const name of [...this.holdings.keys()]) this.drop(name)
    for (const holding of this.leaving.values()) holding.close()
    this.leaving.clear()
    this.#releases.clear()
  }

  /**
   * A task cannot go on. Whether it still is this pod's is looked up before it is blocked: one that has slept meets what the next
   * owner has done, such as to trim what both have read, and has nothing to tell.
   */
  stuck(name: string, error: unknown): void {
    const holding = this.holdings.get(name)
    if (!holding) return
    if (!holding.isKept) return this.#options.pod.block(name, error)
    holding.trouble = error
    holding.verified = false
  }

  /** Drops a task; if it is still assigned it is restarted. */
  drop(name: string): void {
    const holding = this.holdings.get(name) ?? this.leaving.get(name)
    this.holdings.delete(name)
    if (holding) this.#giveUpUnfinished(holding)
  }

  /** Reports what is read for too long: something in the log holds it up, and it must not hold up others. */
  checkTimeouts(): void {
    const { pod } = this.#options
    const latest = pod.system.monotonic() - pod.limits.restoreTimeoutMs
    for (const holding of this.#all) {
      const { task, marked } = holding
      const isReading = marked !== undefined && marked === holding.claim && !holding.seen.reached
      if (!isReading || holding.markedAt > latest) continue
      // A kept task is dropped, so that the commits of others go on; it is restarted and blocks there.
      if (holding.isKept) this.drop(task.name)
      else if (task.phase !== 'blocked') void holding.blockHeldUp(pod)
    }
  }

  /** Begins whatever is next; does nothing while an operation is under way. */
  advance(): void {
    this.#tidy()
    if (this.generation === 0) return
    if (this.#operations.mayBegin) this.#next()
    for (const holding of this.#all) progress(holding, this.#markerProgress)
    this.#resolvePending()
  }

  #next(): void {
    if (!this.#hasProducer) return this.#startProducer()
    const { committer, confirmation, pod, producer } = this.#options
    if (!this.#isHeir) return this.#inherit()
    this.#releases.write(committer, pod.system.now())
    const all = this.#all
    const unread = all.filter(holding => !holding.verified)
    if (unread.length > 0) return this.#readClaims(unread)
    const now = pod.system.monotonic()
    const { handOverMaxMs } = pod.limits
    for (const holding of all)
      if (holding.lookForOwner(producer, now)) this.#operations.wakeIn(holding.patienceMs(handOverMaxMs) + 1)
    const inTheWay = all.find(holding => holding.owner && !holding.isWaiting(now, handOverMaxMs))
    if (inTheWay && !confirmation.isByGroup) return this.#operations.pauseUntil(now + BACK_OFF_MS)
    if (inTheWay?.looksAgain(now)) return this.#readClaims([inTheWay])
    if (inTheWay?.owner) return this.#fence(inTheWay, inTheWay.owner)
    const claimable = all.filter(holding => holding.mayBeClaimed(now))
    // Tasks that work here first: a slow restore must hold up nobody else.
    const working = kept(claimable)
    if (claimable.length > 0) return this.#claim(working.length > 0 ? working : claimable)
    const markable = all.filter(
      holding => holding.fresh && holding.marked !== holding.claim && !holding.task.isMute,
    )
    if (markable.length > 0 && committer.isFree) return this.#mark(markable)
    if (confirmation.wantsLook && this.isSure) this.#readClaims(kept(all), confirmation.look())
  }

  /** Removes what has ended, and opens what is assigned and not held. */
  #tidy(): void {
    for (const [name, holding] of this.leaving) {
      if (holding.task.isOpen) continue
      holding.ended()
      this.leaving.delete(name)
      if (holding.task.phase === 'closedDirty') this.#releases.owe(holding)
    }
    for (const name of this.#assigned) {
      if (this.holdings.has(name) || this.leaving.has(name)) continue
      const { makeTask, openTail, pod } = this.#options
      const holding = new Holding(makeTask(name), pod, openTail)
      this.holdings.set(name, holding)
      holding.open()
    }
  }

  #giveUp(name: string, holding: Holding): void {
    this.holdings.delete(name)
    if (!holding.isKept) return this.#giveUpUnfinished(holding)
    this.leaving.set(name, holding)
    const { system, limits } = this.#options.pod
    holding.leaves(system.monotonic(), limits.handOverMaxMs)
  }

  #giveUpUnfinished(holding: Holding): void {
    holding.close()
    this.#releases.owe(holding)
  }

  #startProducer(): void {
    const { pod, producer, committer, writePlaces } = this.#options
    const use = (started: Producer) => {
      committer.useProducer(started)
      this.#hasProducer = true
      this.#producerSince = pod.system.monotonic()
      // Their successors may have taken them over, in the same generation.
      for (const holding of this.leaving.values()) holding.verified = false
    }
    const started = pod.log.startProducer(producer, writePlaces)
    this.#operations.begin(started, use, error => standStill(this.#all, error, pod))
  }

  /** Whoever went by our name is fenced by our producer: nobody needs to do it again, and hit us. */
  #inherit(): void {
    const { pod, producer, statePlaces } = this.#options
    const read = this.#options.membership()?.readClaims(statePlaces)
    if (!read) return
    this.#operations.begin(read, claims => {
      this.#isHeir = true
      this.#releases.oweFormer({ incarnation: pod.incarnation, producer }, statePlaces, claims)
    })
  }

  #readClaims(holdings: readonly Holding[], onOurs?: () => void): void {
    const membership = this.#options.membership()
    if (!membership) return
    const joins = this.#joins
    const places = holdings.map(({ task }) => task.statePlace)
    this.#operations.begin(
      Promise.all([
        membership.readClaims(places),
        membership.liveMembers(),
        this.#options.pod.log.bounds(places),
      ]),
      ([claims, live, bounds]) => {
        if (joins !== this.#joins) return
        yieldToNamesake(this.#options.pod, live, this.#startedAt)
        for (const [index, holding] of holdings.entries()) {
          holding.readableEnd = bounds[index]?.end ?? 0
          this.#verify(holding, decodeClaim(claims[index]), live)
        }
        if (holdings.every(each => each.isKept)) onOurs?.()
      },
    )
  }

  #verify(holding: Holding, stored: Claim | undefined, live: ReadonlySet<string>): void {
    const { pod, producer } = this.#options
    const { name } = holding.task
    if (!this.#all.includes(holding)) return
    if (!holding.verify(stored, live, producer, pod.system.monotonic())) {
      pod.logger.info('a task was taken over by another pod meanwhile', { task: name })
      return this.drop(name)
    }
    if (holding.trouble !== undefined) pod.block(name, holding.trouble)
    holding.trouble = undefined
    if (!stored || holding.owner) this.#operations.wakeIn(holding.patienceMs(pod.limits.handOverMaxMs) + 1)
  }

  #fence(holding: Holding, owner: Claim): void {
    this.#options.pod.meter.fenced(owner.producer)
    const seen = [...this.holdings.values()].map(each => ({ each, nonces: each.settledBy(owner) }))
    const { pod, writePlaces } = this.#options
    const settle = () => {
      for (const { each, nonces } of seen) each.settle(nonces)
      holding.settle([owner.nonce])
    }
    const fenced = pod.log.fence(owner.producer, writePlaces)
    this.#operations.begin(fenced, settle, error => void standStill([holding], error, pod))
  }

  #claim(holdings: readonly Holding[]): void {
    const membership = this.#options.membership()
    if (!membership) return
    const { pod, producer } = this.#options
    const { incarnation } = pod
    const joins = this.#joins
    const nonces = holdings.map(() => `${incarnation}#${++this.#nonces}`)
    const claims = holdings.map((holding, index) => {
      const nonce = nonces[index] ?? ''
      holding.sends(nonce)
      return { ...holding.task.statePlace, metadata: encodeClaim({ incarnation, producer, nonce }) }
    })
    const accept = () => {
      if (joins !== this.#joins || !this.#hasProducer) return
      holdings.forEach((holding, index) => {
        holding.claim = nonces[index]
        holding.fresh = true
      })
    }
    this.#operations.begin(membership.claim(this.generation, claims), accept, () => {
      this.#options.pod.meter.claimsRefused()
      for (const holding of holdings) holding.verified = false
    })
  }

  #mark(holdings: readonly Holding[]): void {
    const { committer, producer, pod } = this.#options
    const { incarnation, system } = pod
    const marks = holdings.map(holding => ({ holding, nonce: holding.claim ?? '' }))
    const marker = (nonce: string) => ({ incarnation, producer, nonce })
    const batches = marks.map(({ holding, nonce }) => holding.marks(marker(nonce), system.now()))
    const written = () => marks.forEach(({ holding, nonce }) => void this.#marked(holding, nonce))
    const refused = ({ batch, error }: Refusal) =>
      marks[batch]?.holding.cannotBeMarked(error, name => this.drop(name))
    committer.write(batches, written, refusals => refusals.forEach(refused))
  }

  #marked(holding: Holding, nonce: string): void {
    if (holding.claim !== nonce || !holding.task.isOpen) return
    holding.wasMarked(nonce, this.#options.pod.system.monotonic())
    if (holding.isKept) holding.check(nonce)
    else holding.restoreTo(nonce)
  }

  /** What became of the commit of unknown outcome: any task of it that is still ours tells. */
  #resolvePending(): void {
    const { committer } = this.#options
    const { pending } = committer
    if (!pending || !this.isSettled) return
    // Also a task that has begun to leave meanwhile: it was checked before, or it would not be open.
    const open = new Map(this.#all.map(holding => [holding.task.name, holding]))
    const witnesses = pending.parts.flatMap(({ task }) => (task.isOpen ? (open.get(task.name) ?? []) : []))
    const tookPlace = witnesses.some(({ seen }) => seen.numbers.has(pending.number))
    committer.resolve(tookPlace, ({ name }) => open.get(name)?.seen.position ?? 0)
    // A commit that gave a task up did not know of the claims that were made since to find out.
    for (const holding of this.leaving.values()) if (!holding.isKept) this.#releases.owe(holding)
    for (const { isKept, seen, task } of this.#all) if (isKept) task.checked(seen.position)
  }

  /** Ends all without hand-over. */
  close(): void {
    for (const holding of this.#all) holding.close()
  }

  get #all(): readonly Holding[] {
    return [...this.holdings.values(), ...this.leaving.values()]
  }
}
