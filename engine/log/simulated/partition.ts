/**
 * One partition in memory.
 *
 * Records lie in batches, as they were written; a batch belongs to a transaction or to none. A transaction that ends
 * leaves a marker, which takes an offset like a record does. The stable end is the first offset of the oldest open
 * transaction. A read-committed reader gets nothing at or above the stable end, and skips markers and aborted records.
 * Readers that wait are woken when the stable end moves, and only then.
 *
 * Written and read bytes are copied, as by a network (packed-records.ts): a client that changes its bytes changes nothing that is stored.
 */

import { CaudalError } from '#core/errors.ts'
import type { LogRecord, NewRecord, TopicPartition } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { Bounds, Fetched } from '../log.ts'
import { PackedRecords } from './packed-records.ts'

export type Outcome = 'committed' | 'aborted'

interface PartitionTransaction {
  readonly firstOffset: number
  /** Of the producer's last write. */
  epoch: number
  outcome: 'open' | Outcome
}

interface Batch {
  readonly firstOffset: number
  readonly nextOffset: number
  readonly appendedAt: number
  /** In order of offset; none in a marker, fewer than offsets after compaction. */
  records: PackedRecords
  readonly transaction: PartitionTransaction | undefined
}

export class Partition {
  readonly place: TopicPartition
  readonly #system: System
  #batches: Batch[] = []
  /** By producer, oldest first. */
  readonly #open = new Map<number, PartitionTransaction>()
  #waiting: (() => void)[] = []
  #start = 0
  #end = 0

  constructor(place: TopicPartition, system: System) {
    this.place = place
    this.#system = system
  }

  get bounds(): Bounds {
    return { start: this.#start, end: this.#stableEnd() }
  }

  /** Producers with an open transaction here, and where it begins. */
  get openTransactions(): ReadonlyMap<number, { readonly firstOffset: number; readonly epoch: number }> {
    return this.#open
  }

  /** What the producer has written here and not ended. */
  openRecords(producerId: number): readonly LogRecord[] {
    const transaction = this.#open.get(producerId)
    if (transaction === undefined) return []
    const batches = this.#batches.slice(this.#indexOf(transaction.firstOffset))
    return batches.filter(each => each.transaction === transaction).flatMap(each => each.records.all())
  }

  /** Writes records, in the open transaction of the producer where one is given. Returns the offset after them. */
  append(records: readonly NewRecord[], producerId?: number, epoch = 0): number {
    if (records.length === 0) return this.#end
    const transaction = producerId === undefined ? undefined : this.#transactionOf(producerId, epoch)
    const nextOffset = this.#end + records.length
    this.#push(PackedRecords.of(records, this.#end), nextOffset, transaction)
    if (this.#open.size === 0) this.#wake()
    return nextOffset
  }

  /** Ends what the producer has open here, if anything, and writes the marker. */
  end(producerId: number, outcome: Outcome): void {
    const transaction = this.#open.get(producerId)
    if (transaction === undefined) return
    transaction.outcome = outcome
    this.#open.delete(producerId)
    this.#push(PackedRecords.none, this.#end + 1, undefined)
    this.#wake()
  }

  /** Committed records from `offset` on. */
  read(offset: number, recordsMax: number): Fetched {
    this.#checkRange(offset)
    const end = this.#stableEnd()
    const records: LogRecord[] = []
    let nextOffset = offset
    for (let i = this.#indexOf(offset); nextOffset < end; i++) {
      const batch = this.#batches[i]
      if (batch === undefined) return { records, nextOffset: end }
      if (batch.transaction?.outcome !== 'aborted') {
        const last = batch.records.read(nextOffset, recordsMax, records)
        if (last !== undefined) return { records, nextOffset: last + 1 }
      }
      nextOffset = batch.nextOffset
    }
    return { records, nextOffset }
  }

  /** Calls back once, when the stable end moves. */
  whenMoved(callback: () => void): void {
    this.#waiting.push(callback)
  }

  /** Wakes the readers that wait: the topic is gone. */
  moved(): void {
    this.#wake()
  }

  trim(beforeOffset: number): void {
    if (beforeOffset > this.#end) this.#outOfRange(beforeOffset)
    this.#start = Math.max(this.#start, beforeOffset)
    this.#batches.splice(0, this.#indexOf(this.#start))
  }

  /**
   * Keeps the latest committed record of each key, and those without; offsets stay, gaps appear. Of tombstones it keeps those
   * that were appended at this time or later.
   */
  compact(tombstonesFrom = 0): void {
    const stable = this.#batches.slice(0, this.#indexOf(this.#stableEnd()))
    const latest = new Map<string, number>()
    for (const batch of stable) {
      if (batch.transaction?.outcome === 'aborted') batch.records = PackedRecords.none
      batch.records.forEachKey((key, index) => latest.set(key, batch.records.offsetAt(index)))
    }
    for (const batch of stable) {
      const { records, appendedAt } = batch
      const isOld = appendedAt < tombstonesFrom
      batch.records = records.filter(index => {
        const key = records.keyAt(index)
        if (key === undefined) return true
        return latest.get(key) === records.offsetAt(index) && !(isOld && records.isTombstoneAt(index))
      })
    }
  }

  /** Deletes the leading batches that were written before this time. */
  expire(before: number): void {
    const end = this.#stableEnd()
    const kept = this.#batches.find(batch => batch.nextOffset > end || batch.appendedAt >= before)
    this.trim(kept?.firstOffset ?? end)
  }

  /** What an earlier epoch has left open here is swept into the transaction. */
  #transactionOf(producerId: number, epoch: number): PartitionTransaction {
    let transaction = this.#open.get(producerId)
    if (transaction === undefined) {
      transaction = { firstOffset: this.#end, epoch, outcome: 'open' }
      this.#open.set(producerId, transaction)
    }
    transaction.epoch = epoch
    return transaction
  }

  #push(records: PackedRecords, nextOffset: number, transaction: PartitionTransaction | undefined): void {
    const appendedAt = this.#system.now()
    this.#batches.push({ firstOffset: this.#end, nextOffset, appendedAt, records, transaction })
    this.#end = nextOffset
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const callback of waiting) callback()
  }

  #stableEnd(): number {
    for (const oldest of this.#open.values()) return Math.max(oldest.firstOffset, this.#start)
    return this.#end
  }

  /** Index of the batch that holds the offset or, in a gap, of the first one above it. */
  #indexOf(offset: number): number {
    let low = 0
    let high = this.#batches.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#batches[middle]?.nextOffset ?? 0) <= offset) low = middle + 1
      else high = middle
    }
    return low
  }

  #checkRange(offset: number): void {
    if (offset < this.#start || offset > this.#end) this.#outOfRange(offset)
  }

  #outOfRange(offset: number): never {
    throw new CaudalError('OFFSET_OUT_OF_RANGE', {
      ...this.place,
      offset,
      start: this.#start,
      end: this.#end,
    })
  }
}
