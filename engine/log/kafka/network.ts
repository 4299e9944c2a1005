/**
 * One set of connections to the brokers of a cluster. It knows the leader of a partition and the coordinator of a group, and
 * has a connection to each broker that is asked for.
 *
 * Nothing is repaired. A connection that fails, or that does not answer in time, is destroyed. The network then asks the
 * cluster again for what it had learned. Each producer, each membership, the readers and all other calls have a set of their
 * own. A broker handles the requests of one connection one after another: a waiting join or fetch would hold up the others.
 */
import { CaudalError, reasonOf } from '#core/errors.ts'
import { partitionKey, type TopicPartition } from '#core/record.ts'
import { RETRIES } from '#core/retry.ts'
import { sleep } from '#core/system.ts'
import { nameOf } from './broker-codes.ts'
import { answering, isLoginRefused, isUnanswered, refusedWith } from './codes.ts'
import type { Connect } from './connection.ts'
import type { Broker, WireRequest } from './library.ts'
import { Link } from './link.ts'
import { type ClusterView, metadataRequest } from './metadata-request.ts'
import type { KafkaSettings } from './options.ts'
import type { Outage } from './outage.ts'
import { connectBySockets } from './socket-connection.ts'

/** A topic that was just created may be unknown to some brokers for a moment. */
const UNKNOWN_TOPIC_TRIES = 5

export interface NetworkOptions {
  readonly clientId?: string
  readonly requestTimeoutMs?: number
  readonly connect?: Connect
}

export interface WantedPlace extends TopicPartition {
  /** The topic that is meant; whichever has the name when left out. */
  readonly topicId?: string | undefined
}

export interface Located<Place> {
  readonly leaders: Map<number, Place[]>
  /** Of the topics that were asked for, by name. */
  readonly topicIds: ReadonlyMap<string, string>
  /**
   * Partitions without a leader: LOG_UNAVAILABLE while that may change, TOPIC_MISSING when they do not exist, TOPIC_REPLACED
   * when another topic has the name, ACCESS_REFUSED.
   */
  readonly lost: ReadonlyMap<Place, CaudalError>
}

export type CoordinatorKind = 'group' | 'producer'

export class Network {
  readonly #settings: KafkaSettings
  readonly #outage: Outage
  readonly #options: Required<NetworkOptions>
  readonly #links = new Map<number, Link>()
  readonly #coordinators = new Map<string, number>()
  readonly #topics = new Set<string>()
  #changes = 0
  #view: ClusterView | undefined
  #outdated = true
  #refreshing: Promise<ClusterView> | undefined
  #closed = false

  constructor(settings: KafkaSettings, outage: Outage, options: NetworkOptions = {}) {
    this.#outage = outage
    const { clientId, requestTimeoutMs } = settings
    this.#settings = settings
    this.#options = { clientId, requestTimeoutMs, connect: connectBySockets(settings), ...options }
  }

  /** Asks a broker; forgets it when it does not answer in time. A question that waits at the broker says how long. */
  async ask<Answer>(
    node: number,
    question: (broker: Broker) => Promise<Answer>,
    waitMs = 0,
  ): Promise<Answer> {
    const link = await this.#linkTo(node)
    try {
      const answer = await link.ask(question, this.#options.requestTimeoutMs + waitMs)
      this.#outage.ended(link.address)
      return answer
    } catch (error) {
      if (this.#closed) throw new CaudalError('LOG_CLOSED', {}, error)
      if (isUnanswered(error)) {
        const what = isLoginRefused(error) ? 'does not accept the login' : 'does not answer'
        this.#outage.began(link.address, reasonOf(error), what)
        this.#cut(node, link, reasonOf(error))
        this.outdated()
      }
      throw error
    }
  }

  send<Answer>(node: number, request: WireRequest<Answer>, waitMs = 0): Promise<Answer> {
    return this.ask(node, broker => broker.connectionPool.send(request), waitMs)
  }

  /** The partitions by the broker that leads them; rejects when one has none, with TOPIC_MISSING if it does not exist. */
  async byLeader<Place extends TopicPartition>(places: readonly Place[]): Promise<Map<number, Place[]>> {
    const { leaders, lost } = await this.locate(places)
    for (const error of lost.values()) throw error
    return leaders
  }

  /** As `byLeader`, but tells which partitions have no leader, and why. */
  async locate<Place extends WantedPlace>(places: readonly Place[]): Promise<Located<Place>> {
    const view = await this.#viewOf(places)
    const leaders = new Map<number, Place[]>()
    const lost = new Map<Place, CaudalError>()
    for (const place of places) {
      const leader = isMeant(view, place) ? view.leaders.get(partitionKey(place)) : undefined
      const led = leader === undefined ? undefined : leaders.get(leader)
      if (leader === undefined) lost.set(place, this.#whyLost(view, place))
      else if (led) led.push(place)
      else leaders.set(leader, [place])
    }
    const topicIds = new Map([...view.topics].map(([name, { id }]) => [name, id]))
    return { leaders, lost, topicIds }
  }

  /** The broker that keeps a group's offsets or a producer's transactions. */
  async coordinator(kind: CoordinatorKind, id: string): Promise<number> {
    const name = `${kind} ${id}`
    const known = this.#coordinators.get(name)
    if (known !== undefined) return known
    const node = await this.anyNode()
    const coordinatorType = kind === 'group' ? 0 : 1
    const { coordinator } = await this.ask(node, broker =>
      broker.findGroupCoordinator({ groupId: id, coordinatorType }),
    ).catch(answering('FindCoordinator'))
    this.#coordinators.set(name, coordinator.nodeId)
    return coordinator.nodeId
  }

  async nodes(): Promise<readonly number[]> {
    return [...(await this.#current()).addresses.keys()]
  }

  /** Any broker: each passes on what concerns the whole cluster. */
  async anyNode(): Promise<number> {
    const nodes = [...(await this.#current()).addresses.keys()]
    // Never the last fallback: a view without brokers is not taken.
    return nodes[Math.floor(this.#settings.system.random() * nodes.length)] ?? 0
  }

  /** How often a connection was lost, or something learned was found to be out of date. */
  get changes(): number {
    return this.#changes
  }

  /** What was learned is out of date: leaders or coordinators have moved. */
  outdated(): void {
    this.#changes++
    this.#outdated = true
    this.#coordinators.clear()
  }

  /** Cuts every connection; whatever waits for an answer is rejected with LOG_CLOSED. */
  close(): void {
    this.#closed = true
    for (const link of this.#links.values()) link.cut(new CaudalError('LOG_CLOSED'))
    this.#links.clear()
  }

  async #viewOf(places: readonly WantedPlace[]): Promise<ClusterView> {
    for (const place of places) this.#topics.add(place.topic)
    const isKnown = (view: ClusterView) =>
      places.every(place => {
        const key = partitionKey(place)
        const isTold = view.leaders.has(key) || view.leaderless.has(key)
        return view.refused.has(place.topic) || (isMeant(view, place) && isTold)
      })
    let view = await this.#current()
    for (let tries = 0; tries < UNKNOWN_TOPIC_TRIES && !isKnown(view); tries++) {
      if (tries > 0) await sleep(this.#settings.system, RETRIES.unknownTopic.firstMs)
      view = await this.#refresh()
    }
    return view
  }

  #whyLost(view: ClusterView, place: WantedPlace): CaudalError {
    const { topic, topicId: known } = place
    const found = view.topics.get(topic)?.id
    if (found !== undefined && !isMeant(view, place)) {
      return new CaudalError('TOPIC_REPLACED', { topic, known, found })
    }
    const code = view.leaderless.get(partitionKey(place)) ?? view.unsettled.get(topic)
    if (code !== undefined) {
      this.outdated()
      const what = view.leaderless.has(partitionKey(place)) ? 'has no leader now' : 'is not described now'
      return new CaudalError('LOG_UNAVAILABLE', { reason: `${partitionKey(place)} ${what}: ${nameOf(code)}` })
    }
    const refusal = view.refused.get(topic)
    if (refusal !== undefined || !view.topics.has(topic)) this.#topics.delete(topic)
    if (refusal !== undefined) {
      // Somebody may grant the right, or correct the setting: the next one who asks looks again.
      this.#outdated = true
      return refusedWith(refusal, { request: 'Metadata', resource: `topic ${topic}` })
    }
    return new CaudalError('TOPIC_MISSING', { topic: partitionKey(place) })
  }

  async #current(): Promise<ClusterView> {
    return this.#view && !this.#outdated ? this.#view : this.#refresh()
  }

  #refresh(): Promise<ClusterView> {
    this.#refreshing ??= this.#fetchView().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /** Asks the brokers that are known, then the addresses of the beginning, until one answers. */
  async #fetchView(): Promise<ClusterView> {
    this.#checkOpen()
    const request = metadataRequest([...this.#topics])
    const addresses = [...new Set([...(this.#view?.addresses.values() ?? []), ...this.#settings.brokers])]
    const failures: unknown[] = []
    for (const address of addresses) {
      const view = await this.#askOnce(address, request).catch(error => void failures.push(error))
      this.#checkOpen()
      // A broker that has lost its controller answers that there are none.
      if (view && view.addresses.size > 0) return this.#adopt(view)
    }
    throw failures.at(-1) ?? new CaudalError('LOG_UNAVAILABLE', { reason: 'the cluster lists no brokers' })
  }

  #adopt(view: ClusterView): ClusterView {
    this.#view = view
    this.#outdated = false
    for (const [node, link] of this.#links) {
      if (view.addresses.get(node) !== link.address) this.#cut(node, link, 'it has moved')
    }
    return view
  }

  /** Over a connection of its own: the known ones may be busy waiting, and the first addresses have no node yet. */
  async #askOnce<Answer>(address: string, request: WireRequest<Answer>): Promise<Answer> {
    const link = this.#open(address, () => {})
    try {
      return await link.ask(broker => broker.connectionPool.send(request), this.#options.requestTimeoutMs)
    } finally {
      link.cut(new CaudalError('LOG_CLOSED'))
    }
  }

  async #linkTo(node: number): Promise<Link> {
    const known = this.#links.get(node)
    if (known) return known
    const address = (await this.#current()).addresses.get(node)
    this.#checkOpen()
    if (address === undefined) {
      this.outdated()
      throw new CaudalError('LOG_UNAVAILABLE', { reason: `broker ${node} is not in the cluster now` })
    }
    const link = this.#links.get(node) ?? this.#open(address, () => this.#changes++)
    this.#links.set(node, link)
    return link
  }

  #open(address: string, onLost: () => void): Link {
    const { connect, clientId } = this.#options
    return new Link(address, this.#settings.system, connect(address, clientId, onLost))
  }

  #cut(node: number, link: Link, reason: string): void {
    link.cut(new CaudalError('LOG_UNAVAILABLE', { reason: `broker ${node} at ${link.address}: ${reason}` }))
    if (this.#links.get(node) === link) this.#links.delete(node)
  }

  #checkOpen(): void {
    if (this.#closed) throw new CaudalError('LOG_CLOSED')
  }
}

/** The topic that has the name is the one that is meant, as far as a broker knows. */
function isMeant(view: ClusterView, { topic, topicId }: WantedPlace): boolean {
  return topicId === undefined || (view.topics.get(topic)?.id ?? topicId) === topicId
}
