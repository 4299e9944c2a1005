/**
 * Looks now and then whether the topics of a running pod are still those that it began with. A state topic that was deleted
 * ends the pod: without it nothing of its stage can be committed. Partitions that were added to a source are told once, as
 * nobody reads them.
 */
import { CaudalError, reasonOf } from '#engine/core/errors.ts'
import type { Plan } from '#topology/plan.ts'
import type { TopicsByName } from './plan-topics.ts'
import type { TaskHost } from './task-host.ts'
import type { Upkeep } from './upkeep.ts'

/** A broker that was asked may not know what the others know: only what is found twice holds. */
const AGAIN_MS = 1_000

export class TopicWatch {
  readonly #plan: Plan
  readonly #host: TaskHost
  /** Ids of the state topics that were found first. */
  readonly #known = new Map<string, string>()
  #suspects: ReadonlySet<string> = new Set()
  readonly #told = new Set<string>()

  constructor(plan: Plan, host: TaskHost) {
    this.#plan = plan
    this.#host = host
  }

  start(upkeep: Upkeep): void {
    upkeep.every(this.#host.limits.topicsIntervalMs, () => this.look())
    this.look()
  }

  look(): void {
    const { topics, logger } = this.#host
    topics.look().then(
      found => this.#host.enqueue(() => this.#judge(found)),
      error => logger.debug('the topics were not looked at', { error: reasonOf(error) }),
    )
  }

  #judge(found: TopicsByName): void {
    const host = this.#host
    const lost = this.#lostStates(found)
    const stage = this.#plan.stages.find(
      ({ stateTopic }) => lost.has(stateTopic) && this.#suspects.has(stateTopic),
    )
    if (stage) return host.fail(new CaudalError('STATE_LOST', { topic: stage.stateTopic, stage: stage.name }))
    this.#suspects = lost
    if (lost.size > 0) host.system.after(AGAIN_MS, () => this.look())
    for (const { name, kind, partitions } of this.#plan.topics.values())
      if (kind === 'source') this.#compare(name, partitions, found.get(name)?.partitions ?? partitions)
  }

  #lostStates(found: TopicsByName): ReadonlySet<string> {
    const lost = new Set<string>()
    for (const { stateTopic } of this.#plan.stages) {
      const id = found.get(stateTopic)?.id
      const known = this.#known.get(stateTopic) ?? id
      if (known !== undefined) this.#known.set(stateTopic, known)
      if (known !== id) lost.add(stateTopic)
    }
    return lost
  }

  #compare(topic: string, declared: number, partitions: number): void {
    const key = `${topic} ${partitions}`
    if (partitions <= declared || this.#told.has(key)) return
    this.#told.add(key)
    const remedy = `declare partitions: ${partitions} of source ${topic}, or no number, and start again: see docs/graph.md`
    const fields = { topic, partitions, read: declared, remedy }
    this.#host.logger.warn('partitions were added to a source, and nobody reads them', fields)
  }
}
