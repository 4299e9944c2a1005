/** The Log port on Kafka: puts the parts together and keeps what must be closed. */
import { CaudalError, hasCode, reasonOf } from '#core/errors.ts'
import { partitionKey, type TopicPartition } from '#core/record.ts'
import { pauseMs, RETRIES } from '#core/retry.ts'
import { sleep } from '#core/system.ts'
import type {
  Bounds,
  GroupOptions,
  Log,
  Membership,
  PartitionBatch,
  Producer,
  Reader,
  TopicDescription,
  TopicSpec,
} from '../log.ts'
import { adviceOn } from './advice.ts'
import { isLoginRefused, isPassing, setupFaultOf, told } from './codes.ts'
import type { Connect } from './connection.ts'
import { FailingPlaces } from './failing-places.ts'
import { Fetcher } from './fetcher.ts'
import { readOffsets } from './group-offsets.ts'
import { LeftoverSearch } from './leftover-search.ts'
import { KafkaMembership } from './membership.ts'
import { Network, type NetworkOptions } from './network.ts'
import { type KafkaLogOptions, type KafkaSettings, settingsOf } from './options.ts'
import { Outage } from './outage.ts'
import { KafkaProducer } from './producer.ts'
import { connectBySockets } from './socket-connection.ts'
import { takeOverId } from './take-over.ts'
import { TopicLimits } from './topic-limits.ts'
import { Topics } from './topics.ts'
import { Undecided } from './undecided.ts'
import { Watch } from './watch.ts'

const TRIES_PER_SESSION = 3
const LOGIN_REMEDY =
  'the brokers refuse the login: correct sasl (KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD)'

/**
 * Connects to the cluster; goes on trying while no broker answers, and says so through `warn`. Rejects with
 * CONFIGURATION_INVALID when the brokers refuse the credentials, or when no encrypted connection can come to be.
 */
export async function openKafkaLog(
  options: KafkaLogOptions,
  connect: Connect = connectBySockets(settingsOf(options)),
): Promise<Log> {
  const settings = settingsOf(options)
  const log = new KafkaLog(settings, connect)
  try {
    for (let failures = 0; !(await log.isReachable()); failures++) {
      const waitMs = pauseMs(RETRIES.request, failures, settings.system)
      await sleep(settings.system, waitMs, options.signal)
    }
  } catch (error) {
    await log.close()
    throw error
  }
  return log
}

class KafkaLog implements Log {
  readonly recordBytesMax: number
  readonly #settings: KafkaSettings
  readonly #connectTo: Connect
  readonly #outage: Outage
  /** For everything that is answered at once, and for the quick fetches. */
  readonly #shared: Network
  readonly #waiting: Network
  readonly #limits: TopicLimits
  readonly #failing: FailingPlaces
  readonly #topics: Topics
  readonly #fetcher: Fetcher
  readonly #watch: Watch
  readonly #search: LeftoverSearch
  readonly #memberships = new Set<KafkaMembership>()
  readonly #producers = new Set<Producer>()
  #appending: Promise<unknown> = Promise.resolve()
  readonly #appenderId: string
  #appender: Producer | undefined
  #closed = false

  constructor(settings: KafkaSettings, connect: Connect) {
    this.#connectTo = connect
    this.recordBytesMax = settings.recordBytesMax
    this.#settings = settings
    this.#outage = new Outage(settings.warn)
    const { clientId, system } = settings
    this.#appenderId = `${clientId}-append-${system.now()}-${Math.floor(system.random() * 2 ** 48).toString(36)}`
    this.#shared = this.#connect()
    this.#waiting = this.#connect()
    this.#limits = new TopicLimits(settings.recordBytesMax)
    this.#failing = new FailingPlaces(settings)
    this.#topics = new Topics(this.#shared, settings, this.#limits)
    const advise = (place: TopicPartition) => this.explainHalt(place)
    const undecided = new Undecided({ ...settings, advise })
    this.#watch = new Watch(this.#shared, settings, undecided)
    this.#search = new LeftoverSearch(this.#shared, settings)
    this.#fetcher = new Fetcher({
      ...settings,
      undecided,
      quick: this.#shared,
      long: this.#waiting,
      boundsOf: place => this.#boundsOf(place),
    })
  }

  async isReachable(): Promise<boolean> {
    try {
      await this.#shared.anyNode()
      return true
    } catch (error) {
      if (isLoginRefused(error))
        throw new CaudalError(
          'CONFIGURATION_INVALID',
          { faults: `${reasonOf(error)}; ${LOGIN_REMEDY}` },
          error,
        )
      const fault = setupFaultOf(error)
      if (fault !== undefined) throw new CaudalError('CONFIGURATION_INVALID', { faults: fault }, error)
      const reason = told(error, { request: 'Metadata', resource: 'the cluster' })
      if (!isPassing(error)) throw reason
      this.#outage.began(this.#settings.brokers.join(','), reason.message)
      return false
    }
  }

  createTopics(specs: readonly TopicSpec[]): Promise<void> {
    return this.#topics.create(specs)
  }

  describeTopics(names?: readonly string[]): Promise<readonly TopicDescription[]> {
    return this.#topics.describe(names)
  }

  growTopic(name: string, partitions: number): Promise<void> {
    return this.#topics.grow(name, partitions)
  }

  bounds(places: readonly TopicPartition[]): Promise<readonly Bounds[]> {
    return this.#topics.bounds(places)
  }

  trim(place: TopicPartition, beforeOffset: number): Promise<void> {
    return this.#topics.trim(place, beforeOffset)
  }

  /** A transaction of a producer that is kept for the next call, since several partitions must show at once. */
  append(batches: readonly PartitionBatch[]): Promise<void> {
    const appended = this.#appending.then(() => this.#append(batches))
    this.#appending = appended.catch(() => {
      // This caller gets the error; the next call must not fail for it.
    })
    return appended
  }

  startProducer(transactionalId: string, writes: readonly TopicPartition[] = []): Promise<Producer> {
    return this.#startProducer(transactionalId, writes, this.#failing)
  }

  async #startProducer(
    transactionalId: string,
    writes: readonly TopicPartition[],
    failing: FailingPlaces,
  ): Promise<Producer> {
    this.#checkOpen()
    const forget = (producer: Producer) => void this.#producers.delete(producer)
    const network = this.#connect()
    const producer = await KafkaProducer.start(
      network,
      this.#settings,
      { topics: this.#limits, failing },
      transactionalId,
      writes,
      forget,
    )
    this.#producers.add(producer)
    this.#watch.add(writes)
    if (this.#closed) await producer.close()
    this.#checkOpen()
    return producer
  }

  async fence(transactionalId: string, writes: readonly TopicPartition[] = []): Promise<void> {
    await takeOverId(this.#shared, this.#settings, transactionalId, writes)
  }

  explainHalt(place: TopicPartition): Promise<string | undefined> {
    const question = { request: 'DescribeProducers', resource: partitionKey(place) } as const
    return adviceOn(this.#shared, this.#settings, place).catch(error => {
      throw told(error, question)
    })
  }

  leftovers(places: readonly TopicPartition[]): Promise<readonly string[]> {
    return this.#search.find(places)
  }

  openReader(place: TopicPartition, offset: number, topicId?: string): Reader {
    return this.#fetcher.open(place, offset, topicId)
  }

  joinGroup(options: GroupOptions): Membership {
    this.#checkOpen()
    // A heartbeat that gets lost must be missed early enough for others to keep the session alive.
    const requestTimeoutMs = options.sessionTimeoutMs / TRIES_PER_SESSION
    const own = this.#connect({ clientId: options.member, requestTimeoutMs })
    const membership: KafkaMembership = new KafkaMembership(options, this.#settings, own, this.#shared, () =>
      this.#memberships.delete(membership),
    )
    this.#memberships.add(membership)
    membership.start()
    return membership
  }

  async groupPositions(
    group: string,
    places: readonly TopicPartition[],
  ): Promise<readonly (number | undefined)[]> {
    const found = await readOffsets(this.#shared, this.#settings, group, places)
    return found.map(each => each?.offset)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#fetcher.close()
    this.#watch.close()
    await Promise.all([...this.#memberships].map(each => each.leave()))
    await Promise.all([...this.#producers].map(each => each.close()))
    this.#shared.close()
    this.#waiting.close()
  }

  async #append(batches: readonly PartitionBatch[]): Promise<void> {
    // What is appended holds nothing else up: its callers hear of each failure, and try again.
    const failing = new FailingPlaces(this.#settings)
    this.#appender ??= await this.#startProducer(this.#appenderId, batches, failing)
    try {
      await this.#appender.transact(batches)
    } catch (error) {
      await this.#appender.close()
      this.#appender = undefined
      // Readers of the partitions would wait for what was begun and is not ended.
      if (!hasCode(error, 'LOG_CLOSED')) await this.fence(this.#appenderId, batches)
      throw error
    }
  }

  async #boundsOf(place: TopicPartition): Promise<Bounds> {
    const [bounds] = await this.bounds([place])
    return bounds ?? { start: 0, end: 0 }
  }

  #checkOpen(): void {
    if (this.#closed) throw new CaudalError('LOG_CLOSED')
  }

  #connect(options: NetworkOptions = {}): Network {
    return new Network(this.#settings, this.#outage, { connect: this.#connectTo, ...options })
  }
}
