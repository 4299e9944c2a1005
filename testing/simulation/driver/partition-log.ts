/**
 * One partition as its leader keeps it. It has record batches as producers have encoded them, the state of each producer, and the
 * markers that end transactions. Epochs and sequence numbers decide what is appended, as in Kafka.
 */
import type { TopicPartition } from '#core/record.ts'
import { ByteWriter } from '#engine/log/kafka/bytes.ts'
import { crc32c } from '#engine/log/kafka/crc32c.ts'
import { ATTRIBUTE, FIELD, sequenceAfter, writeBatch } from '#engine/log/kafka/record-batch.ts'
import { RecordCursor } from '#engine/log/kafka/record-cursor.ts'

export type Outcome = 'commit' | 'abort'

export const OK = 0
export const REFUSED = { outOfRange: 1, sequence: 45, epoch: 47 } as const
/** A leader knows again so many of a producer's last batches. */
const RECENT_MAX = 5
const EPOCH_FIELD = 51
const SEQUENCE_FIELD = 53

interface Batch {
  readonly baseOffset: number
  readonly count: number
  readonly bytes: Buffer
}

interface Appended {
  readonly sequence: number
  readonly count: number
  readonly baseOffset: number
}

export interface ProducerEntry {
  epoch: number
  /** -1 when nothing of it is open here. */
  firstOffset: number
  nextSequence: number
  recent: Appended[]
  /** The values of its open transaction. */
  values: string[]
}

export interface AbortedRange {
  readonly producerId: bigint
  readonly firstOffset: number
  readonly markerOffset: number
}

export class PartitionLog {
  readonly place: TopicPartition
  readonly producers = new Map<bigint, ProducerEntry>()
  /** What was committed, in the order of the markers. */
  readonly committed: string[] = []
  start = 0
  end = 0
  /** Batches that came out of sequence: the driver counts what was appended, so none should. */
  outOfSequence = 0
  readonly #batches: Batch[] = []
  readonly #aborted: AbortedRange[] = []

  constructor(place: TopicPartition) {
    this.place = place
  }

  /** Nothing from here on is decided yet. */
  get stableEnd(): number {
    const open = [...this.producers.values()].map(each => each.firstOffset).filter(offset => offset >= 0)
    return Math.min(this.end, ...open)
  }

  append(batch: Buffer): { readonly code: number; readonly baseOffset: number } {
    const { producerId, epoch, sequence, count } = stampOf(batch)
    const entry = this.#entryOf(producerId, epoch)
    if (epoch < entry.epoch) return { code: REFUSED.epoch, baseOffset: -1 }
    if (epoch > entry.epoch) Object.assign(entry, { epoch, nextSequence: 0, recent: [] })
    const repeated = entry.recent.find(each => each.sequence === sequence && each.count === count)
    if (repeated) return { code: OK, baseOffset: repeated.baseOffset }
    if (sequence !== entry.nextSequence) {
      this.outOfSequence++
      return { code: REFUSED.sequence, baseOffset: -1 }
    }
    const baseOffset = this.#add(batch, count)
    entry.recent = [...entry.recent, { sequence, count, baseOffset }].slice(-RECENT_MAX)
    entry.nextSequence = sequenceAfter(sequence, count)
    if (entry.firstOffset < 0) entry.firstOffset = baseOffset
    entry.values.push(...valuesOf(this.place, batch))
    return { code: OK, baseOffset }
  }

  /** Ends whatever the producer has open, and refuses earlier epochs from now on. */
  mark(producerId: bigint, epoch: number, outcome: Outcome): void {
    const entry = this.#entryOf(producerId, epoch)
    if (epoch < entry.epoch) return
    if (epoch > entry.epoch) Object.assign(entry, { epoch, nextSequence: 0, recent: [] })
    const markerOffset = this.#add(markerOf(producerId, epoch, outcome), 1)
    const { firstOffset } = entry
    if (outcome === 'commit') this.committed.push(...entry.values)
    else if (firstOffset >= 0) this.#aborted.push({ producerId, firstOffset, markerOffset })
    Object.assign(entry, { firstOffset: -1, values: [] })
  }

  /** Whole batches from the one that holds the offset, as far as they are decided. */
  read(offset: number, bytesMax: number): { readonly bytes: Buffer; readonly aborted: AbortedRange[] } {
    const found: Buffer[] = []
    let bytes = 0
    let end = offset
    for (const each of this.#batches) {
      if (each.baseOffset + each.count <= offset || each.baseOffset >= this.stableEnd) continue
      if (found.length > 0 && bytes + each.bytes.length > bytesMax) break
      found.push(each.bytes)
      bytes += each.bytes.length
      end = each.baseOffset + each.count
    }
    const aborted = this.#aborted.filter(each => each.markerOffset >= offset && each.firstOffset < end)
    return { bytes: Buffer.concat(found), aborted }
  }

  /** Deletes what lies below the offset. */
  trim(beforeOffset: number): void {
    this.start = Math.max(this.start, Math.min(beforeOffset, this.end))
  }

  #add(batch: Buffer, count: number): number {
    const baseOffset = this.end
    batch.writeBigInt64BE(BigInt(baseOffset), 0)
    this.#batches.push({ baseOffset, count, bytes: batch })
    this.end += count
    return baseOffset
  }

  #entryOf(producerId: bigint, epoch: number): ProducerEntry {
    const known = this.producers.get(producerId)
    if (known) return known
    const entry = { epoch, firstOffset: -1, nextSequence: 0, recent: [], values: [] }
    this.producers.set(producerId, entry)
    return entry
  }
}

/** Who wrote a batch, and where among what it has written. */
export function stampOf(batch: Buffer) {
  return {
    producerId: batch.readBigInt64BE(FIELD.producerId),
    epoch: batch.readInt16BE(EPOCH_FIELD),
    sequence: batch.readInt32BE(SEQUENCE_FIELD),
    count: batch.readInt32BE(FIELD.count),
  }
}

/** Gives a batch another sequence number. */
export function restamp(batch: Buffer, sequence: number): void {
  batch.writeInt32BE(sequence, SEQUENCE_FIELD)
  seal(batch)
}

function seal(batch: Buffer): void {
  batch.writeUInt32BE(crc32c(batch, FIELD.attributes, batch.length), FIELD.crc)
}

function valuesOf(place: TopicPartition, batch: Buffer): string[] {
  const cursor = new RecordCursor(place, Number(batch.readBigInt64BE(0)), batch, [])
  return cursor.read(Number.MAX_SAFE_INTEGER).map(({ value }) => Buffer.from(value ?? []).toString())
}

/** A control batch with one record, whose key says how the transaction ended. */
function markerOf(producerId: bigint, epoch: number, outcome: Outcome): Buffer {
  const key = Buffer.alloc(4)
  key.writeInt16BE(outcome === 'commit' ? 1 : 0, 2)
  const record = { key, value: Buffer.alloc(6), headers: {}, timestamp: 0 }
  const writer = new ByteWriter(128)
  writeBatch(writer, [record], 0, 1, { producerId, epoch, sequence: -1 }, 'none')
  const batch = Buffer.from(writer.written())
  batch.writeInt16BE(batch.readInt16BE(FIELD.attributes) | ATTRIBUTE.control, FIELD.attributes)
  seal(batch)
  return batch
}
