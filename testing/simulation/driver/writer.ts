/** Writes transactions under one id, one after another; after each failure it goes on with a new producer. */
import { CaudalError, reasonOf, WritesRefused } from '#core/errors.ts'
import { NO_HEADERS, type TopicPartition } from '#core/record.ts'
import { type System, sleep } from '#core/system.ts'
import type { Log, PartitionBatch, Producer } from '#engine/log/log.ts'

const PAUSE_MS_MAX = 400
const PLACES_MAX = 4
const RECORDS_MAX = 3
const RETRY_MS = 50
const AFTER_THE_END = 3

export interface Attempt {
  readonly id: string
  readonly number: number
  /** Which of the producers of this id, and when it was there. */
  readonly producer: number
  readonly producerStartedAt: number
  readonly begunAt: number
  readonly values: readonly string[]
  /** `committed`, or the code of the error. */
  outcome: string
  reason: string
}

/** A moment after which nothing of earlier producers may take place. */
export interface Fence {
  readonly id: string
  readonly begunAt: number
  readonly committed: ReadonlySet<string>
}

export interface WriterOptions {
  readonly id: string
  readonly log: Log
  readonly system: System
  readonly places: readonly TopicPartition[]
  /** Orders what happens in the run. */
  readonly moment: () => number
  /** All that is committed now. */
  readonly committed: () => ReadonlySet<string>
}

/** Brokers that are away, or that refuse, as those of this script do for any reason: it is tried again. */
const EXCUSED: ReadonlySet<string> = new Set([
  'LOG_UNAVAILABLE',
  'ACCESS_REFUSED',
  'BROKER_REFUSED',
  'TRANSACTION_UNCHECKED',
])

export function isExcused(error: unknown): boolean {
  return error instanceof CaudalError && EXCUSED.has(error.code)
}

export class Writer {
  readonly attempts: Attempt[] = []
  readonly fences: Fence[] = []
  readonly complaints: string[] = []
  readonly #options: WriterOptions
  #producer: Producer | undefined
  #producers = 0
  #startedAt = 0
  #ended = false

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** Writes until `end`, and then some transactions more. No fault is in the way of the last one. */
  async run(): Promise<void> {
    const { system } = this.#options
    while (!this.#ended) {
      await this.#attempt()
      await sleep(system, system.random() * PAUSE_MS_MAX)
    }
    for (let more = 0; more < AFTER_THE_END; more++) await this.#attempt()
    await this.#producer?.close()
  }

  end(): void {
    this.#ended = true
  }

  async #attempt(): Promise<void> {
    const { id, moment } = this.#options
    this.#producer ??= await this.#start()
    const number = this.attempts.length
    const batches = this.#batches(number)
    const values = batches.flatMap(({ records }) => records.map(({ value }) => String(value)))
    const producer = this.#producers
    const at = { producerStartedAt: this.#startedAt, begunAt: moment() }
    const attempt: Attempt = { id, number, producer, ...at, values, outcome: 'pending', reason: '' }
    this.attempts.push(attempt)
    try {
      await this.#producer.transact(batches)
      attempt.outcome = 'committed'
    } catch (error) {
      attempt.outcome = error instanceof CaudalError ? error.code : 'unknown error'
      attempt.reason = reasonOf(error)
      if (error instanceof WritesRefused) {
        // The producer goes on.
        attempt.outcome = 'refused'
        this.#look(error, batches)
        return
      }
      await this.#producer.close()
      this.#producer = undefined
    }
  }

  async #start(): Promise<Producer> {
    const { id, log, system, places, moment, committed } = this.#options
    for (;;) {
      const begunAt = moment()
      try {
        const producer = await log.startProducer(id, places)
        this.#producers++
        this.#startedAt = moment()
        this.fences.push({ id, begunAt, committed: committed() })
        return producer
      } catch (error) {
        if (!isExcused(error))
          this.complaints.push(`the producer of ${id} cannot be started: ${reasonOf(error)}`)
      }
      await sleep(system, RETRY_MS)
    }
  }

  /** What is refused must be among what was written. */
  #look({ refusals }: WritesRefused, batches: readonly PartitionBatch[]): void {
    const strange = refusals.filter(({ batch, record = 0 }) => batches[batch]?.records[record] === undefined)
    for (const { batch, record } of strange)
      this.complaints.push(`record ${record} of batch ${batch} was refused and does not exist`)
  }

  #batches(number: number): PartitionBatch[] {
    const { id, system, places } = this.#options
    const chosen = [...places].sort((a, b) => a.partition - b.partition)
    for (let count = chosen.length - 1 - Math.floor(system.random() * PLACES_MAX); count > 0; count--)
      chosen.splice(Math.floor(system.random() * chosen.length), 1)
    return chosen.map(place => {
      const count = 1 + Math.floor(system.random() * RECORDS_MAX)
      const records = Array.from({ length: count }, (_, index) => {
        const text = `${id} ${number} ${index} ${place.topic}/${place.partition}`
        return { key: null, value: Buffer.from(text), headers: NO_HEADERS, timestamp: system.now() }
      })
      return { ...place, records }
    })
  }
}
