/** The codecs of a graph: where each is used, and the same graph with others in their places. */
import type { Codec } from '#core/codec.ts'
import type { Codecs } from '#core/context.ts'
import type { Operator } from '#core/operator.ts'
import type { StateDeclarations } from '#core/state.ts'
import type { OperatorNode, TopicNode, Topology } from './topology.ts'

/** Where a graph uses a codec: for a topic, or for an input, an output, a state, a step or a table of an operator. */
export type CodecPlace =
  | { readonly kind: 'topic'; readonly topic: TopicNode }
  | {
      readonly kind: 'input' | 'output' | 'state' | 'step' | 'table'
      readonly operator: string
      readonly name: string
    }

/** Puts another codec into each place; the graph given is left as it is. Identity goes by name, so names must stay. */
export function withCodecs(
  topology: Topology,
  replace: (codec: Codec<unknown>, place: CodecPlace) => Codec<unknown>,
): Topology {
  const topics = topology.topics.map(topic => ({
    ...topic,
    codec: replace(topic.codec, { kind: 'topic', topic }),
  }))
  const operators = topology.operators.map(node => ({ ...node, operator: operatorWith(node, replace) }))
  return { ...topology, topics, operators }
}

/** Every place of a codec, topics first. */
export function codecsOf(
  topology: Topology,
): readonly { readonly codec: Codec<unknown>; readonly place: CodecPlace }[] {
  const found: { readonly codec: Codec<unknown>; readonly place: CodecPlace }[] = []
  withCodecs(topology, (codec, place) => {
    found.push({ codec, place })
    return codec
  })
  return found
}

function operatorWith({ name, operator }: OperatorNode, replace: Parameters<typeof withCodecs>[1]): Operator {
  const each = (kind: 'input' | 'output' | 'step' | 'table', codecs: Codecs): Codecs =>
    mapped(codecs, (codec, of) => replace(codec, { kind, operator: name, name: of }))
  const state: StateDeclarations = mapped(operator.state, (declared, of) => ({
    ...declared,
    codec: replace(declared.codec, { kind: 'state', operator: name, name: of }),
  }))
  return {
    ...operator,
    state,
    inputs: each('input', operator.inputs),
    outputs: each('output', operator.outputs),
    steps: each('step', operator.steps),
    tables: each('table', operator.tables),
  }
}

function mapped<V>(
  values: Readonly<Record<string, V>>,
  change: (value: V, name: string) => V,
): Record<string, V> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value, name)]))
}
