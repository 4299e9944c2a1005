/**
 * What the compiler accepts and refuses while a graph is written. The refusals are checked by `tsc`: an expected error
 * that does not occur is an error. Every graph is built as well, so that the accepted half is also run.
 */
import { expect, expectTypeOf, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { topology } from '#topology/index.ts'
import { charge, check, match, type Order, OrderCodec, PaymentCodec, retry } from './graphs.ts'

function started() {
  const p = topology('app')
  return {
    p,
    orders: p.topic('orders', { value: OrderCodec }),
    payments: p.topic('payments', { value: PaymentCodec }),
    prices: p.table('prices', { value: OrderCodec, key: price => price.id }),
    raw: p.source('raw', { value: OrderCodec }),
  }
}

it('an output goes only to topics of its type', () => {
  const { p, orders, payments, prices } = started()
  orders.process('charge', charge).on('paid').to(payments).on('refused').to(orders).on('refused').to(prices)
  // @ts-expect-error: paid is a Payment, orders holds Order
  orders.process('b', charge).on('paid').to(orders)
  const waiting = orders
    .process('c', charge)
    .on('paid')
    .delay({ tiers: ['1s'] })
  // @ts-expect-error: the same by way of a delay
  waiting.to(orders)
  // @ts-expect-error: the same for a single output's shortcut
  orders.process('check', check).to(payments)
  // @ts-expect-error: the same for a table
  orders.process('d', charge).on('paid').to(prices)
  expect(p.build().operators).toHaveLength(5)
})

it('an operator is attached only to streams of its input type', () => {
  const { p, payments, orders } = started()
  // @ts-expect-error: check reads Order
  payments.process('check', check)
  // @ts-expect-error: the same when named
  payments.process('named', check)
  // @ts-expect-error: the same on an edge
  orders.process('charge', charge).on('paid').process('retry', retry)
  // @ts-expect-error: match has two inputs and needs both named
  orders.process('match', match)
  expect(p.build().operators).toHaveLength(5)
})

it('a stream that knows less than the operator wants is refused, one that knows more is not', () => {
  const p = topology('app')
  const less = p.topic('less', { value: codec.json<{ id: string }>('less') })
  const more = p.topic('more', { value: codec.json<Order & { note: string }>('more') })
  // @ts-expect-error: the amount is missing
  less.process('check', check)
  more.process('again', check)
  expect(p.build().operators).toHaveLength(2)
})

it('outputs are known by name, and shortcuts exist only for single ones', () => {
  const { p, orders } = started()
  const [one, two] = [orders.process('check', check), orders.process('retry', retry)]
  // @ts-expect-error: there is no such output
  one.on('missing')
  // @ts-expect-error: which of the two would it be
  expect(() => two.to(orders)).toThrow(TypeError)
  // @ts-expect-error: nor can it be read as one stream
  expect(() => two.filter('f', () => true)).toThrow(TypeError)
  expect(p.build().operators).toHaveLength(2)
})

it('sources are not written, tables not read as streams', () => {
  const { p, orders, raw, prices } = started()
  // @ts-expect-error: a source belongs to others
  orders.process('check', check).to(raw)
  // @ts-expect-error: a table is read with ctx.table
  expect(() => prices.process('check', check)).toThrow(TypeError)
  expect(p.build().operators).toHaveLength(1)
})

it('a rekeyed stream leads to a topic, and a delay does too', () => {
  const { orders } = started()
  const rekeyed = orders.rekey('by-amount', order => String(order.amount))
  // @ts-expect-error: without a topic the records would stay where their old key lives
  expect(() => rekeyed.process('check', check)).toThrow(TypeError)
  const delayed = orders.process('check', check).delay({ tiers: ['1s', 250] })
  // @ts-expect-error: records wait on their way to a topic only
  expect(() => delayed.process('check', check)).toThrow(TypeError)
  // @ts-expect-error: no unit
  orders.process('x', check).delay({ tiers: ['1'] })
  rekeyed.to(orders)
})

it('functions receive the value type of their stream', () => {
  const { p, orders } = started()
  const mapped = orders.map('m', codec.text, order => {
    expectTypeOf(order).toEqualTypeOf<Order>()
    return order.id
  })
  mapped.filter('f', value => {
    expectTypeOf(value).toEqualTypeOf<string>()
    return true
  })
  const sizes = orders.branch('sizes', { large: order => order.amount > 10, rest: true })
  expectTypeOf(sizes.on('rest').codec).toEqualTypeOf(OrderCodec)
  // @ts-expect-error: no such case
  sizes.on('small')
  // @ts-expect-error: the codec is text's
  orders.map('n', codec.text, order => order.amount)
  expect(p.build().operators).toHaveLength(4)
})

it('a key function receives the topic type, and merged streams agree', () => {
  const { p, orders, payments, raw } = started()
  // @ts-expect-error: an order has no such field
  p.topic('other', { value: OrderCodec, key: order => order.number })
  orders.merge('fine', raw)
  // @ts-expect-error: payments are no orders
  orders.merge('wrong', payments)
  expect(p.build().operators).toHaveLength(2)
})

it('a join names each input, with streams of its type', () => {
  const { p, orders, payments, raw } = started()
  const joined = p.process('fine', match, { orders: [orders, raw], payments })
  joined.process('fused', check as never)
  // @ts-expect-error: payments is missing
  p.process('incomplete', match, { orders })
  // @ts-expect-error: the wrong way round
  p.process('swapped', match, { orders: payments, payments: orders })
  // @ts-expect-error: there is no such input
  p.process('unknown', match, { orders, payments, more: orders })
  expect(p.build().operators).toHaveLength(5)
})
