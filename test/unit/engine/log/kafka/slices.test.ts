/** Cutting transactions into batches and rounds: nothing lost, nothing out of order, no limit passed. */
import { describe, expect, it } from 'vitest'
import { type Limits, planOf, type Slice } from '#engine/log/kafka/slices.ts'
import type { PartitionBatch } from '#engine/log/log.ts'
import { newRecord } from './record-batches.ts'

const LIMITS: Limits = {
  recordBytesMax: 1_000,
  batchBytesMax: () => 2_000,
  batchRecordsMax: 5,
  requestBytesMax: 3_000,
}

function batch(partition: number, count: number, bytes = 10): PartitionBatch {
  const records = Array.from({ length: count }, (_, index) => newRecord(`${index}`.padEnd(bytes, '.')))
  return { topic: 'topic', partition, records }
}

/** Writes the plan to an imaginary log whose partitions begin at 100; gives back the slices by round. */
function written(batches: readonly PartitionBatch[], limits = LIMITS) {
  const plan = planOf(batches, limits)
  const ends = new Map<number, number>()
  const rounds: Slice[][] = []
  for (const round of plan.rounds) {
    for (const slice of round) {
      const base = ends.get(slice.partition) ?? 100
      plan.written(slice, base)
      ends.set(slice.partition, base + slice.to - slice.from)
    }
    rounds.push([...round])
  }
  return { receipt: plan.receipt(), rounds, places: plan.places }
}

describe('rounds', () => {
  it('rounds hold one slice of each partition, in order, until all is written', () => {
    const { rounds } = written([batch(0, 12), batch(1, 3)])
    expect(rounds.map(round => round.map(each => [each.partition, each.from, each.to]))).toEqual([
      [
        [0, 0, 5],
        [1, 0, 3],
      ],
      [[0, 5, 10]],
      [[0, 10, 12]],
    ])
  })

  it('rounds keep batches below their bytes; a record that fills one alone gets one', () => {
    const { rounds } = written([batch(0, 4, 950)])
    expect(rounds.flat().map(each => each.to - each.from)).toEqual([2, 2])
    const alone = written([batch(0, 2, 1_000)], { ...LIMITS, batchBytesMax: () => 500 })
    expect(alone.rounds.flat().map(each => each.to - each.from)).toEqual([1, 1])
  })

  it('rounds keep requests near their bytes and starve no partition', () => {
    const { rounds } = written([batch(0, 2, 900), batch(1, 2, 900), batch(2, 2, 900), batch(3, 1, 900)])
    for (const round of rounds) {
      const beforeLast = round.slice(0, -1).reduce((sum, each) => sum + each.bytesAtMost, 0)
      expect(beforeLast).toBeLessThan(LIMITS.requestBytesMax)
    }
    expect(new Set(rounds.flat().map(each => each.partition))).toEqual(new Set([0, 1, 2, 3]))
  })
})

describe('receipts', () => {
  it('receipts tell the offset after each batch, in the order given, partitions mixed', () => {
    const { receipt, places } = written([batch(1, 7), batch(0, 2), batch(1, 1), batch(0, 0), batch(1, 4)])
    expect(receipt).toEqual([107, 102, 108, 0, 112])
    expect(places.map(place => place.partition)).toEqual([1, 0])
  })

  it('receipts are empty for nothing', () => {
    expect(written([])).toEqual({ receipt: [], rounds: [], places: [] })
  })
})

describe('a record that is too large', () => {
  it('a record that is too large is refused before anything is written', () => {
    expect(() => planOf([batch(0, 1), batch(1, 1, 1_001)], LIMITS)).toThrow('RECORD_TOO_LARGE')
    expect(() => planOf([batch(1, 1, 1_000)], LIMITS)).not.toThrow()
  })

  it('a record that is too large is measured with its key and headers', () => {
    const record = { ...newRecord('v', Buffer.alloc(500)), headers: { name: Buffer.alloc(496) } }
    expect(() => planOf([{ topic: 't', partition: 0, records: [record] }], LIMITS)).toThrow('1001')
  })
})
