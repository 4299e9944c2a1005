/** The kit as its users meet it: feed, settle, read, let time pass, crash and restart. */
import { describe, expect, it } from 'vitest'
import { json, text } from '#engine/core/codec.ts'
import { operator, value } from '#engine/core/operator.ts'
import { testTopology } from '#testing/index.ts'
import { topology } from '#topology/index.ts'

const numbers = json<number>('number')

const count = operator({
  name: 'count',
  input: text,
  outputs: { counted: numbers },
  state: { total: value(numbers) },
  process(_record, ctx) {
    const total = (ctx.state.total.get() ?? 0) + 1
    ctx.state.total.set(total)
    ctx.emit('counted', total)
  },
})

function counting() {
  const t = topology('counting')
  const words = t.source('words', { value: text, partitionedByKey: true })
  const totals = t.topic('totals', { value: numbers })
  words.process(count).to(totals)
  return { words, totals, graph: t.build() }
}

describe('a topology under test', () => {
  it('counts', async () => {
    const { words, totals, graph } = counting()
    await using kit = await testTopology(graph)
    await kit.send(words, { key: 'a', value: 'x' }, { key: 'b', value: 'y' }, { key: 'a', value: 'z' })
    await kit.settle()
    expect(kit.read(totals).sort()).toEqual([1, 1, 2])
    expect(kit.state('count', 'total', 'a')).toBe(2)
    kit.crash()
    await kit.restart()
    await kit.send('words', { key: 'a', value: 'x' })
    await kit.settle()
    expect(kit.state('count', 'total', 'a')).toBe(3)
    expect(
      kit
        .records(totals)
        .filter(r => r.key === 'a')
        .map(r => r.value),
    ).toEqual([1, 2, 3])
    const started = performance.now()
    await kit.advance('24h')
    console.log('24h', performance.now() - started, kit.logs)
  })
})
