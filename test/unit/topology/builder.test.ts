/** The builder: what each declaration becomes as plain data. */
import { describe, expect, it } from 'vitest'
import { type OperatorNode, type Topology, topology, validate } from '#topology/index.ts'
import { charge, check, match, OrderCodec, PaymentCodec, retry, shop } from './graphs.ts'

function node(graph: Topology, name: string): OperatorNode | undefined {
  return graph.operators.find(operator => operator.name === name)
}

describe('topics', () => {
  it('topics have eight partitions and keep records by default', () => {
    const p = topology('app')
    p.topic('orders', { value: OrderCodec })
    expect(p.build().topics).toEqual([
      {
        kind: 'topic',
        name: 'orders',
        codec: OrderCodec,
        key: undefined,
        partitions: 8,
        retention: undefined,
        partitionedByKey: true,
      },
    ])
  })

  it('carry what was declared', () => {
    const p = topology('app')
    const key = (order: { id: string }) => order.id
    p.topic('orders', { value: OrderCodec, key, partitions: 3, retention: 60_000 })
    expect(p.build().topics[0]).toMatchObject({ key, partitions: 3, retention: 60_000 })
  })

  it('topics of others are trusted to be partitioned by key only when declared so', () => {
    const p = topology('app')
    p.source('plain', { value: OrderCodec })
    p.source('trusted', { value: OrderCodec, partitionedByKey: true })
    expect(p.build().topics.map(topic => [topic.kind, topic.partitionedByKey])).toEqual([
      ['source', false],
      ['source', true],
    ])
  })

  it('held whole are tables', () => {
    const p = topology('app')
    p.table('prices', { value: OrderCodec, partitions: 1 })
    expect(p.build().topics[0]).toMatchObject({ kind: 'table', name: 'prices', partitions: 1 })
  })
})

describe('operators', () => {
  it('operators read the topic that they are attached to and write where their outputs are routed', () => {
    const p = topology('app')
    const orders = p.topic('orders', { value: OrderCodec })
    const payments = p.topic('payments', { value: PaymentCodec })
    orders.process('charge', charge).on('paid').to(payments).on('refused').to(orders)
    expect(p.build().operators).toEqual([
      {
        name: 'charge',
        operator: charge,
        inputs: { in: [{ kind: 'topic', topic: 'orders' }] },
        routes: {
          paid: [{ kind: 'topic', topic: 'payments', delay: undefined }],
          refused: [{ kind: 'topic', topic: 'orders', delay: undefined }],
        },
        endsBecause: undefined,
        stage: undefined,
      },
    ])
  })

  it('operators take the name and the reason given where they are attached', () => {
    const p = topology('app')
    const orders = p.topic('orders', { value: OrderCodec })
    orders.process('first', check, { endsBecause: 'each passage spends an attempt' })
    orders.process('second', check)
    orders.process('check', check, { endsBecause: 'the sender gives up' })
    expect(p.build().operators.map(({ name, endsBecause }) => [name, endsBecause])).toEqual([
      ['first', 'each passage spends an attempt'],
      ['second', undefined],
      ['check', 'the sender gives up'],
    ])
  })

  it('attached to an output are fused, and both ends know', () => {
    const p = topology('app')
    p.topic('orders', { value: OrderCodec }).process('charge', charge).on('refused').process('check', check)
    const graph = p.build()
    expect(node(graph, 'charge')?.routes).toEqual({
      refused: [{ kind: 'operator', operator: 'check', input: 'in' }],
    })
    expect(node(graph, 'check')?.inputs).toEqual({
      in: [{ kind: 'operator', operator: 'charge', output: 'refused' }],
    })
  })

  it('with a single output are used as that output', () => {
    const p = topology('app')
    const orders = p.topic('orders', { value: OrderCodec })
    orders.process('check', check).to(orders).process('retry', retry)
    expect(node(p.build(), 'check')?.routes).toEqual({
      checked: [
        { kind: 'topic', topic: 'orders', delay: undefined },
        { kind: 'operator', operator: 'retry', input: 'in' },
      ],
    })
  })

  it('with several outputs offer no shortcut, even to plain JavaScript', () => {
    const handle = topology('app').topic('orders', { value: OrderCodec }).process('retry', retry)
    expect(handle).not.toHaveProperty('to')
  })

  it('with several inputs name where each comes from; an array merges', () => {
    const p = topology('app')
    const orders = p.topic('orders', { value: OrderCodec })
    const payments = p.topic('payments', { value: PaymentCodec })
    const charged = orders.process('charge', charge)
    p.process(
      'join',
      match,
      { orders, payments: [payments, charged.on('paid')] },
      { endsBecause: 'each passage spends an attempt' },
    )
    const graph = p.build()
    expect(node(graph, 'join')).toMatchObject({
      operator: match,
      inputs: {
        orders: [{ kind: 'topic', topic: 'orders' }],
        payments: [
          { kind: 'topic', topic: 'payments' },
          { kind: 'operator', operator: 'charge', output: 'paid' },
        ],
      },
      endsBecause: 'each passage spends an attempt',
    })
    expect(node(graph, 'charge')?.routes).toEqual({
      paid: [{ kind: 'operator', operator: 'join', input: 'payments' }],
    })
  })
})

describe('outputs', () => {
  it('outputs wait in the tiers of a delay', () => {
    const retried = node(shop(), 'retry')
    expect(retried?.routes.again).toEqual([
      { kind: 'topic', topic: 'orders', delay: { tiers: ['1s', '2m'] } },
    ])
  })

  it('outputs that are discarded have routes, but none', () => {
    expect(node(shop(), 'retry')?.routes.gaveUp).toEqual([])
  })

  it('outputs may go to several topics', () => {
    const p = topology('app')
    const [a, b] = [p.topic('a', { value: OrderCodec }), p.topic('b', { value: OrderCodec })]
    p.source('raw', { value: OrderCodec }).process('check', check).to(a).to(b)
    expect(node(p.build(), 'check')?.routes.checked).toMatchObject([{ topic: 'a' }, { topic: 'b' }])
  })
})

describe('stored state', () => {
  it('stored state of earlier versions is dropped and renamed by name', () => {
    const graph = topology('app').dropState('old.seen').renameState('a.x', 'b.x').build()
    expect(graph).toMatchObject({ droppedState: ['old.seen'], renamedState: { 'a.x': 'b.x' } })
  })
})

describe('build', () => {
  it('build gives data that later declarations leave alone', () => {
    const p = topology('app')
    const orders = p.topic('orders', { value: OrderCodec })
    const checked = orders.process('check', check)
    const graph = p.build()
    checked.to(orders)
    orders.process('retry', retry)
    expect(graph.operators.map(operator => [operator.name, operator.routes])).toEqual([['check', {}]])
  })

  it('build checks nothing: faults are for validate', () => {
    const p = topology('not a name')
    p.topic('orders', { value: OrderCodec }).process('charge', charge)
    expect(validate(p.build()).length).toBeGreaterThan(0)
  })
})
