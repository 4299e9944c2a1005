/** Contract of the Log port: topics. */
import { expect, it } from 'vitest'
import type { TopicSpec } from '#engine/log/log.ts'
import type { Bench } from './fixture.ts'
import { batch, codeOf, failureOf, values } from './fixture.ts'

export function describeTopics(bench: () => Bench): void {
  const specs = (first: string, second: string): readonly [TopicSpec, TopicSpec] => [
    { name: first, partitions: 3, compacted: false, retentionMs: 3_600_000 },
    { name: second, partitions: 2, compacted: true, retentionMs: undefined },
  ]

  it('creates topics and describes them', async () => {
    const { log, name } = bench()
    const [first, second] = specs(name('topic'), name('topic'))
    await log.createTopics([first, second])
    expect(await log.describeTopics([second.name, first.name])).toEqual(
      expect.arrayContaining([first, second]),
    )
    expect((await log.describeTopics()).map(one => one.name)).toEqual(
      expect.arrayContaining([first.name, second.name]),
    )
  })

  it('describes only what exists', async () => {
    const { log, name } = bench()
    expect(await log.describeTopics([name('missing')])).toEqual([])
  })

  it('creates what exists again without harm, and what is missing beside it', async () => {
    const { log, name } = bench()
    const [first, second] = specs(name('topic'), name('topic'))
    await log.createTopics([first])
    await log.append([batch({ topic: first.name, partition: 0 }, 'kept')])
    await log.createTopics([first, second])
    expect(await values(log, { topic: first.name, partition: 0 })).toEqual(['kept'])
    expect(await log.describeTopics([second.name])).toEqual([second])
  })

  it('lists every difference at once and changes nothing', async () => {
    const { log, name } = bench()
    const [first, second] = specs(name('topic'), name('topic'))
    await log.createTopics([first, second])
    const failure = await failureOf(
      log.createTopics([
        { ...first, partitions: 4 },
        { ...second, compacted: false },
      ]),
    )
    expect(failure?.code).toBe('TOPIC_MISMATCH')
    expect(failure?.message).toContain(first.name)
    expect(failure?.message).toContain(second.name)
    expect(await log.describeTopics([first.name])).toEqual([first])
    expect(await log.describeTopics([second.name])).toEqual([second])
  })

  it('refuses to write to a topic or partition that does not exist', async () => {
    const { log, name, topic } = bench()
    const [place] = await topic()
    const missing = { topic: name('missing'), partition: 0 }
    expect(await codeOf(log.append([batch(missing, 'a')]))).toBe('TOPIC_MISSING')
    expect(await codeOf(log.bounds([missing]))).toBe('TOPIC_MISSING')
    const producer = await log.startProducer(name('producer'))
    expect(await codeOf(producer.transact([batch(place, 'a'), batch(missing, 'b')]))).toBe('TOPIC_MISSING')
    expect(await values(log, place)).toEqual([])
  })
}
