/** Reads one partition as it grows, and looks at what it is given: positions only go on, and each producer's order is kept. */
import { CaudalError, reasonOf } from '#core/errors.ts'
import { partitionKey, type TopicPartition } from '#core/record.ts'
import type { Log, Reader } from '#engine/log/log.ts'
import { isExcused } from './writer.ts'

const RECORDS_MAX = 7

export class CommittedReader {
  readonly place: TopicPartition
  readonly values: string[] = []
  readonly complaints: string[] = []
  nextOffset = 0
  readonly #log: Log
  #reader: Reader

  constructor(log: Log, place: TopicPartition) {
    this.#log = log
    this.place = place
    this.#reader = log.openReader(place, 0)
  }

  async run(): Promise<void> {
    let lastOffset = -1
    for (;;) {
      try {
        const { records, nextOffset } = await this.#reader.next(RECORDS_MAX)
        for (const { offset, value } of records) {
          if (offset <= lastOffset) this.#complain(`offset ${offset} was given after ${lastOffset}`)
          lastOffset = offset
          this.values.push(Buffer.from(value ?? []).toString())
        }
        if (nextOffset < this.nextOffset || nextOffset <= lastOffset)
          this.#complain(
            `the position went from ${this.nextOffset} to ${nextOffset} after offset ${lastOffset}`,
          )
        this.nextOffset = nextOffset
      } catch (error) {
        if (error instanceof CaudalError && error.code === 'LOG_CLOSED') return
        if (error instanceof CaudalError && error.code === 'LOG_UNAVAILABLE') continue
        if (!isExcused(error)) return this.#complain(`it ended: ${reasonOf(error)}`)
        // A reader that was refused gives nothing any more.
        this.#reader.close()
        this.#reader = this.#log.openReader(this.place, this.nextOffset)
      }
    }
  }

  #complain(what: string): void {
    this.complaints.push(`the reader of ${partitionKey(this.place)}: ${what}`)
  }
}
