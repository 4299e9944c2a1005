/** Retry in the lane: three attempts within about a second, then a dead letter with the original bytes. */
import { describe, expect, it } from 'vitest'
import { operator } from '#core/operator.ts'
import { failure, hang, reply, scripted, testTopology, trouble } from '#testing/index.ts'
import { graphOf, numbers } from './graph.ts'

function calling(call: ReturnType<typeof scripted<number, number>>, timeoutMs = 60_000) {
  const ask = operator({
    name: 'ask',
    input: numbers,
    outputs: { out: numbers },
    limits: { timeout: timeoutMs },
    async process(record, ctx) {
      ctx.emit('out', (await call(record.value, ctx)) * ctx.attempt)
    },
  })
  return graphOf(ask)
}

describe('a record that fails', () => {
  it('a record that fails runs again in its lane, with its attempt counted and nothing left of the failed runs', async () => {
    const call = scripted<number, number>((value, nth) => (nth < 3 ? failure(trouble()) : reply(value)))
    await using kit = await testTopology(calling(call))
    const start = kit.now
    await kit.send('in', { key: 'a', value: 7 })
    await kit.settle()
    expect(kit.read('out')).toEqual([21])
    expect(kit.now - start).toBeLessThanOrEqual(1_000)
    expect(kit.deadLetters()).toEqual([])
  })

  it('a record that fails holds up its own key only', async () => {
    const call = scripted<number, number>(value => (value === 1 ? failure(trouble()) : reply(value)))
    await using kit = await testTopology(calling(call))
    await kit.send('in', { key: 'a', value: 1 }, { key: 'a', value: 2 }, { key: 'b', value: 3 })
    await kit.advance(10)
    expect(kit.read('out')).toEqual([3])
    await kit.settle()
    expect(kit.read('out')).toEqual([3, 2])
  })

  it('a record that fails is a dead letter after three attempts, with its bytes, headers and place', async () => {
    const call = scripted<number, number>(() => failure(trouble('quota')))
    await using kit = await testTopology(calling(call))
    await kit.send('in', { key: 'a', value: 7, headers: { trace: 't1' }, timestamp: 5 })
    await kit.settle()
    const [letter, ...more] = kit.deadLetters()
    expect(more).toEqual([])
    expect(letter).toMatchObject({
      node: 'ask',
      code: 'MODEL_UNAVAILABLE',
      message: 'MODEL_UNAVAILABLE: model scripted: unavailable: quota',
      attempts: 3,
      origin: { topic: 'in', partition: 0, offset: 0, timestamp: 5 },
    })
    expect(Buffer.from(letter?.origin.value ?? []).toString()).toBe('7')
    expect(Buffer.from(letter?.origin.key ?? []).toString()).toBe('a')
    expect(Buffer.from(letter?.origin.headers.trace ?? []).toString()).toBe('t1')
    expect(call.calls).toHaveLength(3)
  })

  it('a record that fails is cut off at its time-out, through the signal, and tried again', async () => {
    const call = scripted<number, number>((value, nth) => (nth === 1 ? hang() : reply(value)))
    await using kit = await testTopology(calling(call, 5_000))
    await kit.send('in', { key: 'a', value: 7 })
    await kit.settle()
    expect(kit.read('out')).toEqual([14])
    expect(call.calls.map(({ status }) => status)).toEqual(['aborted', 'answered'])
  })

  it('a record that fails is not tried again for a mistake in the code', async () => {
    const broken = operator({
      name: 'broken',
      input: numbers,
      process(record) {
        if (record.value > 0) throw new TypeError('undefined is not a function')
      },
    })
    await using kit = await testTopology(graphOf(broken))
    await kit.send('in', { key: 'a', value: 7 })
    await kit.settle()
    expect(kit.deadLetters()).toMatchObject([{ code: 'HANDLER_FAILED', attempts: 1 }])
  })
})
