/** The smallest graph around one operator: source `in`, or one per input, and a topic for each output, by its name. */
import { codec } from '#core/codec.ts'
import { type Operator, operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import type { Topology } from '#topology/index.ts'
import { topology } from '#topology/index.ts'

export const numbers = codec.json<number>('number', value => typeof value === 'number')

/** Adds the numbers of each key, and emits the sum. */
export const adding = operator({
  name: 'adding',
  input: numbers,
  outputs: { out: numbers },
  state: { sum: state.value(numbers) },
  process(record, ctx) {
    const sum = (ctx.state.sum.get() ?? 0) + record.value
    ctx.state.sum.set(sum)
    ctx.emit('out', sum)
  },
})

export interface GraphOptions {
  readonly partitions?: number
  /** Tiers of a delay in front of every output. */
  readonly tiers?: readonly number[]
  readonly renamed?: Readonly<Record<string, string>>
  readonly dropped?: readonly string[]
}

export function graphOf(operator: Operator, options: GraphOptions = {}): Topology {
  const { partitions = 1, tiers, renamed = {}, dropped = [] } = options
  const t = topology('app')
  const origins = Object.entries(operator.inputs).map(([input, codec]) => {
    return [input, t.source(input, { value: codec, partitions, partitionedByKey: true })] as const
  })
  const placed = t.process(operator.name, operator, Object.fromEntries(origins))
  for (const [output, codec] of Object.entries(operator.outputs)) {
    const target = t.topic(output, { value: codec, partitions })
    if (tiers) placed.on(output).delay({ tiers }).to(target)
    else placed.on(output).to(target)
  }
  for (const [table, codec] of Object.entries(operator.tables)) t.table(table, { value: codec, partitions })
  for (const [from, to] of Object.entries(renamed)) t.renameState(from, to)
  for (const state of dropped) t.dropState(state)
  return t.build()
}

/** Values `from` to `to` as records of one key, or of a key each. */
export function recordsOf(from: number, to: number, key?: string) {
  return Array.from({ length: to - from + 1 }, (_, index) => {
    return { key: key ?? `key-${from + index}`, value: from + index }
  })
}
