/** From graph to stages: the operators fused between two topics become one stage with one state topic. */
import { durationMs } from '#core/duration.ts'
import type { TopicSpec } from '#engine/log/log.ts'
import {
  DELAY_STAGE,
  deadLetterTopicOf,
  PARTITIONS_DEFAULT,
  stateTopicOf,
  tierTopicOf,
  topologyTopicOf,
} from './names.ts'
import { delayedRoutes, stageGroups, stageNameOf, tasksFor } from './stages.ts'
import type { OperatorNode, TopicNode, Topology } from './topology.ts'
import { assertValid } from './validate.ts'

export { DELAY_STAGE, deadLetterTopicOf, stateTopicOf, tierTopicOf, topologyTopicOf } from './names.ts'

/** A topology divided into stages, with the topics that it needs. */
export interface Plan {
  /** Application name. */
  readonly application: string
  /** The stages of the graph. */
  readonly stages: readonly Stage[]
  /** All topics of the graph by name. */
  readonly topics: ReadonlyMap<string, TopicNode>
  /** Names of the tables that every pod holds whole. */
  readonly tables: readonly string[]
  /** Every topic that must exist, internal ones included, with the dead letters. */
  readonly topicSpecs: readonly TopicSpec[]
  /** Name of the topic that gets the dead letters of the application. */
  readonly deadLetterTopic: string
  /** Where the topology is kept, for later versions to be compared with. */
  readonly topologyTopic: string
  /** States that the graph says to drop. */
  readonly droppedState: readonly string[]
  /** The earlier name of each renamed state, with its present name. */
  readonly renamedState: Readonly<Record<string, string>>
}

/** Operators that run together between topics: the unit that has tasks and a state topic. */
export interface Stage {
  /** The name that one of its operators gives it, else that of its first operator; `delay` for the stage of the delay tiers. */
  readonly name: string
  /** Of its state topic: one for each task. */
  readonly partitions: number
  /** Name of the topic that holds the state of the stage. */
  readonly stateTopic: string
  /** The topics that the stage reads. */
  readonly sources: readonly StageSource[]
  /** Empty for the delay stage. */
  readonly operators: ReadonlyMap<string, OperatorNode>
  /** Tier topics and their waits, ascending; empty but for the delay stage. */
  readonly tiers: readonly { readonly topic: string; readonly waitMs: number }[]
}

/** A topic that a stage reads, and the operators that get its records. */
export interface StageSource {
  readonly topic: string
  /** Those from which a task reads: its own number, and every so many-th from there as the stage has tasks. */
  readonly partitions: number
  /** The operators of this stage that read the topic, each by the named input. */
  readonly readers: readonly { readonly operator: string; readonly input: string }[]
}

/** Divides a graph into stages and lists the topics that it needs. A graph with faults is refused: TOPOLOGY_INVALID. */
export function plan(topology: Topology): Plan {
  assertValid(topology)
  const topics = new Map(topology.topics.map(node => [node.name, node]))
  const stages = stageGroups(topology).map(group => stageOf(topology.name, group, topics))
  const waits = delayStage(topology, topics)
  if (waits) stages.push(waits)
  return {
    application: topology.name,
    stages,
    topics,
    tables: topology.topics.filter(node => node.kind === 'table').map(node => node.name),
    topicSpecs: topicSpecs(topology, stages),
    deadLetterTopic: deadLetterTopicOf(topology.name),
    topologyTopic: topologyTopicOf(topology.name),
    droppedState: topology.droppedState,
    renamedState: topology.renamedState,
  }
}

type Topics = ReadonlyMap<string, TopicNode>

function stageOf(application: string, group: readonly OperatorNode[], topics: Topics): Stage {
  const name = stageNameOf(group)
  const sources = sourcesOf(group, topics)
  return {
    name,
    partitions: Math.max(...sources.map(({ topic }) => tasksOf(topics.get(topic)))),
    stateTopic: stateTopicOf(application, name),
    sources,
    operators: new Map(group.map(node => [node.name, node])),
    tiers: [],
  }
}

function tasksOf(topic: TopicNode | undefined): number {
  return topic ? tasksFor(topic) : 1
}

function sourcesOf(group: readonly OperatorNode[], topics: Topics): readonly StageSource[] {
  const readers = new Map<string, { operator: string; input: string }[]>()
  for (const node of group) {
    for (const [input, origins] of Object.entries(node.inputs)) {
      for (const origin of origins) {
        if (origin.kind === 'operator') continue
        const known = readers.get(origin.topic) ?? []
        readers.set(origin.topic, [...known, { operator: node.name, input }])
      }
    }
  }
  return [...readers].map(([topic, list]) => {
    return { topic, partitions: topics.get(topic)?.partitions ?? 1, readers: list }
  })
}

/** All tiers of all delays as one stage; its partition count suits the widest topic that delayed records go to. */
function delayStage(topology: Topology, topics: Topics): Stage | undefined {
  const routes = delayedRoutes(topology)
  if (routes.length === 0) return undefined
  const waits = [...new Set(routes.flatMap(route => route.delay.tiers.map(durationMs)))].sort((a, b) => a - b)
  const tiers = waits.map(waitMs => ({ topic: tierTopicOf(topology.name, waitMs), waitMs }))
  const partitions = Math.max(
    PARTITIONS_DEFAULT,
    ...routes.map(route => topics.get(route.topic)?.partitions ?? 1),
  )
  return {
    name: DELAY_STAGE,
    partitions,
    stateTopic: stateTopicOf(topology.name, DELAY_STAGE),
    sources: tiers.map(tier => ({ topic: tier.topic, partitions, readers: [] })),
    operators: new Map(),
    tiers,
  }
}

function topicSpecs(topology: Topology, stages: readonly Stage[]): readonly TopicSpec[] {
  const internal = (name: string, partitions: number, compacted = false): TopicSpec => {
    return { name, partitions, compacted, retentionMs: undefined }
  }
  return [
    ...topology.topics.map(node => ({
      name: node.name,
      partitions: node.partitions,
      compacted: node.kind === 'table',
      retentionMs: node.retention === undefined ? undefined : durationMs(node.retention),
    })),
    ...stages.flatMap(stage => stage.tiers.map(tier => internal(tier.topic, stage.partitions))),
    ...stages.map(stage => internal(stage.stateTopic, stage.partitions, true)),
    internal(deadLetterTopicOf(topology.name), PARTITIONS_DEFAULT),
    internal(topologyTopicOf(topology.name), 1, true),
  ]
}
