/** Scripted calls: what they answer and when, what ends them, and what they remember. */
import { describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { failure, hang, reply, type Scripted, scripted, testTopology, trouble } from '#testing/index.ts'
import { topology } from '#topology/index.ts'

const numbers = codec.json<number>('number')

function graphAround(call: Scripted<number, number>, timeoutMs = 60_000) {
  const t = topology('app')
  const ask = operator({
    name: 'ask',
    input: numbers,
    outputs: { out: numbers },
    steps: { call: numbers },
    limits: { timeout: timeoutMs },
    async process(record, ctx) {
      ctx.emit('out', await ctx.step('call', each => call(record.value, each)))
    },
  })
  const out = t.topic('out', { value: numbers, partitions: 1 })
  t.source('in', { value: numbers, partitions: 1 }).process('ask', ask).to(out)
  return t.build()
}

const record = (value: number) => ({ key: `${value}`, value })

describe('a script', () => {
  it('a script of answers gives them in the order of the calls; a plain value is a reply', async () => {
    const call = scripted<number, number>([10, reply(20, '3s'), 30], { latency: '1s' })
    await using kit = await testTopology(graphAround(call))
    const start = kit.now
    await kit.send('in', record(1), record(2), record(3))
    await kit.settle()
    expect(call.calls.map(each => each.reply)).toEqual([10, 20, 30])
    expect(call.calls.map(({ endedAt = 0 }) => endedAt - start)).toEqual([1_000, 3_000, 1_000])
  })

  it('a script that has no answer left fails, and says how many it had', async () => {
    const call = scripted<number, number>([10])
    await using kit = await testTopology(graphAround(call))
    await kit.send('in', record(1), record(2))
    await expect(kit.settle()).rejects.toThrow(
      'the script has 1 answers, and call 2 came; add one, or give a function',
    )
  })

  it('a script that is a function sees the request and the number of the call', async () => {
    const call = scripted<number, number>((request, nth) => request * 100 + nth)
    await using kit = await testTopology(graphAround(call))
    await kit.send('in', record(7), record(8))
    await kit.settle()
    expect(kit.read('out')).toEqual([701, 802])
  })

  it('a script can be replaced in the middle, and its calls count from one again', async () => {
    const call = scripted<number, number>(() => failure(trouble()))
    await using kit = await testTopology(graphAround(call))
    await kit.send('in', record(1))
    await kit.until(() => call.calls.length === 2)
    call.follow([42])
    await kit.settle()
    expect(kit.read('out')).toEqual([42])
  })

  it('a script draws its latency by the seed, between the limits', async () => {
    const call = scripted<number, number>(() => 1, { latency: ['1s', '2s'] })
    await using kit = await testTopology(graphAround(call))
    await kit.send('in', ...Array.from({ length: 50 }, (_, nth) => record(nth)))
    await kit.settle()
    const took = call.calls.map(({ startedAt, endedAt = 0 }) => endedAt - startedAt)
    expect(Math.min(...took)).toBeGreaterThanOrEqual(1_000)
    expect(Math.max(...took)).toBeLessThanOrEqual(2_000)
    expect(new Set(took).size).toBeGreaterThan(20)
  })
})

describe('a call', () => {
  it('a call that hangs is ended by the signal of its record', async () => {
    const call = scripted<number, number>([hang(), reply(2)])
    await using kit = await testTopology(graphAround(call, 5_000))
    await kit.send('in', record(1))
    await kit.settle()
    expect(call.calls.map(({ status, startedAt, endedAt = 0 }) => [status, endedAt - startedAt])).toEqual([
      ['aborted', 5_000],
      ['answered', 0],
    ])
  })

  it('a call of a pod that crashes is lost: its answer never comes, nor anything that would follow it', async () => {
    const call = scripted<number, number>(each => reply(each, '10s'))
    await using kit = await testTopology(graphAround(call), { pods: 2 })
    await kit.send('in', record(1))
    await kit.until(() => call.inFlight === 1)
    const [first] = call.calls
    kit.pods.find(({ name }) => name === first?.by)?.crash()
    await kit.settle()
    expect(call.calls.map(({ status }) => status)).toEqual(['lost', 'answered'])
    expect(call.calls[1]?.by).not.toBe(first?.by)
    expect(call.calls[1]?.id).toBe(first?.id)
    expect(call.boughtTwice).toEqual([])
  })

  it('a call that is answered twice under one id counts as bought twice', async () => {
    const call = scripted<string, string>(each => each)
    const careless = operator({
      name: 'careless',
      input: codec.text,
      async process(record, ctx) {
        await call(record.value, { id: record.value })
        await call(record.value, { id: record.value })
        await call(record.value, ctx)
      },
    })
    const t = topology('app')
    t.source('in', { value: codec.text }).process('careless', careless)
    await using kit = await testTopology(t.build())
    await kit.send('in', { value: 'a' }, { value: 'b' })
    await kit.settle()
    expect([...call.boughtTwice].sort()).toEqual(['a', 'b'])
  })
})
