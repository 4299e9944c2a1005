/** A pod that did not run for a while: what it held may be another's by now, and it finds out before it writes. */
import { describe, expect, it } from 'vitest'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { reply, scripted, testTopology } from '#testing/index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

function counting(latencyMs = 0) {
  const call = scripted<number, number>(request => reply(request, latencyMs))
  const count = operator({
    name: 'count',
    input: numbers,
    outputs: { out: numbers },
    state: { total: state.value(numbers) },
    async process(record, ctx) {
      await call(record.value, ctx)
      const total = (ctx.state.total.get() ?? 0) + 1
      ctx.state.total.set(total)
      ctx.emit('out', total)
    },
  })
  return graphOf(count, { partitions: 2 })
}

describe('a pod that was paused', () => {
  it('for longer than its session writes nothing that another pod has written', async () => {
    await using kit = await testTopology(counting(1_000), { pods: 2 })
    await kit.send('in', ...recordsOf(1, 20))
    await kit.advance(500)
    kit.pods[0]?.pause()
    await kit.advance('30s')
    expect(kit.read('out')).toEqual(Array(20).fill(1))
    kit.pods[0]?.resume()
    await kit.settle()
    await kit.send('in', ...recordsOf(1, 20))
    await kit.settle()
    expect(kit.read('out').sort()).toEqual([...Array(20).fill(1), ...Array(20).fill(2)])
  })

  it('while the next owner trimmed what both had read drops its task, and tells no error of it', async () => {
    const postpone = operator({
      name: 'postpone',
      input: numbers,
      outputs: { later: numbers },
      process: (record, ctx) => ctx.emit('later', record.value, { notBefore: ctx.now + 1_000 }),
    })
    await using kit = await testTopology(graphOf(postpone, { tiers: [1_000] }), { pods: 2 })
    await kit.send('in', { key: 'a', value: 1 })
    await kit.advance('30s')
    const owner = kit.pods.find(({ tasks }) => tasks.includes('delay/0'))
    owner?.pause()
    await kit.advance('30s')
    for (const from of [2, 22, 42]) {
      await kit.send('in', ...recordsOf(from, from + 19))
      await kit.advance('30s')
    }
    owner?.resume()
    await kit.advance('5s')
    await kit.send('in', ...recordsOf(62, 80))
    await kit.advance('30s')
    expect(
      kit
        .read('later')
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual(recordsOf(1, 80).map(({ value }) => value))
    expect(kit.logs.filter(({ level }) => level === 'error')).toEqual([])
    const ofTask = kit.logs.filter(({ pod, fields }) => pod === owner?.name && 'task' in fields)
    expect(ofTask.filter(({ fields }) => Object(fields).task === 'delay/0').length).toBeLessThanOrEqual(1)
  })

  it('a pod that was paused takes its share again', async () => {
    await using kit = await testTopology(counting(), { pods: 2 })
    kit.pods[0]?.pause()
    await kit.advance('30s')
    expect(kit.pods.map(({ tasks }) => tasks.length)).toEqual([0, 2])
    kit.pods[0]?.resume()
    await kit.settle()
    expect(kit.pods.map(({ tasks }) => tasks.length)).toEqual([1, 1])
  })

  it('alone claims its tasks again and goes on', async () => {
    await using kit = await testTopology(counting())
    await kit.send('in', ...recordsOf(1, 5))
    await kit.settle()
    kit.pods[0]?.pause()
    await kit.send('in', ...recordsOf(1, 5))
    await kit.advance('1h')
    kit.pods[0]?.resume()
    await kit.settle()
    expect(kit.read('out').sort()).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2])
    expect(kit.pods[0]?.running.metrics.stalls).toBe(1)
  })

  it('for a moment only notices nothing', async () => {
    await using kit = await testTopology(counting(), { pods: 2 })
    kit.pods[0]?.pause()
    await kit.advance('2s')
    kit.pods[0]?.resume()
    await kit.send('in', ...recordsOf(1, 20))
    await kit.settle()
    expect(kit.read('out')).toEqual(Array(20).fill(1))
    expect(kit.pods[0]?.running.metrics.stalls).toBe(0)
  })
})
