/** A plan as a Mermaid flowchart: topics as cylinders, stages as subgraphs, each delayed edge through a node of the delay stage. */
import { durationMs, durationText } from '#core/duration.ts'
import type { Plan, Stage } from './plan.ts'
import type { OperatorNode, Route } from './topology.ts'

/** The flowchart's source; ends without a line break. */
export function explainMermaid(plan: Plan): string {
  const nodes = plan.stages.flatMap(stage => [...stage.operators.values()])
  const topics = numbered('topic', [...plan.topics.keys()])
  const operators = numbered(
    'operator',
    nodes.map(node => node.name),
  )
  const chart: Chart = { topics, operators, waits: [] }
  const edges = nodes.flatMap(node => [...inputLines(node, chart), ...outputLines(node, chart)])
  return [
    'flowchart LR',
    ...[...topics].map(([name, id]) => `  ${id}[(${quoted(name)})]`),
    ...plan.stages.flatMap((stage, index) => stageLines(stage, `stage${index}`, chart)),
    ...edges,
  ].join('\n')
}

/** Ids are numbered, since names may hold characters or words that Mermaid takes for its own. */
type Ids = ReadonlyMap<string, string>

interface Chart {
  readonly topics: Ids
  readonly operators: Ids
  /** The nodes of the delay stage, noted as the edges are drawn. */
  readonly waits: string[]
}

function numbered(kind: string, names: readonly string[]): Ids {
  return new Map(names.map((name, index) => [name, `${kind}${index}`]))
}

function stageLines(stage: Stage, id: string, chart: Chart): readonly string[] {
  const operators = [...stage.operators.keys()].map(name => `${chart.operators.get(name)}[${quoted(name)}]`)
  const nodes = stage.tiers.length > 0 ? chart.waits : operators
  return [`  subgraph ${id} [${quoted(stage.name)}]`, ...nodes.map(node => `    ${node}`), '  end']
}

function inputLines(node: OperatorNode, chart: Chart): readonly string[] {
  const to = chart.operators.get(node.name)
  const read = Object.values(node.inputs)
    .flat()
    .flatMap(origin => (origin.kind === 'topic' ? [origin.topic] : []))
  const tables = Object.keys(node.operator.tables)
  return [
    ...read.map(topic => `  ${chart.topics.get(topic)} --> ${to}`),
    ...tables.map(table => `  ${chart.topics.get(table)} -.-> ${to}`),
  ]
}

function outputLines(node: OperatorNode, chart: Chart): readonly string[] {
  return Object.entries(node.routes).flatMap(([output, routes]) => {
    const arrow = `  ${chart.operators.get(node.name)} -->|${quoted(output)}|`
    return routes.flatMap(route => routeLines(arrow, route, chart))
  })
}

function routeLines(arrow: string, route: Route, chart: Chart): readonly string[] {
  if (route.kind === 'operator') return [`${arrow} ${chart.operators.get(route.operator)}`]
  const target = chart.topics.get(route.topic)
  if (!route.delay) return [`${arrow} ${target}`]
  const wait = `delay${chart.waits.length}`
  chart.waits.push(
    `${wait}([${quoted(route.delay.tiers.map(tier => durationText(durationMs(tier))).join(' '))}])`,
  )
  return [`${arrow} ${wait}`, `  ${wait} --> ${target}`]
}

/** Quotes keep Mermaid from reading dots and words such as `end` as syntax; legal names hold none themselves. */
function quoted(label: string): string {
  return `"${label}"`
}
