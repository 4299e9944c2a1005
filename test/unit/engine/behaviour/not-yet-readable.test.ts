/** Codecs that have to fetch something first: the task waits, the pod does not, and no attempt is spent. */
import { afterEach, expect, test } from 'vitest'
import { type Codec, codec } from '#core/codec.ts'
import { NotYetReadable } from '#core/errors.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { type TestKit, testTopology } from '#testing/index.ts'
import { topology } from '#topology/builder.ts'

let kit: TestKit | undefined
afterEach(() => kit?.[Symbol.asyncDispose]())

/** Text that begins with `?` can be read only once `arrive` was called. */
function slowText() {
  let arrive = () => {}
  let isThere = false
  const ready = new Promise<void>(resolve => {
    arrive = () => {
      isThere = true
      resolve()
    }
  })
  let asked = 0
  const slow: Codec<string> = {
    ...codec.text,
    name: 'slow',
    decode(bytes) {
      const read = codec.text.decode(bytes)
      if (!read.startsWith('?') || isThere) return read
      asked++
      throw new NotYetReadable({ id: 7, codec: 'slow', registry: 'nobody' }, ready)
    },
  }
  return { codec: slow, arrive: () => arrive(), asked: () => asked }
}

function inputsOf(slow: Codec<string>, attempts: number[] = []) {
  const graph = topology('slow')
  const words = graph.source('words', { value: slow, partitions: 2, partitionedByKey: true })
  const out = graph.topic('out', { value: codec.text, partitions: 1 })
  const echo = operator({
    name: 'echo',
    input: slow,
    outputs: { out: codec.text },
    process(record, ctx) {
      attempts.push(ctx.attempt)
      ctx.emit('out', record.value)
    },
  })
  words.process('echo', echo).to(out)
  return { built: graph.build(), words, out }
}

test('a record that cannot be read yet holds its task, and runs as if for the first time', async () => {
  const { codec: slow, arrive } = slowText()
  const attempts: number[] = []
  const { built, words, out } = inputsOf(slow, attempts)
  kit = await testTopology(built)
  await kit.send(
    words,
    { key: 'a', value: 'first' },
    { key: 'a', value: '?second' },
    { key: 'a', value: 'third' },
  )
  await kit.advance('1m')
  expect(kit.read(out)).toEqual(['first'])
  arrive()
  await kit.settle()
  expect(kit.read(out)).toEqual(['first', '?second', 'third'])
  expect(attempts).toEqual([1, 1, 1])
  expect(kit.deadLetters()).toEqual([])
  expect(kit.pods[0]?.running.metrics.stages.get('echo')).toMatchObject({
    recordsIn: 3,
    failed: 0,
    inFlight: 0,
  })
})

test('records behind it do not run, those of other tasks do', async () => {
  const { codec: slow, arrive, asked } = slowText()
  const { built, words, out } = inputsOf(slow)
  kit = await testTopology(built)
  await kit.send(words, { key: 'a', value: '?held' })
  await kit.advance('1s')
  const others = Array.from({ length: 20 }, (_, index) => ({ key: `k${index}`, value: `v${index}` }))
  await kit.send(words, ...others)
  await kit.advance('1m')
  const passed = kit.read(out).length
  expect(passed).toBeGreaterThan(0)
  expect(passed).toBeLessThan(20)
  expect(asked()).toBe(1)
  arrive()
  await kit.settle()
  expect(kit.read(out)).toHaveLength(21)
})

test('state that cannot be read yet undoes the run, even of an operator that catches everything', async () => {
  const { codec: slow, arrive } = slowText()
  const graph = topology('stateful')
  const words = graph.source('words', { value: codec.text, partitions: 1, partitionedByKey: true })
  const out = graph.topic('out', { value: codec.text, partitions: 1 })
  const keep = operator({
    name: 'keep',
    input: codec.text,
    outputs: { out: codec.text },
    state: { last: state.value(slow) },
    process(record, ctx) {
      let last = 'lost'
      try {
        last = ctx.state.last.get() ?? 'none'
      } catch (error) {
        ctx.log.warn('ignored', { error })
      }
      ctx.state.last.set(record.value)
      ctx.emit('out', last)
    },
  })
  words.process('keep', keep).to(out)
  kit = await testTopology(graph.build())
  await kit.send(words, { key: 'a', value: '?one' }, { key: 'a', value: 'two' })
  await kit.advance('1m')
  expect(kit.read(out)).toEqual(['none'])
  arrive()
  await kit.settle()
  expect(kit.read(out)).toEqual(['none', '?one'])
})

test('a journaled step that cannot be read yet is not bought again', async () => {
  const { codec: slow, arrive } = slowText()
  const graph = topology('stepping')
  const words = graph.source('words', { value: codec.text, partitions: 1, partitionedByKey: true })
  const out = graph.topic('out', { value: codec.text, partitions: 1 })
  let bought = 0
  const buying = operator({
    name: 'buying',
    input: codec.text,
    outputs: { out: codec.text },
    steps: { buy: slow },
    async process(_, ctx) {
      const result = await ctx.step('buy', async () => {
        bought++
        return '?dear'
      })
      if (ctx.attempt === 1) throw new TypeError('once')
      ctx.emit('out', result)
    },
    onError: () => 'retry',
  })
  words.process('buying', buying).to(out)
  kit = await testTopology(graph.build())
  await kit.send(words, { key: 'a', value: 'x' })
  await kit.advance('1m')
  expect(kit.read(out)).toEqual([])
  arrive()
  await kit.settle()
  expect(kit.read(out)).toEqual(['?dear'])
  expect(bought).toBe(1)
})

test('a table waits for what it cannot read yet, and skips nothing', async () => {
  const { codec: slow, arrive } = slowText()
  const graph = topology('tables')
  const settings = graph.table('settings', { value: slow, key: text => text, partitions: 1 })
  const words = graph.source('words', { value: codec.text, partitions: 1, partitionedByKey: true })
  const out = graph.topic('out', { value: codec.json<string | undefined>('maybe'), partitions: 1 })
  const reading = operator({
    name: 'reading',
    input: codec.text,
    outputs: { out: codec.json<string | undefined>('maybe') },
    tables: { settings: slow },
    process: (_, ctx) => ctx.emit('out', ctx.table('settings').get('s') ?? 'none'),
  })
  words.process('reading', reading).to(out)
  kit = await testTopology(graph.build())
  await kit.send(settings, { key: 's', value: '?set' })
  await kit.advance('1m')
  arrive()
  await kit.settle()
  await kit.send(words, { key: 'a', value: 'x' })
  await kit.settle()
  expect(kit.read(out)).toEqual(['?set'])
})
