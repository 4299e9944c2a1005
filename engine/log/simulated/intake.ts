/** What the cluster does not store: records above its limit, anything while its disk is full, and what reaches one broker alone. */
import { CaudalError } from '#engine/core/errors.ts'
import type { NewRecord } from '#engine/core/record.ts'
import type { PartitionBatch } from '../log.ts'

export class Intake {
  readonly #recordBytesMax: number
  isDiskFull = false
  readonly #split = new Set<string>()

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

  /** The next write of this client reaches the leaders of every other partition alone. */
  splitNext(client: string, on: boolean): void {
    if (on) this.#split.add(client)
    else this.#split.delete(client)
  }

  /** What of a write arrives. */
  reached(client: string, batches: readonly PartitionBatch[]): readonly PartitionBatch[] {
    return this.#split.delete(client) ? batches.filter((_, index) => index % 2 === 0) : batches
  }

  #refuse(topic: string, size: number): never {
    throw new CaudalError('RECORD_TOO_LARGE', { target: topic, limit: this.#recordBytesMax, size })
  }
}

/** Names count by their characters, as nearly all are ASCII: counting their bytes costs more than all the rest. */
function sizeOf({ key, value, headers }: NewRecord): number {
  let size = (key?.length ?? 0) + (value?.length ?? 0)
  for (const name in headers) size += name.length + (headers[name]?.length ?? 0)
  return size
}
