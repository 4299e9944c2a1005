/** One operator alone: what it emits, writes, sets and calls, and how wrong use is answered. */
import { describe, expect, expectTypeOf, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { batchOperator, operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { sleep } from '#core/system.ts'
import { hang, reply, scripted, testOperator, trouble, virtualSystem } from '#testing/index.ts'

const numbers = codec.json<number>('number', value => typeof value === 'number')

const count = operator({
  name: 'count',
  input: codec.text,
  outputs: { counted: numbers, long: codec.text },
  state: { total: state.value(numbers), words: state.map(numbers) },
  timers: ['quiet'],
  tables: { weights: numbers },
  process(record, ctx) {
    if (record.value === 'bad') ctx.emit('counted', 'many' as never)
    const total = (ctx.state.total.get() ?? 0) + (ctx.table('weights').get(record.value) ?? 1)
    ctx.state.total.set(total)
    ctx.state.words.set(record.value, total)
    ctx.emit('counted', total)
    ctx.timers.set('quiet', ctx.now + 1_000)
    if (record.value.length > 5) {
      const notBefore = ctx.now + 60_000
      ctx.emit('long', record.value, { key: 'other', notBefore, headers: { why: 'long' } })
    }
  },
  onTimer(timer, ctx) {
    ctx.emit('counted', timer.due)
    ctx.state.total.delete()
    ctx.timers.cancel('quiet')
  },
})

describe('testOperator on a record', () => {
  it('testOperator on a record gives what was emitted, by output and with the type of the output', async () => {
    const { emitted } = await testOperator(count, { value: 'x' })
    expect(emitted).toEqual({ counted: [1], long: [] })
    expectTypeOf(emitted.counted).toEqualTypeOf<readonly number[]>()
  })

  it('testOperator on a record gives keys, headers and times of what was emitted', async () => {
    const given = { key: 'a', value: 'caudal', headers: { trace: 't1' }, timestamp: 7 }
    const { emissions } = await testOperator(count, given, { now: 1_000 })
    expect(emissions).toEqual([
      {
        output: 'counted',
        value: 1,
        key: 'a',
        headers: { trace: 't1' },
        timestamp: 7,
        notBefore: undefined,
      },
      {
        output: 'long',
        value: 'caudal',
        key: 'other',
        headers: { trace: 't1', why: 'long' },
        timestamp: 7,
        notBefore: 61_000,
      },
    ])
  })

  it('testOperator on a record starts from the state given and shows the state left', async () => {
    const { state, timers } = await testOperator(
      count,
      { value: 'x' },
      { state: { total: 4, words: { y: 3 } }, now: 500 },
    )
    expect(state).toEqual({ total: 5, words: { x: 5, y: 3 } })
    expect(timers).toEqual({ quiet: 1_500 })
  })

  it('testOperator on a record reads the tables given', async () => {
    const { emitted } = await testOperator(count, { value: 'x' }, { tables: { weights: { x: 10 } } })
    expect(emitted.counted).toEqual([10])
  })

  it('testOperator on a record rejects with what the runtime would answer', async () => {
    await expect(testOperator(count, { value: 'bad' })).rejects.toThrow('ENCODE_FAILED: node count')
    await expect(testOperator(count, { value: 'x', key: null })).rejects.toThrow(
      'KEY_MISSING: node count keeps state, but input.in/0@0 has no key',
    )
  })
})

describe('testOperator on a timer', () => {
  it('testOperator on a timer runs onTimer: what it emits, deletes and cancels', async () => {
    const { emitted, state, timers } = await testOperator(
      count,
      { timer: 'quiet', key: 'a', due: 300 },
      { state: { total: 2 }, now: 301 },
    )
    expect(emitted.counted).toEqual([300])
    expect(state).toEqual({ total: undefined, words: undefined })
    expect(timers).toEqual({ quiet: null })
  })
})

describe('testOperator with outside calls', () => {
  const model = scripted<string, string>(request => reply(`${request}!`), { latency: '2s' })
  const ask = operator({
    name: 'ask',
    input: codec.text,
    outputs: { answered: codec.text },
    steps: { first: codec.text, second: codec.text },
    limits: { timeout: 5_000 },
    async process(record, ctx) {
      const first = await ctx.step('first', call => model(record.value, call))
      const second = await ctx.step('second', call => model(first, call), { part: 'b' })
      ctx.emit('answered', second)
    },
  })

  it('testOperator with outside calls waits for them in virtual time and shows the steps', async () => {
    const { emitted, steps } = await testOperator(ask, { value: 'hi' })
    expect(emitted.answered).toEqual(['hi!!'])
    expect(steps).toEqual([
      { step: 'first', result: 'hi!', replayed: false },
      { step: 'second', result: 'hi!!', replayed: false },
    ])
  })

  it('testOperator with outside calls does not call for steps that are in the journal', async () => {
    const before = model.calls.length
    const { emitted, steps } = await testOperator(
      ask,
      { value: 'hi' },
      { steps: { first: 'paid', 'second/b': 'for' } },
    )
    expect(emitted.answered).toEqual(['for'])
    expect(steps.map(({ replayed }) => replayed)).toEqual([true, true])
    expect(model.calls.length).toBe(before)
  })

  it('testOperator with outside calls ends a call that hangs at the time-out of the operator, through the signal', async () => {
    const stuck = scripted<string, string>(() => hang())
    const waiting = operator({
      name: 'waiting',
      input: codec.text,
      limits: { timeout: 5_000 },
      async process(record, ctx) {
        await stuck(record.value, ctx)
      },
    })
    await expect(testOperator(waiting, { value: 'hi' })).rejects.toThrow('HANDLER_TIMED_OUT')
    expect(stuck.calls.map(({ status }) => status)).toEqual(['aborted'])
  })

  it('testOperator with outside calls says on which attempt the operator is', async () => {
    const retrying = operator({
      name: 'retrying',
      input: codec.text,
      outputs: { tried: numbers },
      process(_record, ctx) {
        if (ctx.attempt < 3) throw trouble()
        ctx.emit('tried', ctx.attempt)
      },
    })
    await expect(testOperator(retrying, { value: '' }, { attempt: 2 })).rejects.toThrow('in trouble')
    expect((await testOperator(retrying, { value: '' }, { attempt: 3 })).emitted.tried).toEqual([3])
  })

  it('testOperator with outside calls gives virtual time to whatever an operator was built with', async () => {
    const pausing = operator({
      name: 'pausing',
      input: codec.text,
      outputs: { waited: numbers },
      async process(_record, ctx) {
        await sleep(virtualSystem, 40_000, ctx.signal)
        ctx.emit('waited', virtualSystem.now() - ctx.now)
      },
    })
    expect((await testOperator(pausing, { value: '' })).emitted.waited).toEqual([40_000])
  })
})

describe('testOperator on a batch', () => {
  const sizes: number[] = []
  const store = batchOperator({
    name: 'store',
    input: codec.text,
    outputs: { stored: codec.text },
    batch: { recordsMax: 3, wait: 100 },
    processBatch(items) {
      sizes.push(items.length)
      for (const item of items) {
        item.emit('stored', item.record.value)
        if (item.record.value === 'bad') item.fail(trouble('no room'))
      }
    },
  })

  it('testOperator on a batch gives the effects of each record, and the failure of those that failed', async () => {
    const effects = await testOperator(store, [
      { value: 'a' },
      { value: 'bad' },
      { value: 'c' },
      { value: 'd' },
    ])
    expect(effects.map(({ emitted }) => emitted.stored)).toEqual([['a'], [], ['c'], ['d']])
    expect(effects.map(({ failure }) => failure !== undefined)).toEqual([false, true, false, false])
    expect(sizes).toEqual([3, 1])
  })
})

describe('testOperator used wrongly', () => {
  const join = operator({ name: 'join', inputs: { left: codec.text, right: numbers }, process() {} })

  it.each([
    [
      'a state',
      () => testOperator(count, { value: 'x' }, { state: { sum: 1 } }),
      'declares no state sum; it has: total, words',
    ],
    [
      'a table',
      () => testOperator(count, { value: 'x' }, { tables: { x: {} } }),
      'declares no table x; it has: weights',
    ],
    ['a timer', () => testOperator(count, { timer: 'idle' }), 'declares no timer idle; it has: quiet'],
    [
      'a step',
      () => testOperator(count, { value: 'x' }, { steps: { call: 1 } }),
      'declares no step call; it has: none',
    ],
    ['an input', () => testOperator(join, { value: 'x' }), 'has inputs left, right; name one'],
    [
      'a value',
      () => testOperator(join, { input: 'right', value: 1n as never }),
      'the value for input right is not number',
    ],
  ])(
    'testOperator used wrongly names %s that does not fit, and what there is',
    async (_what, misuse, message) => {
      await expect(misuse()).rejects.toThrow(message)
      await expect(misuse()).rejects.toMatchObject({ code: 'KIT_MISUSED' })
    },
  )

  it('testOperator used wrongly refuses to run outside calls where no virtual time runs', async () => {
    await expect(scripted(['x'])('request')).rejects.toThrow('testTopology and testOperator')
    expect(() => virtualSystem.now()).toThrow('KIT_MISUSED')
  })

  it('testOperator used wrongly decodes bytes as a source would', async () => {
    await expect(testOperator(join, { input: 'right', bytes: '{' })).rejects.toThrow(
      'DECODE_FAILED: node join: input.right/0@0 is not number',
    )
  })
})
