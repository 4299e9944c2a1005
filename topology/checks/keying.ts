/** Keyed state needs all records of a key in one partition, and the sources of a stage partitioned alike. */
import { type Fault, unless } from '../fault.ts'
import { fusedAncestors, stageGroups, tasksFor } from '../stages.ts'
import type { OperatorNode, TopicNode, Topology } from '../topology.ts'

/** Stateful operators whose key may lie in several partitions, and stages whose topics differ in their partitions. */
export function keyingFaults(topology: Topology): readonly Fault[] {
  return [
    ...topology.operators.filter(isStateful).flatMap(node => untrustedFaults(node, topology)),
    ...stageGroups(topology).flatMap(group => partitionFaults(topicsOf(group, topology), group)),
  ]
}

/** Steps belong to a record, not to its key: only state and timers need the key in one place. */
function isStateful(node: OperatorNode): boolean {
  return Object.keys(node.operator.state).length > 0 || node.operator.timers.length > 0
}

function untrustedFaults(node: OperatorNode, topology: Topology): readonly Fault[] {
  const ancestors = fusedAncestors(topology, node.name)
  const upstream = topology.operators.filter(other => ancestors.has(other.name))
  return topicsOf(upstream, topology)
    .filter(topic => topic.kind === 'source' && !topic.partitionedByKey)
    .map(topic => ({
      node: node.name,
      problem: `keeps state by key, but source ${topic.name} does not promise one partition for a key`,
      remedy:
        'rekey through a topic first, or declare partitionedByKey on the source if its writers ensure it',
    }))
}

function partitionFaults(topics: readonly TopicNode[], group: readonly OperatorNode[]): readonly Fault[] {
  const counts = new Set(topics.map(tasksFor))
  const listed = topics.map(topic => `${topic.name} has ${tasksFor(topic)}`).join(', ')
  return unless(
    counts.size <= 1,
    group[0]?.name ?? '',
    `the sources of one stage differ in their number of partitions: ${listed}`,
    'give them the same number, declare the same tasks for them where they are sources, or put a topic in between',
  )
}

function topicsOf(nodes: readonly OperatorNode[], topology: Topology): readonly TopicNode[] {
  const origins = nodes.flatMap(node => Object.values(node.inputs).flat())
  const names = new Set(origins.flatMap(origin => (origin.kind === 'topic' ? [origin.topic] : [])))
  return topology.topics.filter(topic => names.has(topic.name))
}
