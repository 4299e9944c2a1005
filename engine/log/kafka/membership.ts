/**
 * Membership in a group, and nothing else: no partition is fetched here, so that a join stops no reading.
 *
 *        ┌────────── rejoin(), rebalance, new generation ──────────┐
 *        ▼                                                         │
 *     joining ──answer of the coordinator──▶ joined ──heartbeats───┘
 *        ▲                                     │
 *        └──── unknown member: a new one ──────┘          leave() from anywhere ──▶ left
 *
 * The member id and the generation outlive trouble. When the coordinator moves or its broker is away, heartbeats go on to
 * the next coordinator with the same identity. So a broker's death alone costs no rebalance. The member takes a new id only
 * after the answer that it is unknown. Generations are those of Kafka: they only grow.
 *
 * A killed incarnation of the same pod would hold up the first join until its session ends. So this member first reports to
 * the group that the earlier one has left. If the earlier incarnation lives after all, it only has to join again.
 *
 * A claim is sent once, with the generation that the caller names: the coordinator refuses it if a newer one has begun.
 * It travels beside the connection of the membership, where a join may be waiting.
 */
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { TopicPartition } from '#core/record.ts'
import { pauseMs, RETRIES } from '#core/retry.ts'
import type { Claim, GroupOptions, Membership } from '../log.ts'
import { nameOf, type RequestName } from './broker-codes.ts'
import {
  answering,
  CODE,
  codeOf,
  isCoordinatorLost,
  isUnanswered,
  meaningIn,
  type Question,
  told,
} from './codes.ts'
import { askCoordinator, readOffsets, storeOffsets, topicsOf } from './group-offsets.ts'
import { assignAll, decodeTasks, encodeMember, PROTOCOL_NAME, PROTOCOL_TYPE } from './group-protocol.ts'
import type { Broker, JoinAnswer } from './library.ts'
import type { Network } from './network.ts'
import type { KafkaSettings } from './options.ts'

const HEARTBEATS_PER_SESSION = 12
const HEARTBEAT_MS = { min: 100, max: 500 } as const

export class KafkaMembership implements Membership {
  confirmedAt = Number.NEGATIVE_INFINITY
  readonly #options: GroupOptions
  readonly #settings: KafkaSettings
  /** Carries joins and heartbeats. */
  readonly #own: Network
  /** Carries everything that must not wait behind a join. */
  readonly #shared: Network
  readonly #onLeft: () => void
  #memberId = ''
  #generation: number | undefined
  /** The identity of the last join, for claims: the coordinator knows better whether it still counts. */
  #joined: { readonly memberId: string; readonly generation: number } | undefined
  #joins = 0
  /** It has joined, and the listener was not called since with its loss. */
  #isCounted = false
  /** A join was asked for that has not begun. */
  #joinAsked = false
  /** The reason for which it cannot join, as it was last logged. */
  #told: string | undefined
  /** Since when nothing that it asked the group was answered as it should be. */
  #failingSince: number | undefined
  #left = false
  #wake: (() => void) | undefined
  #loop: Promise<void> | undefined

  /** `own` must call itself by the name of the member: that is how others see who is alive. */
  constructor(
    options: GroupOptions,
    settings: KafkaSettings,
    own: Network,
    shared: Network,
    onLeft: () => void,
  ) {
    this.#options = options
    this.#settings = settings
    this.#own = own
    this.#shared = shared
    this.#onLeft = onLeft
  }

  start(): void {
    this.#loop = this.#run()
  }

  async claim(generation: number, claims: readonly Claim[]): Promise<void> {
    const joined = this.#joined
    if (this.#left || joined?.generation !== generation) {
      throw new CaudalError('CLAIM_REFUSED', { generation, reason: 'it is not the current generation' })
    }
    const offsets = claims.map(({ topic, partition, metadata }) => ({
      topic,
      partition,
      offset: 0,
      metadata,
    }))
    try {
      await storeOffsets(this.#shared, { group: this.#options.group, ...joined }, offsets)
    } catch (error) {
      if (!isSurelyNotStored(error)) throw told(error, this.#question('OffsetCommit', offsets))
      const reason = `OffsetCommit was refused: ${nameOf(codeOf(error) ?? -1)}`
      throw new CaudalError('CLAIM_REFUSED', { generation, reason }, error)
    }
  }

  async readClaims(places: readonly TopicPartition[]): Promise<readonly (string | undefined)[]> {
    const found = await readOffsets(this.#shared, this.#settings, this.#options.group, places)
    return found.map(each => (each?.metadata === '' ? undefined : each?.metadata))
  }

  async liveMembers(): Promise<ReadonlySet<string>> {
    return new Set((await this.#members()).map(({ clientId }) => clientId))
  }

  async commitPositions(positions: readonly (TopicPartition & { readonly offset: number })[]): Promise<void> {
    const joined = this.#joined
    if (this.#left || !joined)
      throw new CaudalError('LOG_UNAVAILABLE', { reason: 'not a member of the group' })
    const offsets = positions.map(({ topic, partition, offset }) => ({
      topic,
      partition,
      offset,
      metadata: null,
    }))
    await storeOffsets(this.#shared, { group: this.#options.group, ...joined }, offsets).catch(error => {
      throw told(error, this.#question('OffsetCommit', offsets))
    })
  }

  rejoin(): void {
    this.#joinAsked = true
    this.#wake?.()
  }

  async leave(): Promise<void> {
    if (this.#left) return
    this.#left = true
    this.#wake?.()
    if (this.#memberId !== '') await this.#sayGoodbye(this.#memberId)
    this.#own.close()
    await this.#loop
    this.#onLeft()
  }

  async #run(): Promise<void> {
    let failures = 0
    while (!this.#left) {
      try {
        if (this.#generation === undefined || this.#joinAsked) await this.#join()
        else await this.#beat(this.#generation)
        failures = 0
        this.#recovered()
      } catch (error) {
        if (this.#left) continue
        this.#noteFailure(error)
        const waits = this.#isTrouble(error) || failures > 0
        if (waits) await this.#pause(pauseMs(RETRIES.request, failures, this.#settings.system))
        failures++
      }
    }
  }

  async #members(): Promise<readonly { readonly clientId: string; readonly memberId: string }[]> {
    const { group } = this.#options
    const question = this.#question('DescribeGroups')
    const { groups } = await askCoordinator(this.#shared, this.#settings, group, question, node =>
      this.#shared.ask(node, broker => broker.describeGroups({ groupIds: [group] })),
    )
    return groups.flatMap(({ members }) => members)
  }

  /** Says goodbye for those that could not. */
  async #dismissEnded(): Promise<void> {
    const { hasEnded } = this.#options
    if (this.#joins > 0 || !hasEnded) return
    for (const { clientId, memberId } of await this.#members()) {
      if (hasEnded(clientId)) await this.#sayGoodbye(memberId)
    }
  }

  async #join(): Promise<void> {
    await this.#dismissEnded()
    const { group, member, memberData, sessionTimeoutMs } = this.#options
    const node = await this.#own.coordinator('group', group)
    // What is asked for from here on is another join: this one carries the data of now.
    this.#joinAsked = false
    this.#generation = undefined
    const metadata = encodeMember({ member, data: memberData() }, ++this.#joins, this.#options.topics ?? [])
    const join = (broker: Broker) =>
      broker.joinGroup({
        groupId: group,
        sessionTimeout: sessionTimeoutMs,
        rebalanceTimeout: sessionTimeoutMs,
        memberId: this.#memberId,
        protocolType: PROTOCOL_TYPE,
        groupProtocols: [{ name: PROTOCOL_NAME, metadata }],
      })
    const answer = await this.#own.ask(node, join, sessionTimeoutMs).catch(answering('JoinGroup'))
    this.#memberId = answer.memberId
    await this.#sync(node, answer)
  }

  async #sync(node: number, { generationId, leaderId, memberId, members }: JoinAnswer): Promise<void> {
    const groupAssignment = leaderId === memberId ? assignAll(members, this.#options.assign) : []
    const askedAt = this.#settings.system.monotonic()
    const { group: groupId, sessionTimeoutMs } = this.#options
    const sync = (broker: Broker) => broker.syncGroup({ groupId, generationId, memberId, groupAssignment })
    // It waits for the leader, who may need as long as a join.
    const asked = this.#own.ask(node, sync, sessionTimeoutMs)
    const { memberAssignment } = await asked.catch(answering('SyncGroup'))
    if (this.#left) return
    const tasks = decodeTasks(memberAssignment)
    this.#generation = generationId
    this.#joined = { memberId, generation: generationId }
    this.#isCounted = true
    this.confirmedAt = askedAt
    this.#options.listener.joined(generationId, tasks)
  }

  async #beat(generation: number): Promise<void> {
    const perSession = this.#options.sessionTimeoutMs / HEARTBEATS_PER_SESSION
    await this.#pause(Math.min(Math.max(perSession, HEARTBEAT_MS.min), HEARTBEAT_MS.max))
    if (this.#left || this.#joinAsked) return
    const node = await this.#own.coordinator('group', this.#options.group)
    const asked = this.#settings.system.monotonic()
    const [groupId, memberId] = [this.#options.group, this.#memberId]
    await this.#own
      .ask(node, broker => broker.heartbeat({ groupId, groupGenerationId: generation, memberId }))
      .catch(answering('Heartbeat'))
    // The session is counted from when the coordinator heard of us, which was not before we asked.
    this.confirmedAt = asked
  }

  /** Draws the consequences of an error. True: to wait before the next try, also of the first in a row. */
  #isTrouble(error: unknown): boolean {
    const code = codeOf(error)
    if (code === CODE.REBALANCE_IN_PROGRESS) {
      this.#generation = undefined
      return false
    }
    if (meaningIn(error) === 'rejoin') {
      if (code !== CODE.ILLEGAL_GENERATION) this.#memberId = ''
      // Also where a join or a sync is refused: the tasks of the last generation are kept meanwhile.
      if (this.#isCounted) this.#options.listener.lost(reasonOf(error))
      this.#isCounted = false
      this.#generation = undefined
      return false
    }
    if (isCoordinatorLost(error)) this.#own.outdated()
    else if (!isUnanswered(error) && meaningIn(error) !== 'passing') this.#tell(error)
    return true
  }

  /** What passes by itself is logged as well, once, where it has not passed for long. */
  #noteFailure(error: unknown): void {
    const now = this.#settings.system.monotonic()
    this.#failingSince ??= now
    const isLong = now - this.#failingSince >= this.#settings.unavailableAfterMs
    if (isLong && this.#told === undefined) this.#tell(error)
  }

  #recovered(): void {
    this.#failingSince = undefined
    if (this.#told !== undefined) this.#settings.warn(`group ${this.#options.group} answers again`)
    this.#told = undefined
  }

  /** Once, until the group answers as it should: somebody has to do something before that. */
  #tell(error: unknown): void {
    const { message } = told(error, this.#question('JoinGroup'))
    if (message === this.#told) return
    this.#told = message
    this.#settings.warn(`group ${this.#options.group} cannot be joined: ${message}; trying again`)
  }

  #question(request: RequestName, places: readonly TopicPartition[] = []): Question {
    return { request, resource: `group ${this.#options.group}`, topics: topicsOf(places) }
  }

  async #sayGoodbye(memberId: string): Promise<void> {
    const { group } = this.#options
    try {
      const node = await this.#shared.coordinator('group', group)
      await this.#shared
        .ask(node, broker => broker.leaveGroup({ groupId: group, memberId }))
        .catch(answering('LeaveGroup'))
    } catch (error) {
      if (meaningIn(error, 'LeaveGroup') === 'settled') return
      // The group will notice by itself when the session ends.
      this.#settings.warn(`group ${group} was left without telling it: ${reasonOf(error)}`)
    }
  }

  /** Ends early when there is something to do. */
  #pause(durationMs: number): Promise<void> {
    return new Promise(resolve => {
      const cancel = this.#settings.system.after(durationMs, () => this.#wake?.())
      this.#wake = () => {
        this.#wake = undefined
        cancel()
        resolve()
      }
    })
  }
}

/** After these answers a claim is not stored, nor will be. */
function isSurelyNotStored(error: unknown): boolean {
  return codeOf(error) === CODE.COORDINATOR_LOAD_IN_PROGRESS || meaningIn(error, 'OffsetCommit') === 'rejoin'
}
