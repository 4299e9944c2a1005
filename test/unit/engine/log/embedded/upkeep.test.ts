/** Retention, trimming and compaction of the embedded log, while writers go on. */
import { describe, expect, it } from 'vitest'
import type { EmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import type { TopicSpec } from '#engine/log/log.ts'
import { seededRandom } from '#testing/seeded-random.ts'
import { everything, keyed, ManualSystem, opened, type Seen, temporaryFolder } from './opening.ts'

const DAY_MS = 24 * 3_600_000
const PLACE = { topic: 'topic', partition: 0 }

async function create(log: EmbeddedLog, options: Partial<TopicSpec>): Promise<void> {
  await log.createTopics([
    { name: 'topic', partitions: 1, compacted: false, retentionMs: undefined, ...options },
  ])
}

async function put(log: EmbeddedLog, ...pairs: readonly (readonly [string, string | null])[]): Promise<void> {
  await log.append([{ ...PLACE, records: pairs.map(([key, value]) => keyed(key, value)) }])
}

function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

/** What a compacted topic must hold at least, and the only thing that it may hold of each key in the end. */
function latestOf(all: readonly Seen[]): Seen[] {
  const latest = new Map(all.map(one => [one.key, one]))
  return all.filter(one => latest.get(one.key) === one)
}

describe('compaction', () => {
  it.each([1, 2, 3, 4])('equals a model under random writes, trims and reopenings (seed %i)', async seed => {
    const random = seededRandom(seed)
    const path = temporaryFolder()
    let log = await opened({ path })
    await create(log, { compacted: true })
    let model: Seen[] = []
    let next = 0
    for (let turn = 0; turn < 120; turn++) {
      const pairs = Array.from({ length: 1 + random() * 8 }, () => {
        const value = random() < 0.2 ? null : `${turn}`
        return [`key ${Math.floor(random() * 25)}`, value] as const
      })
      await put(log, ...pairs)
      for (const [key, value] of pairs) model.push({ offset: next++, key, value })
      if (random() < 0.1) {
        await log.compact()
        model = latestOf(model)
        expect(await everything(log, 'topic')).toEqual(model)
      }
      if (random() < 0.05) {
        const [bounds = { start: 0, end: 0 }] = await log.bounds([PLACE])
        const start = bounds.start + Math.floor(random() * (bounds.end - bounds.start) * 0.3)
        await log.trim(PLACE, start)
        model = model.filter(one => one.offset >= start)
      }
      if (random() < 0.05) {
        await log.close()
        log = await opened({ path })
      }
    }
    await log.compact()
    expect(await everything(log, 'topic')).toEqual(latestOf(model))
    expect((await log.bounds([PLACE]))[0]?.end).toBe(next)
  })

  it('compaction stops no writer and no reader, and both see the same offsets before and after', async () => {
    const log = await opened()
    await create(log, { compacted: true })
    const count = 30_000
    const pairs = Array.from({ length: count }, (_, index) => [`key ${index % 900}`, `${index}`] as const)
    for (let at = 0; at < count; at += 500) await put(log, ...pairs.slice(at, at + 500))
    const reader = log.openReader(PLACE, 0)
    const seen = new Map<string | undefined, number>()
    const compacting = log.compact()
    let writes = 0
    let isCompacting = true
    void compacting.then(() => {
      isCompacting = false
    })
    for (let at = 0; at < count + writes; ) {
      if (isCompacting) await put(log, [`late ${writes++}`, 'x'])
      const { records, nextOffset } = await reader.next(70)
      for (const one of records) seen.set(one.key?.toString(), one.offset)
      at = nextOffset
    }
    reader.close()
    await compacting
    expect(writes).toBeGreaterThan(3)
    expect(seen.size).toBe(900 + writes)
    const after = await everything(log, 'topic')
    expect(after.length).toBe(900 + writes)
    expect(new Map(after.map(one => [one.key ?? undefined, one.offset]))).toEqual(seen)
  })

  it('compaction keeps the end of a partition whose last records all went', async () => {
    const system = new ManualSystem()
    const path = temporaryFolder()
    const log = await opened({ path, system })
    await create(log, { compacted: true })
    await put(log, ['a', '1'], ['a', null])
    system.pass(8 * DAY_MS)
    await log.compact()
    expect(await everything(log, 'topic')).toEqual([])
    await log.close()
    const again = await opened({ path, system })
    expect(await again.bounds([PLACE])).toEqual([{ start: 0, end: 2 }])
    await put(again, ['b', '1'])
    expect(await everything(again, 'topic')).toEqual([{ offset: 2, key: 'b', value: '1' }])
  })

  it('compaction keeps tombstones for seven days and the value they deleted for none', async () => {
    const system = new ManualSystem()
    const log = await opened({ system })
    await create(log, { compacted: true })
    await put(log, ['a', '1'])
    await put(log, ['a', null])
    await put(log, ['b', '1'])
    system.pass(6 * DAY_MS)
    await log.compact()
    expect((await everything(log, 'topic')).map(one => [one.key, one.value])).toEqual([
      ['a', null],
      ['b', '1'],
    ])
    system.pass(2 * DAY_MS)
    await log.compact()
    expect((await everything(log, 'topic')).map(one => [one.key, one.value])).toEqual([['b', '1']])
  })

  it('a key that was deleted while a compaction ran stays deleted when its tombstone goes', async () => {
    const system = new ManualSystem()
    const log = await opened({ system })
    await create(log, { compacted: true })
    await put(log, ['b', '1'])
    const compacting = log.compact()
    await Promise.all([put(log, ['a', '1']), put(log, ['a', null]), compacting])
    system.pass(8 * DAY_MS)
    await log.compact()
    expect((await everything(log, 'topic')).map(one => [one.key, one.value])).toEqual([['b', '1']])
  })

  it('compaction leaves records without a key alone', async () => {
    const log = await opened()
    await create(log, { compacted: true })
    await log.append([{ ...PLACE, records: [keyed(null, 'x'), keyed(null, 'y')] }])
    await log.compact()
    expect((await everything(log, 'topic')).map(one => one.value)).toEqual(['x', 'y'])
  })

  it('compaction starts by itself once enough is new', async () => {
    const system = new ManualSystem()
    const log = await opened({ system, sweepInterval: 1_000 })
    await create(log, { compacted: true })
    const pairs = Array.from({ length: 12_000 }, (_, index) => [`key ${index % 10}`, `${index}`] as const)
    await put(log, ...pairs)
    await put(log, ['last', 'x'])
    system.pass(1_000)
    let left = Number.POSITIVE_INFINITY
    while (left > 11) left = (await everything(log, 'topic')).length
    expect(left).toBe(11)
  })
})

describe('trimming', () => {
  it('of two trims at once the further one counts, whichever comes last', async () => {
    const log = await opened()
    await create(log, {})
    for (let nth = 0; nth < 6; nth++) await put(log, ['a', `${nth}`])
    await Promise.all([log.trim(PLACE, 5), log.trim(PLACE, 2)])
    expect(await log.bounds([PLACE])).toEqual([{ start: 5, end: 6 }])
  })
})

describe('retention', () => {
  it('retention deletes by itself what was appended too long ago, and keeps the rest', async () => {
    const system = new ManualSystem()
    const log = await opened({ system, sweepInterval: 60_000 })
    await create(log, { retentionMs: DAY_MS })
    await put(log, ['a', 'old'])
    system.pass(DAY_MS)
    await put(log, ['a', 'new'])
    system.pass(60_000)
    while ((await log.bounds([PLACE]))[0]?.start === 0) await turn()
    expect(await everything(log, 'topic')).toEqual([{ offset: 1, key: 'a', value: 'new' }])
    expect(await log.bounds([PLACE])).toEqual([{ start: 1, end: 2 }])
  })

  it('retention goes by the time of the append, not of the event', async () => {
    const system = new ManualSystem()
    const log = await opened({ system })
    await create(log, { retentionMs: DAY_MS })
    await log.append([{ ...PLACE, records: [{ ...keyed('a', 'long ago'), timestamp: 1 }] }])
    await log.compact()
    expect((await everything(log, 'topic')).length).toBe(1)
  })

  it('retention removes any number of batches, also when all are too old', async () => {
    const system = new ManualSystem()
    const path = temporaryFolder()
    const log = await opened({ path, system })
    await create(log, { retentionMs: DAY_MS })
    const count = 2_300
    await Promise.all(Array.from({ length: count }, (_, index) => put(log, ['a', `${index}`])))
    system.pass(2 * DAY_MS)
    await log.compact()
    expect(await log.bounds([PLACE])).toEqual([{ start: count, end: count }])
    await log.close()
    const again = await opened({ path, system })
    expect(await again.bounds([PLACE])).toEqual([{ start: count, end: count }])
    await put(again, ['a', 'next'])
    expect(await everything(again, 'topic')).toEqual([{ offset: count, key: 'a', value: 'next' }])
  })
})
