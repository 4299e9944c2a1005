/** One partition of the embedded log in memory: where it begins and ends, and who waits for more. */
import type { TopicPartition } from '#core/record.ts'
import type { TopicSpec } from '#engine/log/log.ts'
import { BatchDecoder } from './batch.ts'
import { baseOf, batchKey, OFFSET_MAX, partitionEntryKey } from './keys.ts'
import type { Put, Store } from './store.ts'

/** What is stored of a partition beside its batches. */
interface Marks {
  /** First offset kept. */
  readonly start: number
  /** Below this offset no key occurs twice. */
  readonly cleanedTo: number
  /** Records that were left below `cleanedTo`. */
  readonly cleanRecords: number
}

const MARKS_BYTES = 24

export class Partition implements TopicPartition {
  readonly topic: string
  readonly partition: number
  readonly spec: TopicSpec
  readonly #topicId: number
  readonly #store: Store
  readonly #waiting = new Set<() => void>()
  #marks: Marks
  /** The offset after the last record that readers may be given. */
  #end: number
  /** The offset that the next record will have: above `end` while a commit is under way or after one failed. */
  next: number

  /** Reads where the partition stands from the store. */
  constructor(store: Store, spec: TopicSpec, topicId: number, partition: number) {
    this.topic = spec.name
    this.partition = partition
    this.spec = spec
    this.#topicId = topicId
    this.#store = store
    this.#marks = decodeMarks(store.get(partitionEntryKey(topicId, partition)))
    const last = this.#batchAtOrBefore(OFFSET_MAX)
    this.#end = Math.max(this.#marks.start, last?.end ?? 0)
    this.next = this.#end
  }

  get start(): number {
    return this.#marks.start
  }

  get end(): number {
    return this.#end
  }

  get marks(): Marks {
    return this.#marks
  }

  key(offset: number): Buffer {
    return batchKey(this.#topicId, this.partition, offset)
  }

  /** Batches that cover an offset in [from, end), in order, as one consistent cut. Do not await between them. */
  *batches(from: number): Generator<BatchDecoder> {
    let at = from
    const first = this.#batchThatCovers(from)
    if (first) {
      yield first
      at = first.end
    }
    if (at >= this.#end) return
    for (const { key, value } of this.#store.range({ start: this.key(at), end: this.key(this.#end) }))
      yield this.#decode(baseOf(key), value)
  }

  /** First offsets of the first batches that are stored, in order: those below `start` included. */
  bases(limit: number): number[] {
    return this.#store.keys({ start: this.key(0), end: this.key(this.#end), limit }).map(baseOf)
  }

  /** The write that stores these marks. */
  put(marks: Partial<Marks>): Put {
    const { start, cleanedTo, cleanRecords } = { ...this.#marks, ...marks }
    const value = Buffer.alloc(MARKS_BYTES)
    value.writeDoubleLE(start, 0)
    value.writeDoubleLE(cleanedTo, 8)
    value.writeDoubleLE(cleanRecords, 16)
    return [partitionEntryKey(this.#topicId, this.partition), value]
  }

  /** The write took place. */
  marked(marks: Partial<Marks>): void {
    this.#marks = { ...this.#marks, ...marks }
  }

  /** Records up to here are committed: wakes the readers that wait for them. */
  reached(end: number): void {
    this.#end = end
    this.wake()
  }

  /** Calls back once, at the next progress; the returned function takes that back. */
  onProgress(callback: () => void): () => void {
    this.#waiting.add(callback)
    return () => this.#waiting.delete(callback)
  }

  wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const callback of waiting) callback()
  }

  /** Mostly a batch begins right there, where the one before it ended. */
  #batchThatCovers(offset: number): BatchDecoder | undefined {
    const exact = this.#store.get(this.key(offset))
    if (exact) return this.#decode(offset, exact)
    const before = this.#batchAtOrBefore(offset)
    return before && before.end > offset ? before : undefined
  }

  #batchAtOrBefore(offset: number): BatchDecoder | undefined {
    const down = { start: this.key(offset), end: this.#floor(), reverse: true, limit: 1 }
    for (const { key, value } of this.#store.range(down)) return this.#decode(baseOf(key), value)
    return undefined
  }

  /** A key below every batch of this partition and above those of the one before. */
  #floor(): Buffer {
    return this.key(0).subarray(0, -1)
  }

  #decode(base: number, value: Buffer): BatchDecoder {
    return new BatchDecoder(value, base, this.#store.path)
  }
}

function decodeMarks(value: Buffer | undefined): Marks {
  if (!value) return { start: 0, cleanedTo: 0, cleanRecords: 0 }
  return {
    start: value.readDoubleLE(0),
    cleanedTo: value.readDoubleLE(8),
    cleanRecords: value.readDoubleLE(16),
  }
}
