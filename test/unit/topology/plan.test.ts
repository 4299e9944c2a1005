/** Planning: which operators become one stage, and which topics a graph needs. */
import { describe, expect, it } from 'vitest'
import { batchOperator } from '#core/operator.ts'
import { type Plan, plan, topology } from '#topology/index.ts'
import { charge, check, match, OrderCodec, PaymentCodec, retry, shop } from './graphs.ts'

function stages(graph: Plan): readonly (readonly string[])[] {
  return graph.stages.map(stage => [...stage.operators.keys()])
}

const store = batchOperator({
  name: 'store',
  input: OrderCodec,
  batch: { recordsMax: 10, wait: 5 },
  processBatch() {},
})

describe('stages', () => {
  it('stages are the operators between two topics, named after the first', () => {
    const planned = plan(shop())
    expect(stages(planned)).toEqual([['check', 'positive'], ['charge'], ['retry'], []])
    expect(planned.stages.map(stage => [stage.name, stage.partitions, stage.stateTopic])).toEqual([
      ['check', 4, 'shop.check.state'],
      ['charge', 8, 'shop.charge.state'],
      ['retry', 8, 'shop.retry.state'],
      ['delay', 8, 'shop.delay.state'],
    ])
  })

  it('stages are called as one of their operators says, whichever comes first', () => {
    const p = topology('app')
    const orders = p.topic('orders', { value: OrderCodec })
    orders.filter('front', () => true).process('store', store, { stage: 'store' })
    expect(plan(p.build()).stages.map(stage => [stage.name, stage.stateTopic])).toEqual([
      ['store', 'app.store.state'],
    ])
  })

  it('of one topic are as many as read it apart from each other', () => {
    const p = topology('app')
    const orders = p.topic('orders', { value: OrderCodec })
    orders.process('a', store)
    orders.process('b', store)
    expect(plan(p.build()).stages.map(stage => [stage.name, stage.sources])).toEqual([
      ['a', [{ topic: 'orders', partitions: 8, readers: [{ operator: 'a', input: 'in' }] }]],
      ['b', [{ topic: 'orders', partitions: 8, readers: [{ operator: 'b', input: 'in' }] }]],
    ])
  })

  it('stages become one where two chains share an operator', () => {
    const p = topology('app')
    const [a, b] = [p.topic('a', { value: OrderCodec }), p.topic('b', { value: OrderCodec })]
    const left = a.process('left', check)
    const alone = b.process('alone', store)
    const right = b.process('right', check)
    left.merge('all', right).process('end', store)
    expect(alone).toBeDefined()
    const planned = plan(p.build())
    expect(stages(planned)).toEqual([['left', 'right', 'all', 'end'], ['alone']])
    expect(planned.stages[0]?.sources).toEqual([
      { topic: 'a', partitions: 8, readers: [{ operator: 'left', input: 'in' }] },
      { topic: 'b', partitions: 8, readers: [{ operator: 'right', input: 'in' }] },
    ])
  })

  it('stages list every reader of a source, by the input that it reads', () => {
    const p = topology('app')
    const orders = p.topic('orders', { value: OrderCodec })
    const payments = p.topic('payments', { value: PaymentCodec })
    const charged = orders.process('charge', charge).on('refused').discard()
    p.process('match', match, { orders, payments: [payments, charged.on('paid')] }).discard()
    expect(plan(p.build()).stages).toHaveLength(1)
    expect(plan(p.build()).stages[0]?.sources).toEqual([
      {
        topic: 'orders',
        partitions: 8,
        readers: [
          { operator: 'charge', input: 'in' },
          { operator: 'match', input: 'orders' },
        ],
      },
      { topic: 'payments', partitions: 8, readers: [{ operator: 'match', input: 'payments' }] },
    ])
  })
})

describe('the delay stage', () => {
  const delayed = (partitions: number) => {
    const p = topology('app')
    const orders = p.topic('orders', { value: OrderCodec, partitions })
    const late = p.topic('late', { value: OrderCodec })
    orders
      .process('retry', retry, { endsBecause: 'each passage spends an attempt' })
      .on('again')
      .delay({ tiers: ['1s', '1m'] })
      .to(orders)
      .on('gaveUp')
      .delay({ tiers: ['500ms', '1s', '1h'] })
      .to(late)
    return plan(p.build()).stages.find(stage => stage.name === 'delay')
  }

  it('the delay stage serves the tiers of all delays, each once, ascending', () => {
    const stage = delayed(2)
    expect(stage?.tiers).toEqual([
      { topic: 'app.delay.500ms', waitMs: 500 },
      { topic: 'app.delay.1s', waitMs: 1_000 },
      { topic: 'app.delay.1m', waitMs: 60_000 },
      { topic: 'app.delay.1h', waitMs: 3_600_000 },
    ])
    expect(stage?.sources.map(source => source.topic)).toEqual(stage?.tiers.map(tier => tier.topic))
    expect(stage?.operators.size).toBe(0)
  })

  it('the delay stage has eight partitions, or as many as its widest target', () => {
    expect(delayed(2)?.partitions).toBe(8)
    expect(delayed(32)?.partitions).toBe(32)
  })

  it('the delay stage is not there without delays', () => {
    const p = topology('app')
    p.topic('orders', { value: OrderCodec }).process('store', store)
    expect(plan(p.build()).stages.map(stage => stage.name)).toEqual(['store'])
  })
})

describe('topics', () => {
  it('topics are all that must exist, internal ones included', () => {
    const specs = plan(shop()).topicSpecs.map(spec => [spec.name, spec.partitions, spec.compacted])
    expect(specs).toEqual([
      ['raw_orders', 4, false],
      ['orders', 8, false],
      ['refused', 8, false],
      ['payments', 8, false],
      ['shop.delay.1s', 8, false],
      ['shop.delay.2m', 8, false],
      ['shop.check.state', 4, true],
      ['shop.charge.state', 8, true],
      ['shop.retry.state', 8, true],
      ['shop.delay.state', 8, true],
      ['shop.dead-letters', 8, false],
      ['shop.topology', 1, true],
    ])
  })

  it('topics are deleted by age only where declared', () => {
    const kept = plan(shop()).topicSpecs.filter(spec => spec.retentionMs !== undefined)
    expect(kept).toMatchObject([{ name: 'refused', retentionMs: 3_600_000 }])
  })

  it('topics that are tables are compacted and listed', () => {
    const p = topology('app')
    p.table('prices', { value: OrderCodec, partitions: 2 })
    const planned = plan(p.build())
    expect(planned.tables).toEqual(['prices'])
    expect(planned.topicSpecs[0]).toEqual({
      name: 'prices',
      partitions: 2,
      compacted: true,
      retentionMs: undefined,
    })
  })
})

it('carries the application, its topics by name, and what becomes of earlier state', () => {
  const p = topology('app')
  p.topic('orders', { value: OrderCodec })
    .process('charge', charge)
    .on('paid')
    .discard()
    .on('refused')
    .discard()
  const planned = plan(p.dropState('old.x').renameState('pay.seen', 'charge.seen').build())
  expect(planned).toMatchObject({
    application: 'app',
    deadLetterTopic: 'app.dead-letters',
    droppedState: ['old.x'],
    renamedState: { 'pay.seen': 'charge.seen' },
  })
  expect(planned.topics.get('orders')?.codec).toBe(OrderCodec)
})

it('refuses a graph with faults', () => {
  const p = topology('app')
  p.topic('orders', { value: OrderCodec }).process('check', check)
  expect(() => plan(p.build())).toThrow(expect.objectContaining({ code: 'TOPOLOGY_INVALID' }))
})
