/** Types, operators and graphs that the tests of this folder share. */
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { topology } from '#topology/index.ts'

export interface Order {
  readonly id: string
  readonly amount: number
}
export interface Payment {
  readonly order: string
}

export const OrderCodec = codec.json<Order>('Order')
export const PaymentCodec = codec.json<Payment>('Payment')

/** One input, one output, nothing kept. */
export const check = operator({
  name: 'check',
  input: OrderCodec,
  outputs: { checked: OrderCodec },
  process() {},
})

/** Two outputs, state, a timer and a step. */
export const charge = operator({
  name: 'charge',
  input: OrderCodec,
  outputs: { paid: PaymentCodec, refused: OrderCodec },
  state: { seen: state.value(OrderCodec, { ttl: 86_400_000 }), tries: state.map(codec.text) },
  steps: { call: PaymentCodec },
  timers: ['expire'],
  process() {},
})

/** Decides whether a refused order is tried again. */
export const retry = operator({
  name: 'retry',
  input: OrderCodec,
  outputs: { again: OrderCodec, gaveUp: OrderCodec },
  process() {},
})

/** Two inputs. */
export const match = operator({
  name: 'match',
  inputs: { orders: OrderCodec, payments: PaymentCodec },
  outputs: { matched: codec.text },
  state: { open: state.value(OrderCodec) },
  process() {},
})

/** A loop with a delay: orders are charged, refused ones tried again after a while. */
export function shop() {
  const p = topology('shop')
  const raw = p.source('raw_orders', { value: OrderCodec, partitions: 4 })
  const orders = p.topic('orders', { value: OrderCodec, key: order => order.id })
  const refused = p.topic('refused', { value: OrderCodec, retention: 3_600_000 })
  const payments = p.topic('payments', { value: PaymentCodec })
  raw
    .process('check', check)
    .filter('positive', order => order.amount > 0)
    .to(orders)
  orders.process('charge', charge).on('paid').to(payments).on('refused').to(refused)
  refused
    .process('retry', retry, { endsBecause: 'each passage spends an attempt' })
    .on('again')
    .delay({ tiers: ['1s', '2m'] })
    .to(orders)
    .on('gaveUp')
    .discard()
  return p.build()
}
