/**
 * A client's membership: one loop that joins, syncs and sends heartbeats until it must join again.
 *
 *   join -> sync -> `joined` -> heartbeats --rebalance, rejoin(), stale--> join
 *                                          --unknown, session over--> `lost`, join under a new id
 *
 * Everything is bound to the generation that the caller names. Real clients break that in two ways. Both can be switched on
 * as faults: claims that resolve without being sent, and claims retried under the present generation.
 */
import { CaudalError, hasCode, invariant } from '#core/errors.ts'
import type { TaskId, TopicPartition } from '#core/record.ts'
import { sleep } from '#core/system.ts'
import type { Claim, GroupOptions, Membership } from '../log.ts'
import type { Cluster } from './cluster.ts'
import type { Connection } from './connection.ts'
import type { Joined, Position, Refusal } from './group.ts'

const RETRY_MS = 100
const CLAIM_CHARACTERS_MAX = 1_000
/** Heartbeats in one session time-out. */
const HEARTBEATS = 6

export class SimulatedMembership implements Membership {
  readonly #cluster: Cluster
  readonly #connection: Connection
  readonly #options: GroupOptions
  readonly #onLeave: () => void
  confirmedAt = Number.NEGATIVE_INFINITY
  #incarnations = 1
  #generation = -1
  #isNew = true
  #isLeft = false
  #isRejoinWanted = false
  #isCrashed = false
  #wake: () => void = () => {}

  constructor(cluster: Cluster, connection: Connection, options: GroupOptions, onLeave: () => void) {
    this.#cluster = cluster
    this.#connection = connection
    this.#options = options
    this.#onLeave = onLeave
  }

  start(): void {
    void this.#run()
  }

  async claim(generation: number, claims: readonly Claim[]): Promise<void> {
    const { defects } = this.#cluster
    const isShort = claims.every(({ metadata }) => metadata.length <= CLAIM_CHARACTERS_MAX)
    invariant(isShort, `a claim has at most ${CLAIM_CHARACTERS_MAX} characters`)
    if (defects.claimsLie(this.#connection.client)) return
    for (;;) {
      try {
        return await this.#claimOnce(generation, claims)
      } catch (error) {
        if (!defects.claimsRetried(this.#connection.client) || this.#isLeft) throw error
      }
      await sleep(this.#connection.system, RETRY_MS)
      generation = this.#generation
    }
  }

  readClaims(places: readonly TopicPartition[]): Promise<readonly (string | undefined)[]> {
    return this.#connection.ask('readClaims', () => this.#group().readClaims(places))
  }

  liveMembers(): Promise<ReadonlySet<string>> {
    return this.#connection.ask('readClaims', () => this.#group().liveMembers)
  }

  async commitPositions(positions: readonly Position[]): Promise<void> {
    const memberId = this.#memberId
    const generation = this.#generation
    const refusal = await this.#connection.ask('positions', () =>
      this.#group().commitPositions(memberId, generation, positions),
    )
    if (refusal !== undefined) throw this.#refused(generation, refusal)
  }

  rejoin(): void {
    this.#isRejoinWanted = true
    this.#wake()
  }

  async leave(): Promise<void> {
    if (this.#isLeft) return
    this.#isLeft = true
    this.#onLeave()
    this.#wake()
    try {
      await this.#connection.ask('leave', () => this.#group().leave(this.#memberId))
    } catch (error) {
      // Unheard, the member is gone when its session is over.
      if (!hasCode(error, 'LOG_UNAVAILABLE') && !hasCode(error, 'LOG_CLOSED')) throw error
    }
  }

  /** The client fails inside and starts over under a new id; the old member stays until its session is over. */
  crash(): void {
    this.#isCrashed = true
    this.#wake()
  }

  get #memberId(): string {
    return `${this.#options.member}#${this.#incarnations}`
  }

  #group() {
    return this.#cluster.groups.reach(this.#options.group)
  }

  async #run(): Promise<void> {
    while (!this.#isLeft) {
      try {
        this.#isRejoinWanted = false
        if (await this.#join()) await this.#stay()
      } catch (error) {
        if (this.#isLeft || this.#connection.isClosed) return
        if (!hasCode(error, 'LOG_UNAVAILABLE')) throw error
        await this.#nap(RETRY_MS)
      }
    }
  }

  /** True once the member has its tasks; false when it must join again. */
  async #join(): Promise<boolean> {
    const { member, memberData, sessionTimeoutMs, assign, listener, hasEnded } = this.#options
    if (hasEnded && this.#isNew) await this.#connection.ask('leave', () => this.#group().dismiss(hasEnded))
    this.#isNew = false
    const memberId = this.#memberId
    const request = { memberId, member, data: memberData(), sessionTimeoutMs }
    const joined = await this.#connection.call<Joined | Refusal>('join', answer =>
      this.#group().join(request, answer),
    )
    if (typeof joined === 'string') return this.#startOver(joined)
    const sentAt = this.#connection.system.monotonic()
    const plan = joined.members && assign(joined.members)
    const tasks = await this.#connection.call<readonly TaskId[] | Refusal>('sync', answer =>
      this.#group().sync(memberId, joined.generation, plan, answer),
    )
    if (typeof tasks === 'string') return this.#startOver(tasks)
    if (this.#isLeft) return false
    this.#generation = joined.generation
    this.confirmedAt = sentAt
    listener.joined(joined.generation, tasks)
    return true
  }

  /** Sends heartbeats until there is a reason to join again. */
  async #stay(): Promise<void> {
    const { system } = this.#connection
    const { sessionTimeoutMs } = this.#options
    for (;;) {
      if (!this.#isRejoinWanted && !this.#isCrashed) await this.#nap(sessionTimeoutMs / HEARTBEATS)
      if (this.#isLeft || this.#isRejoinWanted) return
      if (this.#isCrashed) return this.#restart('the group client has failed')
      const sentAt = system.monotonic()
      const answer = await this.#heartbeat()
      if (answer === 'ok') this.confirmedAt = sentAt
      else if (answer !== 'unanswered') return void this.#startOver(answer)
      else if (system.monotonic() - this.confirmedAt > sessionTimeoutMs)
        return this.#restart('no heartbeat was answered')
    }
  }

  #heartbeat(): Promise<'ok' | Refusal | 'unanswered'> {
    const memberId = this.#memberId
    const generation = this.#generation
    return this.#connection
      .ask<'ok' | Refusal | 'unanswered'>('heartbeat', () => this.#group().heartbeat(memberId, generation))
      .catch(error => {
        if (hasCode(error, 'LOG_UNAVAILABLE')) return 'unanswered'
        throw error
      })
  }

  async #claimOnce(generation: number, claims: readonly Claim[]): Promise<void> {
    const memberId = this.#memberId
    const refusal = await this.#connection.ask('claim', () => {
      if (this.#cluster.groups.isMoving) return 'moving'
      return this.#group().claim(memberId, generation, claims)
    })
    if (refusal !== undefined) throw this.#refused(generation, refusal)
  }

  #refused(generation: number, reason: string): CaudalError {
    return new CaudalError('CLAIM_REFUSED', { generation, reason })
  }

  #startOver(refusal: Refusal): false {
    if (refusal === 'unknown') this.#restart('the session is over')
    return false
  }

  #restart(reason: string): void {
    if (this.#isLeft) return
    this.#isCrashed = false
    this.#incarnations++
    this.#options.listener.lost(reason)
  }

  #nap(delayMs: number): Promise<void> {
    return new Promise(resolve => {
      const cancel = this.#connection.system.after(delayMs, resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }
}
