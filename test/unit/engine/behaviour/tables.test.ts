/** Global tables: ready before the first record, one snapshot a record, updates for those that follow. */
import { describe, expect, it } from 'vitest'
import { operator } from '#core/operator.ts'
import { reply, scripted, testTopology } from '#testing/index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

function pricing() {
  const call = scripted<number, number>(value => reply(value, '10s'))
  const price = operator({
    name: 'price',
    input: numbers,
    outputs: { out: numbers },
    tables: { rates: numbers },
    async process(record, ctx) {
      const rates = ctx.table('rates')
      const before = rates.get('eur') ?? 0
      if (record.value > 0) await call(record.value, ctx)
      ctx.emit('out', before * 1_000 + (rates.get('eur') ?? 0))
    },
  })
  return graphOf(price, { partitions: 2 })
}

describe('a table', () => {
  it('a table is read to its end before the first record runs', async () => {
    await using kit = await testTopology(pricing())
    kit.crash()
    await kit.send('rates', ...recordsOf(1, 5_000), { key: 'eur', value: 7 })
    await kit.send('in', { key: 'a', value: 0 })
    await kit.restart()
    await kit.settle()
    expect(kit.read('out')).toEqual([7_007])
  })

  it('a table is seen by a record as it was when it began to read, however long its calls take', async () => {
    await using kit = await testTopology(pricing())
    await kit.send('rates', { key: 'eur', value: 1 })
    await kit.settle()
    await kit.send('in', { key: 'slow', value: 1 })
    await kit.advance('5s')
    await kit.send('rates', { key: 'eur', value: 2 })
    await kit.advance('1s')
    await kit.send('in', { key: 'fast', value: 0 })
    await kit.settle()
    const out = new Map(kit.records('out').map(({ key, value }) => [key, value]))
    expect(out).toEqual(
      new Map([
        ['slow', 1_001],
        ['fast', 2_002],
      ]),
    )
  })

  it('a table is seen by the call of a step as it is at each look-up', async () => {
    const seen: (number | undefined)[] = []
    const ask = scripted<number, number>(() => 1, { latency: '10s' })
    const price = operator({
      name: 'price',
      input: numbers,
      outputs: { out: numbers },
      steps: { ask: numbers },
      tables: { rates: numbers },
      async process(record, ctx) {
        ctx.emit('out', ctx.table('rates').get('eur') ?? 0)
        await ctx.step('ask', async call => {
          const rates = call.table('rates')
          seen.push(rates.get('eur'))
          const answer = await ask(record.value, call)
          seen.push(rates.get('eur'))
          return answer
        })
      },
    })
    await using kit = await testTopology(graphOf(price, { partitions: 2 }))
    await kit.send('rates', { key: 'eur', value: 1 })
    await kit.settle()
    await kit.send('in', { key: 'slow', value: 1 })
    await kit.advance('5s')
    await kit.send('rates', { key: 'eur', value: 2 })
    await kit.settle()
    expect(seen).toEqual([1, 2])
    expect(kit.read('out')).toEqual([1])
  })

  it('a table forgets a key by a tombstone', async () => {
    await using kit = await testTopology(pricing())
    await kit.send('rates', { key: 'eur', value: 1 }, { key: 'eur', bytes: null })
    await kit.settle()
    await kit.send('in', { key: 'a', value: 0 })
    await kit.settle()
    expect(kit.read('out')).toEqual([0])
  })

  it('a table keeps what it has when an entry cannot be read, and says so', async () => {
    await using kit = await testTopology(pricing())
    await kit.send('rates', { key: 'eur', value: 1 }, { key: 'eur', bytes: '{' })
    await kit.settle()
    await kit.send('in', { key: 'a', value: 0 })
    await kit.settle()
    expect(kit.read('out')).toEqual([1_001])
    expect(kit.logs).toMatchObject([{ level: 'warn', message: 'a record of a table was skipped' }])
  })

  it('a table is held whole by every pod', async () => {
    await using kit = await testTopology(pricing(), { pods: 2 })
    await kit.send('rates', { key: 'eur', value: 3 })
    await kit.settle()
    await kit.send('in', ...recordsOf(1, 20).map(({ key }) => ({ key, value: 0 })))
    await kit.settle()
    expect(kit.read('out')).toEqual(Array(20).fill(3_003))
  })

  it('with more entries than its limit stops the pod and says which', async () => {
    await using kit = await testTopology(pricing(), { limits: { tableEntriesMax: 10 } })
    await kit.send('rates', ...recordsOf(1, 11))
    await expect(kit.settle()).rejects.toThrow('TABLE_TOO_LARGE: table rates has more than 10 entries')
  })
})
