/** When a Kafka producer asks whether its last transaction has ended everywhere, before the next one writes. */
import { describe, expect, it } from 'vitest'
import { CaudalError } from '#core/errors.ts'
import { NO_HEADERS } from '#core/record.ts'
import type { System } from '#core/system.ts'
import { FailingPlaces } from '#engine/log/kafka/failing-places.ts'
import type { Broker, WireRequest } from '#engine/log/kafka/library.ts'
import type { Network } from '#engine/log/kafka/network.ts'
import { settingsOf } from '#engine/log/kafka/options.ts'
import { KafkaProducer } from '#engine/log/kafka/producer.ts'
import { TopicLimits } from '#engine/log/kafka/topic-limits.ts'
import { VirtualTime } from '#testing/virtual-time.ts'

const PLACE = { topic: 'out', partition: 0 }
const RECORD = { key: null, value: Buffer.from('x'), headers: NO_HEADERS, timestamp: 1 }

/** One broker that leads and coordinates everything, and ends each transaction at once, with an epoch for each. */
class PlayedBroker {
  epoch = 3
  changes = 0
  #endingMs = 0
  #endingUntil = 0
  readonly #system: System
  /** The names of the requests, in their order. */
  readonly asked: string[] = []
  /** What happens before the next request of a name is answered. */
  readonly before = new Map<string, () => void>()

  constructor(system: System) {
    this.#system = system
  }

  network(): Network {
    const send = async <Answer>({ request }: WireRequest<Answer>) => this.#answer(request.apiName) as Answer
    const broker = {
      connectionPool: { send },
      initProducerId: async () => ({ producerId: '7', producerEpoch: ++this.epoch }),
    }
    const played = this
    const network = {
      get changes() {
        return played.changes
      },
      anyNode: async () => 1,
      coordinator: async () => 1,
      locate: async (places: readonly object[]) => ({ leaders: new Map([[1, places]]), lost: new Map() }),
      send: (_: number, request: WireRequest<unknown>) => send(request),
      ask: (_: number, question: (broker: Broker) => unknown) => question(broker as unknown as Broker),
      outdated: () => void this.changes++,
      close: () => undefined,
    }
    // A producer asks no more of a network than this.
    return network as unknown as Network
  }

  #answer(name: string): unknown {
    this.asked.push(name)
    const before = this.before.get(name)
    this.before.delete(name)
    before?.()
    if (name === 'ApiVersions') return new Map([['transaction.version', 2]])
    if (name === 'DescribeProducers') return [{ ...PLACE, code: 0, producers: [] }]
    if (name === 'Produce') return [{ ...PLACE, code: 0, baseOffset: 0, refused: [], reason: null }]
    if (name === 'EndTxn') return this.#end()
    const state = this.#system.monotonic() < this.#endingUntil ? 'PrepareCommit' : 'CompleteCommit'
    const { epoch } = this
    return { code: 0, state, timeoutMs: 60_000, startedAt: 5, producerId: '7', epoch, partitions: [] }
  }

  /** The markers of its next end are being written for so long. */
  writesMarkersFor(ms: number): void {
    this.#endingMs = ms
  }

  #end(): unknown {
    this.#endingUntil = this.#system.monotonic() + this.#endingMs
    this.#endingMs = 0
    return { transactionalId: 'pod', producerId: '7', producerEpoch: ++this.epoch }
  }
}

async function started() {
  const time = new VirtualTime(1)
  const broker = new PlayedBroker(time.system)
  const settings = settingsOf({ brokers: [], clientId: 'test', system: time.system })
  const topics = new TopicLimits(settings.recordBytesMax)
  const shared = { topics, failing: new FailingPlaces(settings) }
  const starting = KafkaProducer.start(broker.network(), settings, shared, 'pod', [PLACE], () => undefined)
  const producer = await time.settle(starting)
  const transact = () => time.settle(producer.transact([{ ...PLACE, records: [RECORD] }]))
  await transact()
  broker.asked.length = 0
  /** Writes once more. Whether the leaders were asked before. */
  const asksBeforeNext = async () => {
    broker.asked.length = 0
    await transact()
    return broker.asked.slice(0, broker.asked.indexOf('Produce')).includes('DescribeProducers')
  }
  return { asksBeforeNext, broker, time, transact }
}

describe('a producer', () => {
  it('a producer whose end was answered undisturbed writes on without a question to the leaders', async () => {
    const { asksBeforeNext } = await started()
    expect(await asksBeforeNext()).toBe(false)
  })

  it.each<[string, (broker: PlayedBroker) => void]>([
    ['a connection was lost while its last end was answered', broker => void broker.changes++],
    ['the markers of its last end were long in coming', broker => broker.writesMarkersFor(50)],
  ])('a producer asks the leaders before it writes on where %s', async (_, trouble) => {
    const { asksBeforeNext, broker, transact } = await started()
    broker.before.set('EndTxn', () => trouble(broker))
    await transact()
    expect(await asksBeforeNext()).toBe(true)
    expect(await asksBeforeNext()).toBe(false)
  })

  it('a producer asks the leaders before it writes on where some time has passed', async () => {
    const { asksBeforeNext, time } = await started()
    await time.runFor(1_000)
    expect(await asksBeforeNext()).toBe(true)
  })

  it('a producer that had to repeat an end writes no more: the late one might end its next transaction', async () => {
    const { broker, transact } = await started()
    broker.before.set('EndTxn', () => {
      throw new CaudalError('LOG_UNAVAILABLE', { reason: 'not answered' })
    })
    await transact()
    await expect(transact()).rejects.toThrow('had to be asked for again')
  })
})
