/** The wall clock of a machine steps: what measures a duration does not notice, and nothing is held up for the step's length. */
import { describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { reply, scripted, type TestKit, testTopology } from '#testing/index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

const HOUR_MS = 3_600_000
const STEPS = [-HOUR_MS, -600_000, HOUR_MS] as const

function stepAll(kit: TestKit, byMs: number): void {
  for (const pod of kit.pods) pod.stepClock(byMs)
}

const moment = codec.json<{ readonly due: number; readonly now: number }>('moment')

/** Sends each value on after so many milliseconds. */
const postpone = operator({
  name: 'postpone',
  input: numbers,
  outputs: { later: numbers },
  process: ({ value: waitMs }, ctx) => ctx.emit('later', waitMs, { notBefore: ctx.now + waitMs }),
})

const delaying = (tiers: readonly number[]) => graphOf(postpone, { tiers })

describe('under load, with the producer replaced meanwhile', () => {
  function counting() {
    const call = scripted<number, number>(request => reply(request, 300))
    const count = operator({
      name: 'count',
      input: numbers,
      outputs: { out: numbers },
      state: { total: state.value(numbers) },
      async process(record, ctx) {
        await call(record.value, ctx)
        const total = (ctx.state.total.get() ?? 0) + 1
        ctx.state.total.set(total)
        ctx.emit('out', total)
      },
    })
    return graphOf(count, { partitions: 6 })
  }

  it.each(STEPS)('a step of %s ms holds up no pod for 10 s, and the outputs are exact', async byMs => {
    await using kit = await testTopology(counting(), { pods: 3 })
    const rounds = 30
    for (let round = 0; round < rounds; round++) {
      if (round === 10) stepAll(kit, byMs)
      // An answer that never comes: each pod replaces its producer, and was to wait a moment before that.
      if (round === 10 || round === 11)
        for (const { name } of kit.pods) kit.faults.loseAnswer(name, 'endTransaction')
      await kit.send('in', ...recordsOf(1, 60))
      await kit.advance('1s')
      if (round !== 20) continue
      const counts = kit.read('out').length
      expect(counts, 'counted within 10 s of the step').toBeGreaterThanOrEqual(60 * 19)
    }
    await kit.settle()
    const totals = Array.from({ length: rounds }, (_, round) => Array(60).fill(round + 1)).flat()
    expect(kit.read('out').sort((a, b) => Number(a) - Number(b))).toEqual(totals)
    expect(kit.pods.map(({ status }) => status)).toEqual(['running', 'running', 'running'])
  })

  it('one pod alone may step, whichever way, and hands its tasks over all the same', async () => {
    await using kit = await testTopology(counting(), { pods: 2 })
    await kit.send('in', ...recordsOf(1, 60))
    kit.pods[0]?.stepClock(-HOUR_MS)
    await kit.advance(100)
    const stopping = kit.pods[0]?.stop()
    await kit.wait(stopping ?? Promise.resolve())
    await kit.send('in', ...recordsOf(1, 60))
    await kit.settle({ within: '30s' })
    expect(kit.read('out').sort()).toEqual([...Array(60).fill(1), ...Array(60).fill(2)])
  })
})

describe('a delayed record', () => {
  it('a delayed record that waits when the clock goes back comes when its tier has been waited out, not when the clock has caught up', async () => {
    await using kit = await testTopology(delaying([1_000, 10_000]))
    await kit.send('in', { key: 'a', value: 10_000 })
    await kit.advance('4s')
    stepAll(kit, -HOUR_MS)
    await kit.advance('5900ms')
    expect(kit.read('later')).toEqual([])
    await kit.advance('1s')
    expect(kit.read('later')).toEqual([10_000])
  })

  it('a delayed record that entered before the clock went back holds up none that entered afterwards', async () => {
    await using kit = await testTopology(delaying([10_000]))
    await kit.send('in', { key: 'a', value: 10_000 })
    await kit.advance('4s')
    stepAll(kit, -HOUR_MS)
    await kit.send('in', ...Array(50).fill({ key: 'b', value: 10_000 }))
    await kit.advance('9s')
    expect(kit.read('later')).toEqual([10_000])
    await kit.advance('2s')
    expect(kit.read('later')).toHaveLength(51)
  })

  it('goes through the rest of its tiers as long as it had to, though the clock went back in the first of them', async () => {
    await using kit = await testTopology(delaying([1_000, 10_000]))
    await kit.send('in', { key: 'a', value: 35_000 })
    await kit.advance('4s')
    stepAll(kit, -HOUR_MS)
    await kit.advance('30s')
    expect(kit.read('later')).toEqual([])
    await kit.advance('3s')
    expect(kit.read('later')).toEqual([35_000])
  })

  it('a delayed record of a pod whose clock is an hour ahead waits its time at a pod with the right clock', async () => {
    await using kit = await testTopology(delaying([10_000]))
    stepAll(kit, HOUR_MS)
    await kit.send('in', { key: 'a', value: 10_000 })
    await kit.settle()
    kit.crash()
    await kit.restart()
    await kit.advance('9s')
    expect(kit.read('later')).toEqual([])
    await kit.advance('2s')
    expect(kit.read('later')).toEqual([10_000])
  })

  it('a delayed record is due when the clock is set forward beyond its time', async () => {
    await using kit = await testTopology(delaying([10_000]))
    await kit.send('in', { key: 'a', value: 10_000 })
    await kit.settle()
    stepAll(kit, HOUR_MS)
    await kit.advance('2s')
    expect(kit.read('later')).toEqual([10_000])
  })
})

describe('a timer', () => {
  const alarm = operator({
    name: 'alarm',
    input: numbers,
    outputs: { out: moment },
    timers: ['ring'],
    process: (record, ctx) => ctx.timers.set('ring', ctx.now + record.value),
    onTimer: (timer, ctx) => ctx.emit('out', { due: timer.due, now: ctx.now }),
  })

  it('a timer is due by the wall clock: it fires soon after a step forward, and not before its time after one back', async () => {
    await using kit = await testTopology(graphOf(alarm))
    const due = kit.now + HOUR_MS
    await kit.send('in', { key: 'a', value: HOUR_MS })
    await kit.settle()
    stepAll(kit, -HOUR_MS)
    await kit.advance('90m')
    expect(kit.read('out')).toEqual([])
    stepAll(kit, HOUR_MS)
    await kit.advance('3s')
    const [fired] = kit.read('out') as { due: number; now: number }[]
    expect(fired?.due).toBe(due)
    expect(fired?.now).toBeGreaterThanOrEqual(due)
  })
})
