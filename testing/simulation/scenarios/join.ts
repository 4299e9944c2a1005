/** A join of two inputs through state: an order waits for its payment, or the other way round; some payments never come. */
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { topology } from '#topology/builder.ts'
import { exactlyOnce, idsIn, podsHeld } from '../checks/outcomes.ts'
import type { Evidence } from '../evidence.ts'
import { drawInputs } from '../inputs.ts'
import { type Scenario, STANDARD_SHAPE } from '../scenario.ts'

interface Order {
  readonly id: string
}
interface Payment extends Order {
  readonly amount: number
}

const order = codec.json<Order>('order')
const payment = codec.json<Payment>('payment')

const settle = operator({
  name: 'settle',
  inputs: { orders: order, payments: payment },
  outputs: { settled: payment },
  state: { order: state.value(order), payment: state.value(payment) },
  process(record, ctx) {
    if (record.input === 'orders') ctx.state.order.set(record.value)
    else ctx.state.payment.set(record.value)
    const paid = ctx.state.payment.get()
    if (!ctx.state.order.get() || !paid) return
    ctx.state.order.delete()
    ctx.state.payment.delete()
    ctx.emit('settled', paid)
  },
})

export const join: Scenario = {
  name: 'join',
  shape: STANDARD_SHAPE,
  graph() {
    const { partitions } = STANDARD_SHAPE
    const graph = topology('join')
    const orders = graph.source('orders', { value: order, partitions, partitionedByKey: true })
    const payments = graph.source('payments', { value: payment, partitions, partitionedByKey: true })
    const settled = graph.topic('settled', { value: payment, partitions })
    graph.process('settle', settle, { orders, payments }).to(settled)
    return graph.build()
  },
  inputs(random, shape) {
    const half = { ...shape, records: shape.records / 2 }
    const keyOf = (index: number) => `order-${index}`
    const orders = drawInputs(random, half, {
      topic: 'orders',
      codec: order,
      key: keyOf,
      value: index => ({ id: keyOf(index) }),
    })
    const payments = drawInputs(
      random,
      { ...half, records: Math.floor(half.records * 0.9) },
      {
        topic: 'payments',
        codec: payment,
        key: keyOf,
        value: index => ({ id: keyOf(index), amount: index }),
      },
    )
    return [...orders, ...payments]
  },
  isComplete: evidence => evidence.count('settled') >= paidIds(evidence).length,
  checks: [podsHeld, exactlyOnce(paidIds, idsIn('settled')), waiting],
}

/** Orders that have their payment. */
function paidIds(evidence: Evidence): readonly string[] {
  const paid = new Set(idsIn('payments')(evidence))
  return idsIn('orders')(evidence).filter(id => paid.has(id))
}

/** What waits for its other half is in state, and nothing else. */
function waiting(evidence: Evidence): string[] {
  const orders = new Set(idsIn('orders')(evidence))
  const payments = new Set(idsIn('payments')(evidence))
  const expected = [...orders.symmetricDifference(payments)].sort()
  const unpaid = evidence.values('settle', 'settle', 'order', order)
  const unordered = evidence.values('settle', 'settle', 'payment', payment)
  const found = [...unpaid.keys(), ...unordered.keys()].sort()
  return String(found) === String(expected) ? [] : [`${found} wait in state, expected were ${expected}`]
}
