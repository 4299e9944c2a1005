/** The planned graph as a picture needs it: stages and topics, and who reads and writes what. */
import type { Plan, Stage } from '#topology/plan.ts'
import { isDelayed } from '#topology/stages.ts'

/** The graph as a console draws it. */
export interface FlowGraph {
  readonly stages: readonly {
    readonly name: string
    readonly tasks: number
    /** Operators that run in it, in the order of the graph. */
    readonly operators: readonly string[]
    /** Waits of its delay tiers in milliseconds; empty but for the stage of the delays. */
    readonly waitsMs: readonly number[]
  }[]
  readonly topics: readonly { readonly name: string; readonly kind: 'source' | 'topic' | 'table' }[]
  readonly edges: readonly FlowEdge[]
}

/** Between a stage and a topic; to the stage of the delays, records go without a topic that people know. */
export interface FlowEdge {
  readonly from: string
  readonly to: string
  readonly kind: 'reads' | 'writes' | 'delays'
}

/** Makes the drawing's nodes and edges from a plan. */
export function flowGraph(plan: Plan): FlowGraph {
  const delay = plan.stages.find(({ tiers }) => tiers.length > 0)
  const edges = plan.stages.flatMap(stage => edgesOf(stage, delay?.name))
  const named = new Set(edges.flatMap(({ from, to }) => [from, to]))
  return {
    stages: plan.stages.map(({ name, partitions, operators, tiers }) => ({
      name,
      tasks: partitions,
      operators: [...operators.keys()],
      waitsMs: tiers.map(({ waitMs }) => waitMs),
    })),
    topics: [...plan.topics.values()].flatMap(({ name, kind }) => (named.has(name) ? [{ name, kind }] : [])),
    edges,
  }
}

function edgesOf(stage: Stage, delay: string | undefined): readonly FlowEdge[] {
  const reads =
    stage.tiers.length > 0 ? [] : stage.sources.map(({ topic }) => edge(topic, stage.name, 'reads'))
  const routes = [...stage.operators.values()].flatMap(({ routes }) => Object.values(routes).flat())
  const writes = routes.flatMap(route => {
    if (route.kind !== 'topic') return []
    if (!isDelayed(route) || delay === undefined) return [edge(stage.name, route.topic, 'writes')]
    return [edge(stage.name, delay, 'delays'), edge(delay, route.topic, 'writes')]
  })
  return distinct([...reads, ...writes])
}

const edge = (from: string, to: string, kind: FlowEdge['kind']): FlowEdge => ({ from, to, kind })

const distinct = (edges: readonly FlowEdge[]): readonly FlowEdge[] => [
  ...new Map(edges.map(each => [JSON.stringify(each), each])).values(),
]
