/** What stands behind the handles: objects that write each declaration into the draft. */
import { type Codec, codec } from '#core/codec.ts'
import type { Codecs } from '#core/context.ts'
import type { Operator } from '#core/operator.ts'
import { type Draft, type DraftNode, place, route, routesOf } from './draft.ts'
import type { Edge, Processed, ProcessOptions, Readable, Rekeyed, Routing, Stream } from './handles.ts'
import { branchOperator, filterOperator, mapOperator, mergeOperator, rekeyOperator } from './stateless.ts'
import type { Origin } from './topology.ts'

/** The handle of a stream. Each of its methods writes a declaration into the draft. */
export function streamOf<V>(draft: Draft, codec: Codec<V>, origin: Origin): Stream<V> {
  const stream: Readable<V> = { codec, origin }
  const attach = <O extends Codecs>(
    name: string,
    operator: Operator<Codecs, O>,
    options: ProcessOptions = {},
    from: readonly Readable<V>[] = [stream],
  ) => processedOf(draft, place(draft, name, operator, { in: from }, options), operator)

  return {
    ...stream,
    process: (name, operator, options) => attach(name, operator, options),
    map: (name, output, change) => attach(name, mapOperator(name, codec, output, change)),
    filter: (name, keep) => attach(name, filterOperator(name, codec, keep)),
    branch: (name, cases) => attach(name, branchOperator(name, codec, cases)),
    merge: (name, other) => attach(name, mergeOperator(name, codec), {}, [stream, other]),
    rekey(name, key) {
      const node = place(draft, name, rekeyOperator(name, codec, key), { in: [stream] })
      const rekeyed: Rekeyed<V> = routing(node, 'out', () => rekeyed)
      return rekeyed
    },
  }
}

/** The handle of a placed operator. One with a single output is that output's edge as well. */
export function processedOf<O extends Codecs>(
  draft: Draft,
  node: DraftNode,
  operator: Operator<Codecs, O>,
): Processed<O> {
  // An output that does not exist is left to validation, which names it.
  const edge = (output: string) =>
    edgeOf(draft, node, output, operator.outputs[output] ?? codec.bytes, () => handle)
  const [single, ...others] = Object.keys(operator.outputs)
  const shortcut = single !== undefined && others.length === 0 ? edge(single) : {}
  const handle = { ...shortcut, on: edge } as unknown as Processed<O> // The type follows the outputs as the line above does.
  return handle
}

function edgeOf<V, Back>(
  draft: Draft,
  node: DraftNode,
  output: string,
  codec: Codec<V>,
  back: () => Back,
): Edge<V, Back> {
  return {
    ...streamOf(draft, codec, { kind: 'operator', operator: node.name, output }),
    ...routing(node, output, back),
    discard() {
      routesOf(node, output)
      return back()
    },
  }
}

function routing<V, Back>(node: DraftNode, output: string, back: () => Back): Routing<V, Back> {
  return {
    to(target) {
      route(node, output, target.topic)
      return back()
    },
    delay: options => ({
      to(target) {
        route(node, output, target.topic, options)
        return back()
      },
    }),
  }
}
