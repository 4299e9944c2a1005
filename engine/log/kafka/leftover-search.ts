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
import type { CaudalError } from '#core/errors.ts'
import { partitionKey, type TopicPartition } from '#core/record.ts'
import type { OpenTransaction } from '../repair.ts'
import { isPassingCode, isUnanswered, type Question, refusedWith, told, topicsNamed } from './codes.ts'
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
  /** What brokers refuse to say, each as it was logged. */
  readonly #told = new Set<string>()

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
    const question = {
      request: 'DescribeTransactions',
      resource: `transactional ids ${ids.join(', ')}`,
    } as const
    return (
      await this.#answered(
        question,
        ids.map(id => this.#leftBy(id)),
      )
    ).flat()
  }

  async #open(places: readonly TopicPartition[]): Promise<OpenTransaction[]> {
    if (places.length === 0) return []
    const { leaders } = await this.#network.locate(places)
    const asked = [...leaders].map(([node, led]) => this.#network.send(node, describeProducersRequest(led)))
    const question = (resource: string): Question => ({ request: 'DescribeProducers', resource })
    const topics = topicsNamed(places.map(({ topic }) => topic))
    const partitions = (await this.#answered(question(topics), asked)).flat()
    for (const { code, ...place } of partitions)
      if (code !== 0 && !isPassingCode(code, 'DescribeProducers'))
        this.#tell(refusedWith(code, question(partitionKey(place))))
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
    const question = { request: 'ListTransactions', resource: 'the cluster' } as const
    return (
      await this.#answered(
        question,
        nodes.map(node => this.#network.send(node, request)),
      )
    ).flat()
  }

  async #leftBy(id: string): Promise<readonly string[]> {
    const transactions = await Transactions.of(this.#network, this.#settings, id)
    const described = await transactions.describe()
    if (described === undefined || described.state === 'ending') return []
    return described.state === 'ongoing' && described.purpose === 'write' ? [] : [id]
  }

  /** Of those who were asked, what those say who answer. */
  async #answered<Answer>(question: Question, asked: readonly Promise<Answer>[]): Promise<Answer[]> {
    const answers = await Promise.allSettled(asked)
    return answers.flatMap(each => {
      if (each.status === 'fulfilled') return [each.value]
      if (!isUnanswered(each.reason)) this.#tell(told(each.reason, question))
      return []
    })
  }

  /** Once: the search finds less than it should until somebody acts. What passes is found later. */
  #tell({ code, message }: CaudalError): void {
    if (code === 'LOG_UNAVAILABLE' || code === 'LOG_CLOSED' || this.#told.has(message)) return
    this.#told.add(message)
    this.#settings.warn(`transactions that were left open are not all found: ${message}`)
  }
}

function nameOf({ producerId, epoch, firstOffset, ...place }: OpenTransaction): string {
  return `${partitionKey(place)} ${firstOffset} ${producerId} ${epoch}`
}
