/**
 * The stores written again from the topics. What is there already stays as it is, since each answer and each event has its
 * identity. So a rebuild may be begun again, and may run beside the pods.
 */
import { TOPICS } from '#answers/topics.ts'
import type { Values } from '#answers/values.ts'
import { CaudalError, hasCode } from '#core/errors.ts'
import type { LogRecord } from '#core/record.ts'
import type { System } from '#core/system.ts'
import { placesOf, readAll } from '#engine/log/read-topic.ts'
import { EVENT_TOPICS, type EventTopic, eventIn } from '#pipelines/event-records.ts'
import type { AnswerStore, StoredAnswer } from '#stores/answers.ts'
import type { HistoryStore, TaskEvent } from '#stores/history.ts'
import { storedAnswerOf } from '#stores/stored-answer.ts'
import type { Access } from './access.ts'

/** The stores that are written again, and how the rebuild ends. */
export interface RebuildOptions {
  readonly answers: AnswerStore
  readonly history: HistoryStore
  readonly system: System
  /** Older events are not kept, and are left out. */
  readonly historyMs: number
  /** Ends it between two writes: it then rejects with the reason. */
  readonly signal: AbortSignal
  /** Called as records are read. */
  readonly onProgress?: (read: number) => void
}

/** What became of one topic. */
export interface RebuiltTopic {
  readonly topic: string
  /** Records that were read. */
  readonly read: number
  /** Answers and events that the stores have now. */
  readonly written: number
  /** Events that are older than the history keeps them. */
  readonly tooOld: number
  /** Records that no codec reads, or whose values the database does not take. */
  readonly refused: number
  /** Offsets in front of the first record that the log still has: what they held is out of retention. */
  readonly gone: number
}

/** Written by one call of a store. */
const BATCH_RECORDS = 500

/** Topic by topic, but for topics that no pod has made yet. Rejects with UNAVAILABLE while a store is away; what was written then stays. */
export async function rebuild(access: Access, options: RebuildOptions): Promise<readonly RebuiltTopic[]> {
  const planned = EVENT_TOPICS.filter(topic => access.plan.topics.has(topic))
  const specs = await access.log.describeTopics(planned)
  const topics = planned.filter(topic => specs.some(({ name }) => name === topic))
  const rebuilt: RebuiltTopic[] = []
  for (const topic of topics) rebuilt.push(await new TopicRebuild(topic, access, options).run())
  return rebuilt
}

class TopicRebuild {
  readonly #topic: EventTopic
  readonly #access: Access
  readonly #options: RebuildOptions
  readonly #oldest: number
  #answers: StoredAnswer[] = []
  #events: TaskEvent[] = []
  #read = 0
  #written = 0
  #tooOld = 0
  #refused = 0

  constructor(topic: EventTopic, access: Access, options: RebuildOptions) {
    this.#topic = topic
    this.#access = access
    this.#options = options
    this.#oldest = options.system.now() - options.historyMs
  }

  async run(): Promise<RebuiltTopic> {
    const { log } = this.#access
    const topic = this.#topic
    const bounds = await log.bounds(await placesOf(log, topic))
    const { signal } = this.#options
    await readAll(log, topic, (record, partition) => this.#take(record, partition), { signal })
    await this.#write()
    return {
      ...{ topic, read: this.#read, written: this.#written, tooOld: this.#tooOld, refused: this.#refused },
      gone: bounds.reduce((sum, { start }) => sum + start, 0),
    }
  }

  async #take(record: LogRecord, partition: number): Promise<void> {
    if (!record.value) return
    this.#read += 1
    try {
      const { values } = this.#access
      const event = await eventIn(values, this.#topic, record, partition)
      if (event && event.at < this.#oldest) this.#tooOld += 1
      else if (event) this.#events.push(event)
      if (this.#topic === TOPICS.delivered) this.#answers.push(await answerIn(values, record.value))
    } catch (error) {
      if (isAway(error)) throw error
      this.#refused += 1
    }
    if (Math.max(this.#events.length, this.#answers.length) < BATCH_RECORDS) return
    await this.#write()
    this.#options.onProgress?.(this.#read)
  }

  async #write(): Promise<void> {
    const { answers, history } = this.#options
    const [found, events] = [this.#answers, this.#events]
    this.#answers = []
    this.#events = []
    await this.#each(found, batch => answers.save(batch))
    await this.#each(events, batch => history.append(batch))
  }

  /** A value that the database does not take is left out, without its neighbours. */
  async #each<T>(found: readonly T[], write: (batch: readonly T[]) => Promise<void>): Promise<void> {
    if (found.length === 0) return
    try {
      await write(found)
      this.#written += found.length
    } catch (error) {
      if (isAway(error)) throw error
      if (found.length > 1) for (const one of found) await this.#each([one], write)
      else this.#refused += 1
    }
  }
}

async function answerIn(values: Values, bytes: Uint8Array): Promise<StoredAnswer> {
  return storedAnswerOf(await values.read(TOPICS.delivered, bytes))
}

/** Waiting is worth it, and nothing is to blame on the record. */
const isAway = (error: unknown): boolean =>
  error instanceof CaudalError && (hasCode(error, 'UNAVAILABLE') || error.code.startsWith('LOG_'))
