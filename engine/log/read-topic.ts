/**
 * Reads topics outside any group: whole ones, up to the end that they have now (`readAll`), and as they grow (`follow`).
 * Parts of a partition are read by `readRange` and `readFirst`, which fail as `readAll` does.
 *
 * What a failed read means is decided here, for every reader:
 *
 * | the read fails with | `follow` | `readAll` |
 * | --- | --- | --- |
 * | LOG_UNAVAILABLE | asks again, `RETRIES.follow` | rejects: who asked for the whole decides whether to begin again |
 * | LOG_CLOSED | ends | rejects |
 * | OFFSET_OUT_OF_RANGE | goes on at the start that the topic has now, if it has given no record of that partition and was given no offset, or if there is `onGap`; else it rejects, as a gap is never passed over in silence | goes on at the start that the topic has now: it gives what the topic holds |
 *
 * Readers that the pod's step drives (SourceIntake, StateTail, TableFollower) stay event-driven. They take only
 * `afterFailedRead` from here, and their pauses from core/retry.ts.
 */
import { CaudalError, hasCode } from '#core/errors.ts'
import type { LogRecord, TopicPartition } from '#core/record.ts'
import { RETRIES, type Waiting, whileUnavailable } from '#core/retry.ts'
import type { System } from '#core/system.ts'
import type { Bounds, Log, Reader } from './log.ts'

const RECORDS_MAX = 1_000

/** What follows a read that failed: it is made again, the log or the reader was closed, or the error stays. */
export function afterFailedRead(error: unknown): 'again' | 'ended' | 'failed' {
  if (hasCode(error, 'LOG_UNAVAILABLE')) return 'again'
  return hasCode(error, 'LOG_CLOSED') ? 'ended' : 'failed'
}

/** Brokers refuse it: the right may be granted yet, and what fails inside a broker may pass. */
export function isRefused(error: unknown): boolean {
  return hasCode(error, 'ACCESS_REFUSED') || hasCode(error, 'BROKER_REFUSED')
}

/** A topic, or the partitions of it that are read. */
export type Wanted = string | readonly TopicPartition[]

export interface ReadOptions {
  /** Where to begin, an offset for each partition; where each begins when left out. */
  readonly from?: readonly number[] | undefined
  /** Where to end, likewise; the end that each has now when left out. */
  readonly to?: readonly number[] | undefined
  /** Ends the reading: `readAll` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Calls `onRecord` for every record that the topic holds now, partition by partition; waits where it returns a promise.
 * Resolves with the offset that each partition was read up to, where a later call goes on.
 */
export async function readAll(
  log: Log,
  wanted: Wanted,
  onRecord: (record: LogRecord, partition: number) => unknown,
  { from, to, signal }: ReadOptions = {},
): Promise<readonly number[]> {
  const places = await placesIn(log, wanted)
  const bounds = await log.bounds(places)
  const reached: number[] = []
  for (const [index, place] of places.entries()) {
    const { start, end } = bounds[index] ?? EMPTY
    const range = { from: Math.max(from?.[index] ?? start, start), to: to?.[index] ?? end }
    await readRange(log, place, range, onRecord, { signal })
    reached.push(Math.max(range.from, range.to))
  }
  return reached
}

export interface RangeOptions extends Pick<ReadOptions, 'signal'> {
  /** Learns what the partition dropped before it was read, from one offset up to another; reading goes on behind that. */
  readonly onGap?: ((from: number, to: number) => unknown) | undefined
}

/** Offsets of a partition, from one up to another. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** `readAll` of one partition, between two offsets. */
export async function readRange(
  log: Log,
  place: TopicPartition,
  range: Range,
  onRecord: (record: LogRecord, partition: number) => unknown,
  options: RangeOptions = {},
): Promise<void> {
  const take = async (records: readonly LogRecord[]) => {
    for (const record of records) if (record.offset < range.to) await onRecord(record, place.partition)
    return false
  }
  await readChunks(log, place, range, { ...options, max: RECORDS_MAX, take })
}

/** The first record that a partition holds between two offsets; `undefined` if it holds none. Fails as `readAll` does. */
export async function readFirst(
  log: Log,
  place: TopicPartition,
  range: Range,
  options: Pick<ReadOptions, 'signal'> = {},
): Promise<LogRecord | undefined> {
  let first: LogRecord | undefined
  const take = async (records: readonly LogRecord[]) => {
    first = records.find(({ offset }) => offset < range.to)
    return first !== undefined
  }
  await readChunks(log, place, range, { ...options, max: 1, take })
  return first
}

interface ChunkOptions extends RangeOptions {
  /** Records that are asked for at once. */
  readonly max: number
  /** Given the records of a fetch, says whether they are enough. */
  readonly take: (records: readonly LogRecord[]) => Promise<boolean>
}

async function readChunks(
  log: Log,
  place: TopicPartition,
  { from, to }: Range,
  options: ChunkOptions,
): Promise<void> {
  const { max, take, signal, onGap } = options
  signal?.throwIfAborted()
  if (from >= to) return
  const reader = log.openReader(place, from)
  const close = () => reader.close()
  signal?.addEventListener('abort', close)
  let offset = from
  try {
    while (offset < to) {
      const { records, nextOffset } = await reader.next(max)
      if (await take(records)) return
      offset = nextOffset
    }
  } catch (error) {
    signal?.throwIfAborted()
    const start = await startAfter(log, place, offset, error)
    await onGap?.(offset, Math.min(start, to))
    await readChunks(log, place, { from: start, to }, options)
  } finally {
    signal?.removeEventListener('abort', close)
    close()
  }
}

export interface FollowOptions {
  readonly system: System
  /** `start`, also when left out, gives what is there too; `end` only what comes. Or an offset for each partition. */
  readonly from?: 'start' | 'end' | readonly number[] | undefined
  /** Ends it, without an error. */
  readonly signal?: AbortSignal | undefined
  /** Learns what a partition dropped before it was read, from one offset up to another; reading goes on behind that. */
  readonly onGap?: ((place: TopicPartition, from: number, to: number) => void) | undefined
}

/** What was read of a partition at once. */
export interface Chunk {
  readonly partition: number
  readonly records: readonly LogRecord[]
  /** Every committed record below it was given. */
  readonly nextOffset: number
}

/**
 * The committed records of a topic, then those to come. Begins with a chunk without records for each partition, which says
 * where reading begins there. A partition is read ahead by one fetch. Ends when the loop over it is left, the signal is
 * aborted or the log is closed.
 */
export async function* follow(
  log: Log,
  wanted: Wanted,
  { system, from = 'start', signal, onGap }: FollowOptions,
): AsyncGenerator<Chunk, void> {
  const left = new AbortController()
  const ending = signal ? AbortSignal.any([signal, left.signal]) : left.signal
  const waiting = { system, signal: ending, isPassing: isWorthAsking }
  const arrivals = new Arrivals()
  try {
    const places = await whileUnavailable(RETRIES.follow, () => placesIn(log, wanted), waiting)
    const starts = await whileUnavailable(RETRIES.follow, () => startsOf(log, places, from), waiting)
    for (const [index, place] of places.entries()) {
      const offset = starts[index] ?? 0
      yield { partition: place.partition, records: [], nextOffset: offset }
      arrivals.expect(
        new FollowedPartition(log, place, offset, { fromStart: from === 'start', waiting, onGap }),
      )
    }
    for (;;) {
      const { partition, chunk } = await arrivals.next()
      if (!chunk) return
      yield chunk
      arrivals.expect(partition)
    }
  } catch (error) {
    if (!signal?.aborted) throw error
  } finally {
    left.abort()
  }
}

interface PartitionOptions extends Pick<FollowOptions, 'onGap'> {
  readonly fromStart: boolean
  readonly waiting: Waiting & { readonly signal: AbortSignal }
}

/** Reads one partition, until the signal is aborted. */
class FollowedPartition {
  readonly #log: Log
  readonly #place: TopicPartition
  readonly #waiting: Waiting & { readonly signal: AbortSignal }
  /** What the topic drops meanwhile may be left out: nothing was given, and everything was asked for. */
  #mayStartLater: boolean
  readonly #onGap: FollowOptions['onGap']
  #offset: number
  #reader: Reader

  constructor(
    log: Log,
    place: TopicPartition,
    offset: number,
    { fromStart, waiting, onGap }: PartitionOptions,
  ) {
    this.#onGap = onGap
    this.#log = log
    this.#place = place
    this.#waiting = waiting
    this.#mayStartLater = fromStart
    this.#offset = offset
    this.#reader = log.openReader(place, offset)
    waiting.signal.addEventListener('abort', () => this.#reader.close(), { once: true })
    if (waiting.signal.aborted) this.#reader.close()
  }

  /** Nothing once the log or the reader is closed. */
  async next(): Promise<Chunk | undefined> {
    const read = () => this.#reader.next(RECORDS_MAX)
    try {
      const { records, nextOffset } = await whileUnavailable(RETRIES.follow, read, this.#waiting)
      if (records.length > 0) this.#mayStartLater = false
      this.#offset = nextOffset
      return { partition: this.#place.partition, records, nextOffset }
    } catch (error) {
      if (this.#waiting.signal.aborted || afterFailedRead(error) === 'ended') return undefined
      if (!this.#mayStartLater && !this.#onGap) throw error
      await this.#startLater(error)
      return { partition: this.#place.partition, records: [], nextOffset: this.#offset }
    }
  }

  async #startLater(error: unknown): Promise<void> {
    const start = () => startAfter(this.#log, this.#place, this.#offset, error)
    const from = this.#offset
    this.#offset = await whileUnavailable(RETRIES.follow, start, this.#waiting)
    if (!this.#mayStartLater) this.#onGap?.(this.#place, from, this.#offset)
    this.#reader.close()
    this.#reader = this.#log.openReader(this.#place, this.#offset)
  }
}

interface Arrival {
  readonly partition: FollowedPartition
  readonly chunk: Chunk | undefined
}

/** What several partitions give, in the order of its arrival. */
class Arrivals {
  readonly #arrived: Promise<Arrival>[] = []
  #wake = () => {}

  /** The next chunk of this partition is to come. */
  expect(partition: FollowedPartition): void {
    const arrival = partition.next().then(chunk => ({ partition, chunk }))
    const arrived = () => {
      this.#arrived.push(arrival)
      this.#wake()
    }
    arrival.then(arrived, arrived)
  }

  async next(): Promise<Arrival> {
    for (;;) {
      const arrival = this.#arrived.shift()
      if (arrival) return arrival
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }
}

const EMPTY: Bounds = Object.freeze({ start: 0, end: 0 })

const isWorthAsking = (error: unknown): boolean => afterFailedRead(error) === 'again'

/** Where the partition begins now, if that is why it could not be read at the offset; else throws the error. */
async function startAfter(log: Log, place: TopicPartition, offset: number, error: unknown): Promise<number> {
  if (!hasCode(error, 'OFFSET_OUT_OF_RANGE')) throw error
  const [{ start } = EMPTY] = await log.bounds([place])
  if (start <= offset) throw error
  return start
}

async function startsOf(
  log: Log,
  places: readonly TopicPartition[],
  from: 'start' | 'end' | readonly number[],
): Promise<readonly number[]> {
  if (typeof from !== 'string') return from
  return (await log.bounds(places)).map(({ start, end }) => (from === 'start' ? start : end))
}

async function placesIn(log: Log, wanted: Wanted): Promise<readonly TopicPartition[]> {
  return typeof wanted === 'string' ? placesOf(log, wanted) : wanted
}

/** Throws TOPIC_MISSING. */
export async function placesOf(log: Log, topic: string): Promise<readonly TopicPartition[]> {
  const [spec] = await log.describeTopics([topic])
  if (!spec) throw new CaudalError('TOPIC_MISSING', { topic })
  return Array.from({ length: spec.partitions }, (_, partition) => ({ topic, partition }))
}
