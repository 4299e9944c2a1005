/**
 * One source partition of a task: fetches ahead into a bounded buffer and tracks what is done. A full buffer stops fetching.
 * Two limits stop starting: the span of out-of-order completion, and the bytes of unfinished records.
 */
import type { Limits } from '#core/limits.ts'
import { type LogRecord, sizeOf, type TopicPartition } from '#core/record.ts'
import { RETRIES } from '#core/retry.ts'
import type { System } from '#core/system.ts'
import type { SourcePosition } from '#engine/commit/checkpoint.ts'
import type { SourceProgress } from '#engine/commit/source-progress.ts'
import type { Fetched, Log, Reader } from '#engine/log/log.ts'
import { afterFailedRead } from '#engine/log/read-topic.ts'
import type { Entry } from './stage-program.ts'

export interface IntakeOptions {
  readonly place: TopicPartition
  /** The id of the topic. Left out: the topic that has the name now. */
  readonly topicId?: string | undefined
  readonly entries: readonly Entry[]
  readonly progress: SourceProgress
  readonly log: Log
  readonly system: System
  readonly limits: Limits
  /** Runs the callback within the pod's next step. */
  readonly enqueue: (callback: () => void) => void
  /** Reading has ended with this error. */
  readonly onFailed: (error: unknown, intake: SourceIntake) => void
}

/** Over how many offsets the share of records among offsets is estimated. */
const REMEMBERED_OFFSETS = 20_000

interface Chunk {
  readonly fetched: Fetched
  /** Bytes of all records of the chunk. They count as buffered until the last record is taken. */
  readonly bytes: number
  /** By the monotonic clock. */
  readonly arrivedAt: number
  next: number
}

/** A fetched record that was not taken yet. */
export interface Head {
  readonly record: LogRecord
  /** When the record was fetched, by the monotonic clock. It was written before that. */
  readonly arrivedAt: number
}

export class SourceIntake {
  readonly topic: string
  readonly partition: number
  readonly topicId: string | undefined
  readonly entries: readonly Entry[]
  readonly progress: SourceProgress
  /** Records fetched and not yet started. */
  buffered = 0
  bufferedBytes = 0
  /** Bytes of taken records that are not complete: in progress, or waiting in a lane. */
  unfinishedBytes = 0
  /** When the first of the unfinished records began, by the monotonic clock. */
  beganAt = 0
  #chunks: Chunk[] = []
  #reader: Reader | undefined
  #position: number
  #fetching = false
  #passed = { records: 0, offsets: 0 }
  readonly #options: IntakeOptions

  constructor(options: IntakeOptions) {
    this.topic = options.place.topic
    this.partition = options.place.partition
    this.topicId = options.topicId
    this.entries = options.entries
    this.progress = options.progress
    this.#position = options.progress.low
    this.#options = options
  }

  /** The position for the checkpoint. */
  get reached(): SourcePosition {
    return { low: this.progress.low, ahead: this.progress.runs(), id: this.topicId }
  }

  /** The offset up to which the partition was fetched. */
  get position(): number {
    return this.#position
  }

  /** Records per offset that was passed. Transaction markers and compacted records take offsets too. */
  get density(): number {
    const { records, offsets } = this.#passed
    return offsets === 0 ? 1 : records / offsets
  }

  /** Fetches more records if there is room. */
  fetch(): void {
    const { limits, log } = this.#options
    if (
      this.#fetching ||
      this.buffered >= limits.recordsBufferedMax ||
      this.bufferedBytes >= limits.bufferBytesMax
    )
      return
    this.#reader ??= log.openReader(this, this.#position, this.topicId)
    const reader = this.#reader
    this.#fetching = true
    reader.next(Math.min(limits.fetchRecordsMax, limits.recordsBufferedMax - this.buffered)).then(
      fetched => this.#options.enqueue(() => this.#accept(fetched, reader)),
      error => this.#options.enqueue(() => this.#fail(error, reader)),
    )
  }

  /** The next record to start. `undefined`: none is buffered, or the unfinished records are at their limit. */
  take(): LogRecord | undefined {
    const { spanMax, unfinishedBytesMax } = this.#options.limits
    for (;;) {
      const chunk = this.#chunks[0]
      if (!chunk) return undefined
      const record = chunk.fetched.records[chunk.next]
      if (!record) {
        this.#chunks.shift()
        this.bufferedBytes -= chunk.bytes
        this.progress.passed(chunk.fetched.nextOffset)
        continue
      }
      if (this.progress.span >= spanMax && record.offset >= this.progress.low) return undefined
      if (this.unfinishedBytes >= unfinishedBytesMax) return undefined
      chunk.next++
      this.buffered--
      const wasDone = this.progress.unfinished === 0
      if (!this.progress.begin(record.offset)) continue
      if (wasDone) this.beganAt = this.#options.system.monotonic()
      this.unfinishedBytes += sizeOf(record)
      return record
    }
  }

  /** A taken record is done. */
  complete(record: LogRecord): void {
    this.progress.complete(record.offset)
    this.unfinishedBytes -= sizeOf(record)
  }

  /** A done record that is not committed must run again. */
  reopen(record: LogRecord): void {
    this.progress.reopen(record.offset)
    this.unfinishedBytes += sizeOf(record)
  }

  /** The record that `take` would return, without taking it. Finished records before it are skipped. */
  peek(): Head | undefined {
    for (const { fetched, arrivedAt, next } of this.#chunks) {
      const record = fetched.records[next]
      if (record) return { record, arrivedAt }
    }
    return undefined
  }

  /** Stops reading and drops the buffer. The next owner reads the records again. */
  close(): void {
    this.#reader?.close()
    this.#reader = undefined
    this.#chunks = []
    this.buffered = 0
    this.#fetching = true
  }

  #accept(fetched: Fetched, reader: Reader): void {
    if (reader !== this.#reader) return
    this.#fetching = false
    this.#pass(fetched)
    this.#position = fetched.nextOffset
    if (fetched.records.length === 0 && this.#chunks.length === 0) {
      this.progress.passed(fetched.nextOffset)
      return
    }
    const bytes = fetched.records.reduce((sum, record) => sum + sizeOf(record), 0)
    this.#chunks.push({ fetched, bytes, arrivedAt: this.#options.system.monotonic(), next: 0 })
    this.buffered += fetched.records.length
    this.bufferedBytes += bytes
  }

  /** Counts passed records and offsets. Older counts are halved now and then, so that they weigh less. */
  #pass({ records, nextOffset }: Fetched): void {
    const passed = this.#passed
    passed.records += records.length
    passed.offsets += nextOffset - this.#position
    if (passed.offsets < REMEMBERED_OFFSETS) return
    this.#passed = { records: passed.records / 2, offsets: passed.offsets / 2 }
  }

  #fail(error: unknown, reader: Reader): void {
    if (reader !== this.#reader) return
    if (afterFailedRead(error) !== 'again') return this.#options.onFailed(error, this)
    const { system, enqueue } = this.#options
    system.after(RETRIES.read.firstMs, () =>
      enqueue(() => {
        if (reader === this.#reader) this.#fetching = false
      }),
    )
  }
}
