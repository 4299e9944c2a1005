/** Topics that are deleted, or deleted and made again: a position is never used in another topic than the one it was counted in. */
import { describe, expect, it } from 'vitest'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { realSystem } from '#core/system.ts'
import { run } from '#engine/client/run.ts'
import { decodeCheckpoint } from '#engine/commit/checkpoint.ts'
import type { TopicSpec } from '#engine/log/log.ts'
import { createSimulatedBroker } from '#engine/log/simulated/simulated-broker.ts'
import { durableMemoryStores } from '#engine/state/memory-store.ts'
import { type TestKit, testTopology } from '#testing/index.ts'
import { topology } from '#topology/index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

const pass = operator({
  name: 'pass',
  input: numbers,
  outputs: { out: numbers },
  process: (record, ctx) => ctx.emit('out', record.value),
})
const graph = graphOf(pass)

const specOf = (name: string, partitions = 1): TopicSpec => ({
  name,
  partitions,
  compacted: false,
  retentionMs: undefined,
})

async function remake(kit: TestKit, name: string, partitions = 1): Promise<string> {
  kit.faults.deleteTopic(name)
  await kit.wait(kit.log.createTopics([specOf(name, partitions)]))
  const [found] = await kit.wait(kit.log.describeTopics([name]))
  return found?.id ?? ''
}

/** Forty records were read when their topic is deleted; the one of its name that is made then has sixty others. */
async function replacedBetweenStarts(): Promise<{ kit: TestKit; former: string; id: string }> {
  const kit = await testTopology(graph)
  const [found] = await kit.wait(kit.log.describeTopics(['in']))
  await kit.send('in', ...recordsOf(1, 40))
  await kit.settle()
  kit.crash()
  const id = await remake(kit, 'in')
  await kit.send('in', ...recordsOf(101, 160))
  return { kit, former: found?.id ?? '', id }
}

const numbersRead = (kit: TestKit) => (kit.read('out') as number[]).toSorted((a, b) => a - b)
const range = (from: number, to: number) => recordsOf(from, to).map(record => record.value)

describe('a source that was made again between two starts', () => {
  it('a source that was made again between two starts blocks its task with both ids and the way out, however many records it has', async () => {
    const { kit, former, id } = await replacedBetweenStarts()
    await using _ = kit
    await kit.restart()
    const told = `TOPIC_REPLACED: topic in was deleted and made again: what was read has id ${former}, the present topic has id ${id}`
    await expect(kit.settle()).rejects.toThrow(told)
    await kit.advance('10m')
    expect(kit.read('out')).toHaveLength(40)
    const lines = kit.logs.filter(({ message }) => message === 'a task is blocked')
    expect(lines).toHaveLength(1)
    expect(JSON.stringify(lines)).toContain(`adoptTopics: { '${id}': 'start' }`)
  })

  it('a source that was made again between two starts is read from its start once that was said', async () => {
    const { kit, id } = await replacedBetweenStarts()
    await using _ = kit
    await kit.restart(graph, { adoptTopics: { [id]: 'start' } })
    await kit.settle()
    expect(numbersRead(kit)).toEqual([...range(1, 40), ...range(101, 160)])
  })

  it('a source that was made again between two starts is read from the position in the former one once that was said', async () => {
    const { kit, id } = await replacedBetweenStarts()
    await using _ = kit
    await kit.restart(graph, { adoptTopics: { [id]: 'position' } })
    await kit.settle()
    expect(numbersRead(kit)).toEqual([...range(1, 40), ...range(141, 160)])
  })

  it('a source that was made again between two starts is not skipped when it is shorter than the position that is kept in it', async () => {
    const { kit } = await replacedBetweenStarts()
    await using _ = kit
    const id = await remake(kit, 'in')
    await kit.send('in', ...recordsOf(201, 210))
    await kit.restart(graph, { adoptTopics: { [id]: 'position' } })
    await expect(kit.settle()).rejects.toThrow(
      'CHECKPOINT_LOST: task pass/0: the checkpoint needs in/0 from offset 40, the topic ends at 10; nothing was skipped',
    )
  })

  it('a source that was made again between two starts asks again when it is made again once more: an answer holds for one topic', async () => {
    const { kit, id } = await replacedBetweenStarts()
    await using _ = kit
    await kit.restart(graph, { adoptTopics: { [id]: 'start' } })
    await kit.settle()
    kit.crash()
    const next = await remake(kit, 'in')
    await kit.send('in', ...recordsOf(201, 300))
    await kit.restart()
    await expect(kit.settle()).rejects.toThrow(`what was read has id ${id}, the present topic has id ${next}`)
    expect(kit.read('out')).toHaveLength(100)
  })

  it('a source that was made again between two starts is read from its start without a question where nothing of the former one was committed', async () => {
    await using kit = await testTopology(graph)
    kit.crash()
    await remake(kit, 'in')
    await kit.send('in', ...recordsOf(1, 10))
    await kit.restart()
    await kit.settle()
    expect(numbersRead(kit)).toEqual(range(1, 10))
  })

  it('a source that was made again between two starts leaves the tasks of other sources going', async () => {
    const other = operator({
      name: 'other',
      input: numbers,
      outputs: { out: numbers },
      process: (record, ctx) => ctx.emit('out', record.value),
    })
    const t = topology('app')
    const out = t.topic('out', { value: numbers, partitions: 1 })
    for (const each of [pass, other])
      t.process(each.name, each, { in: t.source(`${each.name}-in`, { value: numbers, partitions: 1 }) })
        .on('out')
        .to(out)
    await using kit = await testTopology(t.build())
    await kit.send('pass-in', ...recordsOf(1, 10))
    await kit.settle()
    await remake(kit, 'pass-in')
    await kit.send('pass-in', ...recordsOf(11, 40))
    await kit.send('other-in', ...recordsOf(101, 110))
    await expect(kit.settle()).rejects.toThrow('TOPIC_REPLACED')
    await kit.send('other-in', ...recordsOf(111, 120))
    await kit.advance('1m')
    expect(numbersRead(kit)).toEqual([...range(1, 10), ...range(101, 120)])
    expect(kit.pods[0]?.tasks).toEqual(['other/0'])
  })
})

describe('a source that is deleted under a running pod', () => {
  it('a source that is deleted under a running pod blocks its task at once, and the next start creates it and asks where to begin', async () => {
    await using kit = await testTopology(graph)
    await kit.send('in', ...recordsOf(1, 10))
    await kit.settle()
    kit.faults.deleteTopic('in')
    await kit.advance('1s')
    const [line] = kit.logs.filter(({ level }) => level === 'error')
    expect(line?.fields).toMatchObject({
      task: 'pass/0',
      error: expect.stringMatching(/^TOPIC_DELETED: topic in /),
    })
    expect(kit.pods[0]?.status).toBe('running')
    await kit.stop()
    await kit.restart()
    await expect(kit.settle()).rejects.toThrow('TOPIC_REPLACED: topic in was')
  })

  it('a source that is deleted under a running pod blocks it as well when another one has its name already, with more records', async () => {
    await using kit = await testTopology(graph)
    await kit.send('in', ...recordsOf(1, 40))
    await kit.settle()
    kit.pods[0]?.pause()
    await remake(kit, 'in')
    await kit.send('in', ...recordsOf(101, 160))
    kit.pods[0]?.resume()
    await expect(kit.settle()).rejects.toThrow(/TOPIC_(DELETED|REPLACED): topic in /)
    expect(numbersRead(kit)).toEqual(range(1, 40))
  })
})

it('a table that is made again under a running pod ends it, and the next start reads the present one', async () => {
  const look = operator({
    name: 'look',
    input: numbers,
    outputs: { out: numbers },
    tables: { prices: numbers },
    process: (_, ctx) => ctx.emit('out', ctx.table('prices').get('price') ?? -1),
  })
  await using kit = await testTopology(graphOf(look))
  await kit.send('prices', { key: 'price', value: 7 })
  await kit.send('in', ...recordsOf(1, 1))
  await kit.settle()
  kit.faults.deleteTopic('prices')
  await expect(kit.advance('1s')).rejects.toThrow('TOPIC_MISSING')
  await kit.restart()
  await kit.send('in', ...recordsOf(2, 2))
  await kit.settle()
  expect(kit.read('out')).toEqual([7, -1])
})

it('a state topic that is deleted under a running pod ends it, with what is lost', async () => {
  const count = operator({
    name: 'count',
    input: numbers,
    outputs: { out: numbers },
    state: { total: state.value(numbers) },
    async process(record, ctx) {
      const total = (ctx.state.total.get() ?? 0) + record.value
      ctx.state.total.set(total)
      ctx.emit('out', total)
    },
  })
  await using kit = await testTopology(graphOf(count))
  await kit.send('in', ...recordsOf(1, 3, 'a'))
  await kit.settle()
  kit.faults.deleteTopic('app.count.state')
  await kit.send('in', ...recordsOf(4, 4, 'a'))
  await expect(kit.advance('1m')).rejects.toThrow(
    'STATE_LOST: state topic app.count.state was deleted under the running application',
  )
})

it('a state topic that was deleted between two starts is logged: the stage begins without state', async () => {
  await using kit = await testTopology(graph)
  await kit.send('in', ...recordsOf(1, 3))
  await kit.settle()
  await kit.stop()
  kit.faults.deleteTopic('app.pass.state')
  await kit.restart()
  await kit.settle()
  expect(numbersRead(kit)).toEqual([1, 1, 2, 2, 3, 3])
  expect(kit.logs.filter(({ message }) => message.startsWith('a stage begins without state'))).toMatchObject([
    { level: 'warn', fields: { stage: 'pass', topic: 'app.pass.state' } },
  ])
})

it('a checkpoint of a version that stored no ids is read as it always was, and gets them', () => {
  const stored = '{"format":1,"incarnation":"pod:1:x","number":4,"sources":{"in/0":{"low":40,"ahead":[2,1]}}}'
  const { sources } = decodeCheckpoint(Buffer.from(stored))
  expect(sources['in/0']).toEqual({ low: 40, ahead: [2, 1] })
  const newer = stored.replace('"ahead":[2,1]', '"ahead":[2,1],"id":"abc"')
  expect(decodeCheckpoint(Buffer.from(newer)).sources['in/0']).toEqual({ low: 40, ahead: [2, 1], id: 'abc' })
})

describe('a cluster that was made new while the local copies were kept', () => {
  it('a cluster that was made new while the local copies were kept gets none of their state', async () => {
    const total = operator({
      name: 'total',
      input: numbers,
      outputs: { out: numbers },
      state: { total: state.value(numbers) },
      async process(record, ctx) {
        const sum = (ctx.state.total.get() ?? 0) + record.value
        ctx.state.total.set(sum)
        ctx.emit('out', sum)
      },
    })
    const totals = topology('app')
    const source = totals.source('in', { value: numbers, partitions: 1, partitionedByKey: true })
    const out = totals.topic('out', { value: numbers, partitions: 1 })
    totals.process('total', total, { in: source }).on('out').to(out)
    const stores = durableMemoryStores()
    for (const first of [1, 10]) {
      const log = createSimulatedBroker({ system: realSystem }).connect(realSystem, 'client')
      const running = await run(totals.build(), { log, stores })
      await running.send(source, { key: 'a', value: first }, { key: 'a', value: 1 })
      const seen: unknown[] = []
      for await (const { value: sum } of running.follow(out)) if (seen.push(sum) === 2) break
      expect(seen).toEqual([first, first + 1])
      await running.stop()
      await log.close()
    }
  })
})
