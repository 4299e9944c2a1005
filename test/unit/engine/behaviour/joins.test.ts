/** Joins: several inputs of one operator share the state and the lane of a key. */
import { describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { testTopology } from '#testing/index.ts'
import { graphOf } from './graph.ts'

const Order = codec.json<{ item: string }>('Order')
const Payment = codec.json<{ amount: number }>('Payment')
const Paid = codec.json<{ item: string; amount: number }>('Paid')

const join = operator({
  name: 'join',
  inputs: { orders: Order, payments: Payment },
  outputs: { paid: Paid },
  state: { order: state.value(Order), payment: state.value(Payment) },
  process(record, ctx) {
    if (record.input === 'orders') ctx.state.order.set(record.value)
    else ctx.state.payment.set(record.value)
    const order = ctx.state.order.get()
    const payment = ctx.state.payment.get()
    if (!order || !payment) return
    ctx.emit('paid', { item: order.item, amount: payment.amount })
    ctx.state.order.delete()
    ctx.state.payment.delete()
  },
})

describe('a join of two inputs', () => {
  it('a join of two inputs meets both sides of a key, whichever comes first', async () => {
    await using kit = await testTopology(graphOf(join, { partitions: 4 }))
    await kit.send('orders', { key: 'a', value: { item: 'tea' } })
    await kit.send('payments', { key: 'b', value: { amount: 2 } })
    await kit.settle()
    expect(kit.read('paid')).toEqual([])
    await kit.send('payments', { key: 'a', value: { amount: 1 } })
    await kit.send('orders', { key: 'b', value: { item: 'milk' } })
    await kit.settle()
    expect(kit.records('paid').map(({ key, value }) => [key, value])).toEqual([
      ['a', { item: 'tea', amount: 1 }],
      ['b', { item: 'milk', amount: 2 }],
    ])
    expect(kit.state('join', 'order', 'a')).toBeUndefined()
  })

  it('a join of two inputs remembers one side across a crash and a change of pods', async () => {
    await using kit = await testTopology(graphOf(join, { partitions: 4 }), { pods: 2 })
    const keys = Array.from({ length: 40 }, (_, nth) => `key-${nth}`)
    await kit.send('orders', ...keys.map(key => ({ key, value: { item: key } })))
    await kit.settle()
    kit.pods[0]?.crash()
    await kit.settle()
    await kit.send('payments', ...keys.map(key => ({ key, value: { amount: 1 } })))
    await kit.settle()
    expect(
      kit
        .records('paid')
        .map(({ key }) => key)
        .sort(),
    ).toEqual([...keys].sort())
  })

  it('a join of two inputs reports bad input of one side by its topic', async () => {
    await using kit = await testTopology(graphOf(join))
    await kit.send('payments', { key: 'a', bytes: 'not JSON' })
    await kit.settle()
    expect(kit.deadLetters()[0]?.message).toContain('node join: payments/0@0 is not Payment')
  })
})
