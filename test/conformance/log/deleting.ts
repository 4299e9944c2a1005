/** Contract of the Log port: trimming, retention, compaction; closing and opening again. */
import { expect, it } from 'vitest'
import type { Bench } from './fixture.ts'
import { batch, codeOf, contents, failureOf, read, readUntil, record, textOf, values } from './fixture.ts'

export function describeDeleting(bench: () => Bench): void {
  it('trims a partition: its start moves, and the other records keep their offsets', async () => {
    const { log, topic } = bench()
    const [place] = await topic()
    await log.append([batch(place, 'a', 'b', 'c')])
    await log.append([batch(place, 'd')])
    const [, second, third] = await read(log, place, 0, 4)
    await log.trim(place, third?.offset ?? 0)
    const [bounds] = await log.bounds([place])
    expect(bounds?.start).toBe(third?.offset)
    const left = await contents(log, place)
    expect(left.map(one => textOf(one.value))).toEqual(['c', 'd'])
    expect(left[0]?.offset).toBe(third?.offset)
    await log.trim(place, second?.offset ?? 0)
    expect((await log.bounds([place]))[0]?.start).toBe(third?.offset)
  })

  it('trims all records, and the next record comes after the trimmed ones', async () => {
    const { log, topic } = bench()
    const [place] = await topic()
    await log.append([batch(place, 'a', 'b')])
    await read(log, place, 0, 2)
    const end = (await log.bounds([place]))[0]?.end ?? 0
    await log.trim(place, end)
    expect((await log.bounds([place]))[0]).toEqual({ start: end, end })
    await log.append([batch(place, 'c')])
    const [found] = await read(log, place, end, 1)
    expect(textOf(found?.value ?? null)).toBe('c')
    expect(found?.offset).toBeGreaterThanOrEqual(end)
  })

  it('rejects a read below the start, by a new reader and by a reader that was overtaken', async () => {
    const { log, topic } = bench()
    const [place] = await topic()
    await log.append([batch(place, 'a', 'b', 'c')])
    const [, , third] = await read(log, place, 0, 3)
    const overtaken = log.openReader(place, 0)
    await log.trim(place, third?.offset ?? 0)
    const [bounds] = await log.bounds([place])
    for (const reader of [overtaken, log.openReader(place, 0)]) {
      const failure = await failureOf(reader.next(10))
      reader.close()
      expect(failure?.code).toBe('OFFSET_OUT_OF_RANGE')
      expect(failure?.details).toMatchObject({ offset: 0, start: bounds?.start })
    }
  })

  it('deletes records that are older than the retention', async ({ skip }) => {
    const { log, fixture, topic } = bench()
    skip(!fixture.advance, 'this driver cannot make time pass')
    const [short] = await topic({ retentionMs: 60_000 })
    const [kept] = await topic()
    await log.append([batch(short, 'old'), batch(kept, 'old')])
    await fixture.advance?.(3_600_000)
    await log.append([batch(short, 'new')])
    expect(await values(log, short)).toEqual(['new'])
    expect((await log.bounds([short]))[0]?.start).toBeGreaterThan(0)
    expect(await values(log, kept)).toEqual(['old'])
  })

  it('compacts a topic: the newest value of each key stays at its offset', async ({ skip }) => {
    const { log, fixture, topic } = bench()
    skip(!fixture.compact, 'this driver compacts when it pleases')
    const [place] = await topic({ compacted: true })
    const [ordinary] = await topic()
    await log.append([{ ...place, records: [record('x', '1'), record('y', '1'), record('x', '2')] }])
    await log.append([{ ...place, records: [record('z', '1'), record('y', null), record('x', '3')] }])
    await log.append([{ ...ordinary, records: [record('x', '1'), record('x', '2')] }])
    const before = await contents(log, place)
    await fixture.compact?.()
    const after = await contents(log, place)
    expect(after.map(one => [textOf(one.key), textOf(one.value)])).toEqual([
      ['z', '1'],
      ['y', null],
      ['x', '3'],
    ])
    expect(after.map(one => one.offset)).toEqual(before.slice(3).map(one => one.offset))
    expect(await values(log, ordinary)).toEqual(['1', '2'])
    expect((await log.bounds([place]))[0]?.start).toBeLessThanOrEqual(after[0]?.offset ?? 0)
  })

  it('reads across the gaps of compaction', async ({ skip }) => {
    const { log, fixture, topic } = bench()
    skip(!fixture.compact, 'this driver compacts when it pleases')
    const [place] = await topic({ compacted: true })
    for (let turn = 0; turn < 20; turn++)
      await log.append([{ ...place, records: [record('same', `${turn}`)] }])
    await fixture.compact?.()
    for (const offset of [0, 1, 10, 19]) {
      const found = await readUntil(log, place, offset, one => textOf(one.value) === '19')
      expect(found.length).toBe(1)
    }
  })
}

export function describeEnds(bench: () => Bench): void {
  it('rejects calls that wait and later calls when the log is closed', async () => {
    const { log, name, topic, settle } = bench()
    const [place] = await topic()
    const producer = await log.startProducer(name('producer'))
    const waiting = codeOf(log.openReader(place, 0).next(1))
    await settle()
    await log.close()
    expect(await waiting).toBe('LOG_CLOSED')
    expect(await codeOf(producer.transact([batch(place, 'a')]))).toBe('LOG_CLOSED')
    expect(await codeOf(log.append([batch(place, 'a')]))).toBe('LOG_CLOSED')
    expect(await codeOf(log.bounds([place]))).toBe('LOG_CLOSED')
  })

  it('keeps everything when the log is opened again', async ({ skip }) => {
    const { log, fixture, name, topic } = bench()
    skip(!fixture.reopen, 'this driver keeps nothing')
    const [place] = await topic({ retentionMs: 604_800_000 })
    const specs = await log.describeTopics([place.topic])
    const producer = await log.startProducer(name('producer'))
    await producer.transact([batch(place, 'a', 'b', 'c')])
    const [, second] = await read(log, place, 0, 3)
    await log.trim(place, second?.offset ?? 0)
    const bounds = await log.bounds([place])
    const again = (await fixture.reopen?.()) ?? log
    expect(await again.describeTopics([place.topic])).toEqual(specs)
    expect(await again.bounds([place])).toEqual(bounds)
    await again.append([batch(place, 'd')])
    expect(await values(again, place)).toEqual(['b', 'c', 'd'])
  })
}
