/**
 * What a pod does to own its tasks, step by step. The numbers are those of docs/ownership.md and of the head of ownership.ts.
 * The first step that applies is taken. Its completion is an event of the pod's inbox, after which the pod reads the list again.
 */

import type { Refusal } from '#core/errors.ts'
import type { TopicPartition } from '#core/record.ts'
import { RETRIES } from '#core/retry.ts'
import { type Claim, decodeClaim, encodeClaim } from '#engine/commit/claims.ts'
import type { Committer } from '#engine/commit/committer.ts'
import type { Membership, Producer } from '#engine/log/log.ts'
import type { PodContext } from '#engine/record/pod-context.ts'
import { blockWaiting } from './blocked.ts'
import type { Confirmation } from './confirmation.ts'
import type { Holding } from './holding.ts'
import type { Holdings } from './holdings.ts'
import { Duplicates } from './incarnation.ts'
import type { Operations } from './operations.ts'

export interface ProtocolOptions {
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
  readonly holdings: Holdings
  readonly operations: Operations
}

interface Step {
  /** Its number in the protocol. */
  readonly number: string
  readonly name: string
  /** True if the step applies: it has begun, or it waits for what it needs. */
  readonly take: (protocol: Protocol) => boolean
}

/** Steps 1 to 5, in their order: each relies on those before it. Steps 6 and 7 are in marker-read.ts. */
export const STEPS: readonly Step[] = [
  { number: '1', name: 'start a producer', take: protocol => protocol.startProducer() },
  { number: '1', name: 'read what predecessors left', take: protocol => protocol.readPredecessors() },
  { number: '1', name: 'look for a duplicate', take: protocol => protocol.lookForDuplicate() },
  { number: '1', name: 'release what was given up', take: protocol => protocol.release() },
  { number: '2', name: 'read claims', take: protocol => protocol.readUnread() },
  { number: '3', name: 'fence a previous owner', take: protocol => protocol.endPreviousOwner() },
  { number: '4', name: 'claim', take: protocol => protocol.claim() },
  { number: '5', name: 'mark', take: protocol => protocol.mark() },
  { number: '2', name: 'read kept claims again', take: protocol => protocol.readKept() },
]

export class Protocol {
  generation = 0
  hasProducer = false
  producerSince = 0
  /** The group does not count this pod. */
  isOut = false
  /** Counts joins: an answer to a question from before a join is stale after the join. */
  joins = 0
  /** It is known which claims earlier incarnations of this pod have left. */
  knowsPredecessors = false
  #nonces = 0
  readonly #duplicates: Duplicates
  readonly #options: ProtocolOptions

  constructor(options: ProtocolOptions) {
    this.#options = options
    this.#duplicates = new Duplicates(options.pod)
  }

  /** Begins the first step that applies. */
  advance(): void {
    STEPS.some(({ take }) => take(this))
  }

  /** Commits may go on: the producer is in use and every task that works here is secure. */
  get isSettled(): boolean {
    return this.hasProducer && this.#options.holdings.all.every(({ isKept, isSecure }) => isSecure || !isKept)
  }

  /** Settled, and since the last join no task that works here can have been another's. */
  get isSure(): boolean {
    const { holdings } = this.#options
    return this.isSettled && !this.isOut && holdings.all.every(({ isKept, isRead }) => isRead || !isKept)
  }

  startProducer(): boolean {
    if (this.hasProducer) return false
    const { pod, producer, committer, writePlaces, holdings, operations } = this.#options
    const use = (started: Producer) => {
      committer.useProducer(started)
      this.hasProducer = true
      this.producerSince = pod.system.monotonic()
      // The next owners may have taken them over, in the same generation.
      for (const holding of holdings.leaving.values()) holding.unread()
    }
    const started = pod.log.startProducer(producer, writePlaces)
    operations.begin(started, use, error => blockWaiting(holdings.all, error, pod))
    return true
  }

  /** Our producer has fenced earlier incarnations of this pod. Nobody needs to fence them again: that fence would hit us. */
  readPredecessors(): boolean {
    if (this.knowsPredecessors) return false
    const { pod, producer, statePlaces, membership, holdings, operations } = this.#options
    const read = membership()?.readClaims(statePlaces)
    if (!read) return true
    operations.begin(read, claims => {
      this.knowsPredecessors = true
      holdings.releases.owePredecessors({ incarnation: pod.incarnation, producer }, statePlaces, claims)
    })
    return true
  }

  /** An earlier start of this pod was there when this one joined. Nothing else need ever be read again, so it looks once more. */
  lookForDuplicate(): boolean {
    const group = this.#options.membership()
    if (!this.#duplicates.isDue || !group) return false
    this.#options.operations.begin(group.liveMembers(), live => this.#lookForDuplicate(live))
    return true
  }

  #lookForDuplicate(live: ReadonlySet<string>): void {
    const waitsMs = this.#duplicates.look(live)
    if (waitsMs !== undefined) this.#options.operations.wakeIn(waitsMs)
  }

  /** Writes the releases that are owed. This step holds up no other step. */
  release(): boolean {
    const { committer, holdings, pod } = this.#options
    holdings.releases.write(committer, pod.system.now())
    return false
  }

  readUnread(): boolean {
    const unread = this.#options.holdings.all.filter(({ isRead }) => !isRead)
    if (unread.length > 0) this.#readClaims(unread)
    return unread.length > 0
  }

  endPreviousOwner(): boolean {
    const { holdings, confirmation, operations, pod } = this.#options
    for (const holding of holdings.all)
      if (holding.lookForOwner()) operations.wakeIn(holding.previous.patienceMs + 1)
    const inTheWay = holdings.all.find(({ previous }) => previous.claim && !previous.isAwaited)
    const owner = inTheWay?.previous.claim
    if (!inTheWay || !owner) return false
    // A pod that has slept or was cut off would fence rightful owners.
    if (!confirmation.isByGroup) operations.pauseUntil(pod.system.monotonic() + RETRIES.ownership.firstMs)
    else if (inTheWay.previous.looksAgain()) this.#readClaims([inTheWay])
    else this.#fence(inTheWay, owner)
    return true
  }

  claim(): boolean {
    const { holdings } = this.#options
    const claimable = holdings.all.filter(({ mayBeClaimed }) => mayBeClaimed)
    // Tasks that run here come first: a slow restore must not hold them up.
    const kept = claimable.filter(({ isKept }) => isKept)
    if (claimable.length > 0) this.#claim(kept.length > 0 ? kept : claimable)
    return claimable.length > 0
  }

  mark(): boolean {
    const { committer, holdings } = this.#options
    const markable = holdings.all.filter(({ mayBeMarked }) => mayBeMarked)
    if (markable.length === 0 || !committer.isFree) return false
    this.#mark(markable)
    return true
  }

  /** If only commits confirm this pod, the pod also reads its claims. */
  readKept(): boolean {
    const { confirmation, holdings } = this.#options
    if (!confirmation.wantsLook || !this.isSure) return false
    this.#readClaims(holdings.kept, confirmation.look())
    return true
  }

  #readClaims(holdings: readonly Holding[], onOurs?: () => void): void {
    const { pod, membership, operations } = this.#options
    const group = membership()
    if (!group) return
    const { joins } = this
    const places = holdings.map(({ task }) => task.statePlace)
    operations.begin(
      Promise.all([group.readClaims(places), group.liveMembers(), pod.log.bounds(places)]),
      ([claims, live, bounds]) => {
        if (joins !== this.joins) return
        this.#lookForDuplicate(live)
        for (const [index, holding] of holdings.entries()) {
          holding.previous.readableEnd = bounds[index]?.end ?? 0
          this.#verify(holding, decodeClaim(claims[index]), live)
        }
        if (holdings.every(({ isKept }) => isKept)) onOurs?.()
      },
    )
  }

  #verify(holding: Holding, stored: Claim | undefined, live: ReadonlySet<string>): void {
    const { pod, holdings, operations } = this.#options
    const { name } = holding.task
    if (!holdings.all.includes(holding)) return
    if (!holding.verify(stored, live)) {
      pod.logger.info('a task was taken over by another pod meanwhile', { task: name })
      return holdings.drop(name)
    }
    if (holding.trouble !== undefined) pod.block(name, holding.trouble)
    holding.trouble = undefined
    if (!stored || holding.previous.claim) operations.wakeIn(holding.previous.patienceMs + 1)
  }

  #fence(holding: Holding, owner: Claim): void {
    const { pod, writePlaces, holdings, operations } = this.#options
    pod.meter.fenced(owner.producer)
    // The fence settles only what was read before it began, and nothing that is written while it runs.
    const seen = [...holdings.held.values()].map(each => ({ each, nonces: each.settledBy(owner) }))
    const settle = () => {
      for (const { each, nonces } of seen) each.settle(nonces)
      holding.settle([owner.nonce])
    }
    const fenced = pod.log.fence(owner.producer, writePlaces)
    operations.begin(fenced, settle, error => void blockWaiting([holding], error, pod))
  }

  #claim(holdings: readonly Holding[]): void {
    const { pod, producer, membership, operations } = this.#options
    const group = membership()
    if (!group) return
    const { incarnation } = pod
    const { joins } = this
    const nonces = holdings.map(() => `${incarnation}#${++this.#nonces}`)
    const claims = holdings.map((holding, index) => {
      const nonce = nonces[index] ?? ''
      holding.sends(nonce)
      return { ...holding.task.statePlace, metadata: encodeClaim({ incarnation, producer, nonce }) }
    })
    const accept = () => {
      if (joins !== this.joins || !this.hasProducer) return
      for (const [index, holding] of holdings.entries()) holding.claimed(nonces[index] ?? '')
    }
    operations.begin(group.claim(this.generation, claims), accept, () => {
      pod.meter.claimsRefused()
      for (const holding of holdings) holding.unread()
    })
  }

  #mark(holdings: readonly Holding[]): void {
    const { committer, producer, pod, operations } = this.#options
    const { incarnation, system } = pod
    const marks = holdings.map(holding => ({ holding, nonce: holding.claim ?? '' }))
    const marker = (nonce: string) => ({ incarnation, producer, nonce })
    const batches = marks.map(({ holding, nonce }) => holding.marks(marker(nonce), system.now()))
    const drop = (name: string) => this.#options.holdings.drop(name)
    const written = () => {
      for (const { holding, nonce } of marks) holding.wasMarked(nonce)
    }
    const refused = ({ batch, error }: Refusal) =>
      operations.wakeIn((marks[batch]?.holding.cannotBeMarked(error, drop) ?? 0) + 1)
    committer.write(batches, written, refusals => refusals.forEach(refused))
  }
}
