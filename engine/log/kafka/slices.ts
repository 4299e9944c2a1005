/**
 * Cuts what a transaction writes into record batches that brokers take, and those into rounds of requests.
 *
 * A request may hold one batch for each partition, a batch is limited by the topic and a request by the broker. So each
 * round takes the next piece of every partition until the request is full; the next round goes on from there.
 */
import { CaudalError, type Refusal, WritesRefused } from '#core/errors.ts'
import { type NewRecord, partitionKey, type TopicPartition } from '#core/record.ts'
import type { PartitionBatch, Receipt } from '../log.ts'
import { recordBytesAtMost } from './record-batch.ts'

export interface Limits {
  readonly recordBytesMax: number
  batchBytesMax(topic: string): number
  readonly batchRecordsMax: number
  readonly requestBytesMax: number
}

/** A piece of a partition's records, `from` up to `to`: one record batch. */
export interface Slice extends TopicPartition {
  readonly records: readonly NewRecord[]
  readonly from: number
  readonly to: number
  readonly bytesAtMost: number
  /** Where a record is among the batches as the caller gave them. */
  whereIs(index: number): { readonly batch: number; readonly record: number }
}

export interface Plan {
  readonly places: readonly TopicPartition[]
  readonly rounds: Iterable<readonly Slice[]>
  /** Notes where the broker put a slice. */
  written(slice: Slice, baseOffset: number): void
  receipt(): Receipt
}

class Stream implements TopicPartition {
  readonly topic: string
  readonly partition: number
  /** Which batches, as the caller gave them, end where among the records. */
  readonly ends: { readonly batch: number; readonly count: number }[] = []
  next = 0
  #records: readonly NewRecord[] = []
  #own: NewRecord[] | undefined

  constructor({ topic, partition }: TopicPartition) {
    this.topic = topic
    this.partition = partition
  }

  get records(): readonly NewRecord[] {
    return this.#records
  }

  /** One batch a partition is the rule; its records are taken as they are, more are copied together. */
  add(batch: number, records: readonly NewRecord[]): void {
    if (this.#records.length === 0) this.#records = records
    else {
      this.#own ??= [...this.#records]
      for (const record of records) this.#own.push(record)
      this.#records = this.#own
    }
    this.ends.push({ batch, count: this.#records.length })
  }

  whereIs(index: number): { readonly batch: number; readonly record: number } {
    const nth = this.ends.findIndex(({ count }) => index < count)
    return { batch: this.ends[nth]?.batch ?? 0, record: index - (this.ends[nth - 1]?.count ?? 0) }
  }
}

export function planOf(batches: readonly PartitionBatch[], limits: Limits): Plan {
  checkRecords(batches, limits)
  const streams = streamsOf(batches)
  const receipt: number[] = new Array(batches.length).fill(0)
  return {
    places: [...streams.values()],
    rounds: roundsOf([...streams.values()], limits),
    written(slice, baseOffset) {
      for (const { batch, count } of streams.get(partitionKey(slice))?.ends ?? []) {
        if (count > slice.from && count <= slice.to) receipt[batch] = baseOffset + count - slice.from
      }
    },
    receipt: () => receipt,
  }
}

function streamsOf(batches: readonly PartitionBatch[]): Map<string, Stream> {
  const streams = new Map<string, Stream>()
  batches.forEach((batch, index) => {
    if (batch.records.length === 0) return
    const key = partitionKey(batch)
    const stream = streams.get(key) ?? new Stream(batch)
    streams.set(key, stream)
    stream.add(index, batch.records)
  })
  return streams
}

function* roundsOf(streams: readonly Stream[], limits: Limits): Generator<readonly Slice[]> {
  for (let left = streams; left.length > 0; left = left.filter(each => each.next < each.records.length)) {
    const round: Slice[] = []
    let bytes = 0
    for (const stream of left) {
      if (bytes >= limits.requestBytesMax) break
      const slice = nextSlice(stream, limits)
      bytes += slice.bytesAtMost
      round.push(slice)
    }
    yield round
  }
}

function nextSlice(stream: Stream, limits: Limits): Slice {
  const { topic, partition, records, next: from } = stream
  const batchBytesMax = limits.batchBytesMax(topic)
  let bytesAtMost = 0
  let to = from
  for (; to < records.length && to - from < limits.batchRecordsMax; to++) {
    const record = records[to]
    const bytes = record ? recordBytesAtMost(record) : 0
    if (to > from && bytesAtMost + bytes > batchBytesMax) break
    bytesAtMost += bytes
  }
  stream.next = to
  return { topic, partition, records, from, to, bytesAtMost, whereIs: index => stream.whereIs(index) }
}

/** Throws `WritesRefused` for records that no topic takes, before anything is sent. */
function checkRecords(batches: readonly PartitionBatch[], limits: Limits): void {
  const refusals: Refusal[] = []
  for (const [batch, { topic, partition, records }] of batches.entries()) {
    let record = 0
    for (const each of records) {
      const error = tooLarge(topic, each, limits) ?? timeless(topic, partition, each)
      if (error) refusals.push({ batch, record, error })
      record++
    }
  }
  const [first, ...others] = refusals
  if (first) throw new WritesRefused([first, ...others])
}

function timeless(topic: string, partition: number, { timestamp }: NewRecord): CaudalError | undefined {
  if (Number.isSafeInteger(timestamp)) return undefined
  const reason = `its time is ${timestamp}, which is no whole number of milliseconds`
  return new CaudalError('OUTPUT_REFUSED', { topic, partition, reason })
}

function tooLarge(topic: string, record: NewRecord, limits: Limits): CaudalError | undefined {
  let size = (record.key?.length ?? 0) + (record.value?.length ?? 0)
  for (const name in record.headers) size += Buffer.byteLength(name) + (record.headers[name]?.length ?? 0)
  if (size <= limits.recordBytesMax) return undefined
  return new CaudalError('RECORD_TOO_LARGE', {
    node: 'log',
    target: topic,
    limit: limits.recordBytesMax,
    size,
  })
}
