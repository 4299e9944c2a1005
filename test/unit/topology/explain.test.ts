/** Explaining: the whole text and the whole flowchart of one small graph, and the parts that it does not show. */
import { describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { batchOperator, operator } from '#core/operator.ts'
import { explainMermaid, explainText, plan, topology } from '#topology/index.ts'
import { check, OrderCodec, shop } from './graphs.ts'

describe('explainText', () => {
  it('explainText shows a graph with a loop and a delay', () => {
    expect(explainText(plan(shop()))).toBe(
      `
shop: 4 stages, 28 tasks, 12 topics

stage check: 4 tasks, state in shop.check.state
  reads raw_orders
  check
    checked  -> operator positive
  positive
    out  -> orders

stage charge: 8 tasks, state in shop.charge.state
  reads orders
  charge
    state seen: value of Order for 24h
    state tries: map of text
    timer expire
    step call: Payment
    paid     -> payments
    refused  -> refused

stage retry: 8 tasks, state in shop.retry.state
  reads refused
  retry, whose loop ends because each passage spends an attempt
    again   -> orders after 1s 2m
    gaveUp  -> (discarded)

stage delay: 8 tasks, state in shop.delay.state
  reads shop.delay.1s, shop.delay.2m
  waits 1s, 2m

topics
  raw_orders         source    4 partitions             Order
  orders             topic     8 partitions             Order
  refused            topic     8 partitions, kept 1h    Order
  payments           topic     8 partitions             Payment
  shop.delay.1s      internal  8 partitions
  shop.delay.2m      internal  8 partitions
  shop.check.state   internal  4 partitions, compacted
  shop.charge.state  internal  8 partitions, compacted
  shop.retry.state   internal  8 partitions, compacted
  shop.delay.state   internal  8 partitions, compacted
  shop.dead-letters  internal  8 partitions
  shop.topology      internal  1 partition, compacted
`.trim(),
    )
  })

  it('explainText shows tables, batches, several targets, and what becomes of earlier state', () => {
    const reading = operator({
      name: 'reading',
      input: OrderCodec,
      outputs: { read: OrderCodec },
      tables: { prices: codec.text },
      process() {},
    })
    const store = batchOperator({
      name: 'store',
      input: OrderCodec,
      batch: { recordsMax: 100, wait: 20 },
      processBatch() {},
    })
    const p = topology('app').dropState('old.total')
    p.table('prices', { value: codec.text, partitions: 1 })
    const orders = p.topic('orders', { value: OrderCodec, partitions: 1 })
    const copies = p.topic('copies', { value: OrderCodec })
    orders.process(reading.name, reading).to(copies).process('store', store)
    const lines = explainText(plan(p.build())).split('\n')
    expect(lines[0]).toBe('app: 1 stage, 1 task, 6 topics')
    expect(lines).toEqual(
      expect.arrayContaining([
        '    table prices: text',
        '    read  -> copies, operator store',
        '    batches of 100, gathered for 20ms',
        '  prices             table     1 partition, compacted  text',
        'at start',
        '  drops state old.total',
      ]),
    )
  })
})

describe('explainMermaid', () => {
  it('explainMermaid shows a graph with a loop and a delay', () => {
    expect(explainMermaid(plan(shop()))).toBe(
      `
flowchart LR
  topic0[("raw_orders")]
  topic1[("orders")]
  topic2[("refused")]
  topic3[("payments")]
  subgraph stage0 ["check"]
    operator0["check"]
    operator1["positive"]
  end
  subgraph stage1 ["charge"]
    operator2["charge"]
  end
  subgraph stage2 ["retry"]
    operator3["retry"]
  end
  subgraph stage3 ["delay"]
    delay0(["1s 2m"])
  end
  topic0 --> operator0
  operator0 -->|"checked"| operator1
  operator1 -->|"out"| topic1
  topic1 --> operator2
  operator2 -->|"paid"| topic3
  operator2 -->|"refused"| topic2
  topic2 --> operator3
  operator3 -->|"again"| delay0
  delay0 --> topic1
`.trim(),
    )
  })

  it('explainMermaid shows tables as read beside the stream', () => {
    const reading = operator({
      name: 'reading',
      input: OrderCodec,
      tables: { prices: codec.text },
      process() {},
    })
    const p = topology('app')
    p.table('prices', { value: codec.text })
    p.topic('orders', { value: OrderCodec }).process(reading.name, reading)
    expect(explainMermaid(plan(p.build()))).toContain('\n  topic0 -.-> operator0')
  })

  it('explainMermaid gives every node one id, whatever its name means to Mermaid', () => {
    const p = topology('app')
    const end = p.topic('end', { value: OrderCodec })
    p.topic('subgraph', { value: OrderCodec }).process('end', check).to(end)
    const chart = explainMermaid(plan(p.build()))
    const ids = [...chart.matchAll(/^\s+(?:subgraph )?(\w+) ?(?:\[|\(\[)/gm)].map(match => match[1])
    expect(new Set(ids).size).toBe(4)
    expect(chart.split('\n').filter(line => line.trim() === 'end')).toHaveLength(1)
  })
})
