/** Keeps a global table up to date: reads all partitions of its topic from the start, outside any group. */
import { CaudalError, Unavailable } from '#core/errors.ts'
import { pauseMs, RETRIES } from '#core/retry.ts'
import type { System } from '#core/system.ts'
import type { Bounds, Fetched, Log, Reader } from '#engine/log/log.ts'
import { afterFailedRead } from '#engine/log/read-topic.ts'
import type { GlobalTable } from './global-table.ts'

export interface TableFollowerOptions {
  readonly log: Log
  readonly system: System
  readonly table: GlobalTable<unknown>
  readonly partitions: number
  readonly fetchRecordsMax: number
  /** Called once when following ended by an error: the table gets no more updates. */
  readonly failed: (error: unknown) => void
}

/**
 * Driven by the log's promises alone. The table is ready once each partition was read to the end that it had at the
 * start. A log that does not answer is asked again, after a pause that doubles up to 5 s; the table meanwhile keeps
 * what it has. Any other error ends the following.
 */
export class TableFollower {
  /** Rejects when following ends, by an error or by `close`, before the table is ready. */
  readonly ready: Promise<void>
  readonly topic: string
  /** Up to where each partition was read. */
  readonly positions: number[] = []
  readonly #options: TableFollowerOptions
  readonly #resolve: () => void
  readonly #reject: (error: unknown) => void
  readonly #readers: Reader[] = []
  readonly #pauses = new Set<() => void>()
  #behind = 0
  #ended = false

  constructor(options: TableFollowerOptions) {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#options = options
    this.topic = options.table.topic
    this.#resolve = resolve
    this.#reject = reject
    this.ready = promise
    // A caller that does not wait for `ready` gets the failure by the callback.
    promise.catch(() => undefined)
  }

  start(): void {
    this.#begin(0)
  }

  close(): void {
    this.#end(new CaudalError('LOG_CLOSED'))
  }

  #begin(failures: number): void {
    const { log, table, partitions } = this.#options
    const places = Array.from({ length: partitions }, (_, partition) => ({ topic: table.topic, partition }))
    this.#await(
      log.bounds(places),
      bounds => this.#open(bounds),
      () => this.#begin(failures + 1),
      failures,
    )
  }

  #open(bounds: readonly Bounds[]): void {
    this.#behind = bounds.filter(({ start, end }) => start < end).length
    if (this.#behind === 0) this.#resolve()
    const { log, table } = this.#options
    for (const [partition, { start, end }] of bounds.entries()) {
      const reader = log.openReader({ topic: table.topic, partition }, start)
      this.#readers.push(reader)
      this.positions[partition] = start
      this.#read({ partition, reader, end, behind: start < end }, 0)
    }
  }

  #read(partition: FollowedPartition, failures: number): void {
    this.#await(
      partition.reader.next(this.#options.fetchRecordsMax),
      fetched => this.#take(partition, fetched),
      () => this.#read(partition, failures + 1),
      failures,
    )
  }

  /** Applies what was fetched, once it can be read, and goes on. */
  #take(followed: FollowedPartition, fetched: Fetched): void {
    try {
      this.#apply(followed, fetched)
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error
      const again = () => this.#take(followed, fetched)
      return this.#await(error.ready, again, again, 0)
    }
    this.#read(followed, 0)
  }

  #apply(followed: FollowedPartition, { records, nextOffset }: Fetched): void {
    if (records.length > 0) this.#options.table.apply(records, followed.partition)
    this.positions[followed.partition] = nextOffset
    if (!followed.behind || nextOffset < followed.end) return
    followed.behind = false
    this.#behind -= 1
    if (this.#behind === 0) this.#resolve()
  }

  /** Goes on with the outcome unless following has ended; repeats after a pause where the log did not answer. */
  #await<V>(pending: Promise<V>, done: (value: V) => void, repeat: () => void, failures: number): void {
    pending
      .then(value => {
        if (!this.#ended) done(value)
      })
      .catch((error: unknown) => {
        if (this.#ended) return
        if (afterFailedRead(error) === 'again') this.#pause(failures, repeat)
        else this.#fail(error)
      })
  }

  #pause(failures: number, repeat: () => void): void {
    const { system } = this.#options
    const cancel = system.after(pauseMs(RETRIES.table, failures, system), () => {
      this.#pauses.delete(cancel)
      repeat()
    })
    this.#pauses.add(cancel)
  }

  #fail(error: unknown): void {
    this.#end(error)
    this.#options.failed(error)
  }

  #end(error: unknown): void {
    if (this.#ended) return
    this.#ended = true
    for (const cancel of this.#pauses) cancel()
    for (const reader of this.#readers) reader.close()
    this.#reject(error)
  }
}

interface FollowedPartition {
  readonly partition: number
  readonly reader: Reader
  /** Where the partition ended at the start. */
  readonly end: number
  behind: boolean
}
