/**
 * The semantic index of one gateway. It follows the compacted topic of the index from its start, outside any group:
 * each gateway holds all entries.
 *
 * A search embeds the question without its frame, takes the one nearest neighbour, and asks the guard. Vectors of
 * another embedder are left out, since they lie in another space. A clock that jumps back keeps entries longer, and one
 * that jumps ahead drops them: both cost answers, neither serves a wrong one.
 */
import { reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import type { LogRecord } from '#core/record.ts'
import type { System } from '#core/system.ts'
import { type Following, follow } from '#engine/log/follow-topic.ts'
import type { Log } from '#engine/log/log.ts'
import { partitionOf } from '#engine/log/partitioning.ts'
import { checkedVector, type Embedder } from '#models/embedder.ts'
import type { Organization } from '../organization.ts'
import type { Hit, Refusal, Search, SemanticIndex, SemanticStatistics } from '../semantic.ts'
import { type Entry, OFF_PREFIX, offRecord, said } from './entry.ts'
import { judge } from './guard/guard.ts'
import { withoutFrame } from './guard/reading.ts'
import { type NeighbourhoodLimits, Neighbourhoods } from './neighbourhoods.ts'
import { SearchTally } from './search-tally.ts'
import { partitionsOf } from './topic-sink.ts'

/** Vectors of questions that were asked before. */
export interface QuestionVectors {
  /** The vector of a text that the organisation asks, embedded where none is kept. Rejects as `embed` does. */
  of(organization: Organization, text: string, embed: () => Promise<Float32Array>): Promise<Float32Array>
}

/** The topic of the index, its embedder, and the task types that it serves. */
export interface TopicIndexOptions extends NeighbourhoodLimits {
  readonly log: Log
  readonly topic: string
  readonly system: System
  readonly logger: Logger
  readonly embedder: Embedder
  /** Where vectors of questions are kept; without them each question is embedded again. */
  readonly vectors?: QuestionVectors | undefined
  /** Task types whose index is on. */
  readonly taskTypes: ReadonlySet<string>
  /** Similarity below which a neighbour is not near. */
  readonly similarityMin: number
}

/** The similarity from which a question is near, where the settings give none. */
export const SIMILARITY_MIN = 0.85
const EMPTY_KEY = new Uint8Array()

/** An index in memory that follows its topic. Every gateway holds one. */
export class TopicIndex implements SemanticIndex {
  readonly #options: TopicIndexOptions
  readonly #entries: Neighbourhoods
  readonly #tally = new SearchTally()
  readonly #off = new Map<string, string>()
  #following: Following | undefined

  constructor(options: TopicIndexOptions) {
    this.#options = options
    this.#entries = new Neighbourhoods(options)
  }

  /** Resolves when what the topic holds now is known. */
  async start(): Promise<void> {
    const { log, topic, system } = this.#options
    await partitionsOf(log, topic)
    this.#following = await follow(log, {
      topic,
      from: 'start',
      system,
      onRecord: record => this.#read(record),
    })
    await this.#following.caughtUp()
  }

  close(): void {
    this.#following?.close()
  }

  async nearest(
    organization: Organization,
    taskType: string,
    promptVersion: string,
    text: string,
    search: Search,
  ): Promise<Hit | Refusal | undefined> {
    if (!this.#isOn(taskType)) return undefined
    const vector = await this.#vectorOf(organization, text, search)
    if (!vector) return undefined
    const now = this.#options.system.now()
    const found = this.#entries.nearest(organization, taskType, promptVersion, vector, now)
    if (!found || found.similarity < this.#options.similarityMin) return this.#tally.missed()
    const { similarity, entry } = found
    const ruling = judge(text, entry.answer.question)
    return ruling.served
      ? this.#tally.hit({ kind: 'hit', similarity, answer: entry.answer })
      : this.#tally.refused({ kind: 'refused', similarity, rule: ruling.rule })
  }

  async switchOff(taskType: string, reason: string): Promise<void> {
    const { log, topic, system, logger } = this.#options
    logger.warn('the semantic index of a task type has switched itself off', { task_type: taskType, reason })
    this.#off.set(taskType, reason)
    const record = offRecord({ taskType, reason }, system.now())
    // Where a tombstone of the key goes, which switches the index on again: within a partition there is an order.
    const partition = partitionOf(record.key ?? EMPTY_KEY, await partitionsOf(log, topic))
    await log.append([{ topic, partition, records: [record] }])
  }

  offReason(taskType: string): string | undefined {
    return this.#off.get(taskType)
  }

  statistics(): SemanticStatistics {
    return { ...this.#tally.figures(), entries: this.#entries.size }
  }

  #isOn(taskType: string): boolean {
    return this.#options.taskTypes.has(taskType) && !this.#off.has(taskType)
  }

  /** Nothing where the embedder fails: the question is then asked as if there were no index. */
  async #vectorOf(
    organization: Organization,
    text: string,
    search: Search,
  ): Promise<Float32Array | undefined> {
    const { embedder, logger, vectors } = this.#options
    const asked = withoutFrame(text)
    const embed = async () => checkedVector(embedder, await embedder.embed(asked, search))
    try {
      return vectors ? checkedVector(embedder, await vectors.of(organization, asked, embed)) : await embed()
    } catch (error) {
      search.signal.throwIfAborted()
      this.#tally.failed()
      logger.warn('a question was not looked up in the semantic index', { reason: reasonOf(error) })
      return undefined
    }
  }

  #read(record: LogRecord): void {
    const says = said(record)
    if (says?.kind === 'removed') this.#remove(says.key)
    else if (says?.kind === 'off') this.#off.set(says.off.taskType, says.off.reason)
    else if (says?.kind === 'entry' && this.#isUsable(says.entry)) this.#entries.put(says.key, says.entry)
    else this.#tally.unusable()
  }

  /** A tombstone of a switch turns the index on again. */
  #remove(key: string): void {
    if (key.startsWith(OFF_PREFIX)) this.#off.delete(key.slice(OFF_PREFIX.length))
    else this.#entries.delete(key)
  }

  #isUsable({ embedder, vector, answer }: Entry): boolean {
    const own = this.#options.embedder
    return embedder === own.name && isVector(own, vector) && !answer.belowThreshold
  }
}

function isVector(embedder: Embedder, vector: Float32Array): boolean {
  try {
    return checkedVector(embedder, vector).length > 0
  } catch {
    return false // The record is counted as unusable.
  }
}
