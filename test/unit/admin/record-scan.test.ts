/** Where a time begins in a partition: found by halving, also while the topic drops its beginning. */
import { expect, test } from 'vitest'
import { offsetAt } from '#admin/record-scan.ts'
import { at, recordOf, simulate } from '../engine/log/simulated/simulation.ts'

const TIMES = [0, 10, 20, 30, 40]

/** A partition with a record at each time, of which the topic drops those below an offset. */
async function trimmed(beforeOffset: number) {
  const { client, settle } = await simulate()
  const { log } = client('reader')
  const records = TIMES.map(timestamp => ({ ...recordOf('x'), timestamp }))
  await settle(log.append([{ ...at(0), records }]))
  if (beforeOffset > 0) await settle(log.trim(at(0), beforeOffset))
  const part = { ...at(0), bounds: { start: 0, end: TIMES.length } }
  const { signal } = new AbortController()
  return (time: number) => settle(offsetAt(log, part, time, signal))
}

test('a time begins at the first record of that time or later', async () => {
  const offset = await trimmed(0)
  expect(await Promise.all([0, 5, 20, 40, 50].map(offset))).toEqual([0, 1, 2, 4, 5])
})

test('a topic that drops its beginning after its bounds were asked is looked through all the same', async () => {
  const offset = await trimmed(4)
  // From 0 a scan goes on at 4, where the topic begins now.
  expect(await offset(40)).toBe(0)
  expect(await offset(50)).toBe(5)
})
