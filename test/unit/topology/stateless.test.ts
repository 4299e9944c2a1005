/** The stateless operators that the builder makes from functions: run one record through and look at what comes out. */
import { describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import type { Context, EmitOptions } from '#core/context.ts'
import { type Topology, topology } from '#topology/index.ts'
import { type Order, OrderCodec } from './graphs.ts'

interface Emitted {
  readonly output: string
  readonly value: unknown
  readonly options: EmitOptions | undefined
}

/** What the graph's only operator emits for this value. */
function run(graph: Topology, value: unknown): readonly Emitted[] {
  const emitted: Emitted[] = []
  const ctx = {
    emit: (output: string, value: unknown, options?: EmitOptions) => emitted.push({ output, value, options }),
  } as unknown as Context // Stateless operators use nothing else of it.
  const only = graph.operators[0]?.operator
  if (only?.kind !== 'record') throw new TypeError('the operator does not run record by record')
  only.process({ input: 'in', key: 'k', value, timestamp: 7 }, ctx)
  return emitted
}

function started() {
  const p = topology('app')
  return { p, orders: p.topic('orders', { value: OrderCodec }) }
}

const order = (amount: number): Order => ({ id: 'o', amount })

describe('map', () => {
  it('map emits what the function returns, in the given codec', () => {
    const { p, orders } = started()
    orders.map(
      'describe',
      codec.text,
      (value, record) => `${record.key}@${record.timestamp}: ${value.amount}`,
    )
    const graph = p.build()
    expect(run(graph, order(3))).toEqual([{ output: 'out', value: 'k@7: 3', options: undefined }])
    expect(graph.operators[0]?.operator.outputs.out).toBe(codec.text)
    expect(graph.operators[0]?.name).toBe('describe')
  })
})

describe('filter', () => {
  it('filter emits only what the function holds for', () => {
    const { p, orders } = started()
    orders.filter('large', value => value.amount > 10)
    const graph = p.build()
    expect(run(graph, order(10))).toEqual([])
    expect(run(graph, order(11))).toEqual([{ output: 'out', value: order(11), options: undefined }])
  })
})

describe('branch', () => {
  it('branch sends a record to the first case that holds, and nowhere when none does', () => {
    const { p, orders } = started()
    orders.branch('size', { large: value => value.amount > 10, positive: value => value.amount > 0 })
    const graph = p.build()
    const outputs = [11, 5, 0].map(amount => run(graph, order(amount)).map(emitted => emitted.output))
    expect(outputs).toEqual([['large'], ['positive'], []])
  })

  it('branch sends the rest to a case that is true', () => {
    const { p, orders } = started()
    orders.branch('size', { large: value => value.amount > 10, rest: true })
    expect(run(p.build(), order(0)).map(emitted => emitted.output)).toEqual(['rest'])
  })
})

describe('rekey', () => {
  it('changes the key and nothing else', () => {
    const { p, orders } = started()
    orders.rekey('by amount', value => String(value.amount)).to(orders)
    expect(run(p.build(), order(4))).toEqual([{ output: 'out', value: order(4), options: { key: '4' } }])
  })

  it('leads to topics only: there is nothing to fuse with', () => {
    const { p, orders } = started()
    const rekeyed = orders.rekey('again', () => null)
    expect(rekeyed).not.toHaveProperty('process')
    rekeyed
      .to(orders)
      .delay({ tiers: ['1s'] })
      .to(orders)
    expect(p.build().operators[0]?.routes.out).toHaveLength(2)
  })
})

describe('merge', () => {
  it('merge reads both streams by one input and passes values on', () => {
    const { p, orders } = started()
    const others = p.topic('others', { value: OrderCodec })
    orders.merge('all', others)
    const graph = p.build()
    expect(graph.operators[0]?.inputs.in).toMatchObject([{ topic: 'orders' }, { topic: 'others' }])
    expect(run(graph, order(1))).toEqual([{ output: 'out', value: order(1), options: undefined }])
  })
})
