/**
 * What the brokers refuse of one transaction for good, and the search for the records that are to blame.
 *
 * A refused batch was not appended. So its pieces may be sent in the same transaction, with the same sequence numbers.
 * The pieces leave out the records that the answer names, or else are halves. Where all pieces are taken in the end, the batch was only
 * too large for its topic. All other writes of the transaction are aborted with it, and the runtime writes them again
 * without the refused records. A partition that takes nothing is not asked again, nor one that is unwritable: see
 * failing-places.ts.
 */
import { CaudalError, type Refusal, WritesRefused } from '#core/errors.ts'
import { partitionKey, type TopicPartition } from '#core/record.ts'
import type { PartitionBatch } from '../log.ts'
import { meaningOf, nameOf } from './broker-codes.ts'
import { refusedWith } from './codes.ts'
import type { ProducedSlice } from './produce-request.ts'
import type { Slice } from './slices.ts'

/** A search ends with so many: the next transactions find the rest. */
const REFUSED_RECORDS_MAX = 100

/** Names of settings that refuse records, for the message of the error. */
const SETTINGS: Readonly<Record<number, string>> = {
  10: 'max.message.bytes',
  18: 'segment.bytes',
  32: 'message.timestamp.before.max.ms, message.timestamp.after.max.ms',
  87: 'cleanup.policy: a compacted topic takes no record without a key',
}

export class RefusedWrites {
  readonly #batches: readonly PartitionBatch[]
  readonly #refusals: Refusal[] = []
  readonly #refused = new Map<string, CaudalError>()

  /** Of an unwritable partition nobody knows whether it has appended what it refused. */
  isUnclear = false

  constructor(batches: readonly PartitionBatch[]) {
    this.#batches = batches
  }

  /** The error that rejects the transaction, if anything was refused. */
  get error(): WritesRefused | undefined {
    const [first, ...others] = this.#refusals
    return first && new WritesRefused([first, ...others])
  }

  /** Further probes cost more than they find: the transaction is to be aborted now. */
  get isEnough(): boolean {
    return this.#refusals.length >= REFUSED_RECORDS_MAX
  }

  /** Nothing more is written there. */
  isClosed(place: TopicPartition): boolean {
    return this.#refused.has(partitionKey(place))
  }

  /** All that goes to a partition is refused. */
  close(place: TopicPartition, error: CaudalError): void {
    if (this.isClosed(place)) return
    this.#refused.set(partitionKey(place), error)
    for (const [batch, { records, ...own }] of this.#batches.entries())
      if (records.length > 0 && partitionKey(own) === partitionKey(place))
        this.#refusals.push({ batch, record: undefined, error })
  }

  /** Refuses a partition that is unwritable; `false` where it is not, as there is no such error. */
  closesUnwritable(place: TopicPartition, error: CaudalError | undefined): boolean {
    if (error === undefined) return false
    this.isUnclear = true
    this.close(place, error)
    return true
  }

  /** What to write next of a slice that was refused with this answer: pieces of it, or nothing. */
  piecesOf(slice: Slice, { code, refused, reason }: ProducedSlice): readonly Slice[] {
    if (meaningOf(code, 'Produce') !== 'record') {
      this.close(slice, refusedWith(code, { request: 'Produce', resource: `topic ${slice.topic}` }))
      return []
    }
    if (slice.to - slice.from === 1) {
      this.#blame(slice, slice.from, code, reason)
      return []
    }
    if (refused.length === 0) return halvesOf(slice)
    const blamed = [...new Set(refused)].sort((a, b) => a - b).map(index => slice.from + index)
    for (const index of blamed) this.#blame(slice, index, code, reason)
    const ends = [slice.from - 1, ...blamed, slice.to]
    return blamed
      .concat(slice.to)
      .map((to, nth) => pieceOf(slice, (ends[nth] ?? 0) + 1, to))
      .filter(piece => piece.to > piece.from)
  }

  #blame(slice: Slice, index: number, code: number, reason: string | null): void {
    const { topic, partition } = slice
    const setting = SETTINGS[code]
    const parts = [nameOf(code), reason, setting && `see ${setting}`].filter(part => part)
    const error = new CaudalError('OUTPUT_REFUSED', { topic, partition, reason: parts.join('; ') })
    const place = slice.whereIs(index)
    this.#refusals.push({ ...place, error })
  }
}

function halvesOf(slice: Slice): Slice[] {
  const middle = (slice.from + slice.to) >> 1
  // Half of the bytes, more or less: the next half that is refused teaches a smaller limit.
  return [pieceOf(slice, slice.from, middle), pieceOf(slice, middle, slice.to)]
}

function pieceOf(slice: Slice, from: number, to: number): Slice {
  const share = (to - from) / (slice.to - slice.from)
  return { ...slice, from, to, bytesAtMost: Math.ceil(slice.bytesAtMost * share) }
}
