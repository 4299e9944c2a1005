/**
 * A transactional producer that is thrown away after its first failure.
 *
 *   started ──transact──▶ writing ──committed──▶ started
 *                            │
 *                            └──any failure──▶ spent ──▶ (close; a new one is started under the same id)
 *
 * Starting asks the coordinator for the id's next epoch: that fences every earlier producer and ends its transaction, and
 * resolves only once that is done. A transaction is three steps: name the partitions, write to them, end it. Writing is
 * never repeated; naming is only while the markers of the transaction before are still being written, as the broker has
 * then taken nothing. Whatever fails before the end is asked for cannot be committed by anybody, as only this producer's
 * own request could.
 *
 * The end is asked for until it is answered: aborting what was asked to be committed could tear the transaction. A
 * coordinator that is killed, and started again at once, acts on what it alone had noted and commits wherever it gets to,
 * before it learns that another has taken its place (seen with Kafka 4.3.1): both must be told the same. A request
 * that is late could end the next transaction, so after a second one the producer is spent. Without an answer in the end,
 * or when somebody has fenced this producer meanwhile, the outcome is unknown.
 */
import { CaudalError, reasonOf } from '#engine/core/errors.ts'
import { partitionKey } from '#engine/core/record.ts'
import { sleep } from '#engine/core/system.ts'
import type { PartitionBatch, Producer, Receipt } from '../log.ts'
import { CODE, codeOf, isFencing, isUnanswered, unavailable } from './codes.ts'
import type { Broker, ProducerIdentity } from './library.ts'
import type { Network } from './network.ts'
import type { KafkaSettings } from './options.ts'
import { BackOff, persist } from './persist.ts'
import { type ProducedSlice, produceRequest } from './produce-request.ts'
import { sequenceAfter } from './record-batch.ts'
import { type Limits, type Plan, planOf, type Slice } from './slices.ts'
import { byTopic } from './wire.ts'

const KAFKA_OVERHEAD_BYTES = 40_000
const BATCH_RECORDS_MAX = 10_000
const REQUEST_BYTES_MAX = 4_194_304
/** Why a producer is of no more use after a commit that took place. */
export const ASKED_AGAIN = 'the commit before it took place, but had to be asked for again'

export class KafkaProducer implements Producer {
  readonly #id: string
  readonly #network: Network
  readonly #settings: KafkaSettings
  readonly #limits: Limits
  readonly #identity: ProducerIdentity
  readonly #producerId: bigint
  readonly #sequences = new Map<string, number>()
  readonly #onClosed: (producer: KafkaProducer) => void
  #state: 'started' | 'writing' | 'spent' | 'closed' = 'started'
  #spentBy: CaudalError | undefined

  private constructor(
    network: Network,
    settings: KafkaSettings,
    identity: ProducerIdentity,
    onClosed: (producer: KafkaProducer) => void,
  ) {
    this.#onClosed = onClosed
    this.#id = identity.transactionalId
    this.#network = network
    this.#settings = settings
    this.#identity = identity
    this.#producerId = BigInt(identity.producerId)
    this.#limits = {
      recordBytesMax: settings.recordBytesMax,
      batchBytesMax: settings.recordBytesMax + KAFKA_OVERHEAD_BYTES,
      batchRecordsMax: BATCH_RECORDS_MAX,
      requestBytesMax: REQUEST_BYTES_MAX,
    }
  }

  /** Starts the one live producer of the id, on connections of its own. */
  static async start(
    network: Network,
    settings: KafkaSettings,
    id: string,
    onClosed: (producer: KafkaProducer) => void,
  ): Promise<KafkaProducer> {
    try {
      return new KafkaProducer(network, settings, await takeOver(network, settings, id), onClosed)
    } catch (error) {
      network.close()
      throw error
    }
  }

  async transact(batches: readonly PartitionBatch[]): Promise<Receipt> {
    this.#checkUsable()
    this.#state = 'writing'
    try {
      const plan = planOf(batches, this.#limits)
      if (plan.places.length > 0) await this.#write(plan)
      if (this.#state === 'writing') this.#state = 'started'
      return plan.receipt()
    } catch (error) {
      throw this.#spend(error instanceof CaudalError ? error : this.#aborted(error))
    }
  }

  async close(): Promise<void> {
    this.#state = 'closed'
    this.#network.close()
    this.#onClosed(this)
  }

  async #write(plan: Plan): Promise<void> {
    // Known before anything is sent, so that a missing topic leaves no transaction behind.
    await this.#network.byLeader(plan.places)
    await this.#name(plan)
    for (const round of plan.rounds) {
      const leaders = await this.#network.byLeader(round)
      await Promise.all([...leaders].map(([node, slices]) => this.#produce(plan, node, slices)))
    }
    await this.#commit()
  }

  /** Adds the partitions to the transaction; waits for the markers of the one before. */
  async #name(plan: Plan): Promise<void> {
    const topics = byTopic(
      plan.places,
      place => place.topic,
      place => place.partition,
    )
    const { system, requestTimeoutMs } = this.#settings
    const begun = system.monotonic()
    for (const backOff = new BackOff(); ; await sleep(system, backOff.next())) {
      try {
        await askCoordinator(this.#network, this.#id, broker =>
          broker.addPartitionsToTxn({ ...this.#identity, topics }),
        )
        return
      } catch (error) {
        if (codeOf(error) !== CODE.CONCURRENT_TRANSACTIONS || system.monotonic() - begun > requestTimeoutMs)
          throw error
      }
    }
  }

  async #produce(plan: Plan, node: number, slices: readonly Slice[]): Promise<void> {
    const { requestTimeoutMs, compression } = this.#settings
    const request = produceRequest(slices, {
      transactionalId: this.#id,
      timeoutMs: requestTimeoutMs,
      compression,
      stampOf: slice => this.#stampOf(slice),
    })
    const answers = new Map((await this.#network.send(node, request)).map(each => [partitionKey(each), each]))
    for (const slice of slices) {
      const answer = answers.get(partitionKey(slice))
      if (answer?.code !== 0) throw this.#refused(slice, answer)
      plan.written(slice, answer.baseOffset)
    }
  }

  #stampOf(slice: Slice) {
    const sequence = this.#sequences.get(partitionKey(slice)) ?? 0
    this.#sequences.set(partitionKey(slice), sequenceAfter(sequence, slice.to - slice.from))
    return { producerId: this.#producerId, epoch: this.#identity.producerEpoch, sequence }
  }

  async #commit(): Promise<void> {
    const end = { ...this.#identity, transactionResult: true }
    let isRepeated = false
    let isFenced = false
    try {
      await persist(this.#settings, () =>
        askCoordinator(this.#network, this.#id, broker => broker.endTxn(end)).catch(error => {
          isRepeated ||= isUnanswered(error)
          isFenced ||= isFencing(error)
          throw error
        }),
      )
    } catch (error) {
      if (isFenced && !isRepeated) throw new CaudalError('FENCED', { producer: this.#id }, error)
      throw new CaudalError('OUTCOME_UNKNOWN', { reason: reasonOf(error) }, error)
    }
    if (isRepeated) this.#spend(new CaudalError('COMMIT_ABORTED', { reason: ASKED_AGAIN }))
  }

  #refused(slice: Slice, answer: ProducedSlice | undefined): CaudalError {
    const code = answer?.code ?? -1
    if (
      code === CODE.INVALID_PRODUCER_EPOCH ||
      code === CODE.PRODUCER_FENCED ||
      code === CODE.INVALID_PRODUCER_ID_MAPPING
    ) {
      return new CaudalError('FENCED', { producer: this.#id })
    }
    return new CaudalError('COMMIT_ABORTED', {
      reason: `${partitionKey(slice)} was not written (code ${code})`,
    })
  }

  #aborted(error: unknown): CaudalError {
    return isFencing(error)
      ? new CaudalError('FENCED', { producer: this.#id }, error)
      : new CaudalError('COMMIT_ABORTED', { reason: reasonOf(error) }, error)
  }

  #spend(error: CaudalError): CaudalError {
    // Without an answer because the brokers are away, or because the connection was cut by `close`: nothing was ended.
    const known = error.code === 'LOG_UNAVAILABLE' ? this.#aborted(error) : error
    if (this.#state !== 'closed') this.#state = 'spent'
    this.#spentBy = known
    return known
  }

  #checkUsable(): void {
    if (this.#state === 'closed') throw new CaudalError('LOG_CLOSED')
    if (this.#state === 'writing')
      throw new CaudalError('INTERNAL', { reason: 'two transactions of one producer' })
    if (this.#state === 'started') return
    if (this.#spentBy?.code === 'FENCED') throw new CaudalError('FENCED', { producer: this.#id })
    throw new CaudalError('COMMIT_ABORTED', {
      reason: `the producer failed before: ${this.#spentBy?.message}`,
    })
  }
}

/** Fences every producer with the id and ends its transaction; resolves once nothing of theirs can take place. */
export async function takeOver(
  network: Network,
  settings: KafkaSettings,
  id: string,
): Promise<ProducerIdentity> {
  const transactionTimeout = settings.transactionTimeoutMs
  return persist(settings, async () => {
    const start = { transactionalId: id, transactionTimeout }
    const { producerId, producerEpoch } = await askCoordinator(network, id, broker =>
      broker.initProducerId(start),
    )
    return { transactionalId: id, producerId, producerEpoch }
  }).catch(error => {
    throw unavailable(error)
  })
}

/** Whatever it answers but to wait may mean that another broker coordinates the producer now. */
async function askCoordinator<Answer>(
  network: Network,
  id: string,
  question: (broker: Broker) => Promise<Answer>,
): Promise<Answer> {
  const node = await network.coordinator('producer', id)
  try {
    return await network.ask(node, question)
  } catch (error) {
    if (codeOf(error) !== CODE.CONCURRENT_TRANSACTIONS) network.outdated()
    throw error
  }
}
