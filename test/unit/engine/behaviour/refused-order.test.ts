/** The order of a key where the log refuses outputs for good: what ran on withdrawn work runs again, behind it. */
import { describe, expect, it } from 'vitest'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { reply, scripted, type TestKit, testTopology } from '#testing/index.ts'
import { graphOf, numbers } from './graph.ts'

const isBlocked = (kit: TestKit) =>
  kit.pods.some(({ running }) => running.status().tasks.some(({ phase }) => phase === 'blocked'))

describe('a refused output', () => {
  it('a record that is put back sees no change of a later record of its key, though it changed nothing itself', async () => {
    /** 0 asks for what the key holds. Any other number replaces that. */
    const holding = operator({
      name: 'holding',
      input: numbers,
      outputs: { out: numbers },
      state: { held: state.value(numbers) },
      process({ value }, ctx) {
        if (value === 0) ctx.emit('out', ctx.state.held.get() ?? -1)
        else ctx.state.held.set(value)
      },
    })
    await using kit = await testTopology(graphOf(holding))
    kit.faults.closeTopic('out')
    await kit.send('in', { key: 'a', value: 0 }, { key: 'a', value: 5 })
    await kit.until(() => isBlocked(kit))
    await kit.advance('1m')
    kit.faults.openTopic('out')
    kit.crash()
    await kit.restart()
    await kit.settle()
    expect(kit.read('out')).toEqual([-1])
    expect(kit.state('holding', 'held', 'a')).toBe(5)
  })

  it('a timer that runs while a record before it is refused fires once more, and has one effect', async () => {
    const call = scripted<number, number>(value => reply(value, '10s'))
    const alarm = operator({
      name: 'alarm',
      input: numbers,
      outputs: { out: numbers },
      state: { last: state.value(numbers) },
      timers: ['ring'],
      process({ value }, ctx) {
        if (value === 1) return ctx.timers.set('ring', ctx.now + 1_000)
        ctx.state.last.set(value)
        ctx.emit('out', value)
      },
      async onTimer(_timer, ctx) {
        ctx.emit('out', await call(ctx.state.last.get() ?? 0, ctx))
      },
    })
    await using kit = await testTopology(graphOf(alarm))
    kit.faults.refuseRecords('out', ({ value }) => (String(value) === '13' ? 'not this one' : true))
    await kit.send('in', { key: 'a', value: 1 })
    await kit.advance(900)
    kit.faults.delayAnswer('pod-1', 'write', 500)
    await kit.send('in', { key: 'a', value: 13 })
    await kit.advance('1m')
    expect(call.calls).toHaveLength(2)
    expect(kit.read('out')).toEqual([0])
    expect(kit.deadLetters()).toHaveLength(1)
    expect(kit.timer('alarm', 'ring', 'a')).toBeUndefined()
  })
})
