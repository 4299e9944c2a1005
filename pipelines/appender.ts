/** Appends records of many callers with few calls of the log. */
import { CaudalError } from '#core/errors.ts'
import type { NewRecord } from '#core/record.ts'
import type { Log } from '#engine/log/log.ts'

export interface AppenderOptions {
  readonly log: Pick<Log, 'append'>
  readonly topic: string
  readonly partitions: number
}

/** Records of one call. */
const RECORDS_MAX = 1_000
/** Records that wait for a call; a caller beyond that is refused, as memory has an end. */
export const WAITING_MAX = 20_000

interface Waiting {
  readonly records: readonly NewRecord[]
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

/**
 * One call is on its way at a time. What comes meanwhile waits, and goes together with the next call. So a lone record
 * waits for nothing, and many records share the price of one write. The records of one call go to one partition, those of
 * the next call to the next partition. So a transaction has one partition to end in.
 */
export class Appender {
  readonly #options: AppenderOptions
  #waiting: Waiting[] = []
  #waitingRecords = 0
  #isCalling = false
  #next = 0

  constructor(options: AppenderOptions) {
    this.#options = options
  }

  /** Resolves when the log holds the records. Rejects as the log does, and with LOG_UNAVAILABLE when too many wait. */
  append(records: readonly NewRecord[]): Promise<void> {
    if (this.#waitingRecords + records.length > WAITING_MAX)
      return Promise.reject(
        new CaudalError('LOG_UNAVAILABLE', { reason: `${WAITING_MAX} records wait for it already` }),
      )
    return new Promise((resolve, reject) => {
      this.#waiting.push({ records, resolve, reject })
      this.#waitingRecords += records.length
      this.#send()
    })
  }

  #send(): void {
    if (this.#isCalling || this.#waiting.length === 0) return
    this.#isCalling = true
    this.#call(this.#taken()).finally(() => {
      this.#isCalling = false
      this.#send()
    })
  }

  /** As many as one call carries, at least one caller's. */
  #taken(): readonly Waiting[] {
    let records = 0
    const fits = this.#waiting.findIndex(each => {
      records += each.records.length
      return records > RECORDS_MAX
    })
    const taken = this.#waiting.splice(0, fits < 0 ? this.#waiting.length : Math.max(fits, 1))
    for (const each of taken) this.#waitingRecords -= each.records.length
    return taken
  }

  async #call(together: readonly Waiting[]): Promise<void> {
    const { log, topic, partitions } = this.#options
    const records = together.flatMap(each => each.records)
    const partition = this.#next++ % partitions
    try {
      await log.append([{ topic, partition, records }])
      for (const { resolve } of together) resolve()
    } catch (error) {
      for (const { reject } of together) reject(error)
    }
  }
}
