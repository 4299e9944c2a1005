/**
 * The coordinator's side of one consumer group, with eager rebalancing.
 *
 *   stable --join, leave, session over--> joining --all rejoined, or time is up--> syncing --leader's plan--> stable
 *
 * A join waits for every known member to join again; a dead member holds the join up until its session is over. Claims and
 * heartbeats are bound to a generation and refused under any other. Claims of the running generation are accepted while the
 * next one is joining: the next owners read claims only after that. A membership check is no assignment check: a member may
 * claim any partition.
 */

import type { TaskId, TopicPartition } from '#core/record.ts'
import { partitionKey } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { Claim, GroupMember } from '../log.ts'

export type Assignment = ReadonlyMap<string, readonly TaskId[]>

export interface JoinRequest {
  /** Identity of this membership, made by the client; a client that starts over takes a new one. */
  readonly memberId: string
  /** Incarnation of the process. */
  readonly member: string
  readonly data: string
  readonly sessionTimeoutMs: number
}

export interface Joined {
  readonly generation: number
  /** All members, for the one that leads; others get `undefined`. */
  readonly members: readonly GroupMember[] | undefined
}

/** Why a member must join again: `unknown` members under a new id. */
export type Refusal = 'unknown' | 'stale' | 'rebalance'

interface Member {
  readonly memberId: string
  readonly member: string
  data: string
  sessionTimeoutMs: number
  seenAt: number
  answerJoin: ((answer: Joined | Refusal) => void) | undefined
  answerSync: ((answer: readonly TaskId[] | Refusal) => void) | undefined
  cancelSession: () => void
}

export type Position = TopicPartition & { readonly offset: number }

interface OffsetEntry {
  readonly offset: number | undefined
  readonly metadata: string | undefined
}

export class Group {
  readonly #system: System
  readonly #rebalanceTimeoutMs: number
  readonly #members = new Map<string, Member>()
  readonly #entries = new Map<string, OffsetEntry>()
  #phase: 'joining' | 'syncing' | 'stable' = 'stable'
  #generation = 0
  #leader: string | undefined
  #assignment: Assignment = new Map()
  #cancelRebalance: () => void = () => {}
  /** What readers of claims get to see while they are led to a deposed coordinator. */
  #staleEntries: ReadonlyMap<string, OffsetEntry> | undefined

  constructor(system: System, rebalanceTimeoutMs: number) {
    this.#system = system
    this.#rebalanceTimeoutMs = rebalanceTimeoutMs
  }

  /** Incarnations that are members now. */
  get liveMembers(): ReadonlySet<string> {
    return new Set([...this.#members.values()].map(member => member.member))
  }

  /** Every member has its tasks; no join is under way. */
  get isStable(): boolean {
    return this.#phase === 'stable'
  }

  join(request: JoinRequest, answer: (answer: Joined | Refusal) => void): void {
    const member = this.#members.get(request.memberId) ?? this.#admit(request)
    member.data = request.data
    member.sessionTimeoutMs = request.sessionTimeoutMs
    member.answerJoin = answer
    this.#seen(member)
    this.#rebalance()
  }

  /** The leader brings the assignment; the others wait for their part of it. */
  sync(
    memberId: string,
    generation: number,
    assignment: Assignment | undefined,
    answer: (answer: readonly TaskId[] | Refusal) => void,
  ): void {
    const member = this.#members.get(memberId)
    const refusal = this.#refusal(member, generation)
    if (refusal !== undefined) answer(refusal)
    if (member === undefined || refusal !== undefined) return
    this.#seen(member)
    member.answerSync = answer
    if (assignment !== undefined && memberId === this.#leader && this.#phase === 'syncing') {
      this.#assignment = assignment
      this.#phase = 'stable'
    }
    if (this.#phase === 'stable') this.#answerSyncs()
  }

  heartbeat(memberId: string, generation: number): 'ok' | Refusal {
    const member = this.#members.get(memberId)
    if (member !== undefined) this.#seen(member)
    return this.#refusal(member, generation) ?? 'ok'
  }

  leave(memberId: string): void {
    const member = this.#members.get(memberId)
    if (member !== undefined) this.#remove(member)
  }

  /** Removes members by their incarnations, as somebody who knows that they have ended does. */
  dismiss(hasEnded: (member: string) => boolean): void {
    for (const member of [...this.#members.values()]) if (hasEnded(member.member)) this.#remove(member)
  }

  /** Stores claims of a member of this generation; returns why not. */
  claim(memberId: string, generation: number, claims: readonly Claim[]): Refusal | undefined {
    const refusal = this.#storeRefusal(memberId, generation)
    if (refusal !== undefined) return refusal
    for (const claim of claims) {
      this.#entries.set(partitionKey(claim), { offset: undefined, metadata: claim.metadata })
    }
    return undefined
  }

  /** As `claim`; a position takes the entry of a claim on the same place, as a group has one entry a partition. */
  commitPositions(memberId: string, generation: number, positions: readonly Position[]): Refusal | undefined {
    const refusal = this.#storeRefusal(memberId, generation)
    if (refusal !== undefined) return refusal
    for (const position of positions) {
      this.#entries.set(partitionKey(position), { offset: position.offset, metadata: undefined })
    }
    return undefined
  }

  readClaims(places: readonly TopicPartition[]): readonly (string | undefined)[] {
    const entries = this.#staleEntries ?? this.#entries
    return places.map(place => entries.get(partitionKey(place))?.metadata)
  }

  positions(places: readonly TopicPartition[]): readonly (number | undefined)[] {
    return places.map(place => this.#entries.get(partitionKey(place))?.offset)
  }

  /** All claims by place, for checks. */
  get claims(): ReadonlyMap<string, string> {
    const claims = new Map<string, string>()
    for (const [place, { metadata }] of this.#entries) if (metadata !== undefined) claims.set(place, metadata)
    return claims
  }

  /** Drops the entries of one topic, as a tool or expiry does. */
  wipe(topic: string): void {
    for (const place of this.#entries.keys()) {
      if (place.slice(0, place.lastIndexOf('/')) === topic) this.#entries.delete(place)
    }
  }

  /** From now on readers see the claims as they are now, until `thaw`. */
  freezeClaims(): void {
    this.#staleEntries = new Map(this.#entries)
  }

  thawClaims(): void {
    this.#staleEntries = undefined
  }

  /** A new coordinator has loaded the group: sessions count from `now`, everyone must join again. */
  move(now: number): void {
    for (const member of this.#members.values()) member.seenAt = Math.max(member.seenAt, now)
    this.#rebalance()
  }

  #admit(request: JoinRequest): Member {
    const member: Member = {
      memberId: request.memberId,
      member: request.member,
      data: request.data,
      sessionTimeoutMs: request.sessionTimeoutMs,
      seenAt: this.#system.monotonic(),
      answerJoin: undefined,
      answerSync: undefined,
      cancelSession: () => {},
    }
    this.#members.set(member.memberId, member)
    this.#watchSession(member, member.sessionTimeoutMs)
    return member
  }

  #refusal(member: Member | undefined, generation: number): Refusal | undefined {
    if (member === undefined) return 'unknown'
    if (generation !== this.#generation) return 'stale'
    return this.#phase === 'joining' ? 'rebalance' : undefined
  }

  /** While the next generation is joining, the running one may still store. */
  #storeRefusal(memberId: string, generation: number): Refusal | undefined {
    const refusal = this.#refusal(this.#members.get(memberId), generation)
    if (refusal === undefined) return this.#phase === 'syncing' ? 'rebalance' : undefined
    return refusal === 'rebalance' ? undefined : refusal
  }

  #seen(member: Member): void {
    member.seenAt = this.#system.monotonic()
  }

  /**
   * One timer a member. When it fires, it is set again for the rest of the session. A member that waits for an answer of the
   * coordinator is alive, as in Kafka's `hasSatisfiedHeartbeat`.
   */
  #watchSession(member: Member, delayMs: number): void {
    member.cancelSession = this.#system.after(delayMs, () => {
      if (member.answerJoin !== undefined || member.answerSync !== undefined) this.#seen(member)
      const left = member.seenAt + member.sessionTimeoutMs - this.#system.monotonic()
      if (left > 0) this.#watchSession(member, left)
      else this.#remove(member)
    })
  }

  #remove(member: Member): void {
    member.cancelSession()
    this.#members.delete(member.memberId)
    member.answerJoin?.('unknown')
    member.answerSync?.('unknown')
    this.#rebalance()
  }

  /** Begins a join, or goes on with it: it is complete when nobody is missing. */
  #rebalance(): void {
    if (this.#phase !== 'joining') {
      this.#phase = 'joining'
      this.#cancelRebalance = this.#system.after(this.#rebalanceTimeoutMs, () => this.#dropMissing())
      this.#answerSyncs()
    }
    const missing = [...this.#members.values()].some(member => member.answerJoin === undefined)
    if (!missing) this.#completeJoin()
  }

  #dropMissing(): void {
    const missing = [...this.#members.values()].filter(member => member.answerJoin === undefined)
    for (const member of missing) this.#remove(member)
  }

  #completeJoin(): void {
    this.#cancelRebalance()
    this.#generation++
    this.#assignment = new Map()
    const members = [...this.#members.values()]
    this.#phase = members.length === 0 ? 'stable' : 'syncing'
    if (!this.#members.has(this.#leader ?? '')) this.#leader = members[0]?.memberId
    const all = members.map(({ member, data }) => ({ member, data }))
    for (const member of members) {
      this.#seen(member)
      const answer = member.answerJoin
      member.answerJoin = undefined
      answer?.({ generation: this.#generation, members: member.memberId === this.#leader ? all : undefined })
    }
  }

  #answerSyncs(): void {
    for (const member of this.#members.values()) {
      const answer = member.answerSync
      member.answerSync = undefined
      if (this.#phase === 'stable') answer?.(this.#assignment.get(member.member) ?? [])
      else answer?.('rebalance')
    }
  }
}
