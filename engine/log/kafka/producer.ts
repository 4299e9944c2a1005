/**
 * A transactional producer that is thrown away after its first failure.
 *
 *   started ──transact──▶ writing ──committed──▶ started
 *                            │
 *                            └──any failure──▶ spent ──▶ (close; a new one is started under the same id)
 *
 * Starting asks how the last transaction of the id ended, repairs a torn one, and takes the next epoch. The next epoch fences
 * every earlier producer and ends its transaction (`repair.ts`). A transaction is three steps: name the partitions, write to
 * them, end it. Where the brokers give each transaction an epoch of its own, writing names the partitions. Naming and
 * writing are repeated only while the markers of the transaction before are still being written: the broker has then
 * taken nothing. A transaction that fails before its end is asked for cannot be committed, since only this producer could
 * ask for that.
 *
 * What a broker refuses for good is no failure: the transaction is aborted, and the producer is `started` again; see
 * refused-writes.ts.
 *
 * Before a transaction writes, the one before it has ended everywhere: `last-end.ts`.
 *
 * The producer repeats the same end until it is answered. It never sends an abort after a commit: the transaction could be
 * torn. A coordinator that is killed and restarts at once acts on its own notes. It commits wherever it can, before it learns
 * that another broker coordinates now (seen with Kafka 4.3.1). So both must be asked for the same end. A late request could
 * end the next transaction, so a producer that repeated an end is spent. The outcome is unknown when no answer comes, or when
 * another producer has fenced this one meanwhile.
 */
import { CaudalError, reasonOf, WritesRefused } from '#core/errors.ts'
import { partitionKey, type TopicPartition } from '#core/record.ts'
import { RETRIES, whileUnavailable } from '#core/retry.ts'
import type { PartitionBatch, Producer, Receipt } from '../log.ts'
import { STAYING } from './add-partitions-request.ts'
import { meaningOf } from './broker-codes.ts'
import { CODE, codeOf, isFencing, isUnanswered, meaningIn, refusedWith, toldAtLast } from './codes.ts'
import { type FailedWrite, type FailingPlaces, failedWrite, failureOf } from './failing-places.ts'
import { LastEnd } from './last-end.ts'
import type { ProducerIdentity } from './library.ts'
import type { Network } from './network.ts'
import type { KafkaSettings } from './options.ts'
import { persist } from './persist.ts'
import { type ProducedSlice, produceRequest } from './produce-request.ts'
import { type Stamp, sequenceAfter } from './record-batch.ts'
import { RefusedWrites } from './refused-writes.ts'
import { type Limits, type Plan, planOf, type Slice } from './slices.ts'
import { questionOf, type Taken, takeOverId } from './take-over.ts'
import type { TopicLimits } from './topic-limits.ts'
import type { Transactions } from './transactions.ts'
import { Refusal } from './wire.ts'

/** Stands for an answer that leaves a partition out. */
const UNKNOWN = -1
/** Why a producer is of no more use after a commit that took place. */
export const ASKED_AGAIN = 'the commit before it took place, but had to be asked for again'

/** What the producers of a log have learned. */
interface Shared {
  readonly topics: TopicLimits
  readonly failing: FailingPlaces
}

export class KafkaProducer implements Producer {
  readonly #id: string
  readonly #network: Network
  readonly #settings: KafkaSettings
  readonly #topics: TopicLimits
  readonly #failing: FailingPlaces
  readonly #limits: Limits
  readonly #transactions: Transactions
  #identity: ProducerIdentity
  readonly #sequences = new Map<string, number>()
  readonly #onClosed: (producer: KafkaProducer) => void
  #state: 'started' | 'writing' | 'spent' | 'closed' = 'started'
  #spentBy: CaudalError | undefined
  readonly #lastEnd: LastEnd

  private constructor(
    network: Network,
    settings: KafkaSettings,
    { topics, failing }: Shared,
    { transactions, identity, writes }: Taken,
    onClosed: (producer: KafkaProducer) => void,
  ) {
    this.#onClosed = onClosed
    this.#failing = failing
    this.#id = identity.transactionalId
    this.#network = network
    this.#settings = settings
    this.#transactions = transactions
    this.#identity = identity
    this.#lastEnd = new LastEnd(network, settings, transactions, this.#id, writes)
    this.#topics = topics
    this.#limits = topics.ofWrites
  }

  /** Starts the one live producer of the id, on connections of its own. */
  static async start(
    network: Network,
    settings: KafkaSettings,
    shared: Shared,
    id: string,
    writes: readonly TopicPartition[],
    onClosed: (producer: KafkaProducer) => void,
  ): Promise<KafkaProducer> {
    try {
      const taken = await takeOverId(network, settings, id, writes)
      return new KafkaProducer(network, settings, shared, taken, onClosed)
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
      const refused = new RefusedWrites(batches)
      if (plan.places.length > 0) await this.#write(plan, refused)
      if (refused.error) throw refused.error
      if (this.#state === 'writing') this.#state = 'started'
      return plan.receipt()
    } catch (error) {
      if (error instanceof WritesRefused && this.#state === 'writing') {
        this.#state = 'started'
        throw error
      }
      throw this.#spend(error instanceof CaudalError ? error : this.#aborted(error))
    }
  }

  async close(): Promise<void> {
    this.#state = 'closed'
    this.#network.close()
    this.#onClosed(this)
  }

  async #write(plan: Plan, refused: RefusedWrites): Promise<void> {
    // Known before anything is sent, so that a missing topic leaves no transaction behind.
    await this.#locate(plan.places, refused)
    if (refused.error) return
    await this.#lastEnd.untilEnded()
    await this.#lastEnd.makeSure(this.#identity)
    this.#lastEnd.writes(plan.places)
    if (!this.#transactions.endsRaiseEpochs) await this.#name(plan, refused)
    if (refused.error) return
    for (const round of plan.rounds) {
      const open = round.filter(slice => !refused.isClosed(slice))
      const leaders = await this.#locate(open, refused)
      // Every answer is heard: what one partition refuses means little where the others refuse too.
      const writes = [...leaders].map(([node, slices]) => this.#produce(plan, node, slices, refused))
      for (const each of await Promise.allSettled(writes)) if (each.status === 'rejected') throw each.reason
      if (refused.isEnough) break
    }
    await this.#end(refused.error ? 'abort' : 'commit')
    // Some of what an unwritable partition has refused may be there. Only another epoch numbers from the start again.
    if (refused.isUnclear && !this.#transactions.endsRaiseEpochs && refused.error) this.#spend(refused.error)
  }

  /** By their leaders; what does not exist is refused. */
  async #locate<Place extends TopicPartition>(places: readonly Place[], refused: RefusedWrites) {
    const { leaders, lost } = await this.#network.locate(places)
    for (const [place, error] of lost) {
      if (error.code === 'LOG_UNAVAILABLE') throw error
      refused.close(place, error)
    }
    return leaders
  }

  /** A broker does not know some of these: refuses those that the cluster does not know either. */
  async #refuseGone(places: readonly TopicPartition[], refused: RefusedWrites): Promise<void> {
    this.#network.outdated()
    await this.#locate(places, refused)
  }

  /** Adds the partitions to the transaction; waits for the markers of the one before. */
  async #name(plan: Plan, refused: RefusedWrites): Promise<void> {
    const { producerId, producerEpoch } = this.#identity
    const epoch = { producerId, epoch: producerEpoch }
    const without = await this.#onceFree(() => this.#transactions.addOrRefuse(epoch, plan.places)).catch(
      async error => {
        if (codeOf(error) === CODE.UNKNOWN_TOPIC_OR_PARTITION) await this.#refuseGone(plan.places, refused)
        // Where one partition is unknown none was added.
        if (!refused.error) throw error
        return []
      },
    )
    for (const { code, ...place } of without) {
      const question = { request: 'AddPartitionsToTxn', resource: `topic ${place.topic}` } as const
      refused.close(place, refusedWith(code, question))
    }
  }

  /** Again, while the transaction before is ending. */
  #onceFree<Answer>(attempt: () => Promise<Answer>): Promise<Answer> {
    const { system, requestTimeoutMs } = this.#settings
    const begun = system.monotonic()
    const isInTime = () => system.monotonic() - begun <= requestTimeoutMs
    return whileUnavailable(RETRIES.request, attempt, {
      system,
      isPassing: error => codeOf(error) === CODE.CONCURRENT_TRANSACTIONS && isInTime(),
    })
  }

  async #produce(plan: Plan, node: number, slices: readonly Slice[], refused: RefusedWrites): Promise<void> {
    const stamps = new Map(slices.map(slice => [slice, this.#stampOf(slice)]))
    const pieces: Slice[] = []
    let left = slices
    const written = this.#onceFree(async () => {
      const answers = await this.#send(node, left, stamps)
      const early: Slice[] = []
      const failed: FailedWrite[] = []
      const unknown = left.filter(
        slice => answers.get(partitionKey(slice))?.code === CODE.UNKNOWN_TOPIC_OR_PARTITION,
      )
      if (unknown.length > 0) await this.#refuseGone(unknown, refused)
      for (const slice of left.filter(each => !refused.isClosed(each))) {
        const answer = answers.get(partitionKey(slice))
        if (answer?.code === 0) {
          plan.written(slice, answer.baseOffset)
          this.#failing.written(slice)
        } else if (answer?.code === CODE.CONCURRENT_TRANSACTIONS) early.push(slice)
        else if (answer && STAYING.has(meaningOf(answer.code, 'Produce'))) {
          // Nothing of it was appended: what is written next there follows upon what was before.
          this.#sequences.set(partitionKey(slice), stamps.get(slice)?.sequence ?? 0)
          if (answer.code === CODE.MESSAGE_TOO_LARGE && slice.to - slice.from > 1)
            this.#topics.wasTooLarge(slice.topic, slice.bytesAtMost)
          pieces.push(...refused.piecesOf(slice, answer))
        } else failed.push(failedWrite(slice, answer?.code ?? UNKNOWN, answer?.reason))
      }
      this.#settleFailed(failed, refused)
      left = early
      if (left.length > 0) throw new Refusal('Produce', CODE.CONCURRENT_TRANSACTIONS)
    })
    await written.catch(error => {
      if (codeOf(error) !== CODE.CONCURRENT_TRANSACTIONS) throw error
      this.#settleFailed(
        left.map(slice => failedWrite(slice, CODE.CONCURRENT_TRANSACTIONS)),
        refused,
      )
    })
    for (const piece of pieces)
      if (!refused.isEnough && !refused.isClosed(piece)) await this.#produce(plan, node, [piece], refused)
  }

  async #send(
    node: number,
    slices: readonly Slice[],
    stamps: ReadonlyMap<Slice, Stamp>,
  ): Promise<ReadonlyMap<string, ProducedSlice>> {
    const { requestTimeoutMs, compression } = this.#settings
    const request = produceRequest(slices, {
      transactionalId: this.#id,
      addsPartitions: this.#transactions.endsRaiseEpochs,
      timeoutMs: requestTimeoutMs,
      compression,
      stampOf: slice => stamps.get(slice) ?? this.#stampOf(slice),
    })
    return new Map((await this.#network.send(node, request)).map(each => [partitionKey(each), each]))
  }

  #stampOf(slice: Slice): Stamp {
    const { producerId, producerEpoch } = this.#identity
    const sequence = this.#sequences.get(partitionKey(slice)) ?? 0
    this.#sequences.set(partitionKey(slice), sequenceAfter(sequence, slice.to - slice.from))
    return { producerId: BigInt(producerId), epoch: producerEpoch, sequence }
  }

  async #end(outcome: 'commit' | 'abort'): Promise<void> {
    const askedAt = this.#settings.system.monotonic()
    const changes = this.#network.changes
    let isRepeated = false
    let isFenced = false
    try {
      const next = await persist(this.#settings, questionOf(this.#id, 'EndTxn'), () =>
        this.#transactions.finish(this.#identity, outcome).catch(error => {
          isRepeated ||= isUnanswered(error)
          isFenced ||= isFencing(error)
          throw error
        }),
      )
      this.#continueAs(next)
    } catch (error) {
      if (isFenced && !isRepeated) throw new CaudalError('FENCED', { producer: this.#id }, error)
      if (outcome === 'abort') throw this.#aborted(error)
      throw new CaudalError('OUTCOME_UNKNOWN', { reason: reasonOf(error) }, error)
    }
    if (isRepeated) this.#spend(new CaudalError('COMMIT_ABORTED', { reason: ASKED_AGAIN }))
    this.#lastEnd.asked(askedAt, changes)
  }

  /** Sequence numbers begin again with each epoch. */
  #continueAs(next: ProducerIdentity): void {
    const isSame =
      next.producerEpoch === this.#identity.producerEpoch && next.producerId === this.#identity.producerId
    if (!isSame) this.#sequences.clear()
    this.#identity = next
  }

  /** Refuses the partitions that are unwritable. Throws where another one has failed. */
  #settleFailed(failed: readonly FailedWrite[], refused: RefusedWrites): void {
    const [first] = failed.filter(each => !refused.closesUnwritable(each, this.#failing.failed(each)))
    if (first) throw failureOf(first, this.#id)
  }

  #aborted(error: unknown): CaudalError {
    if (isFencing(error)) return new CaudalError('FENCED', { producer: this.#id }, error)
    const what = toldAtLast(error, questionOf(this.#id, 'AddPartitionsToTxn'))
    const passes = what.code === 'LOG_UNAVAILABLE' || meaningIn(error) === 'transaction'
    return passes ? new CaudalError('COMMIT_ABORTED', { reason: reasonOf(error) }, error) : what
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
