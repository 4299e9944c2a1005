/**
 * What the coordinator of transactions keeps of each transactional id, and how it answers: both versions of Kafka's
 * transactions, as Kafka 4.3 has them. Markers are written later, by the coordinator of that time.
 */
import { partitionKey, type TopicPartition } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { RequestName } from '#engine/log/kafka/broker-codes.ts'
import type { ProducerIdentity } from '#engine/log/kafka/library.ts'
import { Refusal } from '#engine/log/kafka/wire.ts'
import type { Outcome } from './partition-log.ts'

const CODE = { epoch: 47, state: 48, mapping: 49, concurrent: 51 } as const
const FIRST_PRODUCER_ID = 4_000

export type State =
  | 'Empty'
  | 'Ongoing'
  | 'PrepareCommit'
  | 'PrepareAbort'
  | 'CompleteCommit'
  | 'CompleteAbort'

export interface Transaction {
  readonly transactionalId: string
  readonly producerId: bigint
  epoch: number
  timeoutMs: number
  state: State
  startedAt: number
  readonly partitions: Map<string, TopicPartition>
  /** The last end raised the epoch, so that a repetition of it bears the one before. */
  endRaised: boolean
}

export interface CoordinatorOptions {
  readonly system: System
  /** Called when a transaction is decided: write its markers, then call `complete`. */
  readonly onDecided: (transaction: Transaction, outcome: Outcome) => void
}

export class TransactionCoordinator {
  readonly #options: CoordinatorOptions
  readonly #transactions = new Map<string, Transaction>()

  constructor(options: CoordinatorOptions) {
    this.#options = options
  }

  get all(): readonly Transaction[] {
    return [...this.#transactions.values()]
  }

  find(transactionalId: string): Transaction | undefined {
    return this.#transactions.get(transactionalId)
  }

  init(transactionalId: string, timeoutMs: number): { producerId: string; producerEpoch: number } {
    const known = this.#transactions.get(transactionalId) ?? this.#begin(transactionalId)
    if (known.state === 'Ongoing') this.#fence(known)
    if (known.state.startsWith('Prepare')) throw new Refusal('InitProducerId', CODE.concurrent)
    Object.assign(known, {
      epoch: known.epoch + 1,
      timeoutMs,
      state: 'Empty',
      startedAt: -1,
      endRaised: false,
    })
    return { producerId: known.producerId.toString(), producerEpoch: known.epoch }
  }

  /** Throws where the producer may not add partitions. */
  add(identity: ProducerIdentity, places: readonly TopicPartition[]): void {
    const transaction = this.#checked('AddPartitionsToTxn', identity)
    if (transaction.state.startsWith('Prepare')) throw new Refusal('AddPartitionsToTxn', CODE.concurrent)
    if (transaction.state !== 'Ongoing') this.#start(transaction)
    for (const { topic, partition } of places)
      transaction.partitions.set(partitionKey({ topic, partition }), { topic, partition })
  }

  /** Throws where the partition is not in the transaction of this producer. */
  verify(identity: ProducerIdentity, place: TopicPartition): void {
    const transaction = this.#checked('Produce', identity)
    const isIn = transaction.state === 'Ongoing' && transaction.partitions.has(partitionKey(place))
    if (!isIn) throw new Refusal('Produce', CODE.state)
  }

  /** Ends as for a client of the first version. A repetition looks like the end of a next transaction. */
  end(identity: ProducerIdentity, outcome: Outcome): void {
    const transaction = this.#checked('EndTxn', identity)
    const { state } = transaction
    if (state === 'Ongoing') return this.#decide(transaction, outcome)
    if (state === stateOf('Complete', outcome)) return
    throw new Refusal('EndTxn', state === stateOf('Prepare', outcome) ? CODE.concurrent : CODE.state)
  }

  /** As a client of the second version ends: the answer bears the next epoch. */
  endRaising(identity: ProducerIdentity, outcome: Outcome): ProducerIdentity {
    const transaction = this.#known('EndTxn', identity)
    const { state } = transaction
    const isRepeated = transaction.endRaised && identity.producerEpoch === transaction.epoch - 1
    const isCurrent = identity.producerEpoch === transaction.epoch
    const isPrepared = state.startsWith('Prepare')
    const isValid = isPrepared ? isRepeated : isCurrent || (isRepeated && state.startsWith('Complete'))
    if (!isValid) throw new Refusal('EndTxn', CODE.epoch)
    if (isRepeated && state !== stateOf(isPrepared ? 'Prepare' : 'Complete', outcome))
      throw new Refusal('EndTxn', CODE.state)
    if (isPrepared) throw new Refusal('EndTxn', CODE.concurrent)
    if (!isRepeated) {
      if (state !== 'Ongoing' && outcome === 'commit') throw new Refusal('EndTxn', CODE.state)
      transaction.epoch++
      transaction.endRaised = true
      this.#decide(transaction, outcome)
    }
    return { ...identity, producerEpoch: transaction.epoch }
  }

  complete(transaction: Transaction): void {
    const { state } = transaction
    if (state === 'PrepareCommit') transaction.state = 'CompleteCommit'
    if (state === 'PrepareAbort') transaction.state = 'CompleteAbort'
    transaction.partitions.clear()
  }

  #begin(transactionalId: string): Transaction {
    const transaction: Transaction = {
      transactionalId,
      producerId: BigInt(FIRST_PRODUCER_ID + this.#transactions.size),
      epoch: -1,
      timeoutMs: 0,
      state: 'Empty',
      startedAt: -1,
      partitions: new Map(),
      endRaised: false,
    }
    this.#transactions.set(transactionalId, transaction)
    return transaction
  }

  #start(transaction: Transaction): void {
    const { system } = this.#options
    const startedAt = system.now()
    Object.assign(transaction, { state: 'Ongoing', startedAt, endRaised: false })
    const { epoch } = transaction
    system.after(transaction.timeoutMs, () => {
      const isSame = transaction.startedAt === startedAt && transaction.epoch === epoch
      if (isSame && transaction.state === 'Ongoing') this.#fence(transaction)
    })
  }

  /** Of a newer producer, or as its time is up. */
  #fence(transaction: Transaction): void {
    transaction.epoch++
    transaction.endRaised = false
    this.#decide(transaction, 'abort')
  }

  #decide(transaction: Transaction, outcome: Outcome): void {
    transaction.state = stateOf('Prepare', outcome)
    this.#options.onDecided(transaction, outcome)
  }

  #checked(request: RequestName, identity: ProducerIdentity): Transaction {
    const transaction = this.#known(request, identity)
    if (transaction.epoch !== identity.producerEpoch) throw new Refusal(request, CODE.epoch)
    return transaction
  }

  #known(request: RequestName, { transactionalId, producerId }: ProducerIdentity): Transaction {
    const transaction = this.#transactions.get(transactionalId)
    if (transaction?.producerId !== BigInt(producerId)) throw new Refusal(request, CODE.mapping)
    return transaction
  }
}

function stateOf(stage: 'Prepare' | 'Complete', outcome: Outcome): State {
  return outcome === 'commit' ? `${stage}Commit` : `${stage}Abort`
}
