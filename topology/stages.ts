/** Groups operators into stages: those connected without a topic between them belong together. */
import type { Delay, OperatorNode, Route, TopicNode, Topology } from './topology.ts'

/** The operators of each stage in declaration order; stages in the order of their first operators. */
export function stageGroups(topology: Topology): readonly (readonly OperatorNode[])[] {
  const neighbours = fusedNeighbours(topology)
  const byName = new Map(topology.operators.map(node => [node.name, node]))
  const grouped = new Set<string>()
  const groups: OperatorNode[][] = []
  for (const first of topology.operators) {
    if (grouped.has(first.name)) continue
    const members = reachable(first.name, neighbours)
    for (const name of members) grouped.add(name)
    groups.push([...byName.values()].filter(node => members.has(node.name)))
  }
  return groups
}

/** A stage is called what one of its operators says, else like its first operator. */
export function stageNameOf(group: readonly OperatorNode[]): string {
  return group.find(node => node.stage !== undefined)?.stage ?? group[0]?.name ?? ''
}

/** How many tasks the stage has that reads the topic. */
export function tasksFor({ tasks, partitions }: TopicNode): number {
  return tasks ?? partitions
}

/** The operators from which records come to this one without passing a topic, itself included. */
export function fusedAncestors(topology: Topology, name: string): ReadonlySet<string> {
  const upstream = new Map(topology.operators.map(node => [node.name, operatorOrigins(node)]))
  return reachable(name, upstream)
}

/** A route to a topic by way of the delay tiers. */
export type DelayedRoute = Extract<Route, { kind: 'topic' }> & { readonly delay: Delay }

/** Every route of the graph that passes the delay tiers. */
export function delayedRoutes(topology: Topology): readonly DelayedRoute[] {
  return topology.operators.flatMap(node => Object.values(node.routes).flat().filter(isDelayed))
}

/** Whether a route passes the delay tiers on its way to its topic. */
export function isDelayed(route: Route): route is DelayedRoute {
  return route.kind === 'topic' && route.delay !== undefined
}

function fusedNeighbours(topology: Topology): ReadonlyMap<string, readonly string[]> {
  const neighbours = new Map<string, string[]>(topology.operators.map(node => [node.name, []]))
  for (const node of topology.operators) {
    for (const origin of operatorOrigins(node)) {
      neighbours.get(node.name)?.push(origin)
      neighbours.get(origin)?.push(node.name)
    }
  }
  return neighbours
}

function operatorOrigins(node: OperatorNode): readonly string[] {
  return Object.values(node.inputs)
    .flat()
    .flatMap(origin => (origin.kind === 'operator' ? [origin.operator] : []))
}

function reachable(start: string, edges: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const found = new Set([start])
  for (const name of found) for (const next of edges.get(name) ?? []) found.add(next)
  return found
}
