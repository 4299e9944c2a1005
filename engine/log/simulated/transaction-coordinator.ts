/**
 * The transaction coordinator: producers with epochs, and what they have open.
 *
 *   idle --write--> open --end, fence, time-out--> ending --all markers written--> idle
 *
 * Invariants:
 * - A request with another epoch than the current one changes nothing.
 * - The outcome of a transaction is decided when it enters `ending`. Readers see it by the markers, which may be written
 *   later, each at its own time.
 * - Starting or fencing a producer raises its epoch, and succeeds only while nothing of it is open or ending. Where a
 *   transaction is open, it is aborted under the next epoch, and the client has to ask again. The outcome and the purpose
 *   stay until then.
 *
 * The coordinator may fail between the decision and the markers. Its successor completes the transaction though some
 * partitions got no marker. The records there stay open until the next marker of the same producer, which decides on them.
 */
import type { LogRecord, TopicPartition } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { PartitionBatch, Receipt } from '../log.ts'
import type { Described, OpenTransaction, Purpose } from '../repair.ts'
import type { Outcome, Partition } from './partition.ts'
import type { Topics } from './topics.ts'

/** What a producer proves itself with. */
export interface Identity {
  readonly transactionalId: string
  readonly producerId: number
  readonly epoch: number
}

interface ProducerState {
  readonly transactionalId: string
  readonly producerId: number
  epoch: number
  purpose: Purpose
  phase: 'idle' | 'open' | 'ending'
  /** Of the transaction that is ending or ended last. */
  outcome: Outcome | undefined
  partitions: Set<Partition>
  startedAt: number
  /** Counts the coordinators that it had. */
  term: number
  cancelTimeout: () => void
}

/** What a committed transaction has written to one partition. */
export interface CommittedBatch {
  readonly place: TopicPartition
  readonly records: readonly LogRecord[]
}

/** What the coordinator asks of its surroundings when it writes markers. */
export interface MarkerDelivery {
  /** How long the marker for this partition takes; `undefined` when it gets lost for good. */
  delayMs(partition: Partition, producerId: number): number | undefined
}

/** The coordinator fails when it has decided: which partitions get no marker, and how long it takes its successor to complete. */
export interface CoordinatorFailure {
  readonly losesMarker: (place: TopicPartition) => boolean
  readonly absentMs: number
}

/** How long it takes until another one coordinates where nothing else is said. */
const ABSENT_MS = 300

export class TransactionCoordinator {
  readonly #system: System
  readonly #topics: Topics
  readonly #timeoutMs: number
  readonly #delivery: MarkerDelivery
  readonly #producers = new Map<string, ProducerState>()
  readonly #failures = new Map<string, CoordinatorFailure>()
  /** Ids that are forgotten as soon as nothing of them is open. */
  readonly #forgotten = new Set<string>()
  #lastProducerId = 0
  #transactions = 0
  /** Called with every commit when it is decided. */
  onCommitted: ((batches: readonly CommittedBatch[]) => void) | undefined

  constructor(system: System, topics: Topics, timeoutMs: number, delivery: MarkerDelivery) {
    this.#system = system
    this.#topics = topics
    this.#timeoutMs = timeoutMs
    this.#delivery = delivery
  }

  /** Fences the producers with this id and gives the next identity; `busy` while their last transaction is open or ending. */
  start(transactionalId: string, purpose: Purpose = 'write'): Identity | 'busy' {
    const producer = this.#producers.get(transactionalId) ?? this.#register(transactionalId)
    if (producer.phase === 'open') {
      this.#abort(producer)
      return 'busy'
    }
    if (producer.phase === 'ending') return 'busy'
    producer.epoch++
    producer.purpose = purpose
    producer.outcome = undefined
    return { transactionalId, producerId: producer.producerId, epoch: producer.epoch }
  }

  /** Writes into the producer's transaction, opening one if there is none. `moved`: another one coordinates since that term. */
  write(
    identity: Identity,
    batches: readonly PartitionBatch[],
    term = this.termOf(identity.transactionalId),
  ): Receipt | 'busy' | 'fenced' | 'moved' {
    const producer = this.#current(identity)
    if (producer === undefined) return 'fenced'
    if (producer.phase === 'ending') return 'busy'
    if (producer.term !== term) return 'moved'
    const partitions = batches.map(batch => this.#topics.partition(batch))
    if (batches.some(batch => batch.records.length > 0)) this.#open(producer)
    return batches.map((batch, i) => {
      const partition = partitions[i] ?? this.#topics.partition(batch)
      if (batch.records.length > 0) producer.partitions.add(partition)
      return partition.append(batch.records, producer.producerId, producer.epoch)
    })
  }

  /** Adds partitions to the producer's transaction, opening one if there is none. */
  add(identity: Identity, places: readonly TopicPartition[]): 'done' | 'busy' | 'fenced' {
    const producer = this.#current(identity)
    if (producer === undefined) return 'fenced'
    if (producer.phase === 'ending') return 'busy'
    this.#open(producer)
    for (const place of places) producer.partitions.add(this.#topics.partition(place))
    return 'done'
  }

  /** Decides the open transaction. `unknown` is what a broker answers while a fence aborts it at that moment. */
  end(identity: Identity, outcome: Outcome): 'done' | 'fenced' | 'unknown' {
    const producer = this.#producers.get(identity.transactionalId)
    if (producer === undefined || producer.producerId !== identity.producerId) return 'fenced'
    if (producer.epoch !== identity.epoch) return producer.phase === 'ending' ? 'unknown' : 'fenced'
    if (producer.phase === 'open') this.#decide(producer, outcome)
    else if (producer.outcome !== undefined && producer.outcome !== outcome) return 'fenced'
    return 'done'
  }

  /** What it says of a transactional id; nothing where it knows none. */
  describe(transactionalId: string): Described | undefined {
    const producer = this.#producers.get(transactionalId)
    if (producer === undefined) return undefined
    const { producerId, epoch, purpose, phase, outcome = 'empty', startedAt, partitions } = producer
    const state = phase === 'open' ? 'ongoing' : phase === 'ending' ? 'ending' : outcome
    const places = [...partitions].map(each => each.place)
    return { producerId: String(producerId), epoch, purpose, state, startedAt, partitions: places }
  }

  /** What the leaders of these partitions hold open of a producer. */
  openOf(producerId: string, places: readonly TopicPartition[]): readonly OpenTransaction[] {
    return places.flatMap(place => {
      const open = this.#topics.partition(place).openTransactions.get(Number(producerId))
      return open ? [{ ...place, producerId, epoch: open.epoch, firstOffset: open.firstOffset }] : []
    })
  }

  /** The ids of all that hold something open in these partitions. */
  idsOn(places: readonly TopicPartition[]): readonly string[] {
    const open = new Set(places.flatMap(place => [...this.#topics.partition(place).openTransactions.keys()]))
    return [...this.#producers.values()]
      .filter(({ producerId }) => open.has(producerId))
      .map(({ transactionalId }) => transactionalId)
  }

  termOf(transactionalId: string): number {
    return this.#producers.get(transactionalId)?.term ?? 0
  }

  /** The coordinator fails at the next decision of this id. */
  failAtDecision(transactionalId: string, failure: CoordinatorFailure | undefined): void {
    if (failure) this.#failures.set(transactionalId, failure)
    else this.#failures.delete(transactionalId)
  }

  /**
   * Forgets a producer, as a broker does after a week of silence: whatever it sends next is refused. Not one with a transaction,
   * here or open in a partition: Kafka lets an id expire only where it is empty or complete. That one is forgotten when it has ended.
   */
  forget(transactionalId: string): void {
    this.#forgotten.add(transactionalId)
    this.#forgetIdle(transactionalId)
  }

  #forgetIdle(transactionalId: string): void {
    const producer = this.#producers.get(transactionalId)
    if (producer?.phase !== 'idle' || this.#topics.haveOpen(producer.producerId)) return
    if (this.#forgotten.delete(transactionalId)) this.#producers.delete(transactionalId)
  }

  #register(transactionalId: string): ProducerState {
    const producer: ProducerState = {
      transactionalId,
      producerId: ++this.#lastProducerId,
      epoch: -1,
      purpose: 'write',
      phase: 'idle',
      outcome: undefined,
      partitions: new Set(),
      startedAt: -1,
      term: 0,
      cancelTimeout: () => {},
    }
    this.#producers.set(transactionalId, producer)
    return producer
  }

  #current(identity: Identity): ProducerState | undefined {
    const producer = this.#producers.get(identity.transactionalId)
    const isCurrent = producer?.producerId === identity.producerId && producer.epoch === identity.epoch
    return isCurrent ? producer : undefined
  }

  #open(producer: ProducerState): void {
    if (producer.phase === 'open') return
    producer.phase = 'open'
    producer.outcome = undefined
    producer.startedAt = ++this.#transactions
    producer.cancelTimeout = this.#system.after(this.#timeoutMs, () => this.#abort(producer))
  }

  #abort(producer: ProducerState): void {
    producer.epoch++
    this.#decide(producer, 'aborted')
  }

  #decide(producer: ProducerState, outcome: Outcome): void {
    producer.cancelTimeout()
    producer.phase = 'ending'
    producer.outcome = outcome
    const pending = producer.partitions
    producer.partitions = new Set()
    if (outcome === 'committed') this.#tell(producer.producerId, pending)
    const failure = this.#failures.get(producer.transactionalId)
    if (failure) return this.#fail(producer, outcome, pending, failure)
    const written = (partition: Partition) => {
      pending.delete(partition)
      if (pending.size > 0) return
      producer.phase = 'idle'
      this.#forgetIdle(producer.transactionalId)
    }
    for (const partition of [...pending]) {
      const delayMs = this.#delivery.delayMs(partition, producer.producerId)
      if (delayMs === undefined) this.#lose(producer, () => written(partition))
      else this.#mark(producer.producerId, partition, outcome, delayMs, written)
    }
  }

  /** As in `#fail`, with one marker. */
  #lose(producer: ProducerState, complete: () => void): void {
    this.#system.after(ABSENT_MS, () => {
      producer.term++
      complete()
    })
  }

  /** Some markers are written, others never; the successor believes that all are. */
  #fail(
    producer: ProducerState,
    outcome: Outcome,
    pending: ReadonlySet<Partition>,
    { losesMarker, absentMs }: CoordinatorFailure,
  ): void {
    this.#failures.delete(producer.transactionalId)
    for (const partition of pending)
      if (!losesMarker(partition.place)) partition.end(producer.producerId, outcome)
    this.#system.after(absentMs, () => {
      producer.term++
      producer.phase = 'idle'
    })
  }

  #tell(producerId: number, partitions: ReadonlySet<Partition>): void {
    this.onCommitted?.(
      [...partitions].map(each => ({ place: each.place, records: each.openRecords(producerId) })),
    )
  }

  #mark(
    producerId: number,
    partition: Partition,
    outcome: Outcome,
    delayMs: number,
    written: (partition: Partition) => void,
  ): void {
    const mark = () => {
      partition.end(producerId, outcome)
      written(partition)
    }
    if (delayMs > 0) this.#system.after(delayMs, mark)
    else mark()
  }
}
