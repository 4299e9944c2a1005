/**
 * One partition in memory.
 *
 * Records lie in batches, as they were written; a batch belongs to a transaction or to none. A transaction that ends
 * leaves a marker, which takes an offset like a record does. The stable end is the first offset of the oldest open
 * transaction. A read-committed reader gets nothing at or above the stable end, and skips markers and aborted records.
 * Readers that wait are woken when the stable end moves, and only then.
 *
 * Written and read bytes are copied, as by a network: a client that changes its bytes changes nothing that is stored.
 */

import { CaudalError } from '#core/errors.ts'
import {
  type Headers,
  type LogRecord,
  type NewRecord,
  NO_HEADERS,
  type TopicPartition,
} from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { Bounds, Fetched } from '../log.ts'

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
  records: readonly LogRecord[]
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
    return batches.filter(each => each.transaction === transaction).flatMap(each => each.records)
  }

  /** Writes records, in the open transaction of the producer where one is given. Returns the offset after them. */
  append(records: readonly NewRecord[], producerId?: number, epoch = 0): number {
    if (records.length === 0) return this.#end
    const transaction = producerId === undefined ? undefined : this.#transactionOf(producerId, epoch)
    let offset = this.#end
    const stored = records.map(record => copyOf(record, offset++))
    this.#push(stored, offset, transaction)
    if (this.#open.size === 0) this.#wake()
    return offset
  }

  /** Ends what the producer has open here, if anything, and writes the marker. */
  end(producerId: number, outcome: Outcome): void {
    const transaction = this.#open.get(producerId)
    if (transaction === undefined) return
    transaction.outcome = outcome
    this.#open.delete(producerId)
    this.#push([], this.#end + 1, undefined)
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
        const last = take(batch.records, nextOffset, recordsMax, records)
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
    const latest = new Map<string, LogRecord>()
    for (const batch of stable) {
      if (batch.transaction?.outcome === 'aborted') batch.records = []
      for (const record of batch.records) if (record.key !== null) latest.set(textOf(record.key), record)
    }
    for (const batch of stable) {
      batch.records = batch.records.filter(
        ({ key, value }, index, records) =>
          key === null ||
          (latest.get(textOf(key)) === records[index] &&
            (value !== null || batch.appendedAt >= tombstonesFrom)),
      )
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

  #push(
    records: readonly LogRecord[],
    nextOffset: number,
    transaction: PartitionTransaction | undefined,
  ): void {
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

/** Moves records from `offset` on into `into`; returns the offset of the last one once that is full. */
function take(
  records: readonly LogRecord[],
  offset: number,
  recordsMax: number,
  into: LogRecord[],
): number | undefined {
  for (let i = startingAt(records, offset); i < records.length; i++) {
    const record = records[i]
    if (record === undefined) continue
    into.push(copyOf(record, record.offset))
    if (into.length >= recordsMax) return record.offset
  }
  return undefined
}

/** Index of the first record at or above the offset. */
function startingAt(records: readonly LogRecord[], offset: number): number {
  const first = records[0]
  if (first === undefined || offset <= first.offset) return 0
  let index = Math.min(offset - first.offset, records.length)
  while (index > 0 && (records[index - 1]?.offset ?? 0) >= offset) index--
  return index
}

function copyOf({ key, value, headers, allHeaders, timestamp }: NewRecord, offset: number): LogRecord {
  const copied = headers === NO_HEADERS ? headers : Object.fromEntries(copiesOf(headers))
  const record = {
    key: key && Buffer.from(key),
    value: value && Buffer.from(value),
    headers: copied,
    timestamp,
    offset,
  }
  if (!allHeaders) return record
  return {
    ...record,
    allHeaders: allHeaders.map(([name, bytes]) => [name, bytes && Buffer.from(bytes)] as const),
  }
}

function copiesOf(headers: Headers): [string, Uint8Array][] {
  return Object.entries(headers).map(([name, bytes]) => [name, Buffer.from(bytes)])
}

/** Bytes as a map's key: one character each. */
function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
}
