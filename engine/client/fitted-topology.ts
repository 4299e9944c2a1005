/** Sources that declare no number of partitions have as many as their topics in the log. */
import type { Log } from '#engine/log/log.ts'
import type { Topology } from '#topology/topology.ts'

export async function fittedTopology(topology: Topology, log: Log): Promise<Topology> {
  const names = topology.topics.filter(({ isFitted }) => isFitted).map(({ name }) => name)
  if (names.length === 0) return topology
  const found = await log.describeTopics(names)
  const partitionsOf = new Map(found.map(({ name, partitions }) => [name, partitions]))
  const topics = topology.topics.map(node =>
    node.isFitted ? { ...node, partitions: partitionsOf.get(node.name) ?? node.partitions } : node,
  )
  return { ...topology, topics }
}
