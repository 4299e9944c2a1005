/** A plan as a Mermaid flowchart: topics as cylinders, stages as subgraphs, delays as nodes of their own stage. */
import { durationText } from './duration.ts'
import { DELAY_STAGE } from './names.ts'
import type { Plan, Stage } from './plan.ts'
import type { OperatorNode, Route } from './topology.ts'

/** The flowchart's source; ends without a line break. */
export function explainMermaid(plan: Plan): string {
  const chart = new Chart(plan)
  return [
    'flowchart LR',
    ...chart.topics(),
    ...plan.stages.flatMap(stage => chart.stage(stage)),
    ...chart.edges(),
  ].join('\n')
}

/** Ids are numbered by kind, since names may hold characters or words that Mermaid takes for its own. */
class Chart {
  readonly #plan: Plan
  readonly #ids = new Map<string, string>()
  readonly #delays: { readonly id: string; readonly label: string }[] = []
  readonly #edges: string[] = []

  constructor(plan: Plan) {
    this.#plan = plan
    for (const stage of plan.stages) for (const node of stage.operators.values()) this.#connect(node)
  }

  topics(): readonly string[] {
    return [...this.#plan.topics.keys()].map(name => `  ${this.#id('topic', name)}[(${quoted(name)})]`)
  }

  stage(stage: Stage): readonly string[] {
    const nodes = [...stage.operators.keys()].map(
      name => `    ${this.#id('operator', name)}[${quoted(name)}]`,
    )
    const waits = this.#delays.map(({ id, label }) => `    ${id}([${quoted(label)}])`)
    return [
      `  subgraph ${this.#id('stage', stage.name)} [${quoted(stage.name)}]`,
      ...(stage.name === DELAY_STAGE ? waits : nodes),
      '  end',
    ]
  }

  edges(): readonly string[] {
    return this.#edges
  }

  #connect(node: OperatorNode): void {
    const { tables } = node.operator
    const to = this.#id('operator', node.name)
    for (const origin of Object.values(node.inputs).flat()) {
      if (origin.kind === 'topic') this.#edges.push(`  ${this.#id('topic', origin.topic)} --> ${to}`)
    }
    for (const table of Object.keys(tables)) this.#edges.push(`  ${this.#id('topic', table)} -.-> ${to}`)
    for (const [output, routes] of Object.entries(node.routes)) {
      for (const route of routes) this.#route(to, output, route)
    }
  }

  #route(from: string, output: string, route: Route): void {
    const arrow = `  ${from} -->|${quoted(output)}|`
    if (route.kind === 'operator') {
      this.#edges.push(`${arrow} ${this.#id('operator', route.operator)}`)
    } else if (route.delay) {
      const id = `delay${this.#delays.length}`
      this.#delays.push({ id, label: route.delay.tiersMs.map(durationText).join(' ') })
      this.#edges.push(`${arrow} ${id}`, `  ${id} --> ${this.#id('topic', route.topic)}`)
    } else {
      this.#edges.push(`${arrow} ${this.#id('topic', route.topic)}`)
    }
  }

  #id(kind: 'topic' | 'operator' | 'stage', name: string): string {
    const known = this.#ids.get(`${kind} ${name}`)
    if (known) return known
    const id = `${kind}${this.#ids.size}`
    this.#ids.set(`${kind} ${name}`, id)
    return id
  }
}

/** A label. Legal names need no escape; quotes keep Mermaid from reading dots and words such as `end` as syntax. */
function quoted(label: string): string {
  return `"${label}"`
}
