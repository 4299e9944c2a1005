/** A plan reduced to what a later version must fit: JSON, so that it can be stored beside a release. */

import { durationMs } from '#core/duration.ts'
import type { Plan, Stage } from './plan.ts'
import { isDelayed } from './stages.ts'
import type { OperatorNode, TopicNode } from './topology.ts'

/** What of a graph decides how its data is stored. JSON, so that it can be kept beside a release. */
export interface TopologySummary {
  /** Name of the application. */
  readonly application: string
  /** Each topic, by its name. */
  readonly topics: Readonly<Record<string, TopicSummary>>
  /** Operators by name: declared names are the identity of what is stored. */
  readonly operators: Readonly<Record<string, OperatorSummary>>
  /** Each stage, by its name. */
  readonly stages: Readonly<Record<string, StageSummary>>
  /** Tier topics, and the topics that records in them are on their way to. */
  readonly tiers: readonly string[]
  /** The topics that get delayed records. */
  readonly delayedTargets: readonly string[]
  /** States that the graph says to drop. */
  readonly droppedState: readonly string[]
  /** The earlier name of each renamed state, with its present name. */
  readonly renamedState: Readonly<Record<string, string>>
}

/** What a later version of a topic is compared with. */
export interface TopicSummary {
  readonly kind: TopicNode['kind']
  readonly codec: string
  readonly partitions: number
}

/** What a later version of an operator is compared with. */
export interface OperatorSummary {
  readonly stage: string
  /** What is stored by key, described: `value of Attempt`, `map of Note`, `timer`. */
  readonly stored: Readonly<Record<string, string>>
  /** Durable steps and their codecs. */
  readonly steps: Readonly<Record<string, string>>
  /** Each output's targets in words, as far as rerouting shows. */
  readonly outputs: Readonly<Record<string, readonly string[]>>
}

/** What a later version of a stage is compared with. */
export interface StageSummary {
  readonly partitions: number
  readonly sources: readonly string[]
}

/** What a later version of the graph must fit, as JSON, for `compareTopologies`. */
export function summarize(plan: Plan): TopologySummary {
  const delay = plan.stages.find(stage => stage.tiers.length > 0)
  const nodes = plan.stages.flatMap(stage => [...stage.operators.values()])
  const delayed = nodes.flatMap(node => Object.values(node.routes).flat()).filter(isDelayed)
  return {
    application: plan.application,
    topics: Object.fromEntries([...plan.topics.values()].map(node => [node.name, topicSummary(node)])),
    operators: Object.fromEntries(
      plan.stages.flatMap(stage =>
        [...stage.operators.values()].map(node => [node.name, operatorSummary(node, stage)]),
      ),
    ),
    stages: Object.fromEntries(plan.stages.map(stage => [stage.name, stageSummary(stage)])),
    tiers: delay?.tiers.map(tier => tier.topic) ?? [],
    delayedTargets: [...new Set(delayed.map(route => route.topic))],
    droppedState: plan.droppedState,
    renamedState: plan.renamedState,
  }
}

function topicSummary({ kind, codec, partitions }: TopicNode): TopicSummary {
  return { kind, codec: codec.name, partitions }
}

function stageSummary({ partitions, sources }: Stage): StageSummary {
  return { partitions, sources: sources.map(source => source.topic) }
}

function operatorSummary(node: OperatorNode, stage: Stage): OperatorSummary {
  const { state, timers, steps } = node.operator
  return {
    stage: stage.name,
    stored: {
      ...Object.fromEntries(
        Object.entries(state).map(([name, { kind, codec }]) => [name, `${kind} of ${codec.name}`]),
      ),
      ...Object.fromEntries(timers.map(name => [name, 'timer'])),
    },
    steps: Object.fromEntries(Object.entries(steps).map(([name, codec]) => [name, codec.name])),
    outputs: Object.fromEntries(
      Object.entries(node.routes).map(([output, routes]) => [
        output,
        routes.map(route => {
          if (route.kind === 'operator') return `${route.operator}.${route.input}`
          return isDelayed(route)
            ? `${route.topic} after ${route.delay.tiers.map(durationMs).join(' ')} ms`
            : route.topic
        }),
      ]),
    ),
  }
}
