/** Reads a topic as it grows, for checks of what is trimmed before the run ends. */
import { hasCode } from '#core/errors.ts'
import type { LogRecord, TopicPartition } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'

const FETCH_RECORDS_MAX = 1_000
const RETRY_MS = 100

export class Follower {
  /** What was read, by partition. */
  readonly records: LogRecord[][] = []
  readonly #log: Log
  readonly #system: System

  constructor(log: Log, system: System, topic: string, partitions: number) {
    this.#log = log
    this.#system = system
    for (let partition = 0; partition < partitions; partition++) {
      this.records.push([])
      this.#read({ topic, partition }, 0)
    }
  }

  #read(place: TopicPartition, offset: number): void {
    const reader = this.#log.openReader(place, offset)
    const next = (from: number): void => {
      reader.next(FETCH_RECORDS_MAX).then(
        ({ records, nextOffset }) => {
          this.records[place.partition]?.push(...records)
          next(nextOffset)
        },
        error => {
          if (hasCode(error, 'LOG_UNAVAILABLE')) this.#system.after(RETRY_MS, () => next(from))
        },
      )
    }
    next(offset)
  }
}
