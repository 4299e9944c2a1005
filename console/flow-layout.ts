/** Where stages and topics of the graph stand in the picture, and how the lines between them run. */
import { Graph, layout } from '@dagrejs/dagre'
import type { FlowGraph } from './shapes.ts'

export interface Placed {
  readonly name: string
  readonly kind: 'stage' | 'topic'
  /** Of its middle. */
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface Line {
  readonly from: string
  readonly to: string
  readonly kind: FlowGraph['edges'][number]['kind']
  readonly path: string
}

export interface Picture {
  readonly width: number
  readonly height: number
  readonly nodes: readonly Placed[]
  readonly lines: readonly Line[]
}

const STAGE = { width: 128, height: 66 }
const TOPIC = { width: 112, height: 34 }
const MARGIN = 6
const CHARACTER_WIDTH = 7.4

export function pictureOf(given: FlowGraph): Picture {
  const ends = endsOf(given)
  const graph = laidOut(given, ends)
  const { width = 0, height = 0 } = graph.graph()
  const node = (kind: Placed['kind']) => (each: { readonly name: string }) => {
    const { x = 0, y = 0, width: wide = 0, height: high = 0 } = graph.node(keyOf(kind, each.name))
    return { name: each.name, kind, x, y, width: wide, height: high }
  }
  return {
    width,
    height,
    nodes: [...given.stages.map(node('stage')), ...given.topics.map(node('topic'))],
    lines: ends.map(({ source, target, ...rest }) => ({
      ...rest,
      path: curveThrough(graph.edge(source, target)?.points ?? []),
    })),
  }
}

type End = FlowGraph['edges'][number] & { readonly source: string; readonly target: string }

/** A stage and a topic may have one name: their kind tells them apart. */
const endsOf = ({ edges }: FlowGraph): readonly End[] =>
  edges.map(edge => ({
    ...edge,
    source: keyOf(edge.kind === 'reads' ? 'topic' : 'stage', edge.from),
    target: keyOf(edge.kind === 'writes' ? 'topic' : 'stage', edge.to),
  }))

function laidOut({ stages, topics }: FlowGraph, ends: readonly End[]): Graph {
  const graph = new Graph()
  graph.setGraph({ rankdir: 'LR', nodesep: 18, ranksep: 22, marginx: MARGIN, marginy: MARGIN })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const { name } of stages) graph.setNode(keyOf('stage', name), sizeFor(name, STAGE))
  for (const { name } of topics) graph.setNode(keyOf('topic', name), sizeFor(name, TOPIC))
  for (const { source, target } of ends) graph.setEdge(source, target)
  layout(graph)
  return graph
}

/** A long name makes its box wider. */
const sizeFor = (name: string, { width, height }: { readonly width: number; readonly height: number }) => ({
  width: Math.max(width, name.length * CHARACTER_WIDTH + 20),
  height,
})

const keyOf = (kind: Placed['kind'], name: string): string => `${kind} ${name}`

interface Point {
  readonly x: number
  readonly y: number
}

/** A line through the points whose corners are round. */
export function curveThrough(points: readonly Point[]): string {
  const [first, ...rest] = points
  const last = rest.at(-1)
  if (!first || !last) return ''
  const steps = rest.slice(0, -1).map((point, index) => {
    const next = rest[index + 1] ?? last
    const isLast = index === rest.length - 2
    const to = isLast ? next : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 }
    return `Q${round(point.x)},${round(point.y)} ${round(to.x)},${round(to.y)}`
  })
  const body = steps.length > 0 ? steps.join('') : `L${round(last.x)},${round(last.y)}`
  return `M${round(first.x)},${round(first.y)}${body}`
}

const round = (value: number): number => Math.round(value * 10) / 10
