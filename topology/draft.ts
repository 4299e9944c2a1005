/** The graph while it is being declared: what the builder's handles write into, and `build` copies out. */
import type { Operator } from '#core/operator.ts'
import type { DelayOptions, ProcessOptions, Readable } from './handles.ts'
import type { OperatorNode, Origin, Route, TopicNode, Topology } from './topology.ts'

/** A graph while its builder declares it; `build` makes a `Topology` of it. */
export interface Draft {
  readonly name: string
  readonly topics: TopicNode[]
  readonly operators: DraftNode[]
  readonly droppedState: string[]
  readonly renamedState: Record<string, string>
}

/** An operator whose inputs and routes are still being declared. */
export interface DraftNode extends OperatorNode {
  readonly inputs: Record<string, Origin[]>
  readonly routes: Record<string, Route[]>
}

/** A graph without topics and operators. */
export function newDraft(name: string): Draft {
  return { name, topics: [], operators: [], droppedState: [], renamedState: {} }
}

/** Adds an operator, reading each of its inputs from the places given. */
export function place(
  draft: Draft,
  name: string,
  operator: Operator,
  origins: Readonly<Record<string, readonly Readable<unknown>[]>>,
  options: ProcessOptions = {},
): DraftNode {
  const { endsBecause, stage } = options
  const node = { name, operator, inputs: {}, routes: {}, endsBecause, stage }
  draft.operators.push(node)
  for (const [input, readables] of Object.entries(origins)) {
    for (const readable of readables) connect(draft, readable.origin, node, input)
  }
  return node
}

/** Routes an output to a topic. */
export function route(node: DraftNode, output: string, topic: string, delay?: DelayOptions): void {
  const declared = delay && { tiers: [...delay.tiers] }
  routesOf(node, output).push({ kind: 'topic', topic, delay: declared })
}

/** The routes of an output, which from now on counts as routed even if the list stays empty. */
export function routesOf(node: DraftNode, output: string): Route[] {
  node.routes[output] ??= []
  return node.routes[output]
}

/** A copy that later declarations do not change. */
export function snapshot(draft: Draft): Topology {
  return {
    name: draft.name,
    topics: [...draft.topics],
    operators: draft.operators.map(node => ({
      ...node,
      inputs: copied(node.inputs),
      routes: copied(node.routes),
    })),
    droppedState: [...draft.droppedState],
    renamedState: { ...draft.renamedState },
  }
}

function connect(draft: Draft, origin: Origin, reader: DraftNode, input: string): void {
  reader.inputs[input] ??= []
  reader.inputs[input].push(origin)
  if (origin.kind === 'topic') return
  const writer = draft.operators.find(node => node.name === origin.operator)
  if (writer) routesOf(writer, origin.output).push({ kind: 'operator', operator: reader.name, input })
}

function copied<T>(lists: Readonly<Record<string, readonly T[]>>): Record<string, readonly T[]> {
  return Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, [...list]]))
}
