/** Graphs with one thing wrong, and their faults as text. */
import { type Operator, operator } from '#core/operator.ts'
import { type OperatorNode, type Topology, topology, validate } from '#topology/index.ts'
import { OrderCodec } from './graphs.ts'

/** `node: problem` of each fault. */
export function faults(graph: Topology): readonly string[] {
  return validate(graph).map(fault => `${fault.node}: ${fault.problem}`)
}

/** A graph of one topic read by one operator whose outputs are all discarded. */
export function single(placed: Operator, name = placed.name): Topology {
  const p = topology('app')
  p.topic('orders', { value: OrderCodec })
  return withOperators(p.build(), [node(name, placed)])
}

/** As data may come from elsewhere than the builder, whose types prevent many faults. */
export function node(name: string, placed: Operator, changes: Partial<OperatorNode> = {}): OperatorNode {
  return {
    name,
    operator: placed,
    inputs: { in: [{ kind: 'topic', topic: 'orders' }] },
    routes: Object.fromEntries(Object.keys(placed.outputs).map(output => [output, []])),
    endsBecause: undefined,
    stage: undefined,
    ...changes,
  }
}

export function withOperators(graph: Topology, operators: readonly OperatorNode[]): Topology {
  return { ...graph, operators }
}

export const intoMatch = { kind: 'operator', operator: 'match', input: 'payments' } as const

export const sink = operator({ name: 'sink', input: OrderCodec, process() {} })
