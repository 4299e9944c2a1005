/** Dead letters from outside: a program that embeds the engine reads them, decodes them, and sends them again, each once. */
import { describe, expect, it } from 'vitest'
import { operator } from '#core/operator.ts'
import { readDeadLetters, replayDeadLetters } from '#engine/client/dead-letters.ts'
import { reply, scripted, type TestKit, testTopology } from '#testing/index.ts'
import { topology } from '#topology/builder.ts'
import { decodeDeadLetter, readDeadLetters as published } from '../../../../index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

const runningOf = (kit: TestKit) => kit.pods[0]?.running ?? expect.unreachable()

/** Buys something for each record, then refuses the odd ones until it is fixed. */
function refusing() {
  const model = scripted<number, number>(value => reply(value * 10))
  const state = { isMended: false }
  const refuse = operator({
    name: 'refuse',
    input: numbers,
    outputs: { out: numbers },
    steps: { call: numbers },
    timers: ['late'],
    async process(record, ctx) {
      const bought = await ctx.step('call', call => model(record.value, call))
      if (record.value % 2 === 1 && !state.isMended) ctx.deadLetter('odd')
      if (record.value === 100) ctx.timers.set('late', ctx.now + 1_000)
      ctx.emit('out', bought)
    },
    onTimer: (_timer, ctx) => ctx.deadLetter('late'),
  })
  return { model, state, graph: graphOf(refuse) }
}

describe('dead letters', () => {
  it('dead letters keep bytes, headers, place and code, and read the same without a pod', async () => {
    const { graph } = refusing()
    await using kit = await testTopology(graph)
    await kit.send('in', { key: 'a', value: 1, headers: { trace: 't1' } }, ...recordsOf(2, 3))
    await kit.settle()
    const letters = await kit.wait(runningOf(kit).deadLetters())
    expect(letters.map(({ letter }) => letter)).toMatchObject([
      {
        code: 'REJECTED',
        node: 'refuse',
        message: 'REJECTED: odd',
        origin: { topic: 'in', partition: 0, offset: 0 },
      },
      { origin: { offset: 2 } },
    ])
    const [first] = letters
    expect(numbers.decode(first?.letter.origin.value ?? new Uint8Array())).toBe(1)
    expect(Buffer.from(first?.letter.origin.headers.trace ?? []).toString()).toBe('t1')
    expect(decodeDeadLetter(first?.record.value ?? new Uint8Array())).toEqual(first?.letter)
    expect(await kit.wait(readDeadLetters(kit.log, 'app'))).toMatchObject(
      letters.map(({ letter }) => ({ letter })),
    )
    expect(published).toBe(readDeadLetters)
  })

  it('dead letters that are sent again run with their identity, find what was bought, and are not listed any more', async () => {
    const { model, state, graph } = refusing()
    await using kit = await testTopology(graph)
    await kit.send('in', ...recordsOf(1, 5))
    await kit.settle()
    const letters = await kit.wait(runningOf(kit).deadLetters())
    expect(letters).toHaveLength(3)
    state.isMended = true
    await kit.wait(runningOf(kit).replay(letters.slice(0, 2)))
    await kit.settle()
    expect(await kit.wait(runningOf(kit).deadLetters())).toMatchObject([
      { letter: { origin: { offset: 4 } } },
    ])
    expect(kit.read('out').sort((a, b) => Number(a) - Number(b))).toEqual([10, 20, 30, 40])
    expect(model.calls).toHaveLength(5)
  })

  it('dead letters that another operator would take once more are not sent, nor are any with them', async () => {
    const taking = (name: string, isPicky: boolean) =>
      operator({
        name,
        input: numbers,
        outputs: { out: numbers },
        process(record, ctx) {
          if (isPicky) ctx.deadLetter('not wanted')
          ctx.emit('out', record.value)
        },
      })
    const graph = topology('app')
    const source = graph.source('in', { value: numbers, partitions: 1 })
    const picked = graph.topic('picked', { value: numbers, partitions: 1 })
    const billed = graph.topic('billed', { value: numbers, partitions: 2 })
    source.process('pick', taking('pick', true)).to(picked)
    picked
      .process('print', taking('print', false))
      .to(graph.topic('printed', { value: numbers, partitions: 1 }))
    source.process('bill', taking('bill', false)).to(billed)
    await using kit = await testTopology(graph.build())
    await kit.send('in', ...recordsOf(1, 1))
    await kit.settle()
    const letters = await kit.wait(runningOf(kit).deadLetters())
    expect(letters).toHaveLength(1)
    await expect(kit.wait(runningOf(kit).replay(letters))).rejects.toThrow('bill')
    await kit.settle()
    expect(kit.read('billed')).toEqual([1])
    expect(await kit.wait(runningOf(kit).deadLetters())).toHaveLength(1)
  })

  it('dead letters that fail again are kept again', async () => {
    const { graph } = refusing()
    await using kit = await testTopology(graph)
    await kit.send('in', { key: 'a', value: 1 })
    await kit.settle()
    const letters = await kit.wait(runningOf(kit).deadLetters())
    await kit.wait(replayDeadLetters(kit.log, letters, kit.now))
    await kit.settle()
    const again = await kit.wait(runningOf(kit).deadLetters())
    expect(again.map(({ letter }) => letter.id)).toEqual(letters.map(({ letter }) => letter.id))
  })

  it('dead letters of timers cannot be sent again, and nothing is sent with them', async () => {
    const { graph } = refusing()
    await using kit = await testTopology(graph)
    await kit.send('in', { key: 'a', value: 1 }, { key: 'b', value: 100 })
    await kit.advance('5s')
    const letters = await kit.wait(runningOf(kit).deadLetters())
    expect(letters).toHaveLength(2)
    await expect(kit.wait(runningOf(kit).replay(letters))).rejects.toThrow('REJECTED')
    expect(await kit.wait(runningOf(kit).deadLetters())).toHaveLength(2)
  })
})

it('headers that occur twice, and those without a value, are in the dead letter, and in what is sent again', async () => {
  const { state, graph } = refusing()
  await using kit = await testTopology(graph)
  const allHeaders = [
    ['a', Buffer.from('1')],
    ['b', null],
    ['a', Buffer.from('2')],
  ] as const
  const headers = { a: Buffer.from('2'), b: Buffer.from('') }
  const record = { key: Buffer.from('k'), value: Buffer.from('1'), headers, allHeaders, timestamp: kit.now }
  await kit.wait(kit.log.append([{ topic: 'in', partition: 0, records: [record] }]))
  await kit.settle()
  const letters = await kit.wait(runningOf(kit).deadLetters())
  expect(letters[0]?.letter.origin.allHeaders).toEqual(allHeaders)
  expect(letters[0]?.letter.origin.headers).toEqual(headers)
  state.isMended = true
  await kit.wait(runningOf(kit).replay(letters))
  await kit.settle()
  const reader = kit.log.openReader({ topic: 'in', partition: 0 }, 1)
  const [again] = (await kit.wait(reader.next(1))).records
  expect(again?.allHeaders).toEqual([...allHeaders, ['caudal-id', Buffer.from('in/0/0')]])
  expect(kit.read('out')).toEqual([10])
})
