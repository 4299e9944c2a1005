/** Back-pressure: every limit holds, full means waiting and never more memory, and all goes on when there is room. */

import { describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import type { LimitOptions } from '#core/limits.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { podOf } from '#engine/client/running-pod.ts'
import { reply, scripted, type TestKit, testTopology } from '#testing/index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

/** Calls take a second; that for value 1 takes as long as given. */
function calling(limits: { readonly inFlightMax?: number } = {}, firstMs = 1_000, partitions = 1) {
  const call = scripted<number, number>(value => reply(value, value === 1 ? firstMs : 1_000))
  const ask = operator({
    name: 'ask',
    input: numbers,
    outputs: { out: numbers },
    limits,
    async process(record, ctx) {
      ctx.emit('out', await call(record.value, ctx))
    },
  })
  return { call, graph: graphOf(ask, { partitions }) }
}

/** The most that a figure of the pod's intakes reached while time ran. */
async function peakOf(kit: TestKit, read: (kit: TestKit) => number, count: number): Promise<number> {
  let peak = 0
  await kit.until(() => {
    peak = Math.max(peak, read(kit))
    return kit.records('out').length === count
  })
  return peak
}

const intakesOf = (kit: TestKit) =>
  kit.pods.flatMap(({ running }) => podOf(running).tasks.flatMap(task => task.intakes))
const buffered = (kit: TestKit) => Math.max(0, ...intakesOf(kit).map(intake => intake.buffered))
const bufferedBytes = (kit: TestKit) => Math.max(0, ...intakesOf(kit).map(intake => intake.bufferedBytes))

describe('the limit of records in flight', () => {
  it.each([
    ['of an operator', { inFlightMax: 7 }, {}],
    ['of the pod', {}, { inFlightMax: 7 }],
  ])(
    '%s holds over all partitions, and all records run in the end',
    async (_whose, own, limits: LimitOptions) => {
      const { call, graph } = calling(own, 1_000, 4)
      await using kit = await testTopology(graph, { limits })
      await kit.send('in', ...recordsOf(1, 50))
      await kit.settle()
      expect(call.inFlightPeak).toBe(7)
      expect(kit.read('out')).toHaveLength(50)
    },
  )
})

describe('the buffer of a partition', () => {
  it('the buffer of a partition holds no more records than its limit', async () => {
    const { graph } = calling({ inFlightMax: 5 })
    await using kit = await testTopology(graph, { limits: { recordsBufferedMax: 20 } })
    await kit.send('in', ...recordsOf(1, 300))
    expect(await peakOf(kit, buffered, 300)).toBe(20)
  })

  it('the buffer of a partition is bounded in bytes as well', async () => {
    const { graph } = calling({ inFlightMax: 1 })
    const limits = { bufferBytesMax: 200, fetchRecordsMax: 5 }
    await using kit = await testTopology(graph, { limits })
    await kit.send('in', ...recordsOf(1, 100))
    const fetchBytes = 5 * 'key-100100'.length
    expect(await peakOf(kit, bufferedBytes, 100)).toBeLessThanOrEqual(200 + fetchBytes)
  })
})

describe('the span of a partition', () => {
  it('the span of a partition pauses behind a slow record, goes on when that is done, and loses nothing', async () => {
    const { call, graph } = calling({}, 60_000 - 1)
    await using kit = await testTopology(graph, { limits: { spanMax: 100 } })
    await kit.send('in', ...recordsOf(1, 500))
    await kit.advance('30s')
    expect(call.calls).toHaveLength(100)
    expect(kit.read('out')).toHaveLength(99)
    await kit.settle()
    expect(kit.read('out')).toHaveLength(500)
  })

  it('the span of a partition pauses its own partition only', async () => {
    const { graph } = calling({}, 60_000 - 1, 2)
    await using kit = await testTopology(graph, { limits: { spanMax: 10 } })
    await kit.send('in', ...recordsOf(1, 50).map(record => ({ ...record, partition: 0 })))
    await kit.send('in', ...recordsOf(51, 100).map(record => ({ ...record, partition: 1 })))
    await kit.advance('30s')
    expect(kit.records('out').filter(({ value }) => Number(value) > 50)).toHaveLength(50)
    expect(kit.records('out').filter(({ value }) => Number(value) <= 50)).toHaveLength(9)
    await kit.settle()
    expect(kit.read('out')).toHaveLength(100)
  })
})

describe('what is unfinished of a partition', () => {
  it('is bounded in bytes, those that wait behind another of their key included', async () => {
    const { graph } = calling()
    const limits = { unfinishedBytesMax: 50 }
    await using kit = await testTopology(graph, { limits })
    await kit.send('in', ...recordsOf(11, 50, 'hot'), ...recordsOf(51, 60))
    await kit.advance(500)
    const { inFlight = 0, parked = 0 } = podOf(kit.pods[0]?.running).tasks[0]?.work ?? {}
    expect([inFlight, parked]).toEqual([1, 50 / 'hot11'.length - 1])
    await kit.settle()
    expect(kit.read('out')).toHaveLength(50)
    expect(intakesOf(kit).map(({ unfinishedBytes }) => unfinishedBytes)).toEqual([0])
  })

  it('may be one record that is larger than the limit', async () => {
    const { graph } = calling()
    await using kit = await testTopology(graph, { limits: { unfinishedBytesMax: 1 } })
    await kit.send('in', ...recordsOf(1, 3))
    await kit.settle()
    expect(kit.read('out')).toEqual([1, 2, 3])
  })
})

describe('while commits stall', () => {
  it('no further call is started, and none is made twice', async () => {
    const { call, graph } = calling({ inFlightMax: 10 })
    await using kit = await testTopology(graph, { limits: { sessionTimeout: 30_000 } })
    await kit.send('in', ...recordsOf(1, 200))
    await kit.advance(500)
    kit.faults.fillDisk()
    await kit.advance('20s')
    const started = call.calls.length
    expect(started).toBeLessThanOrEqual(20)
    await kit.advance('20s')
    expect(call.calls).toHaveLength(started)
    kit.faults.freeDisk()
    await kit.settle()
    expect(kit.read('out')).toHaveLength(200)
    expect(call.calls).toHaveLength(200)
  })

  it.each([
    ['records', { stagedRecordsMax: 10 }],
    ['bytes of state', { stagedBytesMax: 10_000 }],
  ])(
    '%s count until they are committed, also while a commit is under way and when it is undone',
    async (_of, limit) => {
      let ran = 0
      const keep = operator({
        name: 'keep',
        input: numbers,
        state: { page: state.value(codec.text) },
        process(_record, ctx) {
          ran++
          ctx.state.page.set('x'.repeat(1_000))
        },
      })
      const limits = { ...limit, stagedAgeMax: 600_000, sessionTimeout: 60_000 }
      await using kit = await testTopology(graphOf(keep), { limits })
      await kit.send('in', ...recordsOf(1, 100))
      kit.faults.fillDisk()
      await kit.advance('20s')
      expect(ran).toBe(10)
      kit.faults.freeDisk()
      await kit.settle()
      expect(ran).toBe(100)
      expect(kit.pods[0]?.running.metrics).toMatchObject({ stagedRecords: 0, stagedBytes: 0 })
    },
  )
})
