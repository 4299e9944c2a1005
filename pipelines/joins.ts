/** Writes down who has joined a question under way, in the partition of the question. */
import { TOPICS } from '#answers/topics.ts'
import type { Follower } from '#answers/types.ts'
import { Values } from '#answers/values.ts'
import { asBytes } from '#core/codec.ts'
import { NO_HEADERS } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import { partitionOf } from '#engine/log/partitioning.ts'
import type { Plan } from '#topology/plan.ts'

export interface JoinsOptions {
  readonly log: Pick<Log, 'append'>
  readonly plan: Plan
  readonly system: System
}

/** They are few: each call of the log is one of its own. */
export class Joins {
  readonly #options: JoinsOptions
  readonly #values: Values

  constructor(options: JoinsOptions) {
    this.#options = options
    this.#values = new Values(options.plan)
  }

  /** All of them or none. */
  async append(followers: readonly Follower[]): Promise<void> {
    const { log, plan, system } = this.#options
    const partitions = plan.topics.get(TOPICS.followers)?.partitions ?? 1
    const timestamp = system.now()
    const records = followers.map(follower => {
      const key = asBytes(follower.id)
      const value = this.#values.write(TOPICS.followers, follower)
      return {
        partition: partitionOf(key, partitions),
        record: { key, value, headers: NO_HEADERS, timestamp },
      }
    })
    const batches = [...Map.groupBy(records, ({ partition }) => partition)].map(([partition, own]) => ({
      topic: TOPICS.followers,
      partition,
      records: own.map(({ record }) => record),
    }))
    if (batches.length > 0) await log.append(batches)
  }
}
