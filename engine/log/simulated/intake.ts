/** What the cluster refuses to store: records above its limit, and anything while its disk is full. */
import { CaudalError } from '#engine/core/errors.ts'
import type { NewRecord } from '#engine/core/record.ts'
import type { PartitionBatch } from '../log.ts'

export class Intake {
  readonly #recordBytesMax: number
  isDiskFull = false

  constructor(recordBytesMax: number) {
    this.#recordBytesMax = recordBytesMax
  }

  /** LOG_FULL or RECORD_TOO_LARGE. */
  check(batches: readonly PartitionBatch[]): void {
    if (this.isDiskFull) throw new CaudalError('LOG_FULL', { path: 'the simulated cluster' })
    for (const { topic, records } of batches) {
      for (const record of records) {
        const size = sizeOf(record)
        if (size > this.#recordBytesMax) this.#refuse(topic, size)
      }
    }
  }

  #refuse(topic: string, size: number): never {
    throw new CaudalError('RECORD_TOO_LARGE', { target: topic, limit: this.#recordBytesMax, size })
  }
}

function sizeOf({ key, value, headers }: NewRecord): number {
  let size = (key?.byteLength ?? 0) + (value?.byteLength ?? 0)
  for (const name in headers) size += Buffer.byteLength(name) + (headers[name]?.byteLength ?? 0)
  return size
}
