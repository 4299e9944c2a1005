/** A member of the group that claims what it is given, now and then so late that another generation has begun. */
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { TaskId } from '#core/record.ts'
import { type System, sleep } from '#core/system.ts'
import type { GroupMember, Log, Membership } from '#engine/log/log.ts'

export const GROUP = 'claims'
export const SESSION_MS = 3_000
const STAGE = 'state'
const PARTITIONS = 3
const DELAY_MS_MAX = 1_500

export interface SentClaim {
  readonly member: string
  readonly generation: number
  readonly metadata: string
  outcome: string
}

export class Claimant {
  readonly claims: SentClaim[] = []
  readonly complaints: string[] = []
  readonly generations: number[] = []
  readonly member: string
  readonly #system: System
  readonly #membership: Membership
  #pending = 0

  constructor(member: string, log: Log, system: System) {
    this.member = member
    this.#system = system
    this.#membership = log.joinGroup({
      group: GROUP,
      member,
      sessionTimeoutMs: SESSION_MS,
      memberData: () => '',
      assign: divide,
      listener: {
        joined: (generation, tasks) => void this.#joined(generation, tasks),
        lost: () => undefined,
      },
    })
  }

  get isBusy(): boolean {
    return this.#pending > 0
  }

  rejoin(): void {
    this.#membership.rejoin()
  }

  async #joined(generation: number, tasks: readonly TaskId[]): Promise<void> {
    const last = this.generations.at(-1) ?? 0
    if (generation <= last)
      this.complaints.push(`${this.member}: generation ${generation} came after ${last}`)
    this.generations.push(generation)
    if (tasks.length === 0) return
    this.#pending++
    if (this.#system.random() < 0.5) await sleep(this.#system, this.#system.random() * DELAY_MS_MAX)
    await this.#claim(generation, tasks)
    this.#pending--
  }

  async #claim(generation: number, tasks: readonly TaskId[]): Promise<void> {
    const metadata = `${this.member} ${generation}`
    const claim: SentClaim = { member: this.member, generation, metadata, outcome: 'pending' }
    this.claims.push(claim)
    const claims = tasks.map(({ stage, partition }) => ({ topic: stage, partition, metadata }))
    try {
      await this.#membership.claim(generation, claims)
      claim.outcome = 'stored'
    } catch (error) {
      claim.outcome = error instanceof CaudalError ? error.code : reasonOf(error)
    }
  }
}

function divide(members: readonly GroupMember[]): Map<string, readonly TaskId[]> {
  const names = members.map(({ member }) => member).sort()
  const tasks = Array.from({ length: PARTITIONS }, (_, partition) => ({ stage: STAGE, partition }))
  return new Map(
    names.map((name, index) => [name, tasks.filter(each => each.partition % names.length === index)]),
  )
}
