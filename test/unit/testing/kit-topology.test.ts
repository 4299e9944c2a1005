/** The kit as its users meet it: feed, settle, read, let time pass, crash and restart; and what it says when used wrongly. */

import { describe, expect, expectTypeOf, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { podOf } from '#engine/client/running-pod.ts'
import { hang, reply, scripted, testOperator, testTopology, virtualSystem } from '#testing/index.ts'
import { topology } from '#topology/index.ts'

const numbers = codec.json<number>('number', each => typeof each === 'number')

const count = operator({
  name: 'count',
  input: codec.text,
  outputs: { counted: numbers },
  state: { total: state.value(numbers) },
  timers: ['quiet'],
  process(_record, ctx) {
    const total = (ctx.state.total.get() ?? 0) + 1
    ctx.state.total.set(total)
    ctx.timers.set('quiet', ctx.now + 60_000)
    ctx.emit('counted', total)
  },
  onTimer: (_timer, ctx) => ctx.emit('counted', -1),
})

function counting(name = 'counting') {
  const t = topology(name)
  const words = t.source('words', { value: codec.text, partitionedByKey: true })
  const totals = t.topic('totals', { value: numbers })
  const counted = words.process('count', count)
  counted.to(totals)
  return { words, totals, counted, graph: t.build() }
}

/** Each value takes a call of ten seconds. */
function calling(script = scripted<string, number>(each => reply(each.length, '10s'))) {
  const t = topology('calling')
  const words = t.source('words', { value: codec.text, partitions: 1 })
  const lengths = t.topic('lengths', { value: numbers, partitions: 1 })
  const ask = operator({
    name: 'ask',
    input: codec.text,
    outputs: { out: numbers },
    async process(record, ctx) {
      ctx.emit('out', await script(record.value, ctx))
    },
  })
  words.process('ask', ask).to(lengths)
  return { words, lengths, script, graph: t.build() }
}

describe('feeding and reading', () => {
  it('sending and reading is typed by the topics, and takes their names as well', async () => {
    const { words, totals, graph } = counting()
    await using kit = await testTopology(graph)
    await kit.send(words, { key: 'a', value: 'x' }, { key: 'b', value: 'y' })
    await kit.send('words', { key: 'a', value: 'z' })
    await kit.settle()
    const read = kit.read(totals)
    expectTypeOf(read).toEqualTypeOf<number[]>()
    expect(read.sort()).toEqual([1, 1, 2])
    expect(kit.read('totals').sort()).toEqual([1, 1, 2])
  })

  it('the kit shows keys, headers, event times and places', async () => {
    const { words, totals, graph } = counting()
    await using kit = await testTopology(graph)
    await kit.send(words, { key: 'a', value: 'x', headers: { trace: 't' }, timestamp: 5, partition: 3 })
    await kit.settle()
    expect(kit.records(totals)).toMatchObject([
      { key: 'a', value: 1, headers: { trace: 't' }, timestamp: 5, offset: 0 },
    ])
    expect(kit.records(words)).toMatchObject([{ key: 'a', value: 'x', partition: 3 }])
  })

  it('the kit merges partitions by event time and keeps the order of a key', async () => {
    const { words, graph } = counting()
    await using kit = await testTopology(graph)
    await kit.send(
      words,
      { key: 'a', value: 'third', timestamp: 3, partition: 0 },
      { key: 'a', value: 'after third', timestamp: 1, partition: 0 },
      { key: 'b', value: 'second', timestamp: 2, partition: 1 },
      { key: 'c', value: 'first', timestamp: 0, partition: 2 },
    )
    expect(kit.read(words)).toEqual(['first', 'second', 'third', 'after third'])
  })

  it('the kit spreads records without a key, and keeps tombstones out of values', async () => {
    const { words, graph } = counting()
    await using kit = await testTopology(graph)
    await kit.send(words, { value: '1' }, { value: '2' }, { key: 'a', bytes: null }, { bytes: 'raw' })
    expect(
      kit
        .records(words)
        .map(({ partition }) => partition)
        .slice(0, 2),
    ).toEqual([0, 1])
    expect(kit.read(words).sort()).toEqual(['1', '2', 'raw'])
    expect(kit.records(words)).toHaveLength(4)
  })

  it('the kit takes the key from the key function of a topic', async () => {
    const t = topology('keyed')
    const source = t.source('in', { value: codec.text })
    const topic = t.topic('out', { value: codec.text, key: each => each.slice(0, 1) })
    source.map('same', codec.text, each => each).to(topic)
    await using kit = await testTopology(t.build())
    await kit.send(topic, { value: 'xyz' })
    expect(kit.records(topic)[0]?.key).toBe('x')
  })
})

describe('state and time', () => {
  it('the kit shows committed state and timers, and lets time pass when asked', async () => {
    const { words, totals, graph } = counting()
    await using kit = await testTopology(graph)
    await kit.send(words, { key: 'a', value: 'x' })
    await kit.settle()
    expect(kit.state('count', 'total', 'a')).toBe(1)
    expect(kit.state('count', 'total', 'b')).toBeUndefined()
    expect(kit.timer('count', 'quiet', 'a')).toBe(kit.now + 60_000)
    await kit.advance('59s')
    expect(kit.read(totals)).toEqual([1])
    await kit.advance('1s')
    expect(kit.read(totals)).toEqual([1, -1])
  })

  it('the kit goes by the clock given', async () => {
    await using kit = await testTopology(counting().graph, { now: Date.UTC(2030, 0, 1) })
    expect(new Date(kit.now).getUTCFullYear()).toBe(2030)
  })
})

describe('settle', () => {
  it('settle passes as much time as calls and retries need, and no more', async () => {
    const { words, lengths, graph } = calling()
    await using kit = await testTopology(graph)
    const start = kit.now
    await kit.send(words, { key: 'a', value: 'four' }, { key: 'a', value: 'seven' })
    await kit.settle()
    expect(kit.read(lengths)).toEqual([4, 5])
    expect(kit.now - start).toBe(20_000)
  })

  it('with nothing to do is at rest at once', async () => {
    await using kit = await testTopology(counting().graph)
    const start = kit.now
    await kit.settle()
    expect(kit.now).toBe(start)
  })

  it('settle waits for every stage of a chain, through all its topics', async () => {
    const t = topology('chain')
    const [first, second, third] = ['a', 'b', 'c'].map(name => t.topic(name, { value: numbers, key: String }))
    if (!first || !second || !third) throw new RangeError('three topics were declared')
    first.map('one', numbers, each => each + 1).to(second)
    second.map('two', numbers, each => each * 2).to(third)
    await using kit = await testTopology(t.build(), { pods: 2 })
    await kit.send(first, ...Array.from({ length: 100 }, (_, nth) => ({ value: nth })))
    await kit.settle()
    expect(kit.read(third)).toHaveLength(100)
  })

  it('settle says what is stuck, and where', async () => {
    const { words, graph } = calling(scripted<string, number>(() => hang()))
    await using kit = await testTopology(graph)
    await kit.send(words, { key: 'a', value: 'x' })
    const settled = kit.settle({ within: '30s' })
    await expect(settled).rejects.toThrow(
      'NOT_SETTLED: the topology under test did not come to rest within 30s:\n' +
        '- task ask/0: words/0@0 of key a is at operator ask, attempt 1, id words/0/0',
    )
  })

  it('settle says so when no pod is alive', async () => {
    await using kit = await testTopology(counting().graph)
    kit.crash()
    await expect(kit.settle({ within: '1s' })).rejects.toThrow('- task count/0 is run by no pod')
  })

  it('settle hands on the error of a pod that ended by itself, once', async () => {
    const { words, graph } = calling()
    await using kit = await testTopology(graph)
    await kit.send(words, { key: 'a', value: 'x' })
    podOf(kit.pods[0]?.running).fail(new RangeError('no more memory'))
    await expect(kit.settle()).rejects.toThrow('STOPPED: the pod has stopped: no more memory')
    await kit.restart()
    await kit.settle()
  })
})

describe('until', () => {
  it('until stops in the middle, for a crash at the worst moment', async () => {
    const { words, lengths, script, graph } = calling()
    await using kit = await testTopology(graph)
    await kit.send(words, { key: 'a', value: 'x' })
    await kit.until(() => script.inFlight === 1)
    kit.crash()
    expect(script.inFlight).toBe(0)
    expect(script.calls[0]?.status).toBe('lost')
    await kit.restart()
    await kit.settle()
    expect(kit.read(lengths)).toEqual([1])
  })

  it('until fails when it does not come to that', async () => {
    await using kit = await testTopology(counting().graph)
    await expect(kit.until(() => false, { within: '5s' })).rejects.toThrow('NOT_SETTLED')
  })
})

describe('pods', () => {
  it('pods of a kit share the tasks, crash and come back', async () => {
    const { words, totals, graph } = counting()
    await using kit = await testTopology(graph, { pods: 3 })
    expect(kit.pods.map(({ name, status, tasks }) => [name, status, tasks.length])).toEqual([
      ['pod-1', 'running', 3],
      ['pod-2', 'running', 3],
      ['pod-3', 'running', 2],
    ])
    kit.pods[1]?.crash()
    await kit.settle()
    expect(kit.pods.map(({ tasks }) => tasks.length)).toEqual([4, 0, 4])
    await kit.restart()
    await kit.settle()
    expect(kit.pods.map(({ status }) => status)).toEqual(['running', 'running', 'running'])
    await kit.send(words, ...Array.from({ length: 50 }, (_, nth) => ({ key: `${nth}`, value: 'x' })))
    await kit.settle()
    expect(kit.read(totals)).toEqual(Array(50).fill(1))
  })

  it('pods of a kit run another version after a restart', async () => {
    const { graph } = counting()
    await using kit = await testTopology(graph)
    await kit.stop()
    const next = topology('counting')
    next.source('words', { value: codec.text, partitionedByKey: true }).process('count', count).discard()
    await kit.restart(next.build())
    await kit.settle()
    expect(kit.explain()).toContain('counting: 1 stage')
    expect(kit.explain()).not.toContain('totals')
  })
})

describe('a run', () => {
  async function story(seed: number) {
    const draw = scripted<string, number>(each => reply(each.length), { latency: ['1s', '9s'] })
    const { words, graph } = calling(draw)
    await using kit = await testTopology(graph, { seed })
    await kit.send(words, ...Array.from({ length: 20 }, (_, nth) => ({ key: `${nth}`, value: 'x' })))
    await kit.settle()
    return { ids: kit.records('lengths').map(({ headers }) => headers['caudal-id']), now: kit.now }
  }

  it('a run is the same for the same seed, and another for another', async () => {
    expect(await story(7)).toEqual(await story(7))
    expect(await story(7)).not.toEqual(await story(8))
  })

  it('a run leaves nothing behind', async () => {
    const before = process.getActiveResourcesInfo().length
    {
      const { words, graph } = calling()
      await using kit = await testTopology(graph, { pods: 2 })
      await kit.send(words, { key: 'a', value: 'x' })
    }
    expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before)
  })
})

describe('used wrongly, the kit says what to do', () => {
  it.each([
    [
      'an unknown topic',
      'there is no topic wrods in the graph; it has: words, totals',
      'wrods',
      { value: 'x' },
    ],
    [
      'a partition that is not there',
      'words has 8 partitions; there is no partition 8',
      'words',
      { value: 'x', partition: 8 },
    ],
    ['a value of another type', 'the value for words is not text', 'words', { value: 1 }],
  ])('%s', async (_what, message, topic, record) => {
    await using kit = await testTopology(counting().graph)
    expect(() => kit.send(topic, record)).toThrow(message)
  })

  it('names of operators, states and timers', async () => {
    await using kit = await testTopology(counting().graph)
    expect(() => kit.state('cuont', 'total', 'a')).toThrow(
      'there is no operator cuont in the graph; it has: count',
    )
    expect(() => kit.state('count', 'sum', 'a')).toThrow(
      'operator count declares no state sum; it has: total',
    )
    expect(() => kit.timer('count', 'noisy', 'a')).toThrow('declares no timer noisy; it has: quiet')
  })

  it('an output in place of a topic', async () => {
    const { counted, graph } = counting()
    await using kit = await testTopology(graph)
    expect(() => kit.read(counted)).toThrow('output counted of operator count is no topic')
  })

  it('a call that was not awaited', async () => {
    await using kit = await testTopology(counting().graph)
    const first = kit.advance('1s')
    await expect(kit.settle()).rejects.toThrow(
      'settle was called while advance was running; await every call',
    )
    await first
  })

  it('a duration that is none', async () => {
    await using kit = await testTopology(counting().graph)
    expect(() => kit.advance('5 minutes' as never)).toThrow("advance is '5 minutes'; write")
  })

  it('pods that cannot do what they are asked for', async () => {
    await using kit = await testTopology(counting().graph)
    await expect(kit.restart()).rejects.toThrow('every pod is running; crash or stop one first')
    kit.crash()
    expect(() => kit.crash()).toThrow('no pod is alive')
    expect(() => kit.pods[0]?.pause()).toThrow('pod-1 is crashed; only a running pod can pause')
    expect(() => kit.pods[0]?.resume()).toThrow('nothing to resume')
    await expect(testTopology(counting().graph, { pods: 0 })).rejects.toThrow('pods is 0')
  })

  it('a kit that is used after its scope', async () => {
    const kit = await testTopology(counting().graph)
    await kit[Symbol.asyncDispose]()
    await expect(kit.settle()).rejects.toThrow("settle was called after the end of the kit's scope")
  })
})

describe('what the kit tells', () => {
  it('the kit reads a JSON null as a value, and a tombstone as none', async () => {
    const Maybe = codec.json<number | null>('Maybe')
    const echo = operator({
      name: 'echo',
      input: Maybe,
      outputs: { out: Maybe },
      process: (record, ctx) => ctx.emit('out', record.value),
    })
    const t = topology('app')
    const source = t.source('in', { value: Maybe, partitions: 1 })
    const out = t.topic('out', { value: Maybe, partitions: 1 })
    source.process(echo.name, echo).to(out)
    await using kit = await testTopology(t.build())
    await kit.send(source, { key: 'a', value: null }, { key: 'a', value: 1 })
    await kit.send(out, { key: 'a', bytes: null })
    await kit.settle()
    expect(kit.read(out)).toEqual([null, 1])
  })

  it('the kit says of what repeats without a pause that it does, and where', async () => {
    const repeat = () => void virtualSystem.after(0, repeat)
    const again = operator({
      name: 'again',
      input: numbers,
      async process() {
        repeat()
        await new Promise(() => {})
      },
    })
    const t = topology('app')
    t.source('in', { value: numbers, partitions: 1, partitionedByKey: true }).process('again', again)
    await using kit = await testTopology(t.build())
    await kit.send('in', { key: 'a', value: 1 })
    await expect(kit.settle()).rejects.toThrow(
      /NOT_SETTLED[\s\S]*one instant[\s\S]*repeated without a pause[\s\S]*again/,
    )
  })

  it('the kit takes no record that the engine would not take elsewhere', async () => {
    const Text = codec.json<string>('Text')
    const echo = operator({
      name: 'echo',
      input: Text,
      outputs: { out: Text },
      process: (record, ctx) => ctx.emit('out', 'x'.repeat(Number(record.value))),
    })
    await expect(testOperator(echo, { value: '1000000' })).rejects.toThrow('takes at most 1000000 bytes')
  })
})
