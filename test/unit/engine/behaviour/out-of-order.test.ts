/** Out-of-order completion: what is done stays done across a crash, however slow a record before it is. */
import { describe, expect, it } from 'vitest'
import { operator } from '#core/operator.ts'
import { reply, scripted, testTopology } from '#testing/index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

function calling(slow: (value: number) => boolean) {
  const call = scripted<number, number>(value => reply(value, slow(value) ? '30s' : '1s'))
  const ask = operator({
    name: 'ask',
    input: numbers,
    outputs: { out: numbers },
    async process(record, ctx) {
      ctx.emit('out', await call(record.value, ctx))
    },
  })
  return { call, graph: graphOf(ask) }
}

describe('after a crash', () => {
  it('only what was not finished runs again', async () => {
    const { call, graph } = calling(value => value % 10 === 1)
    await using kit = await testTopology(graph)
    await kit.send('in', ...recordsOf(1, 100))
    await kit.advance('5s')
    expect(kit.read('out')).toHaveLength(90)
    kit.crash()
    await kit.restart()
    await kit.settle()
    expect(kit.read('out').sort((a, b) => Number(a) - Number(b))).toEqual(
      recordsOf(1, 100).map(({ value }) => value),
    )
    const asked = call.calls.map(({ request }) => request)
    expect(asked).toHaveLength(110)
    expect(asked.slice(100).every(value => value % 10 === 1)).toBe(true)
  })

  it('what was finished is skipped at every one of several crashes', async () => {
    const { call, graph } = calling(value => value === 1)
    await using kit = await testTopology(graph)
    for (let round = 0; round < 5; round++) {
      await kit.send('in', ...recordsOf(round * 10 + 1, round * 10 + 10))
      await kit.advance('15s')
      kit.crash()
      await kit.restart()
    }
    await kit.settle()
    expect(kit.read('out')).toHaveLength(50)
    expect(call.calls.filter(({ request }) => request !== 1)).toHaveLength(49)
  })

  it('nothing is lost that was sent while no pod was alive', async () => {
    const { graph } = calling(() => false)
    await using kit = await testTopology(graph)
    kit.crash()
    await kit.send('in', ...recordsOf(1, 10))
    await kit.restart()
    await kit.settle()
    expect(kit.read('out')).toHaveLength(10)
  })
})
