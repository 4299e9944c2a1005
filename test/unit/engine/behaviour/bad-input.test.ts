/** Bad input: each kind gives a clear error that says where, and a dead letter with the original bytes; the rest goes on. */
import { describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import type { Context } from '#core/context.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { testTopology } from '#testing/index.ts'
import { topology } from '#topology/index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

const big = codec.json<bigint>('bigint')

/** What a record of value 13 does wrong; every other value is emitted as it is. */
type Mistake = (ctx: Context) => void

function withMistake(mistake: Mistake) {
  const careless = operator({
    name: 'careless',
    input: numbers,
    outputs: { out: numbers, wide: big },
    state: { last: state.value(big) },
    timers: ['later'],
    tables: { rates: numbers },
    steps: { call: numbers },
    process(record, ctx) {
      if (record.value === 13) mistake(ctx as unknown as Context) // A mistake is what the types refuse.
      ctx.emit('out', record.value)
    },
  })
  return graphOf(careless)
}

const MISTAKES: readonly (readonly [string, Mistake, code: string, message: string])[] = [
  [
    'a handler that throws',
    () => {
      throw new TypeError('no such field')
    },
    'HANDLER_FAILED',
    'node careless threw on in/0@2: no such field',
  ],
  [
    'an output that does not encode',
    ctx => ctx.emit('wide', 13n as never),
    'ENCODE_FAILED',
    'node careless: the value for wide is not bigint',
  ],
  [
    'state that does not encode',
    ctx => (ctx.state as Record<string, { set(value: unknown): void }>).last?.set(13n),
    'ENCODE_FAILED',
    'node careless: the value for state last is not bigint',
  ],
  [
    'an unknown output',
    ctx => ctx.emit('owt', 1 as never),
    'OUTPUT_UNKNOWN',
    'node careless emitted to owt, which it does not declare',
  ],
  [
    'a time on a route without a delay',
    ctx => ctx.emit('out', 1 as never, { notBefore: ctx.now + 1 }),
    'DELAY_UNDECLARED',
    'node careless emitted to out with a time',
  ],
  [
    'a timer in the past',
    ctx => ctx.timers.set('later', ctx.now - 1),
    'TIMER_INVALID',
    'node careless: timer later is due in the past',
  ],
  [
    'a timer without a time',
    ctx => ctx.timers.set('later', Number.NaN),
    'TIMER_INVALID',
    'node careless: timer later has no finite due time',
  ],
  [
    'an unknown timer',
    ctx => ctx.timers.set('sooner', ctx.now),
    'STATE_UNKNOWN',
    'node careless uses state, timer or step sooner',
  ],
  [
    'an unknown table',
    ctx => ctx.table('prices'),
    'TABLE_UNKNOWN',
    'node careless reads table prices, which it does not declare',
  ],
  ['an unknown state', ctx => Object(ctx.state).sum.get(), 'HANDLER_FAILED', 'undefined'],
  [
    'a record that the operator refuses',
    ctx => ctx.deadLetter('not for us'),
    'REJECTED',
    'REJECTED: not for us',
  ],
]

describe('a mistake in one record', () => {
  it.each(MISTAKES)(
    '%s: the fault is logged, and the rest goes on',
    async (_what, mistake, code, message) => {
      await using kit = await testTopology(withMistake(mistake))
      await kit.send('in', ...recordsOf(11, 15, 'a'))
      await kit.settle()
      const letters = kit.deadLetters()
      expect(letters).toMatchObject([
        { code, node: 'careless', origin: { topic: 'in', partition: 0, offset: 2 } },
      ])
      expect(letters[0]?.message).toContain(message)
      expect(Buffer.from(letters[0]?.origin.value ?? []).toString()).toBe('13')
      expect(kit.read('out')).toEqual([11, 12, 14, 15])
      expect(kit.logs.filter(({ level }) => level === 'warn')).toMatchObject([
        { fields: { task: 'careless/0' } },
      ])
    },
  )

  it('an unknown step rejects the promise of its caller', async () => {
    const told: unknown[] = []
    const calling = operator({
      name: 'calling',
      input: numbers,
      async process(_record, ctx) {
        await ctx.step('call' as never, async () => 1 as never).catch(error => told.push(error))
      },
    })
    await using kit = await testTopology(graphOf(calling))
    await kit.send('in', { key: 'a', value: 1 })
    await kit.settle()
    expect(String(told[0])).toContain(
      'node calling uses state, timer or step call, which it does not declare',
    )
  })
})

describe('a record that cannot be read', () => {
  it('a record that cannot be read is a dead letter that names node, topic, partition and offset', async () => {
    await using kit = await testTopology(withMistake(() => undefined))
    await kit.send('in', { key: 'a', value: 1 }, { key: 'a', bytes: '{"cut' }, { key: 'a', value: 3 })
    await kit.send('in', { key: 'a', bytes: '"text"' }, { key: 'a', bytes: null })
    await kit.settle()
    expect(kit.read('out')).toEqual([1, 3])
    expect(kit.deadLetters().map(({ message }) => message)).toEqual([
      expect.stringContaining('DECODE_FAILED: node careless: in/0@1 is not number'),
      expect.stringContaining(
        'DECODE_FAILED: node careless: in/0@3 is not number: number: the value was refused',
      ),
      expect.stringContaining('DECODE_FAILED: node careless: in/0@4 is not number: it has no value'),
    ])
    expect(Buffer.from(kit.deadLetters()[0]?.origin.value ?? []).toString()).toBe('{"cut')
    expect(kit.deadLetters()[2]?.origin.value).toBeNull()
  })
})

describe('a key', () => {
  it('a key that is missing where state is kept is reported with its place', async () => {
    await using kit = await testTopology(withMistake(() => undefined))
    await kit.send('in', { key: null, value: 1 }, { key: 'a', value: 2 })
    await kit.settle()
    expect(kit.read('out')).toEqual([2])
    expect(kit.deadLetters()[0]?.message).toBe(
      'KEY_MISSING: node careless keeps state, but in/0@0 has no key',
    )
  })

  it('a key under which no state can be stored is reported', async () => {
    const keeping = operator({
      name: 'keeping',
      input: numbers,
      state: { last: state.value(numbers) },
      process: (record, ctx) => ctx.state.last.set(record.value),
    })
    await using kit = await testTopology(graphOf(keeping))
    await kit.send('in', { key: 'k'.repeat(2_000), value: 1 }, { key: 'a', value: 2 })
    await kit.settle()
    expect(kit.deadLetters()).toMatchObject([{ code: 'KEY_INVALID', node: 'keeping' }])
    expect(kit.state('keeping', 'last', 'a')).toBe(2)
  })
})

describe('headers as large as the log takes them', () => {
  const mistake = withMistake(ctx => ctx.deadLetter('not for us'))
  const headersOf = (name: string, length: number) => ({ [name]: 'h'.repeat(length) })

  it.each(['caudal-id', 'trace'])('%s: a record that fails with them is a dead letter', async name => {
    await using kit = await testTopology(mistake, { recordBytesMax: 20_000 })
    for (const length of [100, 257, 6_500, 10_000, 15_000, 19_900])
      await kit.send('in', { key: 'a', value: 13, headers: headersOf(name, length) })
    await kit.send('in', { key: 'a', value: 14 })
    await kit.settle()
    const letters = kit.deadLetters()
    expect(letters.map(({ origin }) => Buffer.from(origin.value ?? []).toString())).toEqual(
      Array(6).fill('13'),
    )
    expect(letters.map(({ omitted }) => omitted)).toEqual([[], [], [], [], ['headers'], ['headers']])
    expect(kit.read('out')).toEqual([14])
  })

  it('headers as large as the log takes them are inherited or refused, whatever they name', async () => {
    await using kit = await testTopology(mistake, { recordBytesMax: 20_000 })
    await kit.send('in', { key: 'a', value: 1, headers: headersOf('caudal-id', 19_900) })
    await kit.send('in', { key: 'a', value: 2, headers: headersOf('trace', 19_970) })
    await kit.settle()
    expect(kit.read('out')).toEqual([1])
    expect(kit.deadLetters()).toMatchObject([{ code: 'RECORD_TOO_LARGE' }])
  })
})

describe('a record that grows too large', () => {
  it('a record that grows too large is a dead letter that names the topic and its limit', async () => {
    const text = codec.json<string>('text')
    const swell = operator({
      name: 'swell',
      input: numbers,
      outputs: { out: text },
      process: (record, ctx) => ctx.emit('out', 'x'.repeat(record.value)),
    })
    await using kit = await testTopology(graphOf(swell), { recordBytesMax: 20_000 })
    await kit.send('in', { key: 'a', value: 30_000 }, { key: 'a', value: 3 })
    await kit.settle()
    expect(kit.read('out')).toEqual(['xxx'])
    expect(kit.deadLetters()[0]?.message).toContain(
      'RECORD_TOO_LARGE: node swell: out takes at most 20000 bytes',
    )
  })

  it('state that grows too large is reported too', async () => {
    const text = codec.json<string>('text')
    const swell = operator({
      name: 'swell',
      input: numbers,
      state: { all: state.value(text) },
      process: (record, ctx) => ctx.state.all.set('x'.repeat(record.value)),
    })
    await using kit = await testTopology(graphOf(swell), { recordBytesMax: 20_000 })
    await kit.send('in', { key: 'a', value: 30_000 }, { key: 'a', value: 3 })
    await kit.settle()
    expect(kit.state('swell', 'all', 'a')).toBe('xxx')
    expect(kit.deadLetters()).toMatchObject([{ code: 'RECORD_TOO_LARGE', node: 'swell' }])
  })
})

describe('a context that is used after the end', () => {
  it('a context that is used after the end refuses, names the node, and changes nothing', async () => {
    const told: unknown[] = []
    const kept: (() => void)[] = []
    const leaking = operator({
      name: 'leaking',
      input: numbers,
      outputs: { out: numbers },
      state: { last: state.value(numbers) },
      timers: ['late'],
      process(record, ctx) {
        kept.push(
          () => ctx.emit('out', record.value),
          () => ctx.state.last.set(record.value),
          () => ctx.timers.set('late', ctx.now + 1),
        )
      },
    })
    await using kit = await testTopology(graphOf(leaking))
    await kit.send('in', { key: 'a', value: 1 })
    await kit.settle()
    for (const use of kept) {
      try {
        use()
      } catch (error) {
        told.push(error)
      }
    }
    await kit.settle()
    expect(told.map(String)).toEqual(
      Array(3).fill('CaudalError: CONTEXT_CLOSED: node leaking used its context after the record had ended'),
    )
    expect(kit.read('out')).toEqual([])
    expect(kit.state('leaking', 'last', 'a')).toBeUndefined()
    expect(kit.timer('leaking', 'late', 'a')).toBeUndefined()
  })
})

describe('a record that passes more operators of its stage than it may', () => {
  /** `length` operators in a row, fused, behind one that emits as many numbers as its record says. */
  function chain(length: number) {
    const t = topology('app')
    const spread = operator({
      name: 'spread',
      input: numbers,
      outputs: { many: numbers },
      process(record, ctx) {
        for (let copy = 0; copy < record.value; copy++) ctx.emit('many', copy)
      },
    })
    let edge = t
      .source('in', { value: numbers, partitions: 1 })
      .process('spread', spread)
      .map('same-1', numbers, each => each)
    for (let nth = 2; nth < length; nth++) edge = edge.map(`same-${nth}`, numbers, each => each)
    edge.to(t.topic('out', { value: numbers, partitions: 1 }))
    return t.build()
  }

  it('a record that passes more operators of its stage than it may ends as a dead letter that names the operator', async () => {
    await using kit = await testTopology(chain(6), { limits: { hopsMax: 5 } })
    await kit.send('in', { value: 1 }, { value: 0 })
    await kit.settle()
    expect(kit.read('out')).toEqual([])
    expect(kit.deadLetters()).toMatchObject([
      { code: 'HOPS_EXCEEDED', node: 'same-5', origin: { offset: 0 } },
    ])
  })

  it('may be split into any number: each part counts the operators that it passes itself', async () => {
    await using kit = await testTopology(chain(5), { limits: { hopsMax: 5 } })
    await kit.send('in', { value: 10_000 })
    await kit.settle()
    expect(kit.deadLetters()).toEqual([])
    expect(kit.read('out')).toEqual(Array.from({ length: 10_000 }, (_, index) => index))
  })
})

describe('an operator of a plain script', () => {
  it.each([5, 'yes', true, {}])('a plain script may give %s instead of a promise', async given => {
    const giving = operator({
      name: 'giving',
      input: numbers,
      outputs: { out: numbers },
      timers: ['soon'],
      process(record, ctx) {
        ctx.emit('out', record.value)
        ctx.timers.set('soon', ctx.now)
        return given as never
      },
      onTimer(_timer, ctx) {
        ctx.emit('out', 2)
        return given as never
      },
    })
    await using kit = await testTopology(graphOf(giving))
    await kit.send('in', { key: 'a', value: 1 })
    await kit.advance('1s')
    expect(kit.read('out')).toEqual([1, 2])
    expect(kit.deadLetters()).toEqual([])
  })

  it('a plain script may not return a promise where an answer is required at once, as it would count as yes', async () => {
    const t = topology('app')
    const source = t.source('in', { value: numbers, partitions: 1 })
    const out = t.topic('out', { value: numbers, partitions: 1 })
    source.map('map', numbers, (async (each: number) => each) as never).to(out)
    source.filter('filter', (async () => false) as never).to(out)
    await using kit = await testTopology(t.build())
    await kit.send('in', { value: 1 })
    await kit.settle()
    expect(kit.read('out')).toEqual([])
    expect(kit.deadLetters()[0]?.message).toContain('gave a promise')
  })
})

describe('a full disk', () => {
  it('a full disk holds everything up, loses nothing, and is over by itself', async () => {
    await using kit = await testTopology(withMistake(() => undefined))
    await kit.send('in', ...recordsOf(1, 5, 'a'))
    kit.faults.fillDisk()
    await kit.advance('30s')
    expect(kit.read('out')).toEqual([])
    kit.faults.freeDisk()
    await kit.settle()
    expect(kit.read('out')).toEqual([1, 2, 3, 4, 5])
    expect(kit.deadLetters()).toEqual([])
    expect(kit.logs.some(({ fields }) => JSON.stringify(fields).includes('disk'))).toBe(true)
  })
})

describe('faults of a graph', () => {
  it('faults of a graph stop the start, all listed at once', async () => {
    const t = topology('app')
    const source = t.source('in', { value: numbers })
    source.process('one', operator({ name: 'one', input: numbers, outputs: { lost: numbers }, process() {} }))
    source.process(
      'two',
      operator({ name: 'two', input: numbers, state: { kept: state.value(numbers) }, process() {} }),
    )
    await expect(testTopology(t.build())).rejects.toThrow(
      /TOPOLOGY_INVALID[\s\S]*- one: output lost goes nowhere[\s\S]*- two: keeps state by key/,
    )
  })

  it('of the limits stop it too', async () => {
    const limits = { inFlightMax: 0, retryAttempts: 1.5 }
    await expect(
      testTopology(
        withMistake(() => undefined),
        { limits },
      ),
    ).rejects.toThrow(/CONFIGURATION_INVALID[\s\S]*inFlightMax is 0[\s\S]*retryAttempts is 1.5/)
  })
})
