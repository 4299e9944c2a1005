/** Reads one partition of the embedded log, batch by batch, and waits at its end without polling. */
import { CaudalError } from '#core/errors.ts'
import type { LogRecord } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { Fetched, Reader } from '#engine/log/log.ts'
import type { BatchDecoder } from './batch.ts'
import type { Partition } from './partition.ts'

/** A call ends behind the record that reaches it, however many more it may return: large records must not fill the memory. */
const FETCH_BYTES_MAX = 8 * 1024 * 1024

/**
 * Keeps its place inside a batch from one call to the next, so that a large batch is fetched and decoded once. A call
 * that finds records gives the event loop a turn first: a reader far behind must starve nobody. At the end it waits
 * for the commit that moves it.
 */
export class EmbeddedReader implements Reader {
  readonly #find: () => Partition
  readonly #system: System
  readonly #closed: (reader: EmbeddedReader) => void
  #offset: number
  /** The batch that the last call left off in. */
  #batch: BatchDecoder | undefined
  #open = true
  #interrupt: ((error: unknown) => void) | undefined

  /** `find` throws when the partition does not exist; `closed` is called at the end. */
  constructor(
    find: () => Partition,
    offset: number,
    system: System,
    closed: (reader: EmbeddedReader) => void,
  ) {
    this.#find = find
    this.#offset = offset
    this.#system = system
    this.#closed = closed
  }

  async next(recordsMax: number): Promise<Fetched> {
    this.#check()
    const partition = this.#find()
    this.#checkRange(partition)
    if (this.#offset === partition.end) await this.#interruptible(resolve => partition.onProgress(resolve))
    else await this.#interruptible(resolve => this.#turn(resolve))
    this.#checkRange(partition)
    return this.#fetch(partition, recordsMax)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#batch = undefined
    this.#interrupt?.(new CaudalError('LOG_CLOSED'))
    this.#closed(this)
  }

  #fetch(partition: Partition, recordsMax: number): Fetched {
    const records: LogRecord[] = []
    let room = FETCH_BYTES_MAX
    if (this.#batch) room = this.#drain(this.#batch, recordsMax, room, records)
    if (this.#batch) return { records, nextOffset: this.#offset }
    for (const batch of partition.batches(this.#offset)) {
      if (records.length === recordsMax || room <= 0) return { records, nextOffset: this.#offset }
      room = this.#drain(batch, recordsMax, room, records)
    }
    // Whatever lies between the last batch and the end was removed, or never took place.
    if (!this.#batch && records.length < recordsMax && room > 0) this.#offset = partition.end
    return { records, nextOffset: this.#offset }
  }

  /** Returns how many of the bytes are left. */
  #drain(batch: BatchDecoder, recordsMax: number, bytesMax: number, records: LogRecord[]): number {
    let room = bytesMax
    while (records.length < recordsMax && room > 0) {
      const record = batch.next(this.#offset)
      if (!record) break
      records.push(record)
      room -= record.value?.length ?? 0
      this.#offset = record.offset + 1
    }
    this.#batch = batch.done ? undefined : batch
    if (batch.done) this.#offset = Math.max(this.#offset, batch.end)
    return room
  }

  #check(): void {
    if (!this.#open) throw new CaudalError('LOG_CLOSED')
  }

  #checkRange(partition: Partition): void {
    const { topic, start, end } = partition
    if (this.#offset >= start && this.#offset <= end) return
    throw new CaudalError('OFFSET_OUT_OF_RANGE', {
      topic,
      partition: partition.partition,
      start,
      end,
      offset: this.#offset,
    })
  }

  #turn(resolve: () => void): () => void {
    this.#system.defer(resolve)
    return () => {}
  }

  /** Waits for what `begin` starts; closing the reader ends the wait. */
  async #interruptible(begin: (resolve: () => void) => () => void): Promise<void> {
    let cancel = () => {}
    try {
      await new Promise<void>((resolve, reject) => {
        this.#interrupt = reject
        cancel = begin(resolve)
      })
    } finally {
      cancel()
      this.#interrupt = undefined
    }
    this.#check()
  }
}
