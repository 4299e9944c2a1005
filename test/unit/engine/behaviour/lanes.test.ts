/** Lanes: a key's records run one after another, keys run side by side, and a slow call blocks nothing else. */
import { describe, expect, it } from 'vitest'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { reply, scripted, testTopology } from '#testing/index.ts'
import { adding, graphOf, numbers, recordsOf } from './graph.ts'

/** Calls for each record; calls for records of key `slow` take a minute. */
function calling() {
  const call = scripted<{ key: string | null; value: number }, number>(({ key, value }) =>
    reply(value, key === 'slow' ? '50s' : '1s'),
  )
  const double = operator({
    name: 'double',
    input: numbers,
    outputs: { out: numbers },
    state: { seen: state.value(numbers) },
    async process(record, ctx) {
      const seen = ctx.state.seen.get() ?? 0
      const answer = await call({ key: record.key, value: record.value }, ctx)
      ctx.state.seen.set(seen + 1)
      ctx.emit('out', answer)
    },
  })
  return { call, graph: graphOf(double) }
}

describe('lanes', () => {
  it('lanes run the records of a key in order, one at a time, so that state needs no lock', async () => {
    const { call, graph } = calling()
    await using kit = await testTopology(graph)
    await kit.send('in', ...recordsOf(1, 20, 'a'))
    await kit.settle()
    expect(kit.read('out')).toEqual(recordsOf(1, 20).map(({ value }) => value))
    expect(kit.state('double', 'seen', 'a')).toBe(20)
    expect(call.inFlightPeak).toBe(1)
  })

  it('lanes run keys side by side', async () => {
    const { call, graph } = calling()
    await using kit = await testTopology(graph)
    const start = kit.now
    await kit.send('in', ...recordsOf(1, 500))
    await kit.settle()
    expect(call.inFlightPeak).toBe(500)
    expect(kit.now - start).toBe(1_000)
  })

  it('lanes run records without a key side by side', async () => {
    const call = scripted<number, number>(value => reply(value, '1s'))
    const plain = operator({
      name: 'plain',
      input: numbers,
      async process(record, ctx) {
        await call(record.value, ctx)
      },
    })
    await using kit = await testTopology(graphOf(plain))
    await kit.send('in', ...recordsOf(1, 10).map(record => ({ ...record, key: null })))
    await kit.settle()
    expect(call.inFlightPeak).toBe(10)
  })

  it('lanes commit the others while a slow call of one key is under way', async () => {
    const { graph } = calling()
    await using kit = await testTopology(graph)
    await kit.send('in', { key: 'slow', value: 0 }, ...recordsOf(1, 10), { key: 'slow', value: 11 })
    await kit.advance('2s')
    expect(kit.read('out')).toHaveLength(10)
    await kit.settle()
    expect(kit.records('out').flatMap(({ key, value }) => (key === 'slow' ? [value] : []))).toEqual([0, 11])
  })

  it('lanes let a synchronous record of a key wait for a slow one before it', async () => {
    const call = scripted<number, number>(value => reply(value, '10s'))
    const mixed = operator({
      name: 'mixed',
      input: numbers,
      outputs: { out: numbers },
      process(record, ctx) {
        if (record.value % 2 === 0) return ctx.emit('out', record.value)
        return call(record.value, ctx).then(answer => ctx.emit('out', answer))
      },
    })
    await using kit = await testTopology(graphOf(mixed))
    await kit.send('in', ...recordsOf(1, 4, 'a'), { key: 'b', value: 100 })
    await kit.advance('1s')
    expect(kit.read('out')).toEqual([100])
    await kit.settle()
    expect(kit.read('out')).toEqual([100, 1, 2, 3, 4])
  })

  it('lanes keep the order of a key in its outputs when a commit fails and more has completed meanwhile', async () => {
    await using kit = await testTopology(graphOf(adding))
    kit.faults.loseRequest('pod-1', 'endTransaction')
    for (const record of recordsOf(1, 40, 'a')) {
      await kit.send('in', record)
      await kit.advance(20)
    }
    await kit.settle()
    const sums = recordsOf(1, 40).map(({ value }) => (value * (value + 1)) / 2)
    expect(kit.records('out').map(({ value }) => value)).toEqual(sums)
  })
})
