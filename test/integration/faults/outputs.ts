/** Follows a topic as a user does, read committed, and notes when each answer came. */
import { hasCode } from '#core/errors.ts'
import type { Log, Reader } from '#engine/log/log.ts'
import { answer, topicOf } from '../pods/graph.ts'
import { pause } from './until.ts'

const FETCH_RECORDS_MAX = 1_000
const RETRY_MS = 50

export interface Output {
  readonly id: string
  readonly partition: number
  /** The incarnation that wrote it. */
  readonly pod: string
  readonly at: number
}

export class Outputs {
  readonly seen: Output[] = []
  readonly #readers: readonly Reader[]
  #following: Promise<unknown> = Promise.resolve()

  constructor(log: Log, application: string, partitions: number) {
    const topic = topicOf(application, 'answers')
    this.#readers = Array.from({ length: partitions }, (_, partition) =>
      log.openReader({ topic, partition }, 0),
    )
  }

  start(): void {
    this.#following = Promise.all(this.#readers.map((reader, partition) => this.#follow(reader, partition)))
  }

  async stop(): Promise<void> {
    for (const reader of this.#readers) reader.close()
    await this.#following
  }

  async #follow(reader: Reader, partition: number): Promise<void> {
    for (;;) {
      try {
        const { records } = await reader.next(FETCH_RECORDS_MAX)
        for (const { value } of records) {
          const { id, pod } = answer.decode(value ?? new Uint8Array())
          this.seen.push({ id, partition, pod, at: Date.now() })
        }
      } catch (error) {
        if (hasCode(error, 'LOG_CLOSED')) return
        if (!hasCode(error, 'LOG_UNAVAILABLE')) throw error
        await pause(RETRY_MS)
      }
    }
  }
}
