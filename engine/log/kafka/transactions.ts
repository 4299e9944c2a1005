/**
 * The brokers as `repair.ts` asks them about one transactional id.
 *
 * The purpose of an epoch is kept in the transaction time-out: the coordinator stores that value atomically with the epoch
 * and returns it. The time-outs of repairs are odd numbers of milliseconds that nobody chooses otherwise. They are as long
 * as the brokers allow, since a repair that its time-out aborts loses what it was to commit.
 */
import { CaudalError } from '#core/errors.ts'
import { partitionKey, type TopicPartition } from '#core/record.ts'
import { sleep } from '#core/system.ts'
import type { Described, Epoch, OpenTransaction, Purpose, TransactionPort } from '../repair.ts'
import { type AddedPartition, addPartitionsRequest, refusedIn } from './add-partitions-request.ts'
import { nameOf } from './broker-codes.ts'
import { answering, codeOf } from './codes.ts'
import type { Broker, ProducerIdentity } from './library.ts'
import type { Network } from './network.ts'
import type { KafkaSettings } from './options.ts'
import {
  type DescribedPartition,
  describeProducersRequest,
  describeTransactionRequest,
  endRequest,
  featuresRequest,
} from './transaction-requests.ts'
import { byTopic, Refusal } from './wire.ts'

const CODE = {
  TOPIC_AUTHORIZATION_FAILED: 29,
  INVALID_TRANSACTION_TIMEOUT: 50,
  CONCURRENT_TRANSACTIONS: 51,
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 53,
  TRANSACTIONAL_ID_NOT_FOUND: 105,
} as const
/** From this version of transactions on, writing adds partitions and an end raises the epoch. */
const EPOCH_FOR_EACH = 2
/** Brokers allow 900,000 ms by default. */
const REPAIR_TIMEOUTS_MS: Readonly<Record<Exclude<Purpose, 'write'>, readonly number[]>> = {
  commit: [899_731, 59_731, 5_731],
  abort: [899_737, 59_737, 5_737],
}
const STATES: Readonly<Record<string, Described['state']>> = {
  Empty: 'empty',
  Ongoing: 'ongoing',
  PrepareCommit: 'ending',
  PrepareAbort: 'ending',
  PrepareEpochFence: 'ending',
  CompleteCommit: 'committed',
  CompleteAbort: 'aborted',
}

export class Transactions implements TransactionPort {
  readonly transactionalId: string
  readonly endsRaiseEpochs: boolean
  readonly #network: Network
  readonly #settings: KafkaSettings

  private constructor(network: Network, settings: KafkaSettings, id: string, endsRaiseEpochs: boolean) {
    this.#network = network
    this.#settings = settings
    this.transactionalId = id
    this.endsRaiseEpochs = endsRaiseEpochs
  }

  static async of(network: Network, settings: KafkaSettings, id: string): Promise<Transactions> {
    const features = await network.send(await network.anyNode(), featuresRequest())
    const version = Math.min(features.get('transaction.version') ?? 0, settings.transactionVersionMax)
    return new Transactions(network, settings, id, version >= EPOCH_FOR_EACH)
  }

  async describe(): Promise<Described | undefined> {
    const answer = await this.ask(broker =>
      broker.connectionPool.send(describeTransactionRequest(this.transactionalId)).then(each => {
        const code = each?.code ?? CODE.TRANSACTIONAL_ID_NOT_FOUND
        if (code !== 0 && code !== CODE.TRANSACTIONAL_ID_NOT_FOUND)
          throw new Refusal('DescribeTransactions', code)
        return each?.code === 0 ? each : undefined
      }),
    ).catch(error => {
      throw this.#unchecked([codeOf(error)], [`transactional id ${this.transactionalId}`]) ?? error
    })
    if (answer === undefined) return undefined
    const { producerId, epoch, startedAt, partitions } = answer
    const state = STATES[answer.state] ?? 'ending'
    return { producerId, epoch, startedAt, partitions, state, purpose: purposeOf(answer.timeoutMs) }
  }

  async open(producerId: string, places: readonly TopicPartition[]): Promise<readonly OpenTransaction[]> {
    const { leaders, lost } = await this.#network.locate(places)
    for (const error of lost.values()) if (error.code !== 'TOPIC_MISSING') throw error
    const answers = await Promise.all(
      [...leaders].map(([node, led]) => this.#network.send(node, describeProducersRequest(led))),
    )
    const partitions = answers.flat()
    this.#check(partitions)
    return partitions.flatMap(({ topic, partition, producers }) =>
      producers
        .filter(each => each.producerId === producerId && each.firstOffset >= 0)
        .map(each => ({ topic, partition, ...each })),
    )
  }

  async start(purpose: Purpose): Promise<Epoch> {
    const timeouts = purpose === 'write' ? [this.#settings.transactionTimeoutMs] : REPAIR_TIMEOUTS_MS[purpose]
    for (const [index, transactionTimeout] of timeouts.entries()) {
      try {
        const { producerId, producerEpoch } = await this.ask(broker =>
          broker
            .initProducerId({ transactionalId: this.transactionalId, transactionTimeout })
            .catch(answering('InitProducerId')),
        )
        return { producerId, epoch: producerEpoch }
      } catch (error) {
        const isTooLong = codeOf(error) === CODE.INVALID_TRANSACTION_TIMEOUT
        if (!isTooLong || index === timeouts.length - 1) throw error
      }
    }
    throw new CaudalError('INTERNAL', { reason: 'no time-out for a repair' })
  }

  async add(epoch: Epoch, places: readonly TopicPartition[]): Promise<void> {
    const topics = byTopic(
      places,
      place => place.topic,
      place => place.partition,
    )
    await this.ask(broker =>
      broker.addPartitionsToTxn({ ...this.identity(epoch), topics }).catch(answering('AddPartitionsToTxn')),
    )
  }

  async end(epoch: Epoch, outcome: 'commit' | 'abort'): Promise<void> {
    const transactionResult = outcome === 'commit'
    await this.ask(broker =>
      broker.endTxn({ ...this.identity(epoch), transactionResult }).catch(answering('EndTxn')),
    )
  }

  /** As `add`, but gives those that are refused for good. */
  addOrRefuse(epoch: Epoch, places: readonly TopicPartition[]): Promise<readonly AddedPartition[]> {
    const request = addPartitionsRequest(this.identity(epoch), places)
    return this.ask(broker => broker.connectionPool.send(request).then(refusedIn))
  }

  /** Ends what the producer itself has written; the identity of the next transaction. */
  async finish(identity: ProducerIdentity, outcome: 'commit' | 'abort'): Promise<ProducerIdentity> {
    if (this.endsRaiseEpochs)
      return this.ask(broker => broker.connectionPool.send(endRequest(identity, outcome)))
    await this.end({ producerId: identity.producerId, epoch: identity.producerEpoch }, outcome)
    return identity
  }

  pause(ms: number): Promise<void> {
    return sleep(this.#settings.system, ms)
  }

  monotonic(): number {
    return this.#settings.system.monotonic()
  }

  warn(message: string): void {
    this.#settings.warn(message)
  }

  identity({ producerId, epoch }: Epoch): ProducerIdentity {
    return { transactionalId: this.transactionalId, producerId, producerEpoch: epoch }
  }

  /** Whatever the coordinator answers but to wait may mean that another broker coordinates the producer now. */
  async ask<Answer>(question: (broker: Broker) => Promise<Answer>): Promise<Answer> {
    const node = await this.#network.coordinator('producer', this.transactionalId)
    try {
      return await this.#network.ask(node, question)
    } catch (error) {
      if (codeOf(error) !== CODE.CONCURRENT_TRANSACTIONS) this.#network.outdated()
      throw error
    }
  }

  #check(partitions: readonly DescribedPartition[]): void {
    const refused = partitions.filter(each => each.code !== 0)
    const unchecked = this.#unchecked(
      refused.map(each => each.code),
      refused.map(partitionKey),
    )
    if (unchecked) throw unchecked
    const [first] = refused
    if (first === undefined) return
    this.#network.outdated()
    throw new Refusal('DescribeProducers', first.code, partitionKey(first))
  }

  #unchecked(codes: readonly (number | undefined)[], resources: readonly string[]): CaudalError | undefined {
    const rights = [CODE.TOPIC_AUTHORIZATION_FAILED, CODE.TRANSACTIONAL_ID_AUTHORIZATION_FAILED]
    const code = codes.find(each => rights.some(right => right === each))
    if (code === undefined) return undefined
    const reason = `${nameOf(code)} for ${resources.join(', ')}`
    return new CaudalError('TRANSACTION_UNCHECKED', { producer: this.transactionalId, reason })
  }
}

function purposeOf(timeoutMs: number): Purpose {
  if (REPAIR_TIMEOUTS_MS.commit.includes(timeoutMs)) return 'commit'
  return REPAIR_TIMEOUTS_MS.abort.includes(timeoutMs) ? 'abort' : 'write'
}
