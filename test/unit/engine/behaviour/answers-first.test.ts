/** Answers that were paid for reach a commit before more calls are made: a crash loses few of them, whatever the machine does. */
import { describe, expect, it } from 'vitest'
import type { Interceptor } from '#core/interceptor.ts'
import { operator } from '#core/operator.ts'
import type { System } from '#core/system.ts'
import { reply, scripted, testTopology } from '#testing/index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

const CALL_MS = 10
const IN_FLIGHT = 5

/** Commits take as long as `ms` says when they begin. */
function slowCommits(times: { ms: number }) {
  return (_pod: string, system: System): Interceptor => ({
    async commit(_info, next) {
      const { ms } = times
      if (ms > 0) await new Promise<void>(resolve => void system.after(ms, resolve))
      await next()
    },
  })
}

/** Calls of CALL_MS each, as paid steps or not. */
function asking(isPaid: boolean) {
  const call = scripted<number, number>(value => reply(value, CALL_MS))
  const named = { name: 'ask', input: numbers, outputs: { out: numbers }, limits: { inFlightMax: IN_FLIGHT } }
  const ask = isPaid
    ? operator({
        ...named,
        steps: { answer: numbers },
        process: async ({ value }, ctx) => ctx.emit('out', await ctx.step('answer', () => call(value, ctx))),
      })
    : operator({ ...named, process: async ({ value }, ctx) => ctx.emit('out', await call(value, ctx)) })
  return { call, graph: graphOf(ask) }
}

describe('while a commit takes a second instead of milliseconds', () => {
  it.each([
    ['a stage that pays for its calls begins hardly any', true, 0, 4 * IN_FLIGHT],
    ['a stage that pays for nothing goes on', false, 20 * IN_FLIGHT, Number.POSITIVE_INFINITY],
  ])('%s', async (_name, isPaid, least, most) => {
    const times = { ms: 0 }
    const { call, graph } = asking(isPaid)
    await using kit = await testTopology(graph, { interceptor: slowCommits(times) })
    await kit.send('in', ...recordsOf(1, 1_000))
    await kit.advance(100)
    times.ms = 1_000
    const before = call.calls.length
    expect(before).toBeGreaterThan(0)
    await kit.advance(500)
    expect(call.calls.length - before).toBeGreaterThanOrEqual(least)
    expect(call.calls.length - before).toBeLessThanOrEqual(most)
    times.ms = 0
    await kit.settle()
    expect(call.calls.length).toBe(1_000)
    expect(kit.read('out')).toHaveLength(1_000)
  })
})

it('where every commit takes long, a stage that pays for its calls is as fast as its calls', async () => {
  const { call, graph } = asking(true)
  await using kit = await testTopology(graph, { interceptor: slowCommits({ ms: 200 }) })
  await kit.send('in', ...recordsOf(1, 2_000))
  await kit.advance('2s')
  expect(call.calls.length).toBeGreaterThan(0.8 * IN_FLIGHT * (2_000 / CALL_MS))
})
