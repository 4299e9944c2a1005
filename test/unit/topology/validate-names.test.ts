/** Validation of names, and of state that is dropped or renamed. */
import { describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { topology } from '#topology/index.ts'
import { faults, single, sink } from './faulty-graphs.ts'
import { charge, check, OrderCodec } from './graphs.ts'

describe('names', () => {
  it.each(['', 'a b', 'a.b', 'ñ', 'a'.repeat(101)])('validate refuses the application name %j', name => {
    expect(faults(topology(name).build())).toContain(`${name}: is no legal application name`)
  })

  it.each(['', '.', '..', 'a/b', 'a b', 'a'.repeat(250)])('validate refuses the topic name %j', name => {
    const p = topology('app')
    p.topic(name, { value: OrderCodec })
    expect(faults(p.build())).toEqual([`${name}: is no legal topic name`])
  })

  it('validate accepts a topic name of 249 characters', () => {
    const p = topology('app')
    p.topic('a.B_c-9'.padEnd(249, 'x'), { value: OrderCodec })
    expect(faults(p.build())).toEqual([])
  })

  it.each(['a b', 'a.b', '', 'a'.repeat(101)])('validate refuses the operator name %j', name => {
    expect(faults(single(sink, name))).toEqual([`${name}: is no legal operator name`])
  })

  it('validate keeps the name of the delay stage to itself', () => {
    expect(faults(single(sink, 'delay'))).toEqual(["delay: is the name of the engine's own stage"])
  })

  it.each(['app.count.state', 'app.delay.1s', 'app.dead-letters', 'app.topology'])(
    'validate keeps %s to itself',
    name => {
      const p = topology('app')
      p.topic(name, { value: OrderCodec })
      expect(faults(p.build())).toEqual([`${name}: is a name of the engine's own topics`])
    },
  )

  it.each(['app.state', 'app.delays', 'other.count.state', 'xapp.delay.1s'])(
    'validate leaves %s free',
    name => {
      const p = topology('app')
      p.topic(name, { value: OrderCodec })
      expect(faults(p.build())).toEqual([])
    },
  )

  it('validate refuses a topic declared twice, even as another kind', () => {
    const p = topology('app')
    p.topic('orders', { value: OrderCodec })
    p.source('orders', { value: OrderCodec })
    p.topic('orders', { value: OrderCodec })
    expect(faults(p.build())).toEqual(['orders: is declared as a topic more than once'])
  })

  it('validate refuses topics that Kafka cannot tell apart, the engine’s own included', () => {
    const p = topology('app')
    const orders = p.topic('a.b', { value: OrderCodec })
    p.topic('a_b', { value: OrderCodec })
    p.topic('app_sink_state', { value: OrderCodec })
    orders.process('sink', sink)
    expect(faults(p.build())).toEqual([
      "a_b: differs from a.b only in '.' and '_', which Kafka refuses",
      "app_sink_state: differs from app.sink.state only in '.' and '_', which Kafka refuses",
    ])
  })

  it('validate refuses two operators of one name', () => {
    const p = topology('app')
    const orders = p.topic('orders', { value: OrderCodec })
    orders.process('sink', sink)
    orders.process('sink', sink)
    expect(faults(p.build())).toEqual(['sink: is the name of more than one operator'])
  })

  it('validate refuses names of stages that are illegal, or the engine’s own', () => {
    const named = (stage: string) => {
      const p = topology('app')
      p.topic('orders', { value: OrderCodec }).process('sink', sink, { stage })
      return faults(p.build())
    }
    expect(named('a.b')).toEqual(['a.b: is no legal name of a stage'])
    expect(named('delay')).toEqual(["delay: is the name of the engine's own stage"])
    expect(named('end')).toEqual([])
  })

  it('validate refuses two names for one stage, and one name for two', () => {
    const p = topology('app')
    const orders = p.topic('orders', { value: OrderCodec })
    orders.filter('front', () => true).process('one', sink, { stage: 'front' })
    orders.process('two', check, { stage: 'a' }).process('three', sink, { stage: 'b' })
    orders.process('four', sink, { stage: 'five' })
    orders.process('five', sink)
    expect(faults(p.build())).toEqual([
      'a: is one stage with b, as no topic lies between their operators',
      'five: is the name of more than one stage',
    ])
  })

  it('validate refuses illegal names inside an operator, and a state named like a timer', () => {
    const odd = operator({
      name: 'odd',
      input: OrderCodec,
      state: { 'a b': state.value(codec.text), seen: state.value(codec.text) },
      timers: ['seen'],
      process() {},
    })
    expect(faults(single(odd))).toEqual([
      "odd: 'a b' is no legal name of an input, output, state, timer or step",
      "odd: 'seen' is a state and a timer at once",
    ])
  })
})

describe('dropped and renamed state', () => {
  const graph = (declare: (p: ReturnType<typeof topology>) => unknown) => {
    const p = topology('app')
    const orders = p.topic('orders', { value: OrderCodec })
    orders.process('charge', charge).on('paid').discard().on('refused').discard()
    declare(p)
    return faults(p.build())
  }

  it('validate accepts names of the past and a present one to rename to', () => {
    expect(graph(p => p.dropState('old.total').renameState('pay.seen', 'charge.seen'))).toEqual([])
    expect(graph(p => p.renameState('pay.end', 'charge.expire'))).toEqual([])
  })

  it('validate refuses what is no name, or is in use', () => {
    expect(graph(p => p.dropState('total'))).toEqual(['total: is no name of stored state'])
    expect(graph(p => p.dropState('charge.seen'))).toEqual([
      'charge.seen: is dropped or renamed away, but is declared',
    ])
  })

  it('validate refuses a new name that nobody declares, or that two want', () => {
    expect(graph(p => p.renameState('pay.seen', 'charge.sean'))).toEqual([
      'pay.seen: is renamed to charge.sean, which no operator declares',
    ])
    expect(graph(p => p.renameState('a.seen', 'charge.seen').renameState('b.seen', 'charge.seen'))).toEqual([
      'charge.seen: is the new name of several states',
    ])
  })

  it('validate refuses to drop what it renames', () => {
    expect(graph(p => p.dropState('pay.seen').renameState('pay.seen', 'charge.seen'))).toEqual([
      'pay.seen: is dropped or renamed more than once',
    ])
  })
})
