/** Partitions that are added to a topic of the graph are logged while no pod uses them. The next start can use them. */

import { describe, expect, it } from 'vitest'
import type { Duration } from '#core/duration.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import type { TopicSpec } from '#engine/log/log.ts'
import { partitionOf } from '#engine/log/partitioning.ts'
import { type TestKit, testTopology } from '#testing/index.ts'
import { type Topology, topology } from '#topology/index.ts'
import { numbers, recordsOf } from './graph.ts'

const pass = operator({
  name: 'pass',
  input: numbers,
  outputs: { out: numbers },
  process: (record, ctx) => ctx.emit('out', record.value),
})
/** Emits the sum of what came for its key so far. */
const sum = operator({
  name: 'sum',
  input: numbers,
  outputs: { out: numbers },
  state: { total: state.value(numbers) },
  process(record, ctx) {
    const total = (ctx.state.total.get() ?? 0) + record.value
    ctx.state.total.set(total)
    ctx.emit('out', total)
  },
})

interface Source {
  readonly partitions?: number
  readonly tasks?: number
  readonly retention?: Duration
}

function graphWith(reader: typeof pass | typeof sum, source: Source): Topology {
  const t = topology('app')
  const out = t.topic('out', { value: numbers, partitions: 1 })
  t.source('in', { value: numbers, partitionedByKey: true, ...source })
    .process(reader.name, reader)
    .to(out)
  return t.build()
}

/** Ten records were read from one partition when its owner adds partitions, and writes records of the same keys there. */
async function grown(reader: typeof pass | typeof sum, partitions: number, from = 1): Promise<TestKit> {
  const kit = await testTopology(graphWith(reader, { partitions: from }))
  await kit.send('in', ...recordsOf(1, 10))
  await kit.settle()
  await kit.wait(kit.log.growTopic('in', partitions))
  return kit
}

/** As a producer of others would, which knows of all partitions. */
async function sendTo(kit: TestKit, partitions: number, first: number): Promise<void> {
  const batches = recordsOf(1, 10).map(({ key, value: at }) => ({
    topic: 'in',
    partition: partitionOf(Buffer.from(key), partitions),
    records: [{ key: Buffer.from(key), value: numbers.encode(first + at), headers: {}, timestamp: kit.now }],
  }))
  await kit.wait(kit.log.append(batches))
}

const readAll = (kit: TestKit) => (kit.read('out') as number[]).toSorted((a, b) => a - b)
const range = (from: number, to: number) => recordsOf(from, to).map(record => record.value)
const partitionsOf = async (kit: TestKit, topic: string) =>
  (await kit.wait(kit.log.describeTopics([topic])))[0]?.partitions

describe('partitions that are added to a source', () => {
  it('added partitions are logged once, with what to do, while the rest goes on', async () => {
    await using kit = await grown(pass, 3)
    await kit.advance('5m')
    const told = kit.logs.filter(({ message }) => message.startsWith('partitions were added'))
    expect(told).toMatchObject([
      {
        level: 'warn',
        fields: {
          topic: 'in',
          partitions: 3,
          read: 1,
          remedy: expect.stringContaining('declare partitions: 3 of source in'),
        },
      },
    ])
    await kit.send('in', { key: 'a', value: 11, partition: 0 })
    await kit.settle()
    expect(readAll(kit)).toEqual(range(1, 11))
  })

  it('partitions that are added to a source end the next start that declares the former number, with the declaration that is right', async () => {
    await using kit = await grown(pass, 3)
    await kit.stop()
    await expect(kit.restart()).rejects.toThrow(
      'source in has 3 partitions, declared are 1: declare partitions: 3 of it in the graph',
    )
    await kit.restart(graphWith(pass, { partitions: 3 }))
    await kit.settle()
  })

  it('partitions that are added to a source are read from their start by a graph without state that declares them, and nothing is read again', async () => {
    await using kit = await grown(pass, 3)
    await kit.stop()
    await sendTo(kit, 3, 100)
    await kit.restart(graphWith(pass, { partitions: 3 }))
    await kit.settle()
    expect(readAll(kit)).toEqual([...range(1, 10), ...range(101, 110)])
    expect(await partitionsOf(kit, 'app.pass.state')).toBe(3)
    expect(kit.pods[0]?.tasks.toSorted()).toEqual(['pass/0', 'pass/1', 'pass/2'])
    kit.crash()
    await kit.restart()
    await kit.settle()
    expect(readAll(kit)).toHaveLength(20)
  })

  it('partitions that are added to a source are read by a graph that declares no number at all', async () => {
    await using kit = await testTopology(graphWith(pass, {}))
    await kit.send('in', ...recordsOf(1, 10))
    await kit.settle()
    await kit.wait(kit.log.growTopic('in', 12))
    await kit.stop()
    await sendTo(kit, 12, 100)
    await kit.restart()
    await kit.settle()
    expect(readAll(kit)).toEqual([...range(1, 10), ...range(101, 110)])
  })
})

describe('partitions that are added to a topic of the graph by others', () => {
  const price = operator({
    name: 'price',
    input: numbers,
    outputs: { prices: numbers },
    tables: { rates: numbers },
    process: (_, ctx) => ctx.emit('prices', ctx.table('rates').get('eur') ?? -1),
  })
  /** `prices` is read by the second operator, which makes `out`. */
  function pricing(reader: typeof pass | typeof sum, counts: Record<string, number> = {}): Topology {
    const t = topology('app')
    const made = (name: string) => ({ value: numbers, partitions: counts[name] ?? 1 })
    t.table('rates', made('rates'))
    const prices = t.topic('prices', made('prices'))
    t.source('in', { ...made('in'), partitionedByKey: true })
      .process('price', price)
      .to(prices)
    prices.process(reader.name, reader).to(t.topic('out', made('out')))
    return t.build()
  }
  const added = (kit: TestKit) =>
    kit.logs.filter(({ message }) => message.startsWith('partitions were added'))

  it.each([
    ['rates', 'partitions were added to a table, and nobody reads them', 'table'],
    ['out', 'partitions were added to a topic, and nothing is written to them', 'topic'],
    ['prices', 'partitions were added to a topic, and nothing is written to them', 'topic'],
  ])('those of %s are warned of once, and the next start says how to go on', async (name, message, kind) => {
    await using kit = await testTopology(pricing(pass))
    await kit.wait(kit.log.growTopic(name, 2))
    await kit.wait(
      kit.log.append([
        {
          topic: name,
          partition: 1,
          records: [{ key: Buffer.from('eur'), value: numbers.encode(7), headers: {}, timestamp: 1 }],
        },
      ]),
    )
    await kit.advance('5m')
    expect(added(kit)).toMatchObject([
      {
        level: 'warn',
        message: expect.stringContaining(message),
        fields: {
          topic: name,
          remedy: expect.stringContaining(`declare partitions: 2 of ${kind} ${name} and`),
        },
      },
    ])
    await kit.stop()
    await expect(kit.restart()).rejects.toThrow(
      `TOPIC_MISMATCH: topics differ from the topology:\n${kind} ${name} has 2 partitions, declared are 1: declare partitions: 2 of it in the graph`,
    )
    await kit.restart(pricing(pass, { [name]: 2 }))
    await kit.send('in', { key: 'a', value: 1 })
    await kit.settle()
    expect(kit.read('out')).toContain(name === 'rates' ? 7 : -1)
  })

  it('those of a topic whose reader keeps state by key are warned of, and no number is advised', async () => {
    await using kit = await testTopology(pricing(sum))
    await kit.wait(kit.log.growTopic('prices', 2))
    await kit.advance('5m')
    expect(added(kit)).toMatchObject([
      { fields: { remedy: expect.stringContaining('give topic prices another name') } },
    ])
    await kit.stop()
    await expect(kit.restart()).rejects.toThrow(/TOPIC_MISMATCH(?!.*declare)/s)
  })
})

describe('where state is kept by key', () => {
  it('a start with more tasks is refused, and says which declaration leaves each key with its state', async () => {
    await using kit = await grown(sum, 3)
    await kit.stop()
    await expect(kit.restart()).rejects.toThrow(
      'TOPIC_MISMATCH: topics differ from the topology:\nsource in has 3 partitions, declared are 1: declare partitions: 3 and tasks: 1 of it in the graph',
    )
    await expect(kit.restart(graphWith(sum, { partitions: 3 }))).rejects.toThrow(
      'stage sum has 3 tasks instead of 1; declare tasks: 1 for source in: each key then stays with its state, and a task reads several partitions',
    )
    expect(await partitionsOf(kit, 'app.sum.state')).toBe(1)
  })

  it.each([
    [1, 3],
    [2, 4],
    [3, 12],
  ])('that declaration works: from %i partitions to %i, every key goes on with its sum', async (from, to) => {
    await using kit = await grown(sum, to, from)
    await kit.stop()
    await sendTo(kit, to, 100)
    await kit.restart(graphWith(sum, { partitions: to, tasks: from }))
    await kit.settle()
    expect(readAll(kit)).toEqual([...range(1, 10), ...recordsOf(1, 10).map(each => 100 + 2 * each.value)])
    kit.crash()
    await sendTo(kit, to, 1_000)
    await kit.restart()
    await kit.settle()
    expect(readAll(kit).slice(20)).toEqual(recordsOf(1, 10).map(each => 1_100 + 3 * each.value))
  })

  it('a pod of the former version that gets the task back forgets no position in the added ones', async () => {
    await using kit = await testTopology(graphWith(sum, { partitions: 1 }), { pods: 2 })
    await kit.send('in', ...recordsOf(1, 10))
    await kit.settle()
    const [former, next] = kit.pods
    next?.crash()
    await kit.wait(kit.log.growTopic('in', 3))
    await sendTo(kit, 3, 100)
    await kit.restart(graphWith(sum, { partitions: 3, tasks: 1 }))
    former?.pause()
    await kit.until(() => kit.read('out').length === 20)
    next?.crash()
    former?.resume()
    await kit.until(() => former?.tasks.length === 1)
    await kit.send('in', { key: 'a', value: 5_000, partition: 0 })
    await kit.until(() => kit.read('out').length === 21)
    former?.crash()
    await kit.restart(graphWith(sum, { partitions: 3, tasks: 1 }))
    await kit.settle()
    expect(readAll(kit)).toHaveLength(21)
  })

  it('partitions that are no multiple have moved the keys, which is said with the way out', async () => {
    await using kit = await grown(sum, 3, 2)
    await kit.stop()
    await expect(kit.restart(graphWith(sum, { partitions: 3 }))).rejects.toThrow(
      'stage sum has 3 tasks instead of 2; its keys are in other partitions now; read sources with a multiple of 2 of partitions, or run the graph under another application name',
    )
  })

  it('tasks of which the partitions are no multiple are a fault of the graph', async () => {
    await expect(testTopology(graphWith(sum, { partitions: 3, tasks: 2 }))).rejects.toThrow(
      'in: has 3 partitions for 2 tasks',
    )
  })
})

describe('a source of others that is kept otherwise than declared', () => {
  const made = async (spec: Partial<TopicSpec>) => {
    const kit = await testTopology(topology('other').build())
    await kit.wait(
      kit.log.createTopics([
        { name: 'in', partitions: 1, compacted: false, retentionMs: undefined, ...spec },
      ]),
    )
    await kit.stop()
    return kit
  }

  it('a source of others that is kept otherwise than declared ends the start with what to declare, and never with a change of the topic', async () => {
    await using kit = await made({ retentionMs: 604_800_000 })
    const start = kit.restart(graphWith(pass, { partitions: 1, retention: '1s' }))
    await expect(start).rejects.toThrow(
      "source in keeps records for 168h, declared is for 1s: declare retention: '168h' of it in the graph",
    )
    expect(kit.pods[0]?.failure).not.toMatchObject({ message: expect.stringMatching(/alter|another name/) })
  })

  it('is taken as it is where the graph does not say how long records are kept', async () => {
    await using kit = await made({ retentionMs: 604_800_000 })
    await kit.restart(graphWith(pass, { partitions: 1 }))
    await kit.send('in', ...recordsOf(1, 3))
    await kit.settle()
    expect(readAll(kit)).toEqual(range(1, 3))
  })

  it('a source of others that is kept otherwise than declared is no source where it is compacted', async () => {
    await using kit = await made({ compacted: true })
    await expect(kit.restart(graphWith(pass, { partitions: 1 }))).rejects.toThrow(
      'source in is compacted, so that records would be missing: declare it as a table',
    )
  })
})
