/** The engine's memory is its own: what an operator changes of what it got or gave changes nothing for anybody else. */
import { describe, expect, it } from 'vitest'
import { type Codec, codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { testOperator, testTopology, trouble } from '#testing/index.ts'
import { topology } from '#topology/index.ts'
import { graphOf, numbers } from './graph.ts'

/** A codec of somebody who copies nothing. */
const views: Codec<Uint8Array> = { name: 'views', encode: given => given, decode: given => given.subarray(0) }
const Box = codec.json<{ count: number; at?: unknown }>('Box')

describe.each([codec.bytes, views])('values of codec $name', codec => {
  it('a value read from state, or set in it, is a copy', async () => {
    const seen: number[] = []
    const holding = operator({
      name: 'holding',
      input: numbers,
      state: { one: state.value(codec), many: state.map(codec) },
      process(record, ctx) {
        if (record.value === 1) {
          const given = Buffer.from([1])
          ctx.state.one.set(given)
          ctx.state.many.set('a', given)
          given[0] = 99
        }
        const all = [
          ctx.state.one.get(),
          ctx.state.many.get('a'),
          ...[...ctx.state.many.entries()].map(([, each]) => each),
        ]
        for (const each of all) {
          seen.push(each?.[0] ?? -1)
          each?.fill(99)
        }
      },
    })
    await using kit = await testTopology(graphOf(holding))
    for (const each of [1, 2, 3]) {
      await kit.send('in', { key: 'k', value: each })
      await kit.settle()
    }
    kit.crash()
    await kit.restart()
    await kit.send('in', { key: 'k', value: 4 })
    await kit.settle()
    expect(seen).toEqual(Array(12).fill(1))
  })

  it('of records: the next attempt and the dead letter have the original bytes', async () => {
    const seen: number[] = []
    const spoiling = operator({
      name: 'spoiling',
      input: codec,
      process(record) {
        seen.push(record.value[0] ?? -1)
        record.value[0] = 77
        throw trouble()
      },
    })
    await using kit = await testTopology(graphOf(spoiling))
    await kit.send('in', { key: 'k', bytes: Buffer.from([1]) })
    await kit.settle()
    expect(seen).toEqual([1, 1, 1])
    expect(kit.deadLetters().map(({ origin }) => origin.value?.[0])).toEqual([1])
  })

  it('that are emitted: what is changed afterwards is not what is written, and readers of a topic do not share', async () => {
    const t = topology('app')
    const source = t.source('in', { value: codec, partitions: 1 })
    const out = t.topic('out', { value: codec, partitions: 1 })
    const again = t.topic('again', { value: codec, partitions: 1 })
    const spoil = (name: string) =>
      operator({
        name,
        input: codec,
        outputs: { out: codec },
        process(record, ctx) {
          const given = Buffer.from(record.value)
          ctx.emit('out', given)
          given.fill(99)
          record.value.fill(99)
        },
      })
    source.process('one', spoil('one')).to(out)
    source.process('other', spoil('other')).to(out)
    out.process('behind', spoil('behind')).to(again)
    await using kit = await testTopology(t.build())
    const sent = Buffer.from([1])
    const sending = kit.send('in', { key: 'k', bytes: sent })
    sent.fill(99)
    await sending
    await kit.settle()
    expect(kit.read('again').map(each => Buffer.from(each as Uint8Array)[0])).toEqual([1, 1])
    for (const each of kit.read('out')) (each as Uint8Array).fill(99)
    expect(kit.read('out').map(each => Buffer.from(each as Uint8Array)[0])).toEqual([1, 1])
  })

  it('of steps: what was bought is what a replay gives', async () => {
    const calls: number[] = []
    const buying = operator({
      name: 'buying',
      input: numbers,
      outputs: { out: numbers },
      steps: { call: codec },
      async process(_record, ctx) {
        const bought = Buffer.from([1])
        const got = await ctx.step('call', async () => bought)
        bought.fill(99)
        calls.push(got[0] ?? -1)
        got.fill(98)
        if (ctx.attempt < 3) throw trouble()
      },
    })
    await using kit = await testTopology(graphOf(buying))
    await kit.send('in', { key: 'k', value: 1 })
    await kit.settle()
    expect(calls).toEqual([1, 1, 1])
  })
})

describe('a topic between two operators', () => {
  /** Emits one box twice and changes it between and after; behind it two operators each count in what they get. */
  function graph(isFused: boolean, box: () => { count: number; at?: unknown }) {
    const t = topology('app')
    const give = operator({
      name: 'give',
      input: numbers,
      outputs: { boxes: Box },
      process(_record, ctx) {
        const given = box()
        ctx.emit('boxes', given)
        given.count = 50
        ctx.emit('boxes', given)
        given.count = 99
      },
    })
    const take = (name: string) =>
      operator({
        name,
        input: Box,
        outputs: { out: Box },
        process(record, ctx) {
          record.value.count += 1
          ctx.emit('out', record.value)
          record.value.count = 1_000
        },
      })
    const out = t.topic('out', { value: Box, partitions: 1 })
    const given = t.source('in', { value: numbers, partitions: 1 }).process('give', give)
    if (isFused) {
      given.process('one', take('one')).to(out)
      given.process('two', take('two')).to(out)
    } else {
      const between = t.topic('between', { value: Box, partitions: 1 })
      given.to(between)
      between.process('one', take('one')).to(out)
      between.process('two', take('two')).to(out)
    }
    return t.build()
  }

  it.each<[string, () => { count: number; at?: unknown }, unknown]>([
    ['a plain object', () => ({ count: 1 }), undefined],
    ['a date', () => ({ count: 1, at: new Date(0) }), '1970-01-01T00:00:00.000Z'],
    ['what is no JSON', () => ({ count: 1, at: Number.NaN }), null],
    [
      'an instance of a class',
      () => ({
        count: 1,
        at: new (class Point {
          x = 1
        })(),
      }),
      { x: 1 },
    ],
  ])('changes nothing for %s', async (_what, box, at) => {
    const results: string[][] = []
    for (const isFused of [true, false]) {
      await using kit = await testTopology(graph(isFused, box))
      await kit.send('in', { key: 'k', value: 1 })
      await kit.settle()
      results.push(
        kit
          .read('out')
          .map(each => JSON.stringify(each))
          .sort(),
      )
    }
    const expected = [2, 2, 51, 51].map(count => JSON.stringify(at === undefined ? { count } : { count, at }))
    expect(results).toEqual([expected, expected])
  })

  it('between fused operators, a value that does not fit is reported at the operator that emitted it', async () => {
    const t = topology('app')
    const Checked = codec.json<number>('Checked', each => each < 10)
    t.source('in', { value: numbers, partitions: 1 })
      .map('grow', Checked, each => each * 10)
      .map('same', Checked, each => each)
      .to(t.topic('out', { value: Checked, partitions: 1 }))
    await using kit = await testTopology(t.build())
    await kit.send('in', { key: 'k', value: 1 }, { key: 'k', value: 0 })
    await kit.settle()
    expect(kit.deadLetters()).toMatchObject([{ code: 'ENCODE_FAILED', node: 'grow' }])
    expect(kit.read('out')).toEqual([0])
  })
})

describe('rows of a table', () => {
  const Row = codec.json<{ rates: number[] }>('Row')

  function looking(codec: Codec<{ rates: number[] }> | Codec<Uint8Array>) {
    const seen: number[] = []
    const operating = operator({
      name: 'looking',
      input: numbers,
      outputs: { out: numbers },
      tables: { rows: codec as Codec<unknown> },
      process(record, ctx) {
        const row = ctx.table('rows').get('a')
        const content = row instanceof Uint8Array ? row : (row as { rates: number[] }).rates
        seen.push(content[0] ?? -1)
        if (record.value === 1) content[0] = 99
      },
    })
    return { seen, operating, graph: graphOf(operating) }
  }

  it('values are frozen: an operator that changes one gets an error, and the next record sees the value unchanged', async () => {
    const { seen, graph } = looking(Row)
    await using kit = await testTopology(graph)
    await kit.send('rows', { key: 'a', value: { rates: [1] } })
    await kit.send('in', { key: 'k', value: 1 }, { key: 'k', value: 2 })
    await kit.settle()
    expect(seen).toEqual([1, 1])
    expect(kit.deadLetters()[0]?.message).toMatch(/read only|read-only/)
  })

  it('rows of a table of bytes, which cannot be frozen, are of each reader its own', async () => {
    const { seen, graph } = looking(codec.bytes)
    await using kit = await testTopology(graph)
    await kit.send('rows', { key: 'a', bytes: Buffer.from([1]) })
    await kit.send('in', { key: 'k', value: 1 }, { key: 'k', value: 2 })
    await kit.settle()
    expect(seen).toEqual([1, 1])
    expect(kit.deadLetters()).toEqual([])
  })

  it('rows of a table are frozen where an operator is tested alone', async () => {
    const { operating } = looking(Row)
    const rows = { a: { rates: [1] } }
    await expect(testOperator(operating, { value: 1 }, { tables: { rows } })).rejects.toThrow(TypeError)
    expect(rows).toEqual({ a: { rates: [1] } })
  })
})
