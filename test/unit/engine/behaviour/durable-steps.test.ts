/** Durable steps: a result that was journaled is never bought again, and nothing of it is left when its record is done. */
import { describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import {
  failure,
  hang,
  reply,
  scripted,
  type TestKit,
  testOperator,
  testTopology,
  trouble,
} from '#testing/index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

const texts = codec.json<string>('text')

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
  it('a durable step that was answered before a crash is not called again', async () => {
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

  it('a durable step is called under the same id after a crash', async () => {
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

  it('a durable step leaves nothing in the journal when its record is done', async () => {
    const { graph } = twoCalls()
    await using kit = await testTopology(graph)
    await kit.send('in', ...recordsOf(1, 10))
    await kit.settle()
    expect(await journaled(kit)).toEqual([])
  })

  it('a durable step is found again by the next attempt of a record that failed after it', async () => {
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

  it('a durable step keeps nothing of a call that failed', async () => {
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

  it('a durable step tells several calls of one step apart by their part', async () => {
    const draft = scripted<number, number>(value => reply(value), { latency: '1s' })
    const answer = operator({
      name: 'answer',
      input: numbers,
      outputs: { out: numbers },
      steps: { draft: numbers },
      async process(record, ctx) {
        const parts = ['a', 'b', 'c'].map((part, index) =>
          ctx.step('draft', call => draft(record.value + index, call), { part }),
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

  it('a durable step may have a result larger than a record', async () => {
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

  it('a durable step of a dead letter stays in the journal for a replay, and is swept after seven days', async () => {
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
    kit.pods[0]?.pause() // With a paused pod, a week passes quickly.
    await kit.advance('170h')
    kit.pods[0]?.resume()
    await kit.advance('1m')
    expect(await journaled(kit)).toEqual([])
  })
})

describe('a step that is called more than once by one record', () => {
  function calling(process: (step: (part?: string) => Promise<number>) => Promise<readonly number[]>) {
    const model = scripted<number, number>((_value, nth) => reply(nth, '1s'))
    const answer = operator({
      name: 'answer',
      input: numbers,
      outputs: { out: numbers },
      steps: { draft: numbers },
      async process(record, ctx) {
        const given = await process(part =>
          ctx.step('draft', call => model(record.value, call), part === undefined ? {} : { part }),
        )
        for (const each of given) ctx.emit('out', each)
      },
    })
    return { model, graph: graphOf(answer) }
  }

  it.each([undefined, '', 'same'])(
    'side by side under one identity (part %s) is refused, with what to do instead',
    async part => {
      const given = part === undefined ? [] : [part]
      const { model, graph } = calling(step => Promise.all([step(...given), step(...given)]))
      await using kit = await testTopology(graph)
      await kit.send('in', { key: 'a', value: 5 })
      await kit.settle()
      expect(model.calls).toHaveLength(1)
      expect(kit.read('out')).toEqual([])
      expect(kit.deadLetters().map(({ code, message }) => [code, message])).toEqual([
        [
          'STEP_REPEATED',
          `STEP_REPEATED: node answer called step draft with part '${part ?? ''}' twice in one run; give each call a part of its own: ctx.step(name, call, { part })`,
        ],
      ])
    },
  )

  it('one after another under one identity is refused, at first and when it is run again', async () => {
    let runs = 0
    const { model, graph } = calling(async step => {
      const first = await step()
      if (++runs < 3) throw trouble()
      return [first, await step()]
    })
    await using kit = await testTopology(graph)
    await kit.send('in', { key: 'a', value: 5 })
    await kit.settle()
    expect(kit.read('out')).toEqual([])
    expect(kit.deadLetters()).toMatchObject([{ code: 'STEP_REPEATED' }])
    expect(model.calls).toHaveLength(1)
  })

  it('after a failure is called again: what failed is not journaled', async () => {
    const model = scripted<number, number>([failure(trouble()), reply(7)])
    const answer = operator({
      name: 'answer',
      input: numbers,
      outputs: { out: numbers },
      steps: { draft: numbers },
      async process(record, ctx) {
        const ask = () => ctx.step('draft', call => model(record.value, call))
        ctx.emit('out', await ask().catch(ask))
      },
    })
    await using kit = await testTopology(graphOf(answer))
    await kit.send('in', { key: 'a', value: 5 })
    await kit.settle()
    expect(kit.read('out')).toEqual([7])
  })

  it('by an attempt that was given up and by the next: the answer that came first stands for both', async () => {
    const answers: number[] = []
    const patient = operator({
      name: 'answer',
      input: numbers,
      outputs: { out: numbers },
      steps: { draft: numbers },
      limits: { timeout: 1_000 },
      async process(_record, ctx) {
        // The first call ignores the signal and is answered during the second, which takes longer.
        const { attempt } = ctx
        const call = scripted<number, number>(() => reply(attempt, attempt === 1 ? 1_300 : 500))
        const got = await ctx.step('draft', ({ id }) => call(1, { id, signal: new AbortController().signal }))
        answers.push(got)
        if (attempt === 2) throw trouble()
        ctx.emit('out', got)
      },
    })
    await using kit = await testTopology(graphOf(patient))
    await kit.send('in', { key: 'a', value: 5 })
    await kit.settle()
    expect(answers.slice(-2)).toEqual([1, 1])
    expect(kit.read('out')).toEqual([1])
  })
})

describe('what a step gives', () => {
  const Anything = codec.json<unknown>('Anything')
  class Point {
    x = 1
  }

  it.each<[string, unknown, unknown]>([
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['fields that are undefined', { a: undefined, b: 1 }, { b: 1 }],
    ['no number', { a: Number.NaN }, { a: null }],
    ['an instance', new Point(), { x: 1 }],
    ['null', null, null],
  ])('what a step gives is what a replay gives, at once: %s', async (_what, bought, expected) => {
    const seen: unknown[] = []
    const answer = operator({
      name: 'answer',
      input: numbers,
      steps: { draft: Anything },
      async process(_record, ctx) {
        seen.push(await ctx.step('draft', async () => bought))
        if (ctx.attempt === 1) throw trouble()
      },
    })
    await using kit = await testTopology(graphOf(answer))
    await kit.send('in', { key: 'a', value: 5 })
    await kit.settle()
    expect(seen).toStrictEqual([expected, expected])
    const alone = await testOperator(answer, { value: 1 }, { attempt: 2 })
    expect(alone.steps).toStrictEqual([{ step: 'draft', result: expected, replayed: false }])
  })

  it('what a step gives is refused at once where a replay would refuse it', async () => {
    const answer = operator({
      name: 'answer',
      input: numbers,
      steps: { draft: numbers },
      process: (_record, ctx) => ctx.step('draft', async () => Number.NaN).then(() => undefined),
    })
    await using kit = await testTopology(graphOf(answer))
    await kit.send('in', { key: 'a', value: 5 })
    await kit.settle()
    expect(kit.deadLetters()).toMatchObject([{ code: 'ENCODE_FAILED', node: 'answer', attempts: 1 }])
    expect(await journaled(kit)).toEqual([])
  })
})
