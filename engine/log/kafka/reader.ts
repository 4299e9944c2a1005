/**
 * One reading position in one partition. The reader fetches nothing itself: it names the offset that it wants next, and the
 * fetcher delivers.
 *
 * Until the first `next` the reader wants nothing. After that it wants more whenever it holds less than its limit. So the
 * next records are mostly there when they are asked for. A failure rejects one `next`. The next call tries again, unless
 * the offset itself was at fault or the bytes cannot be read.
 */
import { CaudalError } from '#core/errors.ts'
import { partitionKey, type TopicPartition } from '#core/record.ts'
import type { Fetched, Reader } from '../log.ts'
import type { FetchedPartition } from './fetch-request.ts'
import { RecordCursor } from './record-cursor.ts'

interface Chunk {
  readonly cursor: RecordCursor
  readonly bytes: number
}

export interface ReaderEvents {
  /** The reader wants records, and did not before. */
  wants(reader: KafkaReader): void
  closed(reader: KafkaReader): void
}

export class KafkaReader implements Reader {
  readonly place: TopicPartition
  readonly key: string
  /** The topic that is meant, once that is known. */
  topicId: string | undefined
  /** Where the next fetch begins. */
  fetchOffset: number
  /** Whether the end of the partition was reached; new readers are assumed to be behind. */
  isBehind = true
  /** Set by the fetcher: a fetch for it is under way, or it rests after one that failed. */
  state: 'idle' | 'fetching' | 'resting' = 'idle'
  /** Fetches for it that failed in a row; counted by the fetcher. */
  failures = 0
  readonly #events: ReaderEvents
  readonly #readAheadBytesMax: number
  readonly #chunks: Chunk[] = []
  #heldBytes = 0
  #nextOffset: number
  #waiting:
    | { readonly recordsMax: number; settle(fetched: Fetched): void; fail(error: Error): void }
    | undefined
  #started = false
  #closed = false
  #broken: CaudalError | undefined

  constructor(place: TopicPartition, offset: number, readAheadBytesMax: number, events: ReaderEvents) {
    this.place = { topic: place.topic, partition: place.partition }
    this.key = partitionKey(place)
    this.fetchOffset = offset
    this.#nextOffset = offset
    this.#readAheadBytesMax = readAheadBytesMax
    this.#events = events
  }

  get wants(): boolean {
    const able = this.#started && !this.#closed && !this.#broken
    return able && this.state === 'idle' && this.#heldBytes < this.#readAheadBytesMax
  }

  next(recordsMax: number): Promise<Fetched> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new CaudalError('LOG_CLOSED'))
      if (this.#waiting)
        return reject(new CaudalError('INTERNAL', { reason: 'a reader was asked twice at once' }))
      this.#started = true
      this.#waiting = { recordsMax, settle: resolve, fail: reject }
      this.#serve()
      if (this.wants) this.#events.wants(this)
    })
  }

  /** Takes what was fetched for it from `fetchOffset`; the bytes are its own to keep. */
  give(fetched: FetchedPartition): void {
    if (this.#closed) return
    try {
      this.#take(fetched)
    } catch (error) {
      if (!(error instanceof CaudalError)) throw error
      this.#broken = error
    }
    this.#serve()
  }

  /** Reports trouble that passes: one `next` is rejected, and the fetcher goes on trying. */
  fail(error: CaudalError): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.fail(error)
  }

  /** Reports trouble that stays: this `next` and all later ones are rejected. */
  break(error: CaudalError): void {
    this.#broken = error
    this.#serve()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#chunks.length = 0
    this.fail(new CaudalError('LOG_CLOSED'))
    this.#events.closed(this)
  }

  #take({ bytes, aborted, lastStableOffset }: FetchedPartition): void {
    this.failures = 0
    const end = RecordCursor.endOf(bytes, this.fetchOffset)
    // Without progress it is not behind, whatever the offsets say: where nothing comes, asking at once again is no use.
    this.isBehind = end > this.fetchOffset && end < lastStableOffset
    if (end === this.fetchOffset) return
    this.#chunks.push({
      cursor: new RecordCursor(this.place, this.fetchOffset, bytes, aborted),
      bytes: bytes.length,
    })
    this.#heldBytes += bytes.length
    this.fetchOffset = end
  }

  /** Answers the waiting `next` if there is progress to tell of. */
  #serve(): void {
    const waiting = this.#waiting
    if (!waiting) return
    try {
      const fetched = this.#read(waiting.recordsMax)
      if (!fetched) return
      this.#waiting = undefined
      waiting.settle(fetched)
    } catch (error) {
      if (!(error instanceof CaudalError)) throw error
      this.#broken = error
      this.fail(error)
    }
  }

  #read(recordsMax: number): Fetched | undefined {
    const [chunk] = this.#chunks
    if (!chunk) {
      if (this.#broken) throw this.#broken
      return undefined
    }
    const records = chunk.cursor.read(recordsMax)
    this.#nextOffset = Math.max(this.#nextOffset, chunk.cursor.nextOffset)
    if (chunk.cursor.exhausted) {
      this.#chunks.shift()
      this.#heldBytes -= chunk.bytes
    }
    return { records, nextOffset: this.#nextOffset }
  }
}
