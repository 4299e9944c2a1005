/** Writes the questions at an even pace, through whatever happens to the brokers. */
import { CaudalError } from '#core/errors.ts'
import { type NewRecord, NO_HEADERS } from '#core/record.ts'
import type { Log, PartitionBatch } from '#engine/log/log.ts'
import { partitionOf } from '#engine/log/partitioning.ts'
import { seedOf } from '#testing/seeded-random.ts'
import { type Question, question, topicOf } from '../pods/graph.ts'
import { pause } from './until.ts'

const TICK_MS = 50
const APPEND_MAX = 1_000

export interface LoadOptions {
  readonly log: Log
  readonly application: string
  readonly partitions: number
  readonly records: number
  readonly perSecond: number
  readonly keys: number
}

export class Load {
  loaded = 0
  doneAt: number | undefined
  /** When each write was done. */
  readonly writtenAt: number[] = []
  /** Settles when all is written. */
  done: Promise<void> = Promise.resolve()
  readonly #options: LoadOptions
  #stopped = false

  constructor(options: LoadOptions) {
    this.#options = options
  }

  start(): void {
    this.done = this.#run()
  }

  /** Writes no more: the records so far are all there are. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.done
  }

  async #run(): Promise<void> {
    const { records, perSecond } = this.#options
    const begun = Date.now()
    while (!this.#stopped && this.loaded < records) {
      const due = Math.min(records, Math.ceil(((Date.now() - begun + TICK_MS) * perSecond) / 1_000))
      const count = Math.min(due - this.loaded, APPEND_MAX)
      if (count > 0) await this.#write(count)
      if (this.loaded >= due) await pause(TICK_MS)
    }
    this.doneAt = Date.now()
  }

  /** Tried again until it is known to be there; what stands twice then is two questions, and counts as such. */
  async #write(count: number): Promise<void> {
    const { log } = this.#options
    const batches = this.#batches(count)
    for (;;) {
      try {
        await log.append(batches)
        this.loaded += count
        this.writtenAt.push(Date.now())
        return
      } catch (error) {
        if (!(error instanceof CaudalError) || error.code === 'LOG_CLOSED') throw error
        await pause(TICK_MS)
      }
    }
  }

  #batches(count: number): PartitionBatch[] {
    const { application, partitions, keys } = this.#options
    const byPartition = new Map<number, NewRecord[]>()
    for (let index = this.loaded; index < this.loaded + count; index++) {
      const asked = questionOf(index, keys)
      const key = Buffer.from(asked.key)
      const record = { key, value: question.encode(asked), headers: NO_HEADERS, timestamp: Date.now() }
      const partition = partitionOf(key, partitions)
      byPartition.set(partition, [...(byPartition.get(partition) ?? []), record])
    }
    const topic = topicOf(application, 'questions')
    return [...byPartition].map(([partition, records]) => ({ topic, partition, records }))
  }
}

function questionOf(index: number, keys: number): Question {
  const id = `q${index}`
  return { id, key: `k${(seedOf(3, id) >>> 0) % keys}` }
}
