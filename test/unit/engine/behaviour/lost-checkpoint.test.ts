/** A checkpoint below the start of a topic blocks its task: never a silent reset, and never the other tasks. */
import { describe, expect, it } from 'vitest'
import { operator } from '#core/operator.ts'
import { type TestKit, testTopology } from '#testing/index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

const pass = operator({
  name: 'pass',
  input: numbers,
  outputs: { out: numbers },
  process: (record, ctx) => ctx.emit('out', record.value),
})
const graph = graphOf(pass, { partitions: 2 })

const inPartition = (partition: number, from: number, to: number) =>
  recordsOf(from, to).map(record => ({ ...record, partition }))

async function withLoss(): Promise<TestKit> {
  const kit = await testTopology(graph)
  await kit.send('in', ...inPartition(0, 1, 10))
  await kit.settle()
  kit.crash()
  await kit.send('in', ...inPartition(0, 11, 30), ...inPartition(1, 31, 40))
  await kit.wait(kit.log.trim({ topic: 'in', partition: 0 }, 20))
  await kit.restart()
  return kit
}

describe('records that were deleted before they were read', () => {
  it('records that were deleted before they were read block their task, with the place and what is missing', async () => {
    await using kit = await withLoss()
    await expect(kit.settle()).rejects.toThrow(
      'task pass/0 is blocked: CHECKPOINT_LOST: task pass/0: the checkpoint needs in/0 from offset 10, the topic begins at 20; nothing was skipped',
    )
    await kit.advance('1h')
    expect(kit.records('out').filter(({ value }) => Number(value) > 10 && Number(value) <= 30)).toEqual([])
  })

  it('records that were deleted before they were read leave the other tasks going', async () => {
    await using kit = await withLoss()
    await kit.advance('30s')
    await kit.send('in', ...inPartition(1, 41, 50))
    await kit.advance('1s')
    expect(kit.read('out')).toHaveLength(30)
    expect(kit.records('out').filter(({ value }) => Number(value) > 30)).toHaveLength(20)
    expect(kit.pods[0]?.tasks).toEqual(['pass/1'])
  })

  it('records that were deleted before they were read block it while it runs, too', async () => {
    await using kit = await testTopology(graph)
    await kit.send('in', ...inPartition(0, 1, 10))
    await kit.settle()
    kit.pods[0]?.pause()
    await kit.send('in', ...inPartition(0, 11, 5_000))
    await kit.wait(kit.log.trim({ topic: 'in', partition: 0 }, 4_500))
    kit.pods[0]?.resume()
    await expect(kit.settle()).rejects.toThrow('CHECKPOINT_LOST: task pass/0')
  })

  it('matter only where they were not read: a topic may be trimmed behind the checkpoint', async () => {
    await using kit = await testTopology(graph)
    await kit.send('in', ...inPartition(0, 1, 10))
    await kit.settle()
    await kit.wait(kit.log.trim({ topic: 'in', partition: 0 }, 10))
    kit.crash()
    await kit.restart()
    await kit.send('in', ...inPartition(0, 11, 12))
    await kit.settle()
    expect(kit.read('out')).toHaveLength(12)
  })
})
