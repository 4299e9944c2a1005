/** The topics of a plan as the log describes them now: which topic has each name, and how many partitions it has. */
import type { Log, TopicDescription } from '#engine/log/log.ts'
import type { Plan } from '#topology/plan.ts'
import type { SourceBeginnings, SourcesFrom } from './source-beginnings.ts'

/**
 * Topics that took the place of deleted ones and that may be read all the same, by their ids: from their start, or from the
 * position in the former one.
 */
export type AdoptedTopics = Readonly<Record<string, 'start' | 'position'>>

/** What a person says of topics that the engine must not decide on. */
export interface TopicAnswers {
  readonly adoptTopics?: AdoptedTopics
  readonly sourcesFrom?: SourcesFrom | undefined
}

export type TopicsByName = ReadonlyMap<string, TopicDescription>

export class PlanTopics {
  readonly adopted: AdoptedTopics
  readonly sourcesFrom: SourcesFrom | undefined
  /** As the topology says that was accepted. */
  beginnings: SourceBeginnings = {}
  readonly #names: readonly string[]
  readonly #log: Log
  #looking: Promise<TopicsByName> | undefined

  constructor(plan: Plan, log: Log, { adoptTopics = {}, sourcesFrom }: TopicAnswers = {}) {
    this.adopted = adoptTopics
    this.sourcesFrom = sourcesFrom
    this.#names = plan.topicSpecs.map(({ name }) => name)
    this.#log = log
  }

  /** Tasks that open at once share one question. */
  look(): Promise<TopicsByName> {
    this.#looking ??= this.#ask().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #ask(): Promise<TopicsByName> {
    const found = await this.#log.describeTopics(this.#names)
    return new Map(found.map(description => [description.name, description]))
  }
}
