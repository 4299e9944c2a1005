/** Between bytes and text nothing is replaced: what is no text, or has no bytes, is refused, and no two become one. */
import { describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { type Operator, operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { type TestKit, testTopology } from '#testing/index.ts'
import { topology } from '#topology/index.ts'
import { graphOf, numbers } from './graph.ts'

const KEYS = [Buffer.from([0xff]), Buffer.from([0xfe]), Buffer.from([0, 0, 0, 0, 0, 0, 0, 0x80])]
const LONE = ['\ud800', '\udc00']

async function sendRaw(
  kit: TestKit,
  records: readonly { key?: Uint8Array; value: string | Uint8Array; headers?: Record<string, Uint8Array> }[],
) {
  const all = records.map(({ key = null, value, headers = {} }) => {
    return { key, value: Buffer.from(value), headers, timestamp: kit.now }
  })
  await kit.wait(kit.log.append([{ topic: 'in', partition: 0, records: all }]))
  await kit.settle()
}

async function rawOf(kit: TestKit, topic: string) {
  const reader = kit.log.openReader({ topic, partition: 0 }, 0)
  const { records } = await kit.wait(reader.next(100))
  reader.close()
  return records
}

const counting = operator({
  name: 'counting',
  input: numbers,
  outputs: { out: numbers },
  state: { sum: state.value(numbers) },
  process(record, ctx) {
    ctx.state.sum.set((ctx.state.sum.get() ?? 0) + record.value)
    ctx.emit('out', ctx.state.sum.get() ?? 0)
  },
})
const waking = operator({
  name: 'waking',
  input: numbers,
  timers: ['later'],
  process: (_record, ctx) => ctx.timers.set('later', ctx.now + 1),
})
const buying = operator({
  name: 'buying',
  input: numbers,
  steps: { call: numbers },
  process: (record, ctx) => ctx.step('call', async () => record.value).then(() => undefined),
})

describe('keys that are no text', () => {
  it.each<[string, Operator]>([
    ['state', counting],
    ['timers', waking],
    ['steps', buying],
  ])(
    'in front of an operator with %s are dead letters with the original bytes; the rest goes on',
    async (_what, given) => {
      await using kit = await testTopology(graphOf(given))
      await sendRaw(kit, [...KEYS.map(key => ({ key, value: '1' })), { key: Buffer.from('a'), value: '2' }])
      const letters = kit.deadLetters()
      expect(letters.map(({ code, node }) => [code, node])).toEqual(
        KEYS.map(() => ['KEY_INVALID', given.name]),
      )
      expect(letters.map(({ origin }) => origin.key && Buffer.from(origin.key))).toEqual(KEYS)
      expect(letters[1]?.message).toContain('the key of in/0@1 is not valid UTF-8')
    },
  )

  it('keys that are no text pass stateless operators unchanged, fused ones included', async () => {
    const t = topology('app')
    const pass = operator({
      name: 'pass',
      input: numbers,
      outputs: { out: numbers },
      process: (record, ctx) => ctx.emit('out', record.value),
    })
    t.source('in', { value: numbers, partitions: 1 })
      .process('pass', pass)
      .map('same', numbers, each => each)
      .to(t.topic('out', { value: numbers, partitions: 1 }))
    await using kit = await testTopology(t.build())
    await sendRaw(
      kit,
      KEYS.map(key => ({ key, value: '1' })),
    )
    expect((await rawOf(kit, 'out')).map(({ key }) => key && Buffer.from(key))).toEqual(KEYS)
    expect(kit.read('out')).toEqual([1, 1, 1])
    expect(() => kit.records('out')[0]?.key).toThrow(
      'DECODE_FAILED: node outside: out/0@0 is not text: the key',
    )
  })

  it('keys that are no text are refused to an operator that asks for them as text', async () => {
    const asking = operator({
      name: 'asking',
      input: numbers,
      outputs: { out: codec.text },
      process: (record, ctx) => ctx.emit('out', `${record.key}`),
    })
    await using kit = await testTopology(graphOf(asking))
    await sendRaw(kit, [
      { key: Buffer.from([0xff]), value: '1' },
      { key: Buffer.from('é'), value: '2' },
    ])
    expect(kit.deadLetters()).toMatchObject([{ code: 'KEY_INVALID', node: 'asking' }])
    expect(kit.read('out')).toEqual(['é'])
  })

  it('keys that are no text are replaced by a key of its own where a rekey gives one', async () => {
    const t = topology('app')
    const byValue = t.topic('by-value', { value: numbers, partitions: 1 })
    t.source('in', { value: numbers, partitions: 1 })
      .rekey('rekey', each => `${each}`)
      .to(byValue)
    byValue
      .process('counting', counting)
      .on('out')
      .to(t.topic('out', { value: numbers, partitions: 1 }))
    await using kit = await testTopology(t.build())
    await sendRaw(
      kit,
      KEYS.map(key => ({ key, value: '4' })),
    )
    expect(kit.read('out')).toEqual([4, 8, 12])
  })
})

describe('values and headers that are no text', () => {
  it('of text and of JSON are dead letters', async () => {
    for (const textual of [codec.text, codec.json<string>('words')]) {
      const echo = operator({
        name: 'echo',
        input: textual,
        outputs: { out: textual },
        process: (record, ctx) => ctx.emit('out', record.value),
      })
      await using kit = await testTopology(graphOf(echo))
      await sendRaw(kit, [{ value: Buffer.from([0x22, 0xff, 0x22]) }, { value: '"\ufffd"' }])
      expect(kit.deadLetters()).toMatchObject([{ code: 'DECODE_FAILED', node: 'echo' }])
      expect(kit.deadLetters()[0]?.message).toContain('it is not valid UTF-8')
      expect(kit.read('out')).toHaveLength(1)
    }
  })

  it('of headers are dead letters where they are used, and pass where they are not', async () => {
    const echo = operator({
      name: 'echo',
      input: numbers,
      outputs: { out: numbers },
      process(record, ctx) {
        if (record.value === 2) ctx.headers.get('trace')
        ctx.emit('out', record.value)
      },
    })
    await using kit = await testTopology(graphOf(echo))
    const headers = { trace: Buffer.from([0xc3, 0x28]) }
    await sendRaw(kit, [
      { value: '1', headers },
      { value: '2', headers },
    ])
    expect((await rawOf(kit, 'out')).map(record => record.headers.trace)).toEqual([headers.trace])
    expect(kit.deadLetters()[0]?.message).toBe(
      'DECODE_FAILED: node echo: in/0@1 is not text: header trace is not valid UTF-8',
    )
    expect(kit.read('out')).toEqual([1])
  })

  it('of a delay are dead letters, and hold nothing up', async () => {
    const later = operator({
      name: 'later',
      input: numbers,
      outputs: { out: numbers },
      process: (record, ctx) => ctx.emit('out', record.value, { notBefore: ctx.now + 1_000 }),
    })
    await using kit = await testTopology(graphOf(later, { tiers: [1_000] }))
    const headers = { 'caudal-delay': Buffer.from([0xff]) }
    const record = { key: null, value: Buffer.from('1'), headers, timestamp: kit.now }
    await kit.wait(kit.log.append([{ topic: 'app.delay.1s', partition: 0, records: [record] }]))
    await kit.send('in', { value: 2 })
    await kit.advance('5s')
    expect(kit.read('out')).toEqual([2])
    expect(kit.deadLetters()).toMatchObject([{ code: 'REJECTED' }])
  })
})

describe('texts that have no UTF-8', () => {
  const given: Record<string, (lone: string) => Operator> = {
    'a key': lone =>
      operator({
        name: 'odd',
        input: numbers,
        outputs: { out: numbers },
        process: (record, ctx) => ctx.emit('out', record.value, { key: lone }),
      }),
    'a value': lone =>
      operator({
        name: 'odd',
        input: numbers,
        outputs: { out: codec.text },
        process: (_record, ctx) => ctx.emit('out', lone),
      }),
    'a header': lone =>
      operator({
        name: 'odd',
        input: numbers,
        outputs: { out: numbers },
        process: (record, ctx) => ctx.emit('out', record.value, { headers: { trace: lone } }),
      }),
    'the name of a header': lone =>
      operator({
        name: 'odd',
        input: numbers,
        outputs: { out: numbers },
        process: (record, ctx) => ctx.emit('out', record.value, { headers: { [lone]: 'x' } }),
      }),
    'the name of a map entry': lone =>
      operator({
        name: 'odd',
        input: numbers,
        state: { all: state.map(numbers) },
        process: (record, ctx) => ctx.state.all.set(lone, record.value),
      }),
    'the part of a step': lone =>
      operator({
        name: 'odd',
        input: numbers,
        steps: { call: numbers },
        process: (record, ctx) =>
          ctx.step('call', async () => record.value, { part: lone }).then(() => undefined),
      }),
  }

  it.each(Object.keys(given))('%s: both are refused, and neither is taken for the other', async what => {
    for (const lone of LONE) {
      await using kit = await testTopology(graphOf(given[what]?.(lone) ?? counting))
      await kit.send('in', { key: 'a', value: 1 })
      await kit.settle()
      expect(kit.deadLetters()).toMatchObject([
        { code: expect.stringMatching(/KEY_INVALID|ENCODE_FAILED/), node: 'odd' },
      ])
    }
  })

  it('texts that have no UTF-8 are refused where they are sent from outside', async () => {
    await using kit = await testTopology(graphOf(counting))
    const { running } = kit.pods[0] ?? expect.unreachable()
    const source = { codec: numbers, topic: 'in' }
    await expect(kit.wait(running.send(source, { key: '\ud800', value: 1 }))).rejects.toThrow('KEY_INVALID')
    await expect(kit.wait(running.send(source, { value: 1, headers: { a: '\ud800' } }))).rejects.toThrow(
      'ENCODE_FAILED',
    )
  })
})

describe('a key that is given and is none', () => {
  const unfit = [undefined, 5, Number.NaN, {}, true]

  it.each(unfit)('%s from a rekey, a key function or emit is a dead letter, and lands nowhere', async key => {
    const t = topology('app')
    const source = t.source('in', { value: numbers, partitions: 1 })
    const keyed = t.topic('keyed', { value: numbers, partitions: 1, key: () => key as never })
    const out = t.topic('out', { value: numbers, partitions: 1 })
    source.rekey('rekey', () => key as never).to(out)
    source.map('by-topic', numbers, each => each).to(keyed)
    const direct = operator({
      name: 'direct',
      input: numbers,
      outputs: { out: numbers },
      process: (record, ctx) => ctx.emit('out', record.value, { key: key as never }),
    })
    source.process('direct', direct).to(out)
    await using kit = await testTopology(t.build())
    await kit.send('in', { key: 'a', value: 1 })
    await kit.settle()
    expect(kit.read('out')).toEqual([])
    expect(kit.read('keyed')).toEqual([])
    expect(kit.deadLetters()[0]).toMatchObject({ code: 'KEY_INVALID' })
    await expect(() => kit.send('in', { key: key as never, value: 1 })).toThrow('KEY_INVALID')
  })
})

describe('bytes', () => {
  it('bytes of any kind are a value like any other', async () => {
    const echo = operator({
      name: 'echo',
      input: codec.bytes,
      outputs: { out: codec.bytes },
      process: (record, ctx) => ctx.emit('out', record.value),
    })
    await using kit = await testTopology(graphOf(echo))
    await sendRaw(kit, [{ value: Buffer.from([0xff, 0]) }])
    expect(kit.read('out')).toEqual([Buffer.from([0xff, 0])])
  })
})
