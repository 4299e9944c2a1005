/**
 * A connection to a scripted broker, on virtual time. The broker takes the requests of a connection one after another, as a
 * real one does. Fetches have a connection of their own. An unanswered request holds up all later ones, until the driver cuts the
 * connection. A late request is handled all the same, even after the cut.
 */
import { CaudalError } from '#core/errors.ts'
import { type System, sleep } from '#core/system.ts'
import type { RequestName } from '#engine/log/kafka/broker-codes.ts'
import type { Connect, Connection } from '#engine/log/kafka/connection.ts'
import type { Broker, ProducerIdentity, WireRequest } from '#engine/log/kafka/library.ts'
import { Refusal } from '#engine/log/kafka/wire.ts'
import { libraryRefusal } from './library-refusal.ts'
import {
  type DrawnRefusal,
  NOTHING_REFUSED,
  type RequestFault,
  type RequestFaults,
} from './request-faults.ts'
import type { ScriptedCluster } from './scripted-cluster.ts'
import { type Plain, topicMethods } from './topic-requests.ts'
import { questionOf } from './wire-answers.ts'

const TRANSIT_MS_MAX = 3
/**
 * A producer start may arrive after a later transaction was torn. Then the coordinator forgets how that transaction ended, and the
 * task is blocked with the command that ends it. This cannot be repaired, so no start outlives its connection here.
 */
const LOST_WITH_CONNECTION: ReadonlySet<RequestName> = new Set(['InitProducerId'])

/** Says what becomes of each request. */
export type Drawing = Pick<RequestFaults, 'draw'>

export function scriptedConnections(cluster: ScriptedCluster, faults: Drawing): Connect {
  return (address, clientId, onLost) => {
    const node = Number(/broker-(\d+)/.exec(address)?.[1])
    return new ScriptedConnection(cluster, faults, node, clientId, onLost)
  }
}

type Act<Answer> = (refusal: DrawnRefusal) => Answer | Promise<Answer>

class ScriptedConnection implements Connection {
  readonly node: number
  readonly #cluster: ScriptedCluster
  readonly #faults: Drawing
  readonly #clientId: string
  readonly #onLost: () => void
  readonly #waiting = new Set<(reason: Error) => void>()
  readonly #system: System
  #tails = { fetches: Promise.resolve(), others: Promise.resolve() }
  #opening: Promise<Broker> | undefined
  #connecting: Promise<void> | undefined
  #state: 'closed' | 'open' | 'destroyed' = 'closed'
  /** Counts how often the connection was lost. An answer from before a loss reaches nobody. */
  #session = 0

  constructor(cluster: ScriptedCluster, faults: Drawing, node: number, clientId: string, onLost: () => void) {
    this.#cluster = cluster
    this.#faults = faults
    this.node = node
    this.#clientId = clientId
    this.#onLost = onLost
    this.#system = cluster.system
  }

  open(): Promise<Broker> {
    this.#opening ??= this.#connected().then(() => this.#broker())
    return this.#opening
  }

  destroy(reason: Error): void {
    this.#end(reason)
    this.#state = 'destroyed'
  }

  /** The broker, or something between, ends it. The next request connects again, as in kafkajs. */
  lose(reason: string): void {
    this.#end(lost(reason))
  }

  #connected(): Promise<void> {
    if (this.#state === 'open') return Promise.resolve()
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  async #connect(): Promise<void> {
    await this.#transit()
    await this.#cluster.running(this.node)
    if (this.#state === 'destroyed' || this.#cluster.powerOf(this.node) === 'down')
      throw lost('nobody listens there')
    this.#state = 'open'
    this.#cluster.connected(this)
  }

  #end(reason: Error): void {
    const wasOpen = this.#state === 'open'
    if (wasOpen) this.#state = 'closed'
    this.#session++
    this.#tails = { fetches: Promise.resolve(), others: Promise.resolve() }
    this.#cluster.disconnected(this)
    for (const reject of this.#waiting) reject(reason)
    this.#waiting.clear()
    if (wasOpen) this.#onLost()
  }

  async #send<Answer>({ request, response }: WireRequest<Answer>): Promise<Answer> {
    const { apiKey, apiVersion } = request
    const { buffer } = await request.encode()
    // The writer keeps what it has written only until its next use.
    const question = questionOf(this.#cluster, this.node, { apiKey, apiVersion, bytes: Buffer.from(buffer) })
    const answer = await this.#ask(question.name, question.act, question.waitMs)
    return response.parse(await response.decode(answer))
  }

  async #ask<Answer>(name: RequestName, act: Act<Answer>, waitMs?: number): Promise<Answer> {
    await this.#connected()
    const session = this.#session
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    this.#waiting.add(reject)
    const lane = waitMs === undefined ? 'others' : 'fetches'
    const handled = this.#tails[lane].then(() => this.#handle(session, name, act, waitMs ?? 0))
    handled.then(resolve, reject)
    // An answer that is refused ends nothing for the next request.
    this.#tails[lane] = handled.then(
      () => undefined,
      () => undefined,
    )
    return promise.finally(() => this.#waiting.delete(reject))
  }

  async #handle<Answer>(
    session: number,
    name: RequestName,
    act: Act<Answer>,
    waitMs: number,
  ): Promise<Answer> {
    const isGone = () => session !== this.#session
    const fault = this.#faults.draw(name)
    if (fault.kind !== 'none')
      this.#cluster.note(`${name} of ${this.#clientId} at broker ${this.node}: ${told(fault)}`)
    await this.#transit()
    if (fault.kind === 'request lost') return never()
    if (fault.kind === 'cut before') return this.#cut(session)
    if (fault.kind === 'late') await sleep(this.#system, fault.delayMs)
    else if (isGone()) return never()
    await this.#cluster.running(this.node)
    if (isGone() && LOST_WITH_CONNECTION.has(name)) return never()
    if (this.#cluster.powerOf(this.node) === 'down') return never()
    if (waitMs > 0) await sleep(this.#system, waitMs)
    if (fault.kind === 'refused') return act(fault.refusal)
    const answered = Promise.resolve().then(() => act(NOTHING_REFUSED))
    // Some faults below do not await the answer, so its failure is handled here.
    answered.catch(() => undefined)
    if (fault.kind === 'cut after' || fault.kind === 'answer lost') {
      await answered.catch(() => undefined)
      return fault.kind === 'cut after' ? this.#cut(session) : never()
    }
    if (fault.kind === 'answer late') await sleep(this.#system, fault.delayMs)
    if (fault.kind === 'doubled') {
      await answered.catch(() => undefined)
      return act(NOTHING_REFUSED)
    }
    await this.#transit()
    return answered
  }

  #cut(session: number): Promise<never> {
    if (session === this.#session) this.lose('reset by peer')
    return never()
  }

  #transit(): Promise<void> {
    return sleep(this.#system, this.#system.random() * TRANSIT_MS_MAX)
  }

  /** A question whose refusal is an error, as kafkajs has it. */
  #plain: Plain = (name, act, refused = libraryRefusal) =>
    this.#ask(name, async ({ code }) => {
      if (code !== 0) throw refused(code)
      try {
        return await act()
      } catch (error) {
        throw error instanceof Refusal ? libraryRefusal(error.code) : error
      }
    })

  #ofProducer<Answer>(name: RequestName, id: string, act: () => Answer): Promise<Answer> {
    return this.#plain(name, () => {
      this.#cluster.checkCoordinator(this.node, 'producer', id)
      return act()
    })
  }

  #ofGroup<Answer>(name: RequestName, group: string, act: () => Answer | Promise<Answer>): Promise<Answer> {
    return this.#plain(name, () => {
      this.#cluster.checkCoordinator(this.node, 'group', group)
      return act()
    })
  }

  #broker(): Broker {
    return {
      connectionPool: { send: request => this.#send(request) },
      connect: async () => undefined,
      findGroupCoordinator: ({ groupId, coordinatorType }) =>
        this.#plain('FindCoordinator', () => {
          const nodeId = this.#cluster.coordinatorOf(coordinatorType === 0 ? 'group' : 'producer', groupId)
          return { coordinator: { nodeId, host: `broker-${nodeId}`, port: 9_092 } }
        }),
      ...this.#transactionMethods(),
      ...this.#groupMethods(),
      ...topicMethods(this.#cluster, this.node, this.#plain),
    }
  }

  #transactionMethods(): Pick<Broker, 'initProducerId' | 'addPartitionsToTxn' | 'endTxn'> {
    const { transactions } = this.#cluster
    return {
      initProducerId: ({ transactionalId, transactionTimeout }) =>
        this.#ofProducer('InitProducerId', transactionalId, () =>
          transactions.init(transactionalId, transactionTimeout),
        ),
      addPartitionsToTxn: ({ topics, ...identity }) =>
        this.#ofProducer('AddPartitionsToTxn', identity.transactionalId, () =>
          transactions.add(
            identity,
            topics.flatMap(({ topic, partitions }) => partitions.map(partition => ({ topic, partition }))),
          ),
        ),
      endTxn: ({ transactionResult, ...identity }: ProducerIdentity & { transactionResult: boolean }) =>
        this.#ofProducer('EndTxn', identity.transactionalId, () =>
          transactions.end(identity, transactionResult ? 'commit' : 'abort'),
        ),
    }
  }

  #groupMethods() {
    const { group } = this.#cluster
    const entriesOf = (topics: Parameters<Broker['offsetCommit']>[0]['topics']) =>
      topics.flatMap(({ topic, partitions }) =>
        partitions.map(each => [`${topic}/${each.partition}`, each] as const),
      )
    return {
      joinGroup: request =>
        this.#ofGroup('JoinGroup', request.groupId, () => group.join(this.#clientId, request)),
      syncGroup: ({ groupId, memberId, generationId: generation, groupAssignment }) =>
        this.#ofGroup('SyncGroup', groupId, () => group.sync({ memberId, generation }, groupAssignment)),
      heartbeat: ({ groupId, memberId, groupGenerationId: generation }) =>
        this.#ofGroup('Heartbeat', groupId, () => group.beat({ memberId, generation })),
      leaveGroup: ({ groupId, memberId }) =>
        this.#ofGroup('LeaveGroup', groupId, () => group.leave(memberId)),
      offsetCommit: ({ groupId, memberId, groupGenerationId: generation, topics }) =>
        this.#ofGroup('OffsetCommit', groupId, () =>
          group.store({ memberId, generation }, entriesOf(topics)),
        ),
      offsetFetch: ({ groupId, topics }) =>
        this.#ofGroup('OffsetFetch', groupId, () => ({
          responses: topics.map(({ topic, partitions }) => ({
            topic,
            partitions: partitions.map(({ partition }) => {
              const found = group.fetch(`${topic}/${partition}`)
              return { partition, offset: found?.offset ?? '-1', metadata: found?.metadata ?? null }
            }),
          })),
        })),
      describeGroups: ({ groupIds: [id = ''] }) =>
        this.#ofGroup('DescribeGroups', id, () => ({ groups: [{ members: group.members }] })),
    } satisfies Partial<Broker>
  }
}

function told(fault: RequestFault): string {
  if (fault.kind === 'late' || fault.kind === 'answer late')
    return `${fault.kind} by ${Math.round(fault.delayMs)} ms`
  if (fault.kind !== 'refused') return fault.kind
  const { code, isWhole } = fault.refusal
  return `refused with code ${code}${isWhole ? '' : ' in one partition'}`
}

function lost(reason: string): Error {
  return new CaudalError('LOG_UNAVAILABLE', { reason })
}

function never(): Promise<never> {
  return new Promise(() => undefined)
}
