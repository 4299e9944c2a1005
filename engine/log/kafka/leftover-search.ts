/**
 * Finds transactional ids whose last transaction has ended, but not in all partitions. Under load some transaction is open
 * at any moment. So the questions go from cheap to expensive, and each is only about what the one before has left:
 *
 *   leaders: what is open? ──▶ brokers: who wrote it? ──ended──▶ leaders: is it open still? ──▶ coordinator: how is it now?
 *                                                    └──ongoing, and open at the last search too──────────▲
 *
 * - An ongoing transaction is a leftover when it is a repair: a repair lasts for one round trip, unless the repairer is gone.
 * - A later search finds what a broker that does not answer would have named.
 * - The producer that takes the id over asks again: an id that is found here by mistake does no harm.
 */
import { partitionKey, type TopicPartition } from '#core/record.ts'
import type { OpenTransaction } from '../repair.ts'
import { isPassingCode } from './codes.ts'
import type { Network } from './network.ts'
import type { KafkaSettings } from './options.ts'
import {
  describeProducersRequest,
  type ListedTransaction,
  listTransactionsRequest,
} from './transaction-requests.ts'
import { Transactions } from './transactions.ts'

const UNDECIDED: ReadonlySet<string> = new Set([
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'PrepareEpochFence',
])

export class LeftoverSearch {
  readonly #network: Network
  readonly #settings: KafkaSettings
  /** What was open at the last search. */
  #before: ReadonlySet<string> = new Set()

  constructor(network: Network, settings: KafkaSettings) {
    this.#network = network
    this.#settings = settings
  }

  async find(places: readonly TopicPartition[]): Promise<readonly string[]> {
    const open = await this.#open(places)
    const before = this.#before
    this.#before = new Set(open.map(nameOf))
    const listed = await this.#list([...new Set(open.map(each => each.producerId))])
    const decided = new Set(listed.filter(each => !UNDECIDED.has(each.state)).map(each => each.producerId))
    const ended = open.filter(each => decided.has(each.producerId))
    const now = new Set((await this.#open(ended)).map(nameOf))
    const lasting = open.filter(each => (decided.has(each.producerId) ? now : before).has(nameOf(each)))
    const producers = new Set(lasting.map(each => each.producerId))
    const ids = [...new Set(listed.filter(each => producers.has(each.producerId)).map(each => each.id))]
    return (await answered(ids.map(id => this.#leftBy(id)))).flat()
  }

  async #open(places: readonly TopicPartition[]): Promise<OpenTransaction[]> {
    if (places.length === 0) return []
    const { leaders } = await this.#network.locate(places)
    const asked = [...leaders].map(([node, led]) => this.#network.send(node, describeProducersRequest(led)))
    const partitions = (await answered(asked)).flat()
    // Another broker leads it by now.
    if (partitions.some(({ code }) => code !== 0 && isPassingCode(code))) this.#network.outdated()
    return partitions.flatMap(({ topic, partition, producers }) =>
      producers.filter(each => each.firstOffset >= 0).map(each => ({ topic, partition, ...each })),
    )
  }

  async #list(producerIds: readonly string[]): Promise<ListedTransaction[]> {
    if (producerIds.length === 0) return []
    const nodes = await this.#network.nodes()
    const request = listTransactionsRequest(producerIds)
    return (await answered(nodes.map(node => this.#network.send(node, request)))).flat()
  }

  async #leftBy(id: string): Promise<readonly string[]> {
    const transactions = await Transactions.of(this.#network, this.#settings, id)
    const described = await transactions.describe()
    if (described === undefined || described.state === 'ending') return []
    return described.state === 'ongoing' && described.purpose === 'write' ? [] : [id]
  }
}

/** Of those who were asked, what those say who answer. */
async function answered<Answer>(asked: readonly Promise<Answer>[]): Promise<Answer[]> {
  const answers = await Promise.allSettled(asked)
  return answers.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
}

function nameOf({ producerId, epoch, firstOffset, ...place }: OpenTransaction): string {
  return `${partitionKey(place)} ${firstOffset} ${producerId} ${epoch}`
}
