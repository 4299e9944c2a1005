/** Outputs that the log refuses for good: one dead letter or one blocked task, and all else as if they had not been. */
import { describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import type { NewRecord } from '#core/record.ts'
import { state } from '#core/state.ts'
import { reply, scripted, type TestKit, testTopology } from '#testing/index.ts'
import { topology } from '#topology/index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

interface Sum {
  readonly value: number
  readonly sum: number
}
const sums = codec.json<Sum>('Sum')

/** Adds up the values of each key. */
const adding = operator({
  name: 'adding',
  input: numbers,
  outputs: { out: sums },
  state: { sum: state.value(numbers) },
  process(record, ctx) {
    const sum = (ctx.state.sum.get() ?? 0) + record.value
    ctx.state.sum.set(sum)
    ctx.emit('out', { value: record.value, sum })
  },
})

const numberIn = (record: NewRecord): unknown => {
  const found = JSON.parse(Buffer.from(record.value ?? []).toString())
  return typeof found === 'number' ? found : found.value
}
const refuse = (kit: TestKit, ...values: readonly number[]) =>
  kit.faults.refuseRecords('out', record =>
    values.includes(Number(numberIn(record))) ? 'not this one' : true,
  )
const warnings = (kit: TestKit) => kit.logs.filter(({ level }) => level === 'warn' || level === 'error')
const outOf = (kit: TestKit) => kit.records('out').map(({ value }) => value)
const plain = operator({
  name: 'plain',
  input: numbers,
  outputs: { out: numbers },
  process: (record, ctx) => ctx.emit('out', record.value),
})

describe('an output that is refused for what it is', () => {
  it('a refused output makes one dead letter of its record, and is logged once; all other outputs are there once', async () => {
    await using kit = await testTopology(graphOf(plain, { partitions: 3 }), { pods: 2 })
    refuse(kit, 57)
    await kit.send('in', ...recordsOf(1, 200))
    await kit.settle()
    expect(kit.read<number>('out' as never).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 200 }, (_, index) => index + 1).filter(each => each !== 57),
    )
    expect(kit.deadLetters()).toMatchObject([
      {
        code: 'OUTPUT_REFUSED',
        node: 'plain',
        attempts: 1,
        message: expect.stringContaining('not this one'),
      },
    ])
    expect(Buffer.from(kit.deadLetters()[0]?.origin.value ?? []).toString()).toBe('57')
    expect(warnings(kit)).toMatchObject([
      { message: 'a record failed', fields: { node: 'plain', action: 'deadLetter' } },
    ])
    const figures = kit.pods.map(({ running }) => running.metrics)
    expect(figures.reduce((sum, { commitsFailed }) => sum + commitsFailed, 0)).toBe(1)
  })

  it('takes its state along: records of its key that followed count without it, other keys are untouched', async () => {
    await using kit = await testTopology(graphOf(adding))
    refuse(kit, 13)
    await kit.send('in', ...recordsOf(11, 15, 'a'), ...recordsOf(11, 12, 'b'))
    await kit.settle()
    expect(kit.records('out').map(({ key, value }) => [key, value])).toEqual([
      ['a', { value: 11, sum: 11 }],
      ['a', { value: 12, sum: 23 }],
      ['b', { value: 11, sum: 11 }],
      ['b', { value: 12, sum: 23 }],
      ['a', { value: 14, sum: 37 }],
      ['a', { value: 15, sum: 52 }],
    ])
    expect(kit.state('adding', 'sum', 'a')).toBe(52)
    expect(kit.deadLetters()).toHaveLength(1)
    await kit.send('in', { key: 'a', value: 100 })
    await kit.settle()
    kit.crash()
    await kit.restart()
    await kit.settle()
    expect(kit.state('adding', 'sum', 'a')).toBe(152)
    expect(outOf(kit)).toHaveLength(7)
    expect(kit.deadLetters()).toHaveLength(1)
  })

  it('an output that is refused for what it is takes other outputs of its record along, and none of another record', async () => {
    const both = operator({
      name: 'both',
      input: numbers,
      outputs: { out: numbers, copy: numbers },
      process(record, ctx) {
        ctx.emit('copy', record.value)
        ctx.emit('out', record.value)
      },
    })
    await using kit = await testTopology(graphOf(both))
    refuse(kit, 2, 4)
    await kit.send('in', ...recordsOf(1, 5))
    await kit.settle()
    expect(kit.read('out')).toEqual([1, 3, 5])
    expect(kit.read('copy')).toEqual([1, 3, 5])
    expect(kit.deadLetters()).toHaveLength(2)
  })

  it('an output that is refused for what it is sets no timer, and a timer that fired and was refused does not fire again', async () => {
    const alarm = operator({
      name: 'alarm',
      input: numbers,
      outputs: { out: numbers },
      state: { last: state.value(numbers) },
      timers: ['ring'],
      process(record, ctx) {
        ctx.state.last.set(record.value)
        ctx.timers.set('ring', ctx.now + record.value * 1_000)
        ctx.emit('out', record.value)
      },
      onTimer: (_timer, ctx) => ctx.emit('out', -(ctx.state.last.get() ?? 0)),
    })
    await using kit = await testTopology(graphOf(alarm))
    refuse(kit, 13, -20)
    const start = kit.now
    await kit.send('in', { key: 'a', value: 10 }, { key: 'a', value: 13 }, { key: 'b', value: 20 })
    await kit.settle()
    expect(kit.timer('alarm', 'ring', 'a')).toBeLessThan(start + 11_000)
    await kit.advance('1m')
    expect(kit.read('out')).toEqual([10, 20, -10])
    expect(kit.timer('alarm', 'ring', 'b')).toBeUndefined()
    expect(kit.deadLetters().map(({ origin }) => origin.topic)).toEqual(['in', 'timer of alarm/0'])
  })

  it('buys nothing again: those that follow find their steps in the journal', async () => {
    const model = scripted<number, number>([reply(1), reply(2), reply(3), reply(4)])
    const buying = operator({
      name: 'buying',
      input: numbers,
      outputs: { out: sums },
      state: { sum: state.value(numbers) },
      steps: { call: numbers },
      async process(record, ctx) {
        const bought = await ctx.step('call', () => model(record.value))
        const sum = (ctx.state.sum.get() ?? 0) + bought
        ctx.state.sum.set(sum)
        ctx.emit('out', { value: record.value, sum })
      },
    })
    await using kit = await testTopology(graphOf(buying))
    refuse(kit, 12)
    await kit.send('in', ...recordsOf(11, 14, 'a'))
    await kit.settle()
    expect(kit.records('out').map(({ value }) => value)).toEqual([
      { value: 11, sum: 1 },
      { value: 13, sum: 4 },
      { value: 14, sum: 8 },
    ])
    expect(model.calls).toHaveLength(4)
    expect(kit.deadLetters()).toHaveLength(1)
  })

  it('buys nothing again either of the one that was asking while its predecessor was refused', async () => {
    const model = scripted<number, number>(asked => reply(asked, asked === 13 ? '10s' : 0))
    const buying = operator({
      name: 'buying',
      input: numbers,
      outputs: { out: sums },
      state: { sum: state.value(numbers) },
      steps: { call: numbers },
      async process(record, ctx) {
        const before = ctx.state.sum.get() ?? 0
        const bought = await ctx.step('call', call => model(record.value, call))
        ctx.state.sum.set(before + bought)
        ctx.emit('out', { value: record.value, sum: before + bought })
      },
    })
    await using kit = await testTopology(graphOf(buying))
    refuse(kit, 12)
    await kit.send('in', ...recordsOf(11, 15, 'a'))
    await kit.settle()
    expect(outOf(kit)).toEqual([
      { value: 11, sum: 11 },
      { value: 13, sum: 24 },
      { value: 14, sum: 38 },
      { value: 15, sum: 53 },
    ])
    expect(model.boughtTwice).toEqual([])
    expect(model.calls).toHaveLength(5)
  })

  it('larger than its topic takes since the start names topic, limit and size', async () => {
    await using kit = await testTopology(graphOf(adding))
    kit.faults.limitRecords('out', 120)
    await kit.send('in', { key: 'k'.repeat(100), value: 1 }, { key: 'a', value: 2 })
    await kit.settle()
    expect(outOf(kit)).toEqual([{ value: 2, sum: 2 }])
    expect(kit.deadLetters()).toMatchObject([{ code: 'RECORD_TOO_LARGE' }])
    expect(kit.deadLetters()[0]?.message).toContain('out takes at most 120 bytes a record, this one has')
  })

  it('an output that is refused for what it is is found where it is emitted, if the topic had its limit at the start', async () => {
    await using kit = await testTopology(graphOf(adding))
    await kit.stop()
    kit.faults.limitRecords('out', 120)
    await kit.restart()
    await kit.send('in', { key: 'k'.repeat(100), value: 1 }, { key: 'a', value: 2 })
    await kit.settle()
    expect(outOf(kit)).toEqual([{ value: 2, sum: 2 }])
    expect(kit.deadLetters()[0]?.message).toContain(
      'node adding: out (by its limit of the topic) takes at most 120 bytes a record, this one has',
    )
    expect(kit.pods[0]?.running.metrics.commitsFailed).toBe(0)
  })
})

/** Two stages that have nothing to do with each other. */
function twoStages() {
  const t = topology('app')
  const other = operator({
    name: 'other',
    input: numbers,
    outputs: { out: numbers },
    process: (record, ctx) => ctx.emit('out', record.value),
  })
  t.source('in', { value: numbers, partitions: 1, partitionedByKey: true })
    .process('adding', adding)
    .to(t.topic('out', { value: sums, partitions: 1 }))
  t.source('beside', { value: numbers, partitions: 1, partitionedByKey: true })
    .process('other', other)
    .to(t.topic('there', { value: numbers, partitions: 1 }))
  return t.build()
}

const blockedOf = (kit: TestKit) =>
  kit.logs.filter(({ message }) => message === 'a task is blocked').map(({ fields }) => fields)

describe('a topic that takes nothing', () => {
  it('a topic that takes nothing blocks those that write there, with the remedy; others go on, and nothing is lost or doubled', async () => {
    await using kit = await testTopology(twoStages())
    await kit.send('in', { key: 'a', value: 1 })
    await kit.settle()
    kit.faults.closeTopic('out')
    await kit.send('in', ...recordsOf(2, 4, 'a'), { key: 'b', value: 5 })
    await kit.send('beside', ...recordsOf(1, 3, 'x'))
    await kit.until(() => kit.records('there').length === 3 && blockedOf(kit).length > 0)
    await kit.advance('1m')
    expect(blockedOf(kit)).toEqual([
      {
        task: 'adding/0',
        code: 'ACCESS_REFUSED',
        error: expect.stringContaining('the brokers refuse WRITE on topic out'),
      },
    ])
    await kit.send('beside', ...recordsOf(4, 5, 'x'))
    await kit.until(() => kit.records('there').length === 5)
    expect(outOf(kit)).toEqual([{ value: 1, sum: 1 }])
    expect(kit.deadLetters()).toEqual([])
    kit.faults.openTopic('out')
    kit.crash()
    await kit.restart()
    await kit.settle()
    expect(kit.records('out').map(({ key, value }) => [key, value])).toEqual([
      ['a', { value: 1, sum: 1 }],
      ['a', { value: 2, sum: 3 }],
      ['a', { value: 3, sum: 6 }],
      ['a', { value: 4, sum: 10 }],
      ['b', { value: 5, sum: 5 }],
    ])
    expect(kit.read('there')).toEqual([1, 2, 3, 4, 5])
    expect(kit.state('adding', 'sum', 'a')).toBe(10)
  })

  it.each(['app.adding.state', 'app.dead-letters'])(
    '%s: blocks the task that needs it alone',
    async topic => {
      await using kit = await testTopology(twoStages())
      kit.faults.closeTopic(topic)
      await kit.send('in', { key: 'a', value: 1 }, { key: 'a', bytes: 'no number' })
      await kit.send('beside', ...recordsOf(1, 3, 'x'))
      await kit.until(() => kit.records('there').length === 3 && blockedOf(kit).length > 0)
      await kit.advance('1m')
      expect(blockedOf(kit)).toMatchObject([{ task: 'adding/0' }])
      kit.faults.openTopic(topic)
      kit.crash()
      await kit.restart()
      await kit.settle()
      expect(outOf(kit)).toEqual([{ value: 1, sum: 1 }])
      expect(kit.deadLetters()).toMatchObject([{ code: 'DECODE_FAILED' }])
    },
  )

  it('a topic that takes nothing is met at the start: a task that cannot be marked is blocked, and others run', async () => {
    await using kit = await testTopology(twoStages())
    await kit.stop()
    kit.faults.closeTopic('app.adding.state')
    await kit.restart()
    await kit.send('beside', ...recordsOf(1, 3, 'x'))
    await kit.until(() => kit.records('there').length === 3 && blockedOf(kit).length > 0)
    await kit.advance('1m')
    expect(blockedOf(kit)).toMatchObject([{ task: 'adding/0' }])
    expect(kit.read('there')).toEqual([1, 2, 3])
  })

  it('a topic that takes nothing lets a blocked task be handed over, where it is met again', async () => {
    await using kit = await testTopology(twoStages())
    kit.faults.closeTopic('out')
    await kit.send('in', { key: 'a', value: 1 })
    await kit.until(() => blockedOf(kit).length === 1)
    await kit.addPod()
    await kit.stop()
    kit.faults.openTopic('out')
    await kit.restart()
    await kit.settle()
    expect(outOf(kit)).toEqual([{ value: 1, sum: 1 }])
  })
})
