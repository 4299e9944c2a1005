/** A load straight into the topic of raw events, its outcomes read from the topics of the pipeline. */
import { TOPICS } from '#answers/topics.ts'
import { asShown } from '#core/codec.ts'
import type { System } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import { decodeDeadLetter } from '#engine/record/dead-letter.ts'
import { rawRecord } from '#pipelines/answers-service.ts'
import { followOutcomes, type OutcomesOptions } from '#pipelines/outcomes.ts'
import type { LoadEvent } from './questions.ts'
import type { Followed, OutcomeListener, Target } from './target.ts'

export interface LogTargetOptions {
  readonly log: Log
  readonly plan: OutcomesOptions['plan']
  readonly system: System
  /** Of the topic of raw events. */
  readonly partitions: number
  /** Where the log is, for people. */
  readonly description: string
}

interface Waiting {
  readonly event: LoadEvent
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

/** While one append is under way, the events that come are gathered for the next: batches grow with the rate. */
export class LogTarget implements Target {
  readonly description: string
  readonly #options: LogTargetOptions
  #waiting: Waiting[] = []
  #isAppending = false
  #turn = 0

  constructor(options: LogTargetOptions) {
    this.#options = options
    this.description = options.description
  }

  send(event: LoadEvent): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({ event, resolve, reject })
    if (!this.#isAppending) {
      this.#isAppending = true
      // What is due in the same moment goes together.
      queueMicrotask(() => void this.#appendAll())
    }
    return promise
  }

  async follow(listener: OutcomeListener): Promise<Followed> {
    const { log, plan, system } = this.#options
    return await followOutcomes(
      { log, plan, system, from: 'end' },
      {
        delivered: ({ id }) => listener.delivered(id),
        failed: ({ id, reason }) => listener.failed(id, reason),
        dead: ({ value }) => {
          if (!value) return
          const { origin, id, code } = decodeDeadLetter(value)
          // Every topic of the pipeline but the first is keyed by the id of the question.
          listener.failed(origin.key ? asShown(origin.key) : id, `dead letter ${code}`)
        },
      },
    )
  }

  async #appendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      try {
        await this.#append(batch)
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#isAppending = false
  }

  async #append(batch: readonly Waiting[]): Promise<void> {
    const { log, system, partitions } = this.#options
    // One partition a batch: fewer, larger requests; the next batch goes to the next partition.
    const partition = this.#turn++ % partitions
    const records = batch.map(({ event }) =>
      rawRecord(Buffer.from(JSON.stringify(event.event)), system.now(), event.id),
    )
    await log.append([{ topic: TOPICS.raw, partition, records }])
  }
}
