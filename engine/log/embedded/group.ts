/** Consumer groups of the embedded log: all members live in this process, so a join is a turn of the event loop. */
import { CaudalError, invariant } from '#core/errors.ts'
import type { TopicPartition } from '#core/record.ts'
import { partitionKey } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { Claim, GroupOptions, Membership } from '#engine/log/log.ts'
import { groupKey } from './keys.ts'
import type { Change, Writer } from './writer.ts'

/** What is stored of a group, as JSON. */
export interface StoredGroup {
  readonly claims: Readonly<Record<string, string>>
  readonly positions: Readonly<Record<string, number>>
}

export const EMPTY_GROUP: StoredGroup = { claims: {}, positions: {} }

const METADATA_CHARACTERS_MAX = 1_000

/**
 * The log is open in one process at a time. So a group has no coordinator to lose and no session to keep alive. One member
 * is the rule; several members work too. Every join, leave or request to rejoin begins a new generation for all members.
 * The generation begins on the next turn of the event loop: several requests of one turn make one generation.
 */
export class Group {
  readonly #name: string
  readonly #system: System
  readonly #writer: Writer
  readonly #nextGeneration: () => number
  readonly #members = new Map<string, EmbeddedMembership>()
  #stored: StoredGroup
  #generation = 0
  #joining = false

  constructor(
    name: string,
    stored: StoredGroup,
    system: System,
    writer: Writer,
    nextGeneration: () => number,
  ) {
    this.#name = name
    this.#stored = stored
    this.#system = system
    this.#writer = writer
    this.#nextGeneration = nextGeneration
  }

  position(place: TopicPartition): number | undefined {
    return this.#stored.positions[partitionKey(place)]
  }

  claimed(place: TopicPartition): string | undefined {
    return this.#stored.claims[partitionKey(place)]
  }

  join(options: GroupOptions): Membership {
    invariant(!this.#members.has(options.member), `member ${options.member} is in the group already`)
    const membership = new EmbeddedMembership(this, options, this.#system)
    this.#members.set(options.member, membership)
    this.joinSoon()
    return membership
  }

  /** All members are gone without leaving: the log closes. */
  dissolve(): void {
    this.#members.clear()
  }

  remove(member: string): void {
    if (this.#members.delete(member)) this.joinSoon()
  }

  liveMembers(): ReadonlySet<string> {
    return new Set(this.#members.keys())
  }

  joinSoon(): void {
    if (this.#joining) return
    this.#joining = true
    this.#system.defer(() => this.#join())
  }

  /** Refused unless the member is in the group and the generation is the current one when it is written. */
  claim(member: string, generation: number, claims: readonly Claim[]): Promise<void> {
    for (const { metadata } of claims)
      invariant(metadata.length <= METADATA_CHARACTERS_MAX, 'a claim has at most 1,000 characters')
    return this.#writer.submit(
      () => {
        if (!this.#members.has(member))
          throw new CaudalError('CLAIM_REFUSED', { generation, reason: `${member} is not a member` })
        if (generation !== this.#generation)
          throw new CaudalError('CLAIM_REFUSED', { generation, reason: `it is ${this.#generation} now` })
        return this.#change(
          'claims',
          claims.map(claim => [partitionKey(claim), claim.metadata]),
        )
      },
      { alone: true },
    )
  }

  commitPositions(positions: readonly (TopicPartition & { readonly offset: number })[]): Promise<void> {
    return this.#writer.submit(
      () =>
        this.#change(
          'positions',
          positions.map(one => [partitionKey(one), one.offset]),
        ),
      { alone: true },
    )
  }

  #change<K extends keyof StoredGroup>(
    part: K,
    entries: readonly (readonly [string, StoredGroup[K][string]])[],
  ): Change<void> {
    const stored = { ...this.#stored, [part]: { ...this.#stored[part], ...Object.fromEntries(entries) } }
    return {
      puts: [[groupKey(this.#name), Buffer.from(JSON.stringify(stored))]],
      committed: () => {
        this.#stored = stored
      },
    }
  }

  #join(): void {
    this.#joining = false
    const members = [...this.#members.values()]
    const [leader] = members
    if (!leader) return
    this.#generation = this.#nextGeneration()
    const described = members.map(one => ({ member: one.options.member, data: one.options.memberData() }))
    const tasks = leader.options.assign(described)
    for (const { options } of members)
      options.listener.joined(this.#generation, tasks.get(options.member) ?? [])
    for (const member of members) member.joined = true
  }
}

class EmbeddedMembership implements Membership {
  readonly options: GroupOptions
  readonly #group: Group
  readonly #system: System
  joined = false

  constructor(group: Group, options: GroupOptions, system: System) {
    this.#group = group
    this.options = options
    this.#system = system
  }

  /** Nothing lies between a member and its group: it is confirmed at any moment. */
  get confirmedAt(): number {
    return this.joined ? this.#system.monotonic() : Number.NEGATIVE_INFINITY
  }

  claim(generation: number, claims: readonly Claim[]): Promise<void> {
    return this.#group.claim(this.options.member, generation, claims)
  }

  async readClaims(places: readonly TopicPartition[]): Promise<readonly (string | undefined)[]> {
    return places.map(place => this.#group.claimed(place))
  }

  async liveMembers(): Promise<ReadonlySet<string>> {
    return this.#group.liveMembers()
  }

  commitPositions(positions: readonly (TopicPartition & { readonly offset: number })[]): Promise<void> {
    return this.#group.commitPositions(positions)
  }

  rejoin(): void {
    this.#group.joinSoon()
  }

  async leave(): Promise<void> {
    this.joined = false
    this.#group.remove(this.options.member)
  }
}
