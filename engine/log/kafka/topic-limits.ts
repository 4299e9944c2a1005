/** How large the batches and records of a topic may be: as its settings said when it was described, and as refusals have shown. */
import type { RecordLimit } from '../log.ts'
import type { Limits } from './slices.ts'

export const BATCH_SETTING = 'max.message.bytes'
/** Of a batch, its own fields; of a record that has one alone, also lengths, differences and names of headers. */
const BATCH_OVERHEAD_BYTES = 128
const RECORD_OVERHEAD_BYTES = 512
/** Of a batch with one record of the largest size. */
const LARGEST_OVERHEAD_BYTES = 40_000
const BATCH_RECORDS_MAX = 10_000
const REQUEST_BYTES_MAX = 4_194_304

export class TopicLimits {
  readonly #recordBytesMax: number
  readonly #batchBytes = new Map<string, number>()

  /** `recordBytesMax` is what this application takes, whatever a topic would. */
  constructor(recordBytesMax: number) {
    this.#recordBytesMax = recordBytesMax
  }

  /** Of what one transaction writes. */
  get ofWrites(): Limits {
    const recordBytesMax = this.#recordBytesMax
    return {
      recordBytesMax,
      batchBytesMax: topic => this.batchBytesMax(topic, recordBytesMax + LARGEST_OVERHEAD_BYTES),
      batchRecordsMax: BATCH_RECORDS_MAX,
      requestBytesMax: REQUEST_BYTES_MAX,
    }
  }

  /** The topic takes batches of so many bytes. */
  note(topic: string, maxMessageBytes: number): void {
    if (maxMessageBytes > 0) this.#batchBytes.set(topic, maxMessageBytes)
  }

  /** A batch of so many bytes was refused: smaller ones are tried from now on. */
  wasTooLarge(topic: string, bytes: number): void {
    this.#batchBytes.set(topic, Math.min(this.#batchBytes.get(topic) ?? bytes, Math.ceil(bytes / 2)))
  }

  /** Records of one batch together. */
  batchBytesMax(topic: string, otherwise: number): number {
    const known = this.#batchBytes.get(topic)
    return known === undefined ? otherwise : Math.min(otherwise, Math.max(known - BATCH_OVERHEAD_BYTES, 1))
  }

  /** Where the topic takes less than the application does. */
  recordLimit(topic: string): RecordLimit | undefined {
    const bytes = Math.max(
      (this.#batchBytes.get(topic) ?? Number.POSITIVE_INFINITY) - RECORD_OVERHEAD_BYTES,
      0,
    )
    return bytes < this.#recordBytesMax ? { bytes, setting: BATCH_SETTING } : undefined
  }
}
