/** Edges: each output goes somewhere or is discarded, each input comes from somewhere, and both ends agree on the type. */
import type { Codec } from '#core/codec.ts'
import { durationMs, isDuration, shown } from '#core/duration.ts'
import { type Fault, fault, unless } from '../fault.ts'
import type { Delay, OperatorNode, Origin, Route, Topology } from '../topology.ts'

/** Outputs without a target, inputs without an origin, and edges between different codecs. */
export function edgeFaults(topology: Topology): readonly Fault[] {
  const graph = {
    topics: new Map(topology.topics.map(topic => [topic.name, topic])),
    operators: new Map(topology.operators.map(node => [node.name, node])),
  }
  return topology.operators.flatMap(node => [...outputFaults(node, graph), ...inputFaults(node, graph)])
}

interface Graph {
  readonly topics: ReadonlyMap<string, { readonly kind: string; readonly codec: Codec<unknown> }>
  readonly operators: ReadonlyMap<string, OperatorNode>
}

function outputFaults(node: OperatorNode, graph: Graph): readonly Fault[] {
  const { outputs } = node.operator
  return [
    ...Object.keys(outputs).flatMap(output =>
      unless(
        Object.hasOwn(node.routes, output),
        node.name,
        `output ${output} goes nowhere`,
        `route it, or write .on('${output}').discard()`,
      ),
    ),
    ...Object.entries(node.routes).flatMap(([output, routes]) => {
      const codec = outputs[output]
      if (!codec) return unknownOutput(node.name, output, node)
      return [
        ...unless(
          new Set(routes.map(identityOf)).size === routes.length,
          node.name,
          `output ${output} goes to the same place twice, which would double its records`,
          'route it there once',
        ),
        ...routes.flatMap(route => routeFaults(node, output, codec, route, graph)),
      ]
    }),
  ]
}

function routeFaults(
  node: OperatorNode,
  output: string,
  codec: Codec<unknown>,
  route: Route,
  graph: Graph,
): readonly Fault[] {
  if (route.kind === 'operator') return fusedRouteFaults(node, output, route, graph)
  const topic = graph.topics.get(route.topic)
  const delays = route.delay ? delayFaults(node.name, output, route.delay) : []
  if (!topic) return [...delays, ...unknownTopic(node.name, route.topic)]
  return [
    ...delays,
    ...unless(
      topic.codec.name === codec.name,
      node.name,
      `output ${output} is ${codec.name}, but topic ${route.topic} holds ${topic.codec.name}`,
      'use one codec for both, or map in between',
    ),
  ]
}

/** An edge between operators is in the data of both: what writes and what reads must agree. */
function fusedRouteFaults(
  node: OperatorNode,
  output: string,
  route: Extract<Route, { kind: 'operator' }>,
  graph: Graph,
): readonly Fault[] {
  const origins = graph.operators.get(route.operator)?.inputs[route.input] ?? []
  return [
    ...unless(
      !('delay' in route) || route.delay === undefined,
      node.name,
      `output ${output} is delayed on its way into operator ${route.operator}`,
      'put a topic between them: only records on their way to a topic can wait',
    ),
    ...unless(
      origins.some(origin => joins(origin, node.name, output)),
      node.name,
      `output ${output} goes to ${route.operator}.${route.input}, which does not name it as its origin`,
      'state the edge at both operators',
    ),
  ]
}

function joins(origin: Origin, operator: string, output: string): boolean {
  return origin.kind === 'operator' && origin.operator === operator && origin.output === output
}

function delayFaults(node: string, output: string, { tiers }: Delay): readonly Fault[] {
  const wrong = tiers.filter(tier => !isDuration(tier, 1))
  const waits = tiers.map(durationMs)
  const ascending = waits.every((waitMs, index) => index === 0 || waitMs > (waits[index - 1] ?? 0))
  const remedy = "list them as in ['1s', '30s', '10m'], each once, shortest first"
  return [
    ...unless(tiers.length > 0, node, `the delay of output ${output} has no tiers`, remedy),
    ...unless(
      wrong.length === 0,
      node,
      `the delay of output ${output} has a tier that is no positive duration: ${wrong.map(shown).join(', ')}`,
      remedy,
    ),
    ...unless(wrong.length > 0 || ascending, node, `the tiers of output ${output} do not ascend`, remedy),
  ]
}

/** Equal for routes that go to the same place, however their waits are written. */
function identityOf(route: Route): string {
  const delay = route.kind === 'topic' ? route.delay : undefined
  return JSON.stringify(delay ? { ...route, delay: delay.tiers.map(durationMs) } : route)
}

function inputFaults(node: OperatorNode, graph: Graph): readonly Fault[] {
  const { inputs } = node.operator
  return [
    ...unless(Object.keys(inputs).length > 0, node.name, 'declares no input', 'declare one to attach it by'),
    ...Object.keys(inputs).flatMap(input =>
      unless(
        (node.inputs[input]?.length ?? 0) > 0,
        node.name,
        `input ${input} comes from nowhere`,
        'attach it to a topic, a source or another output',
      ),
    ),
    ...Object.entries(node.inputs).flatMap(([input, origins]) => {
      const codec = inputs[input]
      if (!codec) return [fault(node.name, `has no input ${input}`, `attach one of ${namesOf(inputs)}`)]
      return [
        ...unless(
          new Set(origins.map(origin => JSON.stringify(origin))).size === origins.length,
          node.name,
          `input ${input} comes from the same place twice, which would double its records`,
          'name the place once',
        ),
        ...origins.flatMap(origin => originFaults(node.name, input, codec, origin, graph)),
      ]
    }),
  ]
}

function topicFaults(
  node: string,
  input: string,
  codec: Codec<unknown>,
  name: string,
  graph: Graph,
): readonly Fault[] {
  const topic = graph.topics.get(name)
  if (!topic) return unknownTopic(node, name)
  const stream = topic.kind !== 'table'
  return [
    ...unless(stream, node, `reads table ${name} as a stream`, 'read it with ctx.table'),
    ...mismatch(node, input, codec, `topic ${name}`, topic.codec),
  ]
}

function originFaults(
  node: string,
  input: string,
  codec: Codec<unknown>,
  origin: Origin,
  graph: Graph,
): readonly Fault[] {
  if (origin.kind === 'topic') return topicFaults(node, input, codec, origin.topic, graph)
  const writer = graph.operators.get(origin.operator)
  const output = writer?.operator.outputs[origin.output]
  if (!writer) {
    return [fault(node, `reads operator ${origin.operator}, which is not there`, 'add it to the graph')]
  }
  if (!output) return unknownOutput(node, `${origin.operator}.${origin.output}`, writer)
  const from = `output ${origin.operator}.${origin.output}`
  const routes = writer.routes[origin.output] ?? []
  return [
    ...unless(
      routes.some(route => route.kind === 'operator' && route.operator === node && route.input === input),
      node,
      `input ${input} comes from ${from}, which does not name it as its target`,
      'state the edge at both operators',
    ),
    ...mismatch(node, input, codec, from, output),
  ]
}

function mismatch(
  node: string,
  input: string,
  codec: Codec<unknown>,
  from: string,
  given: Codec<unknown>,
): readonly Fault[] {
  return unless(
    codec.name === given.name,
    node,
    `input ${input} wants ${codec.name}, but ${from} has ${given.name}`,
    'use one codec for both, or map in between',
  )
}

function unknownTopic(node: string, topic: string): readonly Fault[] {
  return [fault(node, `uses topic ${topic}, which the graph does not declare`, 'declare it')]
}

function unknownOutput(node: string, output: string, writer: OperatorNode): readonly Fault[] {
  const known = namesOf(writer.operator.outputs)
  return [fault(node, `there is no output ${output}`, `use one of ${known}, or declare it`)]
}

function namesOf(declared: object): string {
  return Object.keys(declared).join(', ') || '(none)'
}
