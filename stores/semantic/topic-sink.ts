/** Fills the topic of the index: an answer becomes an entry with the vector of its question, written under its key. */
import { hasCode, reasonOf, unavailable } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import type { NewRecord } from '#core/record.ts'
import { RETRIES } from '#core/retry.ts'
import { type System, sleep } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import { partitionOf } from '#engine/log/partitioning.ts'
import { checkedVector, type Embedder } from '#models/embedder.ts'
import type { IndexedAnswer, SemanticSink } from '../semantic.ts'
import { entryRecord } from './entry.ts'
import { withoutFrame } from './guard/reading.ts'

/** The topic of the index and the embedder of its questions. */
export interface TopicSinkOptions {
  readonly log: Log
  readonly topic: string
  readonly embedder: Embedder
  readonly system: System
  readonly logger: Logger
}

const EMBED_MS = 30_000
const EMPTY_KEY = new Uint8Array()

/**
 * An answer that is written again replaces itself. An embedder that fails costs the answer its place in the index, and
 * nothing else. Rejects with `Unavailable` while the log is away.
 */
export class TopicSink implements SemanticSink {
  readonly #options: TopicSinkOptions

  constructor(options: TopicSinkOptions) {
    this.#options = options
  }

  async save(answers: readonly IndexedAnswer[]): Promise<void> {
    const entries = await Promise.all(answers.map(answer => this.#entryOf(answer)))
    const records = entries.filter(entry => entry !== undefined)
    if (records.length > 0) await this.#append(records)
  }

  async #entryOf(answer: IndexedAnswer): Promise<NewRecord | undefined> {
    const { embedder, system, logger } = this.#options
    const over = new AbortController()
    const cancel = system.after(EMBED_MS, () => over.abort(new TypeError('the embedder took too long')))
    try {
      const call = { signal: over.signal, requestId: `index/${answer.id}` }
      const vector = checkedVector(embedder, await embedder.embed(withoutFrame(answer.question), call))
      return entryRecord({ embedder: embedder.name, vector, answer }, answer.deliveredAt)
    } catch (error) {
      logger.warn('an answer is not in the semantic index', { id: answer.id, reason: reasonOf(error) })
      return undefined
    } finally {
      cancel()
    }
  }

  async #append(records: readonly NewRecord[]): Promise<void> {
    const { log, topic, system } = this.#options
    try {
      const partitions = await partitionsOf(log, topic)
      const byPartition = Map.groupBy(records, ({ key }) => partitionOf(key ?? EMPTY_KEY, partitions))
      await log.append([...byPartition].map(([partition, own]) => ({ topic, partition, records: own })))
    } catch (error) {
      if (!hasCode(error, 'LOG_UNAVAILABLE')) throw error
      throw unavailable(`the topic of the index: ${reasonOf(error)}`, sleep(system, RETRIES.store.firstMs))
    }
  }
}

/** Of the topic of the index, which is made where it is missing. */
export async function partitionsOf(log: Log, topic: string): Promise<number> {
  const [found] = await log.describeTopics([topic])
  if (found) return found.partitions
  await log.createTopics([{ name: topic, partitions: 1, compacted: true, retentionMs: undefined }])
  return 1
}
