/** Timers: once, at or after their time, in the lane of their key; moved and cancelled ones do not fire. */
import { describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { reply, scripted, testTopology, trouble } from '#testing/index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

const fired = codec.json<{ due: number; now: number }>('fired')

/** A positive value sets the timer so many milliseconds ahead; 0 cancels it. */
const alarm = operator({
  name: 'alarm',
  input: numbers,
  outputs: { out: fired },
  state: { rung: state.value(numbers) },
  timers: ['ring'],
  process(record, ctx) {
    if (record.value > 0) ctx.timers.set('ring', ctx.now + record.value)
    else ctx.timers.cancel('ring')
  },
  onTimer(timer, ctx) {
    ctx.state.rung.set((ctx.state.rung.get() ?? 0) + 1)
    ctx.emit('out', { due: timer.due, now: ctx.now })
  },
})

describe('a timer', () => {
  it('a timer fires once, when it is due and not before', async () => {
    await using kit = await testTopology(graphOf(alarm))
    const due = kit.now + 10_000
    await kit.send('in', { key: 'a', value: 10_000 })
    await kit.settle()
    expect(kit.timer('alarm', 'ring', 'a')).toBe(due)
    await kit.advance(due - kit.now - 1)
    expect(kit.read('out')).toEqual([])
    await kit.advance(1)
    expect(kit.read('out')).toEqual([{ due, now: due }])
    expect(kit.timer('alarm', 'ring', 'a')).toBeUndefined()
    await kit.advance('1h')
    expect(kit.read('out')).toHaveLength(1)
  })

  it('a timer that is set again is moved, to an earlier or a later time', async () => {
    await using kit = await testTopology(graphOf(alarm))
    const start = kit.now
    await kit.send('in', { key: 'later', value: 1_000 }, { key: 'earlier', value: 60_000 })
    await kit.send('in', { key: 'later', value: 30_000 }, { key: 'earlier', value: 2_000 })
    await kit.advance('2m')
    expect(kit.records('out').map(({ key, timestamp }) => [key, timestamp - start])).toEqual([
      ['earlier', 2_000],
      ['later', 30_000],
    ])
  })

  it('a timer that is cancelled does not fire', async () => {
    await using kit = await testTopology(graphOf(alarm))
    await kit.send('in', { key: 'a', value: 1_000 }, { key: 'b', value: 1_000 }, { key: 'a', value: 0 })
    await kit.advance('1m')
    expect(kit.records('out').map(({ key }) => key)).toEqual(['b'])
  })

  it('a timer survives a crash; one that fell due meanwhile fires late, once', async () => {
    await using kit = await testTopology(graphOf(alarm))
    await kit.send('in', { key: 'soon', value: 5_000 }, { key: 'far', value: 300_000 })
    await kit.settle()
    kit.crash()
    await kit.advance('1m')
    await kit.restart()
    await kit.settle()
    expect(kit.records('out').map(({ key }) => key)).toEqual(['soon'])
    kit.crash()
    await kit.restart()
    await kit.advance('10m')
    expect(kit.records('out').map(({ key }) => key)).toEqual(['soon', 'far'])
    expect(kit.state('alarm', 'rung', 'soon')).toBe(1)
  })

  it('a timer fires for thousands of keys, in the order in which they are due', async () => {
    await using kit = await testTopology(graphOf(alarm), { limits: { timersWindowMax: 100 } })
    const records = recordsOf(1, 2_000).map(({ key, value }) => ({
      key,
      value: ((value * 7_919) % 2_000) + 1_000,
    }))
    await kit.send('in', ...records)
    await kit.advance('10s')
    const dues = kit.records('out').map(({ offset, timestamp }) => [offset, timestamp])
    expect(dues).toHaveLength(2_000)
    expect(dues).toEqual([...dues].sort(([, a = 0], [, b = 0]) => a - b))
  })
})

describe('a timer that falls due while a record of its key runs', () => {
  const call = scripted<number, number>(value => reply(value, '10s'))
  /** Sets a timer at once; the next record of the key takes long, and moves or cancels it in the end. */
  const slow = operator({
    name: 'slow',
    input: numbers,
    outputs: { out: numbers },
    timers: ['ring'],
    async process(record, ctx) {
      if (record.value === 1) return ctx.timers.set('ring', ctx.now + 1_000)
      await call(record.value, ctx)
      if (record.value === 2) ctx.timers.cancel('ring')
      if (record.value === 3) ctx.timers.set('ring', ctx.now + 20_000)
      ctx.emit('out', record.value)
    },
    onTimer: (_timer, ctx) => ctx.emit('out', 0),
  })

  it.each([
    [2, 'does not fire when the record cancels it', [2], undefined],
    [3, 'fires at its new time when the record moves it', [3, 0], 20_000],
    [4, 'fires after the record', [4, 0], 1_000],
  ])('%s: %s', async (value, _what, out, due) => {
    await using kit = await testTopology(graphOf(slow))
    const start = kit.now
    await kit.send('in', { key: 'a', value: 1 }, { key: 'a', value })
    await kit.advance('1m')
    const records = kit.records('out').sort((a, b) => a.offset - b.offset)
    expect(records.map(each => each.value)).toEqual(out)
    const fired = records.find(each => each.value === 0)
    expect(fired && fired.timestamp - start).toBe(due)
  })
})

describe('onTimer', () => {
  it('onTimer that fails is tried again, then given up; the timer is gone', async () => {
    let runs = 0
    const broken = operator({
      name: 'broken',
      input: numbers,
      timers: ['ring'],
      process: (_record, ctx) => ctx.timers.set('ring', ctx.now + 1_000),
      onTimer() {
        runs++
        throw trouble()
      },
    })
    await using kit = await testTopology(graphOf(broken))
    await kit.send('in', { key: 'a', value: 1 })
    await kit.advance('1m')
    expect(runs).toBe(3)
    expect(kit.deadLetters()).toMatchObject([{ node: 'broken', attempts: 3 }])
    expect(Buffer.from(kit.deadLetters()[0]?.origin.key ?? []).toString()).toBe('a')
    expect(kit.timer('broken', 'ring', 'a')).toBeUndefined()
  })

  it('a timer may set itself again', async () => {
    const tick = operator({
      name: 'tick',
      input: numbers,
      outputs: { out: numbers },
      state: { left: state.value(numbers) },
      timers: ['ring'],
      process(record, ctx) {
        ctx.state.left.set(record.value)
        ctx.timers.set('ring', ctx.now + 1_000)
      },
      onTimer(timer, ctx) {
        const left = (ctx.state.left.get() ?? 0) - 1
        ctx.emit('out', left)
        ctx.state.left.set(left)
        // After a pause the next one may be due already; a time in the past is refused.
        if (left > 0) ctx.timers.set('ring', Math.max(timer.due + 1_000, ctx.now))
      },
    })
    await using kit = await testTopology(graphOf(tick))
    await kit.send('in', { key: 'a', value: 5 })
    await kit.advance('3500ms')
    kit.crash()
    await kit.restart()
    await kit.advance('1m')
    expect(kit.read('out')).toEqual([4, 3, 2, 1, 0])
  })
})
