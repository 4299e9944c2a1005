/** Delays: never early, at most the smallest tier late, across crashes, holding neither lane nor slot. */
import { describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { type TestKit, testTopology } from '#testing/index.ts'
import { topology } from '#topology/index.ts'
import { numbers, recordsOf } from './graph.ts'

const SMALLEST_MS = 1_000
const TIERS = [SMALLEST_MS, 10_000, 60_000]

interface Waiting {
  readonly wait: number
  readonly due: number
}
const waiting = codec.json<Waiting>('Waiting')
const Arrival = codec.json<{ wait: number; lateMs: number }>('Arrival')

/** Emits each value not before so many milliseconds from now. */
const postpone = operator({
  name: 'postpone',
  input: numbers,
  outputs: { later: waiting },
  limits: { inFlightMax: 1 },
  process(record, ctx) {
    const due = ctx.now + record.value
    ctx.emit('later', { wait: record.value, due }, { notBefore: due })
  },
})

/** Notes how late each value comes out of the delay. */
const note = operator({
  name: 'note',
  input: waiting,
  outputs: { arrived: Arrival },
  process: ({ value }, ctx) => ctx.emit('arrived', { wait: value.wait, lateMs: ctx.now - value.due }),
})

function delaying(partitions = 1) {
  const t = topology('app')
  const source = t.source('in', { value: numbers, partitions, partitionedByKey: true })
  const later = t.topic('later', { value: waiting, partitions })
  const arrived = t.topic('arrived', { value: Arrival, partitions })
  source.process('postpone', postpone).delay({ tiers: TIERS }).to(later)
  later.process('note', note).to(arrived)
  return { arrived, graph: t.build() }
}

const { arrived, graph } = delaying()

function expectPunctual(kit: TestKit, count: number): void {
  const arrivals = kit.read(arrived)
  expect(arrivals).toHaveLength(count)
  for (const { wait, lateMs } of arrivals) {
    expect(lateMs, `a wait of ${wait} ms`).toBeGreaterThanOrEqual(0)
    expect(lateMs, `a wait of ${wait} ms`).toBeLessThanOrEqual(SMALLEST_MS)
  }
}

describe('a delayed record', () => {
  it('a delayed record comes never early, and at most the smallest tier late, whatever its wait', async () => {
    await using kit = await testTopology(graph)
    const waits = [1, 500, 999, 1_000, 1_001, 2_500, 9_999, 10_000, 35_700, 61_111, 185_001, 3_600_000]
    await kit.send('in', ...waits.map(value => ({ key: `k${value}`, value })))
    await kit.advance('61m')
    expectPunctual(kit, waits.length)
  })

  it.each([70, 130, 990, 1_010])(
    'a delayed record keeps to that when records enter the tiers every %s ms',
    async intervalMs => {
      await using kit = await testTopology(graph)
      for (let nth = 0; nth < 60; nth++) {
        await kit.send('in', { key: 'a', value: 1_200 + nth })
        await kit.advance(intervalMs)
      }
      await kit.advance('1m')
      expectPunctual(kit, 60)
    },
  )

  it('a delayed record whose wait is that of a tier comes to the millisecond, however many wait behind it', async () => {
    await using kit = await testTopology(graph)
    for (let nth = 0; nth < 30; nth++) {
      await kit.send('in', { key: 'a', value: 10_000 })
      await kit.advance(130)
    }
    await kit.advance('1m')
    expect(kit.read(arrived).map(({ lateMs }) => lateMs)).toEqual(Array(30).fill(0))
  })

  it('a delayed record goes on where it was after a crash in the middle of its wait', async () => {
    await using kit = await testTopology(graph)
    await kit.send('in', { key: 'a', value: 95_000 })
    for (let crash = 0; crash < 4; crash++) {
      await kit.advance('17s')
      kit.crash()
      await kit.restart()
    }
    await kit.advance('5m')
    expectPunctual(kit, 1)
  })

  it('a delayed record that fell due while no pod was alive comes at once', async () => {
    await using kit = await testTopology(graph)
    await kit.send('in', { key: 'a', value: 30_000 })
    await kit.settle()
    kit.crash()
    await kit.advance('10m')
    await kit.restart()
    await kit.settle()
    expect(kit.read(arrived)).toHaveLength(1)
  })

  it('a delayed record holds neither its lane nor a slot of the in-flight limit', async () => {
    await using kit = await testTopology(graph)
    await kit.send('in', ...Array(199).fill({ key: 'a', value: 60_000 }), { key: 'a', value: 0 })
    await kit.settle()
    expect(kit.read(arrived)).toEqual([{ wait: 0, lateMs: 0 }])
    await kit.advance('62s')
    expectPunctual(kit, 200)
  })

  it('a delayed record keeps its key, headers, identity and event time', async () => {
    await using kit = await testTopology(graph)
    await kit.send('in', { key: 'a', value: 12_345, headers: { trace: 't1' }, timestamp: 42 })
    await kit.advance('1m')
    const [record] = kit.records('later')
    expect(record).toMatchObject({ key: 'a', timestamp: 42, headers: { trace: 't1' } })
    expect(Object.keys(record?.headers ?? {}).sort()).toEqual(['caudal-id', 'trace'])
  })

  it('a delayed record that is due already goes straight on', async () => {
    await using kit = await testTopology(graph)
    await kit.send('in', { key: 'a', value: -5_000 })
    await kit.settle()
    expect(kit.read(arrived)).toEqual([{ wait: -5_000, lateMs: 5_000 }])
  })

  it('a delayed record is handed over with its task, and still comes in time', async () => {
    const wide = delaying(4)
    await using kit = await testTopology(wide.graph)
    await kit.send('in', ...recordsOf(1, 40).map(({ key }) => ({ key, value: 65_000 })))
    await kit.settle()
    await kit.addPod()
    await kit.advance('20s')
    await kit.addPod()
    await kit.advance('47s')
    expectPunctual(kit, 40)
  })
})
