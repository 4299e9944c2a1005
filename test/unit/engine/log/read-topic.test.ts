/** Reading topics outside any group: what is there, what comes, and what becomes of outages, trimming and the end. */
import { expect, test } from 'vitest'
import { follow as followTopic } from '#engine/log/follow-topic.ts'
import {
  follow as chunksOf,
  type FollowOptions,
  readAll,
  readFirst,
  type Wanted,
} from '#engine/log/read-topic.ts'
import { at, batch, type Client, simulate, TOPIC, textOf, watch } from './simulated/simulation.ts'

const PARTITION = [at(0)]

async function withNumbers(...values: readonly string[]) {
  const simulation = await simulate()
  const client = simulation.client('reader')
  if (values.length > 0) await simulation.settle(client.log.append([batch(0, ...values)]))
  const all = async (...rest: [] | [Parameters<typeof readAll>[3]]) => {
    const read: string[] = []
    const reached = await readAll(client.log, PARTITION, record => read.push(textOf(record)), ...rest)
    return { read, reached }
  }
  return { ...simulation, reader: client, all }
}

/** What following gives, as it gives it. */
function following(
  { log, process }: Client,
  options: Omit<FollowOptions, 'system'> = {},
  topic: Wanted = PARTITION,
) {
  const seen: string[] = []
  const chunks = chunksOf(log, topic, { system: process, ...options })
  const read = async () => {
    for await (const { records } of chunks) seen.push(...records.map(textOf))
  }
  return { seen, ended: watch(read()) }
}

test('readAll gives every partition of a topic, each to the end that it has, and says where that is', async () => {
  const { reader, settle } = await withNumbers('a', 'b')
  await settle(reader.log.append([batch(2, 'c')]))
  const read: string[] = []
  const keep = (partition: number, text: string) => void read.push(`${partition}:${text}`)
  const all = readAll(reader.log, TOPIC, (record, partition) => keep(partition, textOf(record)))
  expect(await settle(all)).toEqual([2, 0, 1, 0])
  expect(read).toEqual(['0:a', '0:b', '2:c'])
})

test('readAll gives what lies between two offsets, and goes on where an earlier call has ended', async () => {
  const { all, settle, reader } = await withNumbers('a', 'b', 'c', 'd')
  expect(await settle(all({ from: [1], to: [3] }))).toEqual({ read: ['b', 'c'], reached: [3] })
  await settle(reader.log.append([batch(0, 'e')]))
  expect(await settle(all({ from: [3] }))).toEqual({ read: ['d', 'e'], reached: [5] })
  expect(await settle(all({ from: [5] }))).toEqual({ read: [], reached: [5] })
})

test('readAll begins where the topic begins when it was trimmed above the offset that was asked', async () => {
  const { all, settle, reader } = await withNumbers('a', 'b', 'c')
  await settle(reader.log.trim(at(0), 2))
  expect(await settle(all({ from: [0] }))).toEqual({ read: ['c'], reached: [3] })
})

test('readAll of a topic that is trimmed while it is read goes on with what the topic still holds', async () => {
  const { settle, reader } = await withNumbers(...Array.from({ length: 2_500 }, (_, index) => `${index}`))
  const read: string[] = []
  const onRecord = async (record: { readonly offset: number }) => {
    if (read.push(`${record.offset}`) === 1_000) await reader.log.trim(at(0), 2_400)
  }
  await settle(readAll(reader.log, PARTITION, onRecord))
  expect(read.slice(0, 1_000).at(-1)).toBe('999')
  expect(read.at(-1)).toBe('2499')
  expect(read.map(Number).filter(offset => offset >= 2_400)).toHaveLength(100)
})

test('readAll ends with the reason of its signal', async () => {
  const { all, settle } = await withNumbers('a')
  const reason = new TypeError('nobody wants it')
  await expect(settle(all({ signal: AbortSignal.abort(reason) }))).rejects.toBe(reason)
})

const RANGES = [
  { what: 'the first record of the range', from: 1, to: 3, trimmedTo: 0, found: 'b' },
  { what: 'nothing of an empty range', from: 1, to: 1, trimmedTo: 0, found: undefined },
  { what: 'the first record that a trim has left', from: 0, to: 3, trimmedTo: 2, found: 'c' },
  { what: 'nothing of a range that was trimmed away', from: 0, to: 2, trimmedTo: 2, found: undefined },
]

test.each(RANGES)('readFirst gives $what', async ({ from, to, trimmedTo, found }) => {
  const { settle, reader } = await withNumbers('a', 'b', 'c')
  if (trimmedTo > 0) await settle(reader.log.trim(at(0), trimmedTo))
  const record = await settle(readFirst(reader.log, at(0), { from, to }))
  expect(record && textOf(record)).toBe(found)
})

test('readFirst ends with the reason of its signal, also while it waits for the log', async () => {
  const { time, reader } = await withNumbers('a')
  const abort = new AbortController()
  const waiting = watch(readFirst(reader.log, at(0), { from: 1, to: 2 }, { signal: abort.signal }))
  await time.runFor(1_000)
  expect(waiting.outcome).toBe('pending')
  abort.abort(new TypeError('nobody wants it'))
  await time.runFor(1_000)
  expect(waiting.outcome).toBe('TypeError: nobody wants it')
})

test('following gives what is there and then what comes, and an abort ends it without an error', async () => {
  const { time, reader, settle } = await withNumbers('a')
  const abort = new AbortController()
  const { seen, ended } = following(reader, { signal: abort.signal }, TOPIC)
  await time.runFor(1_000)
  await settle(reader.log.append([batch(0, 'b'), batch(3, 'c')]))
  await time.runFor(1_000)
  expect(seen.toSorted()).toEqual(['a', 'b', 'c'])
  expect(ended.outcome).toBe('pending')
  abort.abort()
  await time.runFor(1_000)
  expect(ended.outcome).toBe('resolved')
})

test('following from the end leaves out what is there', async () => {
  const { time, reader, settle } = await withNumbers('a')
  const { seen } = following(reader, { from: 'end' })
  await time.runFor(1_000)
  await settle(reader.log.append([batch(0, 'b')]))
  await time.runFor(1_000)
  expect(seen).toEqual(['b'])
})

test('following goes on after an outage of the log, also where it has only begun', async () => {
  const { time, reader, broker, client, settle } = await withNumbers('a')
  broker.faults.partition('reader')
  const { seen, ended } = following(reader)
  await time.runFor(120_000)
  expect(seen).toEqual([])
  broker.faults.heal('reader')
  await time.runFor(60_000)
  expect(seen).toEqual(['a'])
  broker.faults.partition('reader')
  await settle(client('writer').log.append([batch(0, 'b')]))
  await time.runFor(120_000)
  broker.faults.heal('reader')
  await time.runFor(60_000)
  expect(seen).toEqual(['a', 'b'])
  expect(ended.outcome).toBe('pending')
})

test('following ends when the log is closed', async () => {
  const { time, reader } = await withNumbers('a')
  const { seen, ended } = following(reader)
  await time.runFor(1_000)
  await reader.log.close()
  await time.runFor(1_000)
  expect([seen, ended.outcome]).toEqual([['a'], 'resolved'])
})

test('following from an offset that the topic has no more is refused: a gap is never passed over in silence', async () => {
  const { time, reader, settle } = await withNumbers('a', 'b', 'c')
  await settle(reader.log.trim(at(0), 2))
  const { seen, ended } = following(reader, { from: [0] })
  await time.runFor(60_000)
  expect([seen, ended.outcome]).toEqual([[], 'OFFSET_OUT_OF_RANGE'])
})

test('following from the start is refused where the topic drops records behind those that it has given', async () => {
  const { broker, client, time, reader, settle } = await withNumbers('a', 'b')
  const { seen, ended } = following(reader)
  await time.runFor(1_000)
  broker.faults.partition('reader')
  const { log } = client('writer')
  await settle(log.append([batch(0, 'c', 'd')]))
  await settle(log.trim(at(0), 3))
  broker.faults.heal('reader')
  await time.runFor(60_000)
  expect([seen, ended.outcome]).toEqual([['a', 'b'], 'OFFSET_OUT_OF_RANGE'])
})

test('following from an offset that the topic has no more goes on at its start where somebody learns of the gap', async () => {
  const { time, reader, settle } = await withNumbers('a', 'b', 'c')
  await settle(reader.log.trim(at(0), 2))
  const gaps: unknown[] = []
  const { seen, ended } = following(reader, { from: [0], onGap: (...gap) => void gaps.push(gap) })
  await time.runFor(60_000)
  await settle(reader.log.append([batch(0, 'd')]))
  await time.runFor(1_000)
  expect([seen, ended.outcome]).toEqual([['c', 'd'], 'pending'])
  expect(gaps).toEqual([[at(0), 0, 2]])
})

test('a follower of a topic of which nothing is left has caught up, and has reported the gap', async () => {
  const { reader, settle } = await withNumbers('a', 'b', 'c')
  await settle(reader.log.trim(at(0), 3))
  const gaps: unknown[] = []
  const leftOut = { record: () => {}, gap: (...gap: unknown[]) => void gaps.push(gap) }
  const options = { topic: TOPIC, from: [0, 0, 0, 0], system: reader.process, onRecord: () => {}, leftOut }
  const view = await settle(followTopic(reader.log, options))
  await settle(view.caughtUp())
  expect(gaps).toEqual([[at(0), 0, 3]])
  view.close()
})
