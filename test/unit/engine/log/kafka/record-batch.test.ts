/** Record batches: their sequence numbers, by which the broker refuses what it has or has not yet, and their times. */
import { describe, expect, it } from 'vitest'
import { sequenceAfter } from '#engine/log/kafka/record-batch.ts'
import { RecordCursor } from '#engine/log/kafka/record-cursor.ts'
import { batchOf, newRecord } from './record-batches.ts'

const LARGEST = 2 ** 31 - 1

describe('sequence numbers', () => {
  it.each([
    [0, 10, 10],
    [LARGEST - 10, 10, LARGEST],
    [LARGEST, 1, 0],
    [LARGEST - 2, 10, 7],
  ])('after %i and %i records comes %i', (sequence, records, next) => {
    expect(sequenceAfter(sequence, records)).toBe(next)
  })
})

describe('times of one batch', () => {
  const MAX = Number.MAX_SAFE_INTEGER
  const TIMES = [
    [1_700_000_000_123, 1_700_000_000_001],
    [0, MAX, 1, MAX - 1],
    [MAX, 0, MAX - 2 ** 31],
    [-MAX, MAX, 0, -1, 1_700_000_000_000],
    [2 ** 52 + 1, -(2 ** 52) - 1, 3],
  ]

  it.each(TIMES.map(times => [times]))('%j come back as they were written', times => {
    const bytes = batchOf(
      times.map(timestamp => ({ ...newRecord('value'), timestamp })),
      { offset: 0 },
    )
    const cursor = new RecordCursor({ topic: 'topic', partition: 0 }, 0, bytes, [])
    expect(cursor.read(10).map(({ timestamp }) => timestamp)).toEqual(times)
  })
})
