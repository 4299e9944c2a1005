/** A program around a running topology: it writes sources and follows outputs by the handles of the graph. */
import { describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import type { TopicRecord } from '#engine/client/topic-client.ts'
import { type TestKit, testTopology } from '#testing/index.ts'
import { topology } from '#topology/index.ts'
import { numbers, recordsOf } from './graph.ts'

const Doubled = codec.json<{ twice: number }>('Doubled')

function doubling() {
  const t = topology('app')
  const source = t.source('in', { value: numbers, partitions: 3 })
  const out = t.topic('out', { value: Doubled, partitions: 3, key: ({ twice }) => `${twice}` })
  const double = operator({
    name: 'double',
    input: numbers,
    outputs: { out: Doubled },
    process: (record, ctx) => ctx.emit('out', { twice: record.value * 2 }),
  })
  source.process('double', double).to(out)
  return { source, out, graph: t.build() }
}

const runningOf = (kit: TestKit) => kit.pods[0]?.running ?? expect.unreachable()

async function take<V>(records: AsyncIterable<TopicRecord<V>>, count: number): Promise<TopicRecord<V>[]> {
  const taken: TopicRecord<V>[] = []
  for await (const record of records) {
    taken.push(record)
    if (taken.length === count) break
  }
  return taken
}

describe('send and follow', () => {
  it('send and follow write and read values of the topics, from the start and as they come', async () => {
    const { source, out, graph } = doubling()
    await using kit = await testTopology(graph)
    const running = runningOf(kit)
    await kit.wait(running.send(source, ...recordsOf(1, 5)))
    await kit.settle()
    const following = take(running.follow(out), 10)
    await kit.advance('1s')
    await kit.wait(running.send(source, ...recordsOf(6, 10)))
    const records = await kit.wait(following)
    const values = records.map(({ value }) => value?.twice ?? 0)
    expect(values.sort((a, b) => a - b)).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 20])
    expect(records.every(({ key, value }) => key === `${value?.twice}`)).toBe(true)
  })

  it('send and follow keep the order of a partition', async () => {
    const { source, graph } = doubling()
    await using kit = await testTopology(graph)
    const running = runningOf(kit)
    await kit.wait(running.send(source, ...recordsOf(1, 3_000, 'a')))
    const records = await kit.wait(take(running.follow(source), 3_000))
    expect(records.map(({ value }) => value)).toEqual(recordsOf(1, 3_000).map(({ value }) => value))
  })

  it('send and follow go on through outages of the log', async () => {
    const { source, out, graph } = doubling()
    await using kit = await testTopology(graph)
    const running = runningOf(kit)
    const following = take(running.follow(out), 2)
    await kit.wait(running.send(source, { key: 'a', value: 1 }))
    await kit.advance('1s')
    kit.faults.refuse('pod-1', 'fetch', 20)
    await kit.send(source, { key: 'a', value: 2 })
    expect((await kit.wait(following)).map(({ value }) => value)).toEqual([{ twice: 2 }, { twice: 4 }])
  })

  it('send and follow say what does not fit: a topic that is not there, a value that is none, bytes that are none', async () => {
    const { source, graph } = doubling()
    await using kit = await testTopology(graph)
    const running = runningOf(kit)
    const other = topology('other').source('elsewhere', { value: numbers })
    await expect(kit.wait(running.send(other, { value: 1 }))).rejects.toThrow(
      'TOPIC_MISSING: topic elsewhere',
    )
    const unfit = Object(1n)
    await expect(kit.wait(running.send(source, { value: unfit }))).rejects.toThrow(
      'ENCODE_FAILED: node outside: the value for in is not number',
    )
    await kit.wait(running.send(source, { key: 'a', bytes: '{' }))
    await expect(kit.wait(take(running.follow(source), 1))).rejects.toThrow(
      'DECODE_FAILED: node outside: in/',
    )
  })
})
