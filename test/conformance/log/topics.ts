/** Contract of the Log port: topics. */
import { expect, it } from 'vitest'
import type { TopicPartition as Place } from '#core/record.ts'
import type { Log, TopicDescription, TopicSpec } from '#engine/log/log.ts'
import type { Bench } from './fixture.ts'
import { batch, codeOf, failureOf, textOf, values } from './fixture.ts'

export function describeTopics(bench: () => Bench): void {
  const specs = (first: string, second: string): readonly [TopicSpec, TopicSpec] => [
    { name: first, partitions: 3, compacted: false, retentionMs: 3_600_000 },
    { name: second, partitions: 2, compacted: true, retentionMs: undefined },
  ]

  it('creates topics, and describes them', async () => {
    const { log, name } = bench()
    const [first, second] = specs(name('topic'), name('topic'))
    await log.createTopics([first, second])
    expect((await log.describeTopics([second.name, first.name])).map(specOf)).toEqual(
      expect.arrayContaining([first, second]),
    )
    expect((await log.describeTopics()).map(one => one.name)).toEqual(
      expect.arrayContaining([first.name, second.name]),
    )
  })

  it('answers about a partition as often as it is asked about it', async () => {
    const { log, name } = bench()
    const [spec] = specs(name('topic'), '')
    await log.createTopics([spec])
    const [first, second] = [0, 1].map(partition => ({ topic: spec.name, partition })) as [Place, Place]
    await log.append([batch(first, 'a')])
    expect(await values(log, first)).toEqual(['a'])
    const [a, b, again] = await log.bounds([first, second, first])
    expect(again).toEqual(a)
    expect(a?.end).toBeGreaterThan(b?.end ?? 0)
    expect(await log.groupPositions(name('group'), [first, second, first])).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  it('describes only topics that exist', async () => {
    const { log, name } = bench()
    expect(await log.describeTopics([name('missing')])).toEqual([])
  })

  it('leaves existing topics as they are, and creates the missing ones', async () => {
    const { log, name } = bench()
    const [first, second] = specs(name('topic'), name('topic'))
    await log.createTopics([first])
    await log.append([batch({ topic: first.name, partition: 0 }, 'kept')])
    await log.createTopics([first, second])
    expect(await values(log, { topic: first.name, partition: 0 })).toEqual(['kept'])
    expect((await log.describeTopics([second.name])).map(specOf)).toEqual([second])
  })

  it('lists every difference of a topic at once, and changes nothing', async () => {
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
    expect((await log.describeTopics([first.name])).map(specOf)).toEqual([first])
    expect((await log.describeTopics([second.name])).map(specOf)).toEqual([second])
  })

  it('adds partitions to a topic, which keeps its id and its records', async () => {
    const { log, fixture, name } = bench()
    const spec = { ...specs(name('topic'), '')[0], partitions: 2 }
    await log.createTopics([spec])
    await log.append([batch({ topic: spec.name, partition: 1 }, 'kept')])
    const [before] = await log.describeTopics([spec.name])
    await log.growTopic(spec.name, 4)
    await log.growTopic(spec.name, 3)
    const again = (await fixture.reopen?.()) ?? log
    expect(await again.describeTopics([spec.name])).toEqual([{ ...before, partitions: 4 }])
    await again.append([batch({ topic: spec.name, partition: 3 }, 'new')])
    expect(await values(again, { topic: spec.name, partition: 1 })).toEqual(['kept'])
    expect(await values(again, { topic: spec.name, partition: 3 })).toEqual(['new'])
  })

  it('gives each topic an id of its own, which stays when the log is opened again', async () => {
    const { log, fixture, name } = bench()
    const [first, second] = specs(name('topic'), name('topic'))
    await log.createTopics([first, second])
    const ids = await idsOf(log, first.name, second.name)
    expect(new Set(ids).size).toBe(2)
    const again = (await fixture.reopen?.()) ?? log
    await again.createTopics([first, second])
    expect(await idsOf(again, first.name, second.name)).toEqual(ids)
  })

  it('gives a topic another id when it is deleted and made again', async ({ skip }) => {
    const { log, fixture, name } = bench()
    skip(!fixture.remake, 'nobody can delete a topic of this driver')
    const [spec] = specs(name('topic'), '')
    await log.createTopics([spec])
    const [before] = await idsOf(log, spec.name)
    const [after] = await idsOf((await fixture.remake?.(spec)) ?? log, spec.name)
    expect(after).toEqual(expect.any(String))
    expect(after).not.toBe(before)
  })

  it('reads only from the topic of the expected id', async ({ skip }) => {
    const { log, fixture, name } = bench()
    skip(!fixture.remake, 'nobody can delete a topic of this driver')
    const spec = { ...specs(name('topic'), '')[0], partitions: 1 }
    const place = { topic: spec.name, partition: 0 }
    await log.createTopics([spec])
    await log.append([batch(place, 'a', 'b')])
    const [id = ''] = await idsOf(log, spec.name)
    const again = (await fixture.remake?.(spec)) ?? log
    const [found = ''] = await idsOf(again, spec.name)
    await again.append([batch(place, 'other', 'records', 'are', 'here')])
    const meant = again.openReader(place, 2, id)
    expect(await failureOf(meant.next(10))).toMatchObject({
      code: 'TOPIC_REPLACED',
      details: { topic: spec.name, known: id, found },
    })
    meant.close()
    const present = again.openReader(place, 0, found)
    expect((await present.next(1)).records.map(({ value }) => textOf(value))).toEqual(['other'])
    present.close()
  })

  it('refuses to write to an unknown topic or partition', async () => {
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

/** Without its id, which the log chooses. */
function specOf({ id: _, ...spec }: TopicDescription): TopicSpec {
  return spec
}

async function idsOf(log: Log, ...names: readonly string[]): Promise<readonly (string | undefined)[]> {
  const found = await log.describeTopics(names)
  return names.map(name => found.find(topic => topic.name === name)?.id)
}
