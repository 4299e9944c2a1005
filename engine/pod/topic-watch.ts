/**
 * Checks now and then whether the topics of a running pod are still those that it began with. A deleted state topic fails the
 * pod, because nothing of its stage can be committed. Partitions that were added to a topic of the graph are logged once, because
 * a pod uses those that it began with.
 */
import { CaudalError, failureFields } from '#core/errors.ts'
import type { PodContext } from '#engine/record/pod-context.ts'
import type { TopicsByName } from '#engine/topics/plan-topics.ts'
import type { Plan } from '#topology/plan.ts'
import type { TopicNode } from '#topology/topology.ts'
import { keyedReaderOf } from './topic-preparation.ts'
import type { Upkeep } from './upkeep.ts'

/** A broker may lag behind the others. So a finding counts only if a second look, after so long, confirms it. */
const AGAIN_MS = 1_000

export class TopicWatch {
  readonly #plan: Plan
  readonly #pod: PodContext
  /** Ids of the state topics, as the first look found them. */
  readonly #known = new Map<string, string>()
  #suspects: ReadonlySet<string> = new Set()
  readonly #told = new Set<string>()

  constructor(plan: Plan, pod: PodContext) {
    this.#plan = plan
    this.#pod = pod
  }

  start(upkeep: Upkeep): void {
    upkeep.every(this.#pod.limits.topicsIntervalMs, () => this.look())
    this.look()
  }

  look(): void {
    const { topics, logger } = this.#pod
    topics.look().then(
      found => this.#pod.enqueue(() => this.#judge(found)),
      error => logger.debug('the topics were not looked at', failureFields(error)),
    )
  }

  #judge(found: TopicsByName): void {
    const pod = this.#pod
    const lost = this.#lostStates(found)
    const stage = this.#plan.stages.find(
      ({ stateTopic }) => lost.has(stateTopic) && this.#suspects.has(stateTopic),
    )
    if (stage) return pod.fail(new CaudalError('STATE_LOST', { topic: stage.stateTopic, stage: stage.name }))
    this.#suspects = lost
    if (lost.size > 0) pod.system.after(AGAIN_MS, () => this.look())
    for (const topic of this.#plan.topics.values())
      this.#compare(topic, found.get(topic.name)?.partitions ?? topic.partitions)
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

  #compare({ name, kind, partitions: declared }: TopicNode, partitions: number): void {
    const key = `${name} ${partitions}`
    if (partitions <= declared || this.#told.has(key)) return
    this.#told.add(key)
    const remedy = `${remedyForMore(this.#plan, name, kind, partitions)} and start again: see docs/graph.md`
    const fields = { topic: name, partitions, [kind === 'topic' ? 'used' : 'read']: declared, remedy }
    this.#pod.logger.warn(`partitions were added to a ${kind}, and ${UNUSED[kind]}`, fields)
  }
}

const UNUSED: Readonly<Record<TopicNode['kind'], string>> = {
  source: 'nobody reads them',
  table: 'nobody reads them: look-ups do not find their rows',
  topic: 'nothing is written to them',
}

function remedyForMore(plan: Plan, name: string, kind: TopicNode['kind'], partitions: number): string {
  if (kind === 'topic' && keyedReaderOf(plan, name)) return `give topic ${name} another name in the graph`
  return `declare partitions: ${partitions} of ${kind} ${name}${kind === 'source' ? ', or no number,' : ''}`
}
