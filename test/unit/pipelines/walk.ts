/** Walks records through a graph in memory, one after another, delays skipped: the graph alone, without the engine. */
import type { Codec } from '#core/codec.ts'
import type { Topology } from '#topology/topology.ts'
import { contextOf, type Emission } from '../operators/effects.ts'

export interface Walked {
  /** Decoded values by topic, in the order of arrival. */
  readonly topics: ReadonlyMap<string, readonly unknown[]>
  /** How often each operator ran. */
  readonly runs: ReadonlyMap<string, number>
  readonly delaysMs: readonly number[]
}

interface Item {
  readonly operator: string
  readonly bytes: Uint8Array
  readonly key: string | null
  readonly id: string
}

const NOW = 1_000_000
const STEPS_MAX = 100_000

export async function walk(
  topology: Topology,
  source: string,
  values: readonly Uint8Array[],
): Promise<Walked> {
  const topics = new Map<string, unknown[]>()
  const runs = new Map<string, number>()
  const delaysMs: number[] = []
  const state = new Map<string, Map<string, unknown>>()
  const codecs = new Map(topology.topics.map(topic => [topic.name, topic]))
  const operators = new Map(topology.operators.map(node => [node.name, node]))
  const queue: Item[] = []

  const arrive = (topic: string, bytes: Uint8Array, key: string | null, id: string) => {
    const codec = codecs.get(topic)?.codec
    topics.set(topic, [...(topics.get(topic) ?? []), codec?.decode(bytes)])
    for (const node of topology.operators) {
      const reads = Object.values(node.inputs).flat()
      const attached = reads.some(origin => origin.kind === 'topic' && origin.topic === topic)
      if (attached) queue.push({ operator: node.name, bytes, key, id })
    }
  }
  const leave = (from: string, { output, value, options }: Emission, key: string | null, id: string) => {
    const node = operators.get(from)
    const encoded = (codec: Codec<unknown> | undefined) => codec?.encode(value) ?? new Uint8Array()
    if (options?.notBefore !== undefined) delaysMs.push(Number(options.notBefore) - NOW)
    for (const [index, route] of (node?.routes[output] ?? []).entries()) {
      const next = `${id}>${from}.${output}.${index}`
      const bytes = encoded(node?.operator.outputs[output])
      if (route.kind === 'operator') queue.push({ operator: route.operator, bytes, key, id: next })
      else arrive(route.topic, bytes, codecs.get(route.topic)?.key?.(value) ?? key, next)
    }
  }

  for (const [offset, value] of values.entries()) arrive(source, value, null, `${source}/0/${offset}`)
  for (let steps = 0; queue.length > 0; steps += 1) {
    if (steps > STEPS_MAX) throw new RangeError('the walk does not end')
    const item = queue.shift()
    const node = item && operators.get(item.operator)
    if (!node) continue
    runs.set(node.name, (runs.get(node.name) ?? 0) + 1)
    const owner = `${node.name}/${item.key}`
    const own = state.get(owner) ?? new Map<string, unknown>()
    state.set(owner, own)
    const emissions: Emission[] = []
    const given = { id: item.id, now: NOW, state: own, ...(item.key === null ? {} : { key: item.key }) }
    const input = node.operator.inputs.in?.decode(item.bytes)
    const record = { input: 'in', key: item.key, value: input, timestamp: 5 }
    if (node.operator.kind === 'batch')
      throw new TypeError(`${node.name} runs on batches, which this walk has none of`)
    await node.operator.process(record, contextOf(node.operator, given, emissions, []))
    for (const emission of emissions) leave(node.name, emission, item.key, item.id)
  }
  return { topics, runs, delaysMs }
}
