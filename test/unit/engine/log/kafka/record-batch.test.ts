/** Sequence numbers of a partition's records, by which the broker refuses what it has already or has not yet. */
import { describe, expect, it } from 'vitest'
import { sequenceAfter } from '#engine/log/kafka/record-batch.ts'

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
