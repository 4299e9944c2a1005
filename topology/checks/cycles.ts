/**
 * Cycles: a record must not go round for ever. Operators that promise a bound are taken out of the graph; whatever
 * cycle is left is not bounded by anybody. Found by depth-first search: an edge back into the path closes a cycle.
 */
import type { Fault } from '../fault.ts'
import type { OperatorNode, Topology } from '../topology.ts'

/** Loops that pass no topic, and loops whose author does not say why they end. */
export function cycleFaults(topology: Topology): readonly Fault[] {
  const unbounded = topology.operators.filter(node => node.endsBecause === undefined)
  return [
    ...cycles(feeds(topology.operators, false)).map(path => ({
      node: path[0] ?? '',
      problem: `operators feed each other without a topic between them: ${path.join(' -> ')}`,
      remedy: 'close the circle through a topic',
    })),
    ...cycles(feeds(unbounded, true))
      .filter(path => path.some(isTopic))
      .map(path => ({
        node: path.find(place => !isTopic(place)) ?? '',
        problem: `records can go round without end: ${path.join(' -> ')}`,
        remedy:
          'declare endsBecause where the operator that decides is attached: why no record goes round for ever',
      })),
  ]
}

type Edges = ReadonlyMap<string, ReadonlySet<string>>

const TOPIC = 'topic '
const isTopic = (place: string): boolean => place.startsWith(TOPIC)

/** From each place to those that it feeds directly. */
function feeds(nodes: readonly OperatorNode[], withTopics: boolean): Edges {
  const edges = new Map<string, Set<string>>()
  const add = (from: string, to: string) => edges.set(from, (edges.get(from) ?? new Set()).add(to))
  for (const node of nodes) {
    for (const route of Object.values(node.routes).flat()) {
      if (route.kind === 'operator') add(node.name, route.operator)
      else if (withTopics) add(node.name, TOPIC + route.topic)
    }
    for (const origin of Object.values(node.inputs).flat()) {
      if (origin.kind === 'topic') add(TOPIC + origin.topic, node.name)
    }
  }
  return edges
}

/** One cycle for each edge back, from its first node round to the same. */
function cycles(edges: Edges): readonly (readonly string[])[] {
  const found: string[][] = []
  const finished = new Set<string>()
  const path: string[] = []
  const visit = (name: string) => {
    const start = path.indexOf(name)
    if (start >= 0) return void found.push([...path.slice(start), name])
    if (finished.has(name) || !edges.has(name)) return
    path.push(name)
    for (const next of edges.get(name) ?? []) visit(next)
    path.pop()
    finished.add(name)
  }
  for (const name of edges.keys()) visit(name)
  return found
}
