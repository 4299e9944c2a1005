/** Durable steps: a result that was journaled is never bought again, and nothing of it is left when its record is done. */
import { describe, expect, it } from 'vitest'
import { json } from '#engine/core/codec.ts'
import { operator } from '#engine/core/operator.ts'
import { failure, hang, reply, scripted, type TestKit, testTopology, trouble } from '#testing/index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

const texts = json<string>('text')

/** Two paid calls in a row, a second each. */
function twoCalls() {
  const draft = scripted<number, number>(value => reply(value * 10), { latency: '1s' })
  const judge = scripted<number, number>(value => reply(value + 1), { latency: '1s' })
  const answer = operator({
    name: 'answer',
    input: numbers,
    outputs: { out: numbers },
    steps: { draft: numbers, judge: numbers },
    async process(record, ctx) {
      const drafted = await ctx.step('draft', call => draft(record.value, call))
      ctx.emit('out', await ctx.step('judge', call => judge(drafted, call)))
    },
  })
  return { draft, judge, graph: graphOf(answer) }
}

/** What the state topic holds of steps: the latest value of each entry, tombstones aside. */
async function journaled(kit: TestKit): Promise<string[]> {
  const reader = kit.log.openReader({ topic: 'app.answer.state', partition: 0 }, 0)
  const { records } = await kit.wait(reader.next(100_000))
  reader.close()
  const entries = new Map(records.map(({ key, value }) => [Buffer.from(key ?? []).toString(), value]))
  return [...entries].flatMap(([entry, value]) => (entry.startsWith('s') && value ? [entry] : []))
}

describe('a durable step', () => {
  it('that was answered before a crash is not called again', async () => {
    const { draft, judge, graph } = twoCalls()
    await using kit = await testTopology(graph)
    await kit.send('in', ...recordsOf(1, 50))
    await kit.advance(1_500)
    expect(await journaled(kit)).toHaveLength(50)
    kit.crash()
    await kit.restart()
    await kit.settle()
    expect(draft.calls).toHaveLength(50)
    expect(draft.boughtTwice).toEqual([])
    expect(judge.boughtTwice).toEqual([])
    expect(judge.calls.map(({ status }) => status).sort()).toEqual([
      ...Array(50).fill('answered'),
      ...Array(50).fill('lost'),
    ])
    expect(kit.read('out')).toHaveLength(50)
  })

  it('is called under the same id after a crash', async () => {
    const { draft, graph } = twoCalls()
    await using kit = await testTopology(graph)
    await kit.send('in', { key: 'a', value: 1 })
    await kit.advance(500)
    kit.crash()
    await kit.restart()
    await kit.settle()
    const [lost, bought] = draft.calls
    expect(draft.calls).toHaveLength(2)
    expect(bought?.id).toBe(lost?.id)
  })

  it('leaves nothing in the journal when its record is done', async () => {
    const { graph } = twoCalls()
    await using kit = await testTopology(graph)
    await kit.send('in', ...recordsOf(1, 10))
    await kit.settle()
    expect(await journaled(kit)).toEqual([])
  })

  it('is found again by the next attempt of a record that failed after it', async () => {
    const draft = scripted<number, number>(value => reply(value), { latency: 10 })
    const answer = operator({
      name: 'answer',
      input: numbers,
      outputs: { out: numbers },
      steps: { draft: numbers },
      async process(record, ctx) {
        const drafted = await ctx.step('draft', call => draft(record.value, call))
        if (ctx.attempt < 3) throw trouble()
        ctx.emit('out', drafted)
      },
    })
    await using kit = await testTopology(graphOf(answer))
    await kit.send('in', { key: 'a', value: 5 })
    await kit.settle()
    expect(kit.read('out')).toEqual([5])
    expect(draft.calls).toHaveLength(1)
    expect(await journaled(kit)).toEqual([])
  })

  it('keeps nothing of a call that failed', async () => {
    const draft = scripted<number, number>([failure(trouble()), reply(5)])
    const answer = operator({
      name: 'answer',
      input: numbers,
      outputs: { out: numbers },
      steps: { draft: numbers },
      async process(record, ctx) {
        ctx.emit('out', await ctx.step('draft', call => draft(record.value, call)))
      },
    })
    await using kit = await testTopology(graphOf(answer))
    await kit.send('in', { key: 'a', value: 5 })
    await kit.settle()
    expect(kit.read('out')).toEqual([5])
    expect(draft.calls.map(({ id }) => id)).toEqual([draft.calls[0]?.id, draft.calls[0]?.id])
  })

  it('tells several calls of one step apart by their part', async () => {
    const draft = scripted<number, number>(value => reply(value), { latency: '1s' })
    const answer = operator({
      name: 'answer',
      input: numbers,
      outputs: { out: numbers },
      steps: { draft: numbers },
      async process(record, ctx) {
        const parts = ['a', 'b', 'c'].map((part, index) =>
          ctx.step('draft', call => draft(record.value + index, call), part),
        )
        for (const each of await Promise.all(parts)) ctx.emit('out', each)
      },
    })
    await using kit = await testTopology(graphOf(answer))
    await kit.send('in', { key: 'a', value: 5 })
    await kit.settle()
    expect(kit.read('out')).toEqual([5, 6, 7])
    expect(new Set(draft.calls.map(({ id }) => id)).size).toBe(3)
  })

  it('may have a result larger than a record', async () => {
    const long = 'long '.repeat(20_000)
    const draft = scripted<number, string>(() => reply(long, '1s'))
    const judge = scripted<string, number>((_text, nth) => (nth === 1 ? hang() : reply(1)))
    const answer = operator({
      name: 'answer',
      input: numbers,
      outputs: { out: numbers },
      steps: { draft: texts, judge: numbers },
      async process(record, ctx) {
        const drafted = await ctx.step('draft', call => draft(record.value, call))
        await ctx.step('judge', call => judge(drafted, call))
        ctx.emit('out', drafted.length)
      },
    })
    await using kit = await testTopology(graphOf(answer), { recordBytesMax: 30_000 })
    await kit.send('in', { key: 'a', value: 5 })
    await kit.advance('2s')
    expect((await journaled(kit)).length).toBeGreaterThan(3)
    kit.crash()
    await kit.restart()
    await kit.settle()
    expect(kit.read('out')).toEqual([long.length])
    expect(draft.calls).toHaveLength(1)
    expect(await journaled(kit)).toEqual([])
  })

  it('of a dead letter stays in the journal for a replay, and is swept after seven days', async () => {
    const draft = scripted<number, number>(value => reply(value))
    const answer = operator({
      name: 'answer',
      input: numbers,
      steps: { draft: numbers },
      async process(record, ctx) {
        await ctx.step('draft', call => draft(record.value, call))
        ctx.deadLetter('of no use')
      },
    })
    await using kit = await testTopology(graphOf(answer))
    await kit.send('in', { key: 'a', value: 5 })
    await kit.settle()
    expect(await journaled(kit)).toHaveLength(1)
    kit.pods[0]?.pause() // A pod that stands still makes a week pass quickly.
    await kit.advance('170h')
    kit.pods[0]?.resume()
    await kit.advance('1m')
    expect(await journaled(kit)).toEqual([])
  })
})
