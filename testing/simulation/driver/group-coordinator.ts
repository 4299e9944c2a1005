/**
 * A group as its coordinator keeps it: members, generations, offsets with their metadata. Of Kafka's classic protocol, what
 * the driver asks for.
 */
import type { System } from '#core/system.ts'
import type { RequestName } from '#engine/log/kafka/broker-codes.ts'
import type { JoinAnswer } from '#engine/log/kafka/library.ts'
import { Refusal } from '#engine/log/kafka/wire.ts'

const CODE = { generation: 22, member: 25, rebalance: 27 } as const
/** How long a first join waits for others. */
const GATHERING_MS = 100

interface Member {
  readonly memberId: string
  readonly clientId: string
  readonly sessionMs: number
  metadata: Buffer
  assignment: Buffer
  seenAt: number
  join: PromiseWithResolvers<JoinAnswer> | undefined
  sync: PromiseWithResolvers<{ memberAssignment: Buffer }> | undefined
}

export interface StoredEntry {
  readonly offset: string
  readonly metadata: string | null
  /** The generation of the member that stored it, as the coordinator knows it. */
  readonly generation: number
}

export interface JoinRequest {
  readonly memberId: string
  readonly sessionTimeout: number
  readonly groupProtocols: readonly { readonly metadata: Buffer }[]
}

export interface MemberIdentity {
  readonly memberId: string
  readonly generation: number
}

export class GroupCoordinator {
  generation = 0
  readonly stored: StoredEntry[] = []
  readonly #system: System
  readonly #members = new Map<string, Member>()
  readonly #entries = new Map<string, StoredEntry>()
  #state: 'empty' | 'joining' | 'syncing' | 'stable' = 'empty'
  #leader = ''
  #memberIds = 0
  #round = 0

  constructor(system: System) {
    this.#system = system
  }

  get members(): readonly { readonly clientId: string; readonly memberId: string }[] {
    return [...this.#members.values()]
  }

  join(clientId: string, { memberId, sessionTimeout, groupProtocols }: JoinRequest): Promise<JoinAnswer> {
    if (memberId !== '' && !this.#members.has(memberId)) throw new Refusal('JoinGroup', CODE.member)
    const id = memberId === '' ? `${clientId}-${++this.#memberIds}` : memberId
    const member = this.#members.get(id) ?? this.#admit(id, clientId, sessionTimeout)
    member.metadata = groupProtocols[0]?.metadata ?? Buffer.alloc(0)
    this.#heard(member)
    member.join ??= Promise.withResolvers()
    const { promise } = member.join
    this.#rebalance(sessionTimeout)
    return promise
  }

  sync(
    { memberId, generation }: MemberIdentity,
    assignments: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[],
  ): Promise<{ memberAssignment: Buffer }> {
    const member = this.#checked('SyncGroup', memberId, generation)
    if (this.#state === 'joining') throw new Refusal('SyncGroup', CODE.rebalance)
    member.sync ??= Promise.withResolvers()
    const { promise } = member.sync
    if (this.#state === 'syncing' && memberId === this.#leader) {
      for (const each of assignments) {
        const one = this.#members.get(each.memberId)
        if (one) one.assignment = each.memberAssignment
      }
      this.#state = 'stable'
    }
    if (this.#state === 'stable') this.#answerSyncs()
    return promise
  }

  beat({ memberId, generation }: MemberIdentity): void {
    const member = this.#checked('Heartbeat', memberId, generation)
    this.#heard(member)
    if (this.#state === 'joining') throw new Refusal('Heartbeat', CODE.rebalance)
  }

  leave(memberId: string): void {
    if (!this.#members.has(memberId)) throw new Refusal('LeaveGroup', CODE.member)
    this.#remove(memberId)
  }

  store(
    { memberId, generation }: MemberIdentity,
    entries: readonly (readonly [string, { offset: string; metadata: string | null }])[],
  ): void {
    const member = this.#checked('OffsetCommit', memberId, generation)
    this.#heard(member)
    if (this.#state === 'syncing') throw new Refusal('OffsetCommit', CODE.rebalance)
    for (const [place, { offset, metadata }] of entries) {
      const entry = { offset, metadata, generation: this.generation }
      this.#entries.set(place, entry)
      this.stored.push(entry)
    }
  }

  fetch(place: string): StoredEntry | undefined {
    return this.#entries.get(place)
  }

  #admit(memberId: string, clientId: string, sessionMs: number): Member {
    const member: Member = {
      memberId,
      clientId,
      sessionMs,
      metadata: Buffer.alloc(0),
      assignment: Buffer.alloc(0),
      seenAt: 0,
      join: undefined,
      sync: undefined,
    }
    this.#members.set(memberId, member)
    return member
  }

  /** A member that is not heard of for a session is taken out, unless it waits for an answer. */
  #heard(member: Member): void {
    const seenAt = this.#system.monotonic()
    member.seenAt = seenAt
    this.#system.after(member.sessionMs, () => {
      const isLost = member.seenAt === seenAt && this.#members.get(member.memberId) === member
      if (!isLost) return
      if (member.join && this.#state === 'joining') this.#heard(member)
      else this.#remove(member.memberId)
    })
  }

  #remove(memberId: string): void {
    const member = this.#members.get(memberId)
    this.#members.delete(memberId)
    member?.join?.reject(new Refusal('JoinGroup', CODE.member))
    member?.sync?.reject(new Refusal('SyncGroup', CODE.member))
    if (this.#members.size === 0) this.#state = 'empty'
    else this.#rebalance(member?.sessionMs ?? 0)
  }

  #rebalance(timeoutMs: number): void {
    if (this.#state !== 'joining') {
      const wasEmpty = this.#state === 'empty'
      this.#state = 'joining'
      for (const each of this.#members.values()) {
        each.sync?.reject(new Refusal('SyncGroup', CODE.rebalance))
        each.sync = undefined
      }
      const round = ++this.#round
      this.#system.after(wasEmpty ? GATHERING_MS : timeoutMs, () => this.#round === round && this.#finish())
      if (wasEmpty) return
    }
    if ([...this.#members.values()].every(each => each.join)) this.#finish()
  }

  /** Members that have not joined by now are out. */
  #finish(): void {
    if (this.#state !== 'joining') return
    for (const [id, each] of this.#members) if (!each.join) this.#members.delete(id)
    if (this.#members.size === 0) {
      this.#state = 'empty'
      return
    }
    this.#state = 'syncing'
    this.generation++
    const members = [...this.#members.values()]
    this.#leader = members[0]?.memberId ?? ''
    const all = members.map(({ memberId, metadata }) => ({ memberId, memberMetadata: metadata }))
    for (const each of members) {
      const isLeader = each.memberId === this.#leader
      each.assignment = Buffer.alloc(0)
      each.join?.resolve({
        generationId: this.generation,
        leaderId: this.#leader,
        memberId: each.memberId,
        members: isLeader ? all : [],
      })
      each.join = undefined
      this.#heard(each)
    }
  }

  #answerSyncs(): void {
    for (const each of this.#members.values()) {
      each.sync?.resolve({ memberAssignment: each.assignment })
      each.sync = undefined
    }
  }

  #checked(request: RequestName, memberId: string, generation: number): Member {
    const member = this.#members.get(memberId)
    if (!member) throw new Refusal(request, CODE.member)
    if (generation !== this.generation) throw new Refusal(request, CODE.generation)
    return member
  }
}
