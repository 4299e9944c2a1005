/** What came of the inputs, counted from the topics themselves. */
import { asText } from '#engine/core/codec.ts'
import type { System } from '#engine/core/system.ts'
import type { Log } from '#engine/log/log.ts'
import { DeliveredJson, FailedJson } from '#pipelines/answers/codecs.ts'
import { type Delivered, type Failed, NOTHING_SPENT } from '#pipelines/answers/types.ts'
import { type Following, follow } from './follow.ts'
import { TOPICS } from './topics.ts'

export interface Figures {
  inputs: number
  /** Set aside by ingest, with every fault named. */
  invalid: number
  /** Events whose id was seen within the window of admission. */
  duplicates: number
  delivered: number
  deliveredBelowThreshold: number
  /** Attempts used up. */
  failed: number
  /** In the dead letters: a fault of the pipeline, not of the input. */
  dead: number
  attempts: number
  calls: number
  tokens: number
  costUsd: number
}

const DAY_MS = 24 * 60 * 60 * 1_000

/**
 * Follows the topics from their beginning, so the figures are those of all that the log holds, whichever process did the
 * work. What it counts is committed, and nothing else: a crash changes no figure.
 */
export class Tally {
  readonly figures: Figures = {
    inputs: 0,
    invalid: 0,
    duplicates: 0,
    delivered: 0,
    deliveredBelowThreshold: 0,
    failed: 0,
    dead: 0,
    attempts: 0,
    calls: 0,
    tokens: 0,
    costUsd: 0,
  }
  /** Sum of the final scores of what was delivered. */
  scoreSum = 0
  readonly #admitted = new Map<string, number>()
  readonly #onDelivered: ((delivered: Delivered) => void) | undefined
  #following: readonly Following[] = []

  constructor(onDelivered?: (delivered: Delivered) => void) {
    this.#onDelivered = onDelivered
  }

  async start(log: Log, system: System, deadLetterTopic: string): Promise<void> {
    const from = 'start'
    this.#following = await Promise.all([
      follow(log, { topic: TOPICS.raw, from, system, onRecord: () => this.figures.inputs++ }),
      follow(log, {
        topic: TOPICS.intake,
        from,
        system,
        onRecord: ({ key, timestamp }) => this.#taken(key ? asText(key) : '', timestamp),
      }),
      follow(log, {
        topic: TOPICS.failed,
        from,
        system,
        onRecord: ({ value }) => value && this.#failed(FailedJson.decode(value)),
      }),
      follow(log, {
        topic: TOPICS.delivered,
        from,
        system,
        onRecord: ({ value }) => value && this.#delivered(DeliveredJson.decode(value)),
      }),
      follow(log, { topic: deadLetterTopic, from, system, onRecord: () => this.figures.dead++ }),
    ])
  }

  /** Inputs that have come to no end yet. */
  get open(): number {
    const { inputs, invalid, duplicates, delivered, failed, dead } = this.figures
    return inputs - invalid - duplicates - delivered - failed - dead
  }

  close(): void {
    for (const each of this.#following) each.close()
  }

  /** As admission does it: an id is a duplicate within a day of when it was let in. */
  #taken(id: string, timestamp: number): void {
    const first = this.#admitted.get(id)
    if (first !== undefined && timestamp - first < DAY_MS) this.figures.duplicates++
    else this.#admitted.set(id, timestamp)
  }

  #failed({ reason, request }: Failed): void {
    if (reason === 'invalid_input') this.figures.invalid++
    else this.figures.failed++
    this.#spent(request?.spent ?? NOTHING_SPENT)
    this.figures.attempts += (request?.error_attempts ?? 0) + (request?.quality_attempts ?? 0)
  }

  #delivered(delivered: Delivered): void {
    this.figures.delivered++
    if (delivered.below_threshold) this.figures.deliveredBelowThreshold++
    this.scoreSum += delivered.final
    this.#spent(delivered)
    this.figures.attempts += delivered.attempts
    this.#onDelivered?.(delivered)
  }

  #spent(spent: {
    readonly calls: number
    readonly tokens_prompt: number
    readonly tokens_completion: number
    readonly cost_usd: number
  }): void {
    this.figures.calls += spent.calls
    this.figures.tokens += spent.tokens_prompt + spent.tokens_completion
    this.figures.costUsd += spent.cost_usd
  }
}
