/** Validation: each fault is found, named by its node, with what to do; and all of them at once. */
import { describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { batchOperator, operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { assertValid, topology, validate } from '#topology/index.ts'
import { faults, intoMatch, node, single, sink, withOperators } from './faulty-graphs.ts'
import { charge, check, match, OrderCodec, PaymentCodec, retry, shop } from './graphs.ts'

it('finds nothing in a graph with a loop, a delay, fusion and a discarded output', () => {
  expect(validate(shop())).toEqual([])
})

describe('outputs', () => {
  it('outputs go somewhere or are discarded', () => {
    const p = topology('app')
    p.topic('orders', { value: OrderCodec }).process('retry', retry).on('gaveUp').discard()
    expect(validate(p.build())).toEqual([
      {
        node: 'retry',
        problem: 'output again goes nowhere',
        remedy: "route it, or write .on('again').discard()",
      },
    ])
  })

  it('exist', () => {
    const graph = withOperators(single(sink), [node('sink', sink, { routes: { missing: [] } })])
    expect(faults(graph)).toEqual(['sink: there is no output missing'])
  })

  it('outputs go to topics that exist and hold their type', () => {
    const p = topology('app')
    const orders = p.topic('orders', { value: OrderCodec })
    const renamed = p.topic('others', { value: codec.json<{ id: string; amount: number }>('Other') })
    const elsewhere = topology('else').topic('elsewhere', { value: OrderCodec })
    orders.process('retry', retry).on('again').to(renamed).on('gaveUp').to(elsewhere)
    expect(faults(p.build())).toEqual([
      'retry: output again is Order, but topic others holds Other',
      'retry: uses topic elsewhere, which the graph does not declare',
    ])
  })

  it('outputs do not go to one place twice', () => {
    const p = topology('app')
    const orders = p.topic('orders', { value: OrderCodec })
    orders.process('check', check, { endsBecause: 'each passage spends an attempt' }).to(orders).to(orders)
    expect(faults(p.build())).toEqual([
      'check: output checked goes to the same place twice, which would double its records',
    ])
  })

  it('outputs do not wait on their way into an operator', () => {
    const route = { kind: 'operator', operator: 'sink', input: 'in', delay: { tiers: [1] } } as const
    const graph = withOperators(single(sink), [
      node('check', check, { routes: { checked: [route] } }),
      node('sink', sink, { inputs: { in: [{ kind: 'operator', operator: 'check', output: 'checked' }] } }),
    ])
    expect(faults(graph)).toEqual(['check: output checked is delayed on its way into operator sink'])
  })

  it('outputs are not written to sources, nor to tables without a key', () => {
    const p = topology('app')
    p.source('raw', { value: OrderCodec })
    const prices = p.table('prices', { value: OrderCodec })
    const raw = { topic: 'raw', key: undefined }
    p.topic('orders', { value: OrderCodec }).process('check', check).to(prices).to(raw)
    expect(faults(p.build())).toEqual([
      'raw: is a source, yet an operator writes to it',
      'prices: is a table that is written to, but has no key',
    ])
  })
})

describe('delays', () => {
  const tiered = (tiers: readonly number[]) => {
    const p = topology('app')
    const [orders, later] = [
      p.topic('orders', { value: OrderCodec }),
      p.topic('later', { value: OrderCodec }),
    ]
    orders.process('check', check).delay({ tiers }).to(later)
    return faults(p.build())
  }

  it.each([
    [[], 'the delay of output checked has no tiers'],
    [[0], 'the delay of output checked has a tier that is no positive duration: 0'],
    [[-1, 5], 'the delay of output checked has a tier that is no positive duration: -1'],
    [[0.5], 'the delay of output checked has a tier that is no positive duration: 0.5'],
    [[Number.NaN], 'the delay of output checked has a tier that is no positive duration: NaN'],
    [[5, 1], 'the tiers of output checked do not ascend'],
    [[1, 1], 'the tiers of output checked do not ascend'],
  ])('validate refuses the tiers %j', (tiers, problem) => {
    expect(tiered(tiers)).toEqual([`check: ${problem}`])
  })

  it('validate accepts ascending tiers', () => {
    expect(tiered([1, 5, 1000])).toEqual([])
  })
})

describe('inputs', () => {
  it('inputs come from somewhere', () => {
    const graph = withOperators(single(sink), [
      node('match', match, { inputs: { orders: [] }, routes: { matched: [] } }),
    ])
    expect(faults(graph)).toEqual([
      'match: input orders comes from nowhere',
      'match: input payments comes from nowhere',
    ])
  })

  it('exist, and an operator has at least one', () => {
    const none = operator({ name: 'none', inputs: {}, process() {} })
    const graph = withOperators(single(sink), [node('sink', sink), node('none', none)])
    expect(faults(graph)).toEqual(['none: declares no input', 'none: has no input in'])
  })

  it('inputs come from topics, operators and outputs that are there', () => {
    const graph = withOperators(single(sink), [
      node('a', sink, { inputs: { in: [{ kind: 'topic', topic: 'missing' }] } }),
      node('b', sink, { inputs: { in: [{ kind: 'operator', operator: 'missing', output: 'out' }] } }),
      node('c', sink, { inputs: { in: [{ kind: 'operator', operator: 'a', output: 'out' }] } }),
    ])
    expect(faults(graph)).toEqual([
      'a: uses topic missing, which the graph does not declare',
      'b: reads operator missing, which is not there',
      'c: there is no output a.out',
    ])
  })

  it('from operators are known at both ends', () => {
    const { from, to } = {
      from: { kind: 'operator', operator: 'check', output: 'checked' },
      to: { kind: 'operator', operator: 'sink', input: 'in' },
    } as const
    const graph = single(sink)
    expect(
      faults(withOperators(graph, [node('check', check), node('sink', sink, { inputs: { in: [from] } })])),
    ).toEqual(['sink: input in comes from output check.checked, which does not name it as its target'])
    expect(
      faults(withOperators(graph, [node('check', check, { routes: { checked: [to] } }), node('sink', sink)])),
    ).toEqual(['check: output checked goes to sink.in, which does not name it as its origin'])
  })

  it('from operators are known by the input, not by the operator alone', () => {
    const p = topology('app')
    const orders = p.topic('orders', { value: OrderCodec })
    const charged = orders.process('charge', charge).on('refused').discard()
    p.process('match', match, { orders, payments: charged.on('paid') }).discard()
    const graph = p.build()
    const swapped = graph.operators.map(placed => ({
      ...placed,
      routes:
        placed.name === 'charge' ? { refused: [], paid: [{ ...intoMatch, input: 'orders' }] } : placed.routes,
    }))
    expect(faults(graph)).toEqual([])
    expect(faults(withOperators(graph, swapped))).toEqual([
      'charge: output paid goes to match.orders, which does not name it as its origin',
      'match: input payments comes from output charge.paid, which does not name it as its target',
    ])
  })

  it('inputs have the type of where they come from', () => {
    const other = operator({ name: 'other', input: codec.json<{ id: string }>('Other'), process() {} })
    const p = topology('app')
    const orders = p.topic('orders', { value: OrderCodec })
    orders.process('direct', other)
    orders.process('check', check).process('fused', other)
    expect(faults(p.build())).toEqual([
      'direct: input in wants Other, but topic orders has Order',
      'fused: input in wants Other, but output check.checked has Order',
    ])
  })

  it('inputs do not come from one place twice, nor from a table', () => {
    const p = topology('app')
    const orders = p.topic('orders', { value: OrderCodec })
    p.table('prices', { value: OrderCodec })
    orders.merge('all', orders).discard()
    const graph = p.build()
    const reader = node('reader', sink, { inputs: { in: [{ kind: 'topic', topic: 'prices' }] } })
    expect(faults(withOperators(graph, [...graph.operators, reader]))).toEqual([
      'all: input in comes from the same place twice, which would double its records',
      'reader: reads table prices as a stream',
    ])
  })
})

describe('keys', () => {
  const source = (partitionedByKey: boolean) => {
    const p = topology('app')
    return { p, raw: p.source('raw', { value: OrderCodec, partitionedByKey }) }
  }
  const problem = 'keeps state by key, but source raw does not promise one partition for a key'
  const ticking = operator({ name: 'ticking', input: OrderCodec, timers: ['tick'], process() {} })
  const stepping = operator({
    name: 'stepping',
    input: OrderCodec,
    steps: { call: codec.text },
    process() {},
  })

  it('keys are required by state and by timers, also behind fused operators', () => {
    const { p, raw } = source(false)
    raw.process('charge', charge).on('paid').discard().on('refused').discard()
    raw.process('check', check).process('ticking', ticking)
    expect(faults(p.build())).toEqual([`charge: ${problem}`, `ticking: ${problem}`])
  })

  it('keys are not required by steps, which belong to the record', () => {
    const { p, raw } = source(false)
    raw.process('stepping', stepping)
    expect(faults(p.build())).toEqual([])
  })

  it('keys are there when the source promises them, or behind a topic', () => {
    const promised = source(true)
    promised.raw.process('ticking', ticking)
    expect(faults(promised.p.build())).toEqual([])
    const { p, raw } = source(false)
    const orders = p.topic('orders', { value: OrderCodec })
    raw.rekey('by-id', order => order.id).to(orders)
    orders.process('ticking', ticking)
    expect(faults(p.build())).toEqual([])
  })

  it('keys are not asked of what is only downstream or beside', () => {
    const { p, raw } = source(false)
    const orders = p.topic('orders', { value: OrderCodec })
    orders.process('charge', charge).on('paid').discard().on('refused').merge('all', raw).discard()
    expect(faults(p.build())).toEqual([])
  })
})

describe('partitions', () => {
  it.each([0, -1, 1.5])('validate refuses %d partitions', partitions => {
    const p = topology('app')
    p.topic('orders', { value: OrderCodec, partitions })
    expect(faults(p.build())).toEqual([`orders: has ${partitions} partitions`])
  })

  it('partitions of the sources of one stage are alike', () => {
    const p = topology('app')
    const orders = p.topic('orders', { value: OrderCodec, partitions: 4 })
    const payments = p.topic('payments', { value: PaymentCodec })
    p.process('match', match, { orders, payments }).discard()
    expect(faults(p.build())).toEqual([
      'match: the sources of one stage differ in their number of partitions: orders has 4, payments has 8',
    ])
  })
})

describe('cycles', () => {
  const endless = (endsBecause?: string) => {
    const p = topology('app')
    const [a, b] = [p.topic('a', { value: OrderCodec }), p.topic('b', { value: OrderCodec })]
    a.process('there', check).to(b)
    b.process('back', check, endsBecause === undefined ? {} : { endsBecause })
      .delay({ tiers: [1] })
      .to(a)
    return validate(p.build())
  }

  it('cycles need a bound', () => {
    expect(endless()).toEqual([
      {
        node: 'there',
        problem: 'records can go round without end: there -> topic b -> back -> topic a -> there',
        remedy:
          'declare endsBecause where the operator that decides is attached: why no record goes round for ever',
      },
    ])
  })

  it('cycles are bounded by any of their operators', () => {
    expect(endless('each passage spends an attempt')).toEqual([])
  })

  it('each need their own, and a bound beside one does not help', () => {
    const p = topology('app')
    const [a, b] = [p.topic('a', { value: OrderCodec }), p.topic('b', { value: OrderCodec })]
    a.process('bounded', check, { endsBecause: 'each passage spends an attempt' }).to(a)
    a.process('first', check).to(a)
    b.process('second', check).to(b)
    expect(validate(p.build()).map(fault => fault.node)).toEqual(['first', 'second'])
  })

  it('go through topics', () => {
    const loop = (name: string, from: string, to: string) =>
      node(name, check, {
        inputs: { in: [{ kind: 'operator', operator: from, output: 'checked' }] },
        routes: { checked: [{ kind: 'operator', operator: to, input: 'in' }] },
      })
    const graph = withOperators(single(sink), [loop('a', 'b', 'b'), loop('b', 'a', 'a')])
    expect(faults(graph)).toEqual(['a: operators feed each other without a topic between them: a -> b -> a'])
  })
})

describe('operators', () => {
  it('operators have positive limits', () => {
    const limited = operator({
      name: 'limited',
      input: OrderCodec,
      state: { seen: state.value(codec.text, { ttl: 0 }) },
      limits: { inFlightMax: 0, timeout: -5 },
      process() {},
    })
    const graph = withOperators(single(sink), [node('limited', limited, { endsBecause: ' ' })])
    expect(faults(graph)).toEqual([
      'limited: has inFlightMax 0',
      'limited: its timeout is -5',
      'limited: its ttl of seen is 0',
      'limited: ends its loop because of nothing',
    ])
    const p = topology('app')
    p.topic('orders', { value: OrderCodec, retention: 0 })
    expect(faults(p.build())).toEqual(['orders: its retention is 0'])
  })

  it('on batches keep nothing and have room for a record', () => {
    const bulk = batchOperator({
      name: 'bulk',
      input: OrderCodec,
      batch: { recordsMax: 0, wait: -1 },
      processBatch() {},
    })
    expect(faults(single({ ...bulk, state: { seen: state.value(codec.text) } }))).toEqual([
      'bulk: works on batches, but declares seen',
      'bulk: has batches of 0 records',
      'bulk: its wait for a batch is -1',
    ])
  })

  it('on batches may take one record at once', () => {
    const bulk = batchOperator({
      name: 'bulk',
      input: OrderCodec,
      batch: { recordsMax: 1, wait: 0 },
      processBatch() {},
    })
    expect(faults(single(bulk))).toEqual([])
  })

  it('operators read tables that are declared, as what they hold', () => {
    const reading = operator({
      name: 'reading',
      input: OrderCodec,
      tables: { prices: codec.text, orders: OrderCodec, rates: OrderCodec },
      process() {},
    })
    const p = topology('app')
    p.table('prices', { value: OrderCodec })
    p.table('rates', { value: OrderCodec })
    p.topic('orders', { value: OrderCodec }).process('reading', reading)
    expect(faults(p.build())).toEqual([
      'reading: reads table prices as text, which holds Order',
      'reading: reads table orders, which the graph does not declare',
    ])
  })
})

describe('assertValid', () => {
  it('assertValid says for every fault where it is and what to do', () => {
    const p = topology('no name')
    const orders = p.topic('a b', { value: OrderCodec, partitions: 0 })
    p.source('raw', { value: OrderCodec }).process('charge', charge)
    orders.process('check', check).to(orders).delay({ tiers: [] }).to(orders)
    const found = validate(p.build())
    expect(found.length).toBeGreaterThan(6)
    for (const fault of found) {
      expect(fault.node).not.toBe('')
      expect(fault.problem).not.toBe('')
      expect(fault.remedy).not.toBe('')
    }
  })

  it('assertValid passes a graph without faults', () => {
    expect(() => assertValid(shop())).not.toThrow()
  })

  it('assertValid throws all faults at once, a line each, with what to do', () => {
    const p = topology('app')
    p.topic('a b', { value: OrderCodec }).process('check', check)
    expect(() => assertValid(p.build())).toThrow(
      expect.objectContaining({
        code: 'TOPOLOGY_INVALID',
        message: [
          'TOPOLOGY_INVALID: the topology has faults:',
          "- a b: is no legal topic name; use 1 to 249 of the characters A-Z a-z 0-9 . _ -, but not '.' or '..' alone",
          "- check: output checked goes nowhere; route it, or write .on('checked').discard()",
        ].join('\n'),
      }),
    )
  })
})
