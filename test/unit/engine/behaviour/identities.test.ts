/** Identities that outsiders give: no record gets what was bought for another, or is taken for its duplicate. */
import { describe, expect, it } from 'vitest'
import { operator } from '#core/operator.ts'
import { reply, scripted, type TestKit, testTopology } from '#testing/index.ts'
import { topology } from '#topology/index.ts'
import { graphOf, numbers } from './graph.ts'

/** Buys a second's work for each record, then waits for another that never comes where the value is 1. */
function buying(options: { readonly trustedIds?: boolean } = {}) {
  const ids: string[] = []
  const model = scripted<number, number>(value => reply(value * 10, '1s'))
  const buy = operator({
    name: 'buy',
    input: numbers,
    outputs: { out: numbers },
    steps: { call: numbers },
    limits: { timeout: 600_000 },
    async process(record, ctx) {
      ids.push(ctx.id)
      const bought = await ctx.step('call', call => model(record.value, call))
      if (record.value === 1) await new Promise(() => {})
      if (record.value === 7) ctx.deadLetter('not yet')
      ctx.emit('out', bought)
    },
  })
  const t = topology('app')
  const source = t.source('in', { value: numbers, partitions: 1, ...options })
  source.process('buy', buy).to(t.topic('out', { value: numbers, partitions: 1 }))
  return { ids, model, graph: t.build() }
}

const idsOf = (kit: TestKit) => kit.records('out').map(({ headers }) => headers['caudal-id'])

describe('a header caudal-id of a source', () => {
  it.each(['given', 'in/0/0', 'in/0/1', 'in/0/7', 'in/1/0', '', '\u0000'])(
    '%j gives no record the answer that was bought for another, and no two the same identity',
    async id => {
      const { ids, model, graph } = buying()
      await using kit = await testTopology(graph)
      const headers = { 'caudal-id': id, 'caudal-replay-of': id }
      await kit.send('in', { key: 'a', value: 1 }, { key: 'b', value: 2, headers })
      await kit.advance('5s')
      await kit.send(
        'in',
        { key: 'c', value: 3, headers },
        { key: 'c', value: 1, headers },
        { key: 'd', value: 2, headers },
      )
      await kit.advance('5s')
      expect(kit.read('out')).toEqual([20, 30, 20])
      expect(model.calls).toHaveLength(5)
      expect(ids.sort()).toEqual(['in/0/0', 'in/0/1', 'in/0/2', 'in/0/3', 'in/0/4'])
      expect(new Set(idsOf(kit)).size).toBe(3)
    },
  )

  it('of a record that was given up gives nothing to another with other bytes', async () => {
    const { ids, model, graph } = buying()
    await using kit = await testTopology(graph)
    await kit.send('in', { key: 'a', value: 7 })
    await kit.settle()
    await kit.send('in', { key: 'a', value: 8, headers: { 'caudal-id': 'in/0/0' } })
    await kit.settle()
    expect(kit.read('out')).toEqual([80])
    expect(model.calls).toHaveLength(2)
    expect(ids).toEqual(['in/0/0', 'in/0/1'])
  })

  it('a header caudal-id of a source is the identity where the source trusts those who write it', async () => {
    const { ids, graph } = buying({ trustedIds: true })
    await using kit = await testTopology(graph)
    await kit.send('in', { key: 'a', value: 2, headers: { 'caudal-id': 'given' } }, { key: 'a', value: 3 })
    await kit.settle()
    expect(ids).toEqual(['given', 'in/0/1'])
  })

  it.each([{}, { 'caudal-id': 'given' }])(
    'a header caudal-id of a source does not keep a replay from its own answer (%j)',
    async headers => {
      const { ids, model, graph } = buying()
      await using kit = await testTopology(graph)
      await kit.send('in', { key: 'a', value: 2 }, { key: 'a', value: 7, headers })
      await kit.settle()
      const { running } = kit.pods[0] ?? expect.unreachable()
      await kit.wait(running.replay(await kit.wait(running.deadLetters())))
      await kit.settle()
      expect(ids).toEqual(['in/0/0', 'in/0/1', 'in/0/1'])
      expect(model.calls).toHaveLength(2)
      const [again] = await kit.wait(running.deadLetters())
      expect(again?.letter.id).toBe('in/0/1')
      expect(kit.records('in')[2]?.headers['caudal-id']).toBe(headers['caudal-id'] ?? 'in/0/1')
    },
  )

  it('a header caudal-id of a source proves a replay once: a copy of the replay is a record of its own', async () => {
    const ids: string[] = []
    let isBroken = true
    const note = operator({
      name: 'note',
      input: numbers,
      process(_record, ctx) {
        ids.push(ctx.id)
        if (isBroken) ctx.deadLetter('not yet')
      },
    })
    await using kit = await testTopology(graphOf(note))
    await kit.send('in', { key: 'a', value: 7 })
    await kit.settle()
    isBroken = false
    const { running } = kit.pods[0] ?? expect.unreachable()
    await kit.wait(running.replay(await kit.wait(running.deadLetters())))
    await kit.settle()
    await kit.send('in', { key: 'a', value: 7, headers: { 'caudal-replay-of': 'in/0/0' } })
    await kit.settle()
    expect(ids).toEqual(['in/0/0', 'in/0/0', 'in/0/2'])
  })
})
