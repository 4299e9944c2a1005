/** Topics: positive limits, and a key where the value alone is kept per key. */
import { durationFaults, type Fault, unless } from '../fault.ts'
import type { TopicNode, Topology } from '../topology.ts'

/**
 * Topics with an impossible number of partitions or tasks, or a bad retention; sources that are written, and tables without
 * a key.
 */
export function topicFaults(topology: Topology): readonly Fault[] {
  const targets = new Set(
    topology.operators
      .flatMap(node => Object.values(node.routes).flat())
      .flatMap(route => (route.kind === 'topic' ? [route.topic] : [])),
  )
  return topology.topics.flatMap(topic => [
    ...limitFaults(topic),
    ...(targets.has(topic.name) ? targetFaults(topic) : []),
  ])
}

function limitFaults(topic: TopicNode): readonly Fault[] {
  const { name, partitions, retention, tasks = partitions } = topic
  return [
    ...unless(
      Number.isInteger(partitions) && partitions >= 1,
      name,
      `has ${partitions} partitions`,
      'declare a whole number from 1 on',
    ),
    ...unless(
      tasks === partitions || (Number.isInteger(tasks) && tasks >= 1 && partitions % tasks === 0),
      name,
      `has ${partitions} partitions for ${tasks} tasks`,
      'declare tasks of which its number of partitions is a multiple: otherwise keys would change their tasks',
    ),
    ...durationFaults(name, 'retention', retention, 1),
  ]
}

function targetFaults(topic: TopicNode): readonly Fault[] {
  return [
    ...unless(
      topic.kind !== 'table' || topic.key !== undefined,
      topic.name,
      'is a table that is written to, but has no key',
      'declare its key: a table keeps the latest value of each',
    ),
    ...unless(
      topic.kind !== 'source',
      topic.name,
      'is a source, yet an operator writes to it',
      'declare it as a topic',
    ),
  ]
}
