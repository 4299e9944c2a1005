/**
 * The transaction coordinator: producers with epochs, and what they have open.
 *
 *   idle --write--> open --end, fence, time-out--> ending --all markers written--> idle
 *
 * Invariants: a request with another epoch than the current one changes nothing; the outcome of a transaction is decided
 * when it enters `ending`, though readers see it only by the markers, which may be written later, each at its own time;
 * starting or fencing a producer raises its epoch, and succeeds only while nothing of it is open or ending.
 */

import type { LogRecord, TopicPartition } from '#engine/core/record.ts'
import type { System } from '#engine/core/system.ts'
import type { PartitionBatch, Receipt } from '../log.ts'
import type { Outcome, Partition } from './partition.ts'
import type { Topics } from './topics.ts'

/** What a producer proves itself with. */
export interface Identity {
  readonly transactionalId: string
  readonly producerId: number
  readonly epoch: number
}

interface ProducerState {
  readonly producerId: number
  epoch: number
  phase: 'idle' | 'open' | 'ending'
  /** Of the transaction that is ending or ended last. */
  outcome: Outcome | undefined
  partitions: Set<Partition>
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

export class TransactionCoordinator {
  readonly #system: System
  readonly #topics: Topics
  readonly #timeoutMs: number
  readonly #delivery: MarkerDelivery
  readonly #producers = new Map<string, ProducerState>()
  #lastProducerId = 0
  /** Is told of every commit when it is decided. */
  onCommitted: ((batches: readonly CommittedBatch[]) => void) | undefined

  constructor(system: System, topics: Topics, timeoutMs: number, delivery: MarkerDelivery) {
    this.#system = system
    this.#topics = topics
    this.#timeoutMs = timeoutMs
    this.#delivery = delivery
  }

  /** Fences the producers with this id and gives the next identity; `busy` while their last transaction is ending. */
  start(transactionalId: string): Identity | 'busy' {
    const producer = this.#producers.get(transactionalId) ?? this.#register(transactionalId)
    if (producer.phase === 'open') this.#abort(producer)
    if (producer.phase === 'ending') return 'busy'
    producer.epoch++
    return { transactionalId, producerId: producer.producerId, epoch: producer.epoch }
  }

  /** Writes into the producer's transaction, opening one if there is none. */
  write(identity: Identity, batches: readonly PartitionBatch[]): Receipt | 'busy' | 'fenced' {
    const producer = this.#current(identity)
    if (producer === undefined) return 'fenced'
    if (producer.phase === 'ending') return 'busy'
    const partitions = batches.map(batch => this.#topics.partition(batch))
    if (batches.some(batch => batch.records.length > 0)) this.#open(producer)
    return batches.map((batch, i) => {
      const partition = partitions[i] ?? this.#topics.partition(batch)
      if (batch.records.length > 0) producer.partitions.add(partition)
      return partition.append(batch.records, producer.producerId)
    })
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

  /** Forgets a producer, as a broker does after a week of silence: whatever it sends next is refused. */
  forget(transactionalId: string): void {
    const producer = this.#producers.get(transactionalId)
    if (producer?.phase === 'open') this.#abort(producer)
    this.#producers.delete(transactionalId)
  }

  #register(transactionalId: string): ProducerState {
    const producer: ProducerState = {
      producerId: ++this.#lastProducerId,
      epoch: -1,
      phase: 'idle',
      outcome: undefined,
      partitions: new Set(),
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
    const written = (partition: Partition) => {
      pending.delete(partition)
      if (pending.size === 0) producer.phase = 'idle'
    }
    for (const partition of [...pending]) {
      const delayMs = this.#delivery.delayMs(partition, producer.producerId)
      if (delayMs === undefined) written(partition)
      else this.#mark(producer.producerId, partition, outcome, delayMs, written)
    }
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
