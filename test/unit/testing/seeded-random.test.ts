/** The generator gives the numbers of its reference, evenly spread ones from any seed. */
import { expect, it } from 'vitest'
import { fromState, seededRandom, seedOf } from '#testing/seeded-random.ts'

it('follows the reference of xoshiro128** from the state 1, 2, 3, 4', () => {
  const random = fromState(1, 2, 3, 4)
  const words = Array.from({ length: 8 }, () => random() * 2 ** 32)
  expect(words).toEqual([
    11_520, 0, 5_927_040, 70_819_200, 2_031_721_883, 1_637_235_492, 1_287_239_034, 3_734_860_849,
  ])
})

it.each([0, 1, 2, -5, 2 ** 31])('spreads evenly from seed %d', seed => {
  const random = seededRandom(seed)
  const counts = new Array<number>(10).fill(0)
  for (let i = 0; i < 10_000; i++) {
    const slot = Math.floor(random() * 10)
    counts[slot] = (counts[slot] ?? 0) + 1
  }
  for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150)
})

it('derives a seed of its own for each name', () => {
  const seeds = ['pod-1', 'pod-2', 'pod-10', 'dop-1', ''].map(name => seedOf(42, name))
  expect(new Set(seeds).size).toBe(5)
  expect(seedOf(42, 'pod-1')).toBe(seedOf(42, 'pod-1'))
  expect(seedOf(43, 'pod-1')).not.toBe(seedOf(42, 'pod-1'))
})
