/**
 * Whether the last transaction of a producer has ended everywhere.
 *
 * The coordinator answers an end before it writes the markers. Its successor may leave some of them out. So the producer
 * sometimes asks, before the next transaction writes, whether the last one has ended everywhere. It asks when a connection
 * was lost, when the coordinator has moved, or when some time has passed since the end was asked for. Otherwise the answer
 * of the coordinator that took the end is enough.
 */
import { CaudalError, hasCode } from '#core/errors.ts'
import { partitionKey, type TopicPartition } from '#core/record.ts'
import { sleep } from '#core/system.ts'
import { isWhole } from '../repair.ts'
import type { ProducerIdentity } from './library.ts'
import type { Network } from './network.ts'
import type { KafkaSettings } from './options.ts'
import { persist } from './persist.ts'
import { questionOf } from './take-over.ts'
import type { Transactions } from './transactions.ts'

/** A coordinator that loses its place for as short a time and gets it back is noticed by a refusal or a lost connection. */
const SURE_FOR_MS = 200
const BROKER_LOOKS_AGAIN_MS = 20
const TORN = 'the transaction before it did not end in all partitions'

export class LastEnd {
  readonly #network: Network
  readonly #settings: KafkaSettings
  readonly #transactions: Transactions
  readonly #id: string
  /** All that the producer may have written to, by name. */
  readonly #writes: Map<string, TopicPartition>
  /** When it was known last that nothing of its id is open, and how often connections had been lost by then. */
  #sureAt: number
  #sureUntil: number
  /** An end was answered, and no broker has said yet that its markers are written. */
  #isEnding = false

  /** Of the producer with this transactional id. `writes`: where its predecessors may have written. */
  constructor(
    network: Network,
    settings: KafkaSettings,
    transactions: Transactions,
    id: string,
    writes: readonly TopicPartition[],
  ) {
    this.#network = network
    this.#settings = settings
    this.#transactions = transactions
    this.#id = id
    this.#writes = new Map(writes.map(each => [partitionKey(each), each]))
    this.#sureAt = settings.system.monotonic()
    this.#sureUntil = network.changes
  }

  /** The producer may have written to these from now on. */
  writes(places: readonly TopicPartition[]): void {
    for (const place of places) this.#writes.set(partitionKey(place), place)
  }

  /** An end was answered. It was asked for at this time, when connections had been lost so often. */
  asked(askedAt: number, changes: number): void {
    this.#sureAt = askedAt
    this.#sureUntil = changes
    this.#isEnding = true
  }

  /** The transaction before has ended everywhere; rejects where it has not, so that nothing of it is swept into this one. */
  async makeSure({ producerId, producerEpoch }: ProducerIdentity): Promise<void> {
    const { system } = this.#settings
    const now = system.monotonic()
    const isUndisturbed = this.#sureUntil === this.#network.changes
    if (isUndisturbed && !this.#isEnding && now - this.#sureAt < SURE_FOR_MS) return
    const changes = this.#network.changes
    const ended = await persist(this.#settings, questionOf(this.#id, 'EndTxn'), async () => {
      await this.#forgetGone()
      return isWhole(this.#transactions, { producerId, epoch: producerEpoch }, [...this.#writes.values()])
    }).catch(error => {
      // Brokers that refuse this question refused it at the start too. Time alone is then no reason to stop.
      if (isUndisturbed && hasCode(error, 'TRANSACTION_UNCHECKED')) return true
      throw error
    })
    if (!ended) throw new CaudalError('COMMIT_ABORTED', { reason: TORN })
    this.#isEnding = false
    this.#sureAt = now
    this.#sureUntil = changes
  }

  /**
   * Waits for the markers of the transaction before: the coordinator that took its end says that it is complete once they are
   * written. A write that were sent earlier may arrive when another one has left some out. And a broker that is written to while
   * they are missing looks again only after 20 ms (`add.partitions.to.txn.retry.backoff.ms`): the coordinator answers at once.
   */
  async untilEnded(): Promise<void> {
    const { system } = this.#settings
    const begun = system.monotonic()
    for (; this.#isEnding && system.monotonic() - begun < BROKER_LOOKS_AGAIN_MS; await sleep(system, 1)) {
      const described = await this.#transactions.describe().catch(() => undefined)
      // Without an answer nothing is known: the leaders are asked as well.
      if (described === undefined) return
      this.#isEnding = described.state === 'ending'
    }
  }

  /**
   * Nothing is open in a partition that does not exist, and looking for its leader takes long: it is looked for once. A write
   * to a new topic of that name notes it again.
   */
  async #forgetGone(): Promise<void> {
    const { lost } = await this.#network.locate([...this.#writes.values()])
    for (const [place, { code }] of lost)
      if (code === 'TOPIC_MISSING') this.#writes.delete(partitionKey(place))
  }
}
