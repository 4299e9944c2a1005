/** Intervals against published values, and against what a sample of a known distribution shows. */
import { describe, expect, it } from 'vitest'
import { meanInterval, meanOf, shareInterval, studentT } from '#admin/intervals.ts'
import { seededRandom } from '#testing/seeded-random.ts'

const sumsOf = (values: readonly number[]) => ({
  count: values.length,
  sum: values.reduce((sum, value) => sum + value, 0),
  squares: values.reduce((sum, value) => sum + value * value, 0),
})

describe('the quantile of Student', () => {
  it.each([
    [1, 12.706],
    [2, 4.303],
    [3, 3.182],
    [4, 2.776],
    [5, 2.571],
    [6, 2.447],
    [10, 2.228],
    [20, 2.086],
    [30, 2.042],
    [60, 2.0],
    [120, 1.98],
    [1_000_000, 1.96],
  ])('of %i degrees is that of the tables, %f', (degrees, value) => {
    expect(Math.abs(studentT(degrees) - value)).toBeLessThan(0.001)
  })
})

describe('the interval of a mean', () => {
  it('is that of a textbook sample', () => {
    // Mean 5.5, s = 3.0277, t(9) = 2.2622: 5.5 ± 2.1659.
    const [low = 0, high = 0] = meanInterval(sumsOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])) ?? []
    expect(low).toBeCloseTo(3.3341, 3)
    expect(high).toBeCloseTo(7.6659, 3)
  })

  it('is not there for one value, nor for few that are equal; rounding breaks none of many', () => {
    expect(meanInterval(sumsOf([7]))).toBeUndefined()
    expect(meanInterval(sumsOf([-2.1, -2.1, -2.1]))).toBeUndefined()
    expect(meanInterval(sumsOf([0, 0]))).toBeUndefined()
    expect(meanInterval(sumsOf([8.1, 8.1, 8.2]))).toBeDefined()
    expect(meanOf(sumsOf([]))).toBeUndefined()
    const [low = 0, high = 9] = meanInterval(sumsOf(Array.from({ length: 1_000 }, () => 8.1))) ?? []
    expect(high - low).toBeLessThan(1e-6)
  })

  it('holds the true mean in about 95 of 100 samples', () => {
    const random = seededRandom(7)
    let hits = 0
    for (let round = 0; round < 2_000; round++) {
      const [low = 1, high = 0] = meanInterval(sumsOf(Array.from({ length: 20 }, () => random() * 10))) ?? []
      if (low <= 5 && 5 <= high) hits++
    }
    expect(hits / 2_000).toBeGreaterThan(0.93)
    expect(hits / 2_000).toBeLessThan(0.97)
  })
})

describe('the interval of a share', () => {
  it.each([
    // Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3.
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('of %i among %i is from %f to %f', (hits, count, low, high) => {
    const [from = 1, to = 0] = shareInterval(hits, count) ?? []
    expect(from).toBeCloseTo(low, 3)
    expect(to).toBeCloseTo(high, 3)
  })

  it('ends at all where all are, and is not there for none', () => {
    expect(shareInterval(5, 5)?.[1]).toBe(1)
    expect(shareInterval(0, 0)).toBeUndefined()
  })
})
