/** Durations: what people write and what they read. */
import { describe, expect, it } from 'vitest'
import { type DurationText, durationMs, durationText } from '#topology/duration.ts'

describe('durationMs', () => {
  it.each<[DurationText | number, number]>([
    ['500ms', 500],
    ['30s', 30_000],
    ['2m', 120_000],
    ['1.5h', 5_400_000],
    [250, 250],
  ])('reads %s as %i ms', (written, ms) => {
    expect(durationMs(written)).toBe(ms)
  })

  it.each(['1', 's', '1 s', '-1s', '1d', '1e3s', ''])('reads nothing from %j', written => {
    expect(durationMs(written as DurationText)).toBeNaN() // As plain JavaScript could pass it.
  })
})

describe('durationText', () => {
  it.each([
    [7_200_000, '2h'],
    [120_000, '2m'],
    [90_000, '90s'],
    [1_500, '1500ms'],
    [0, '0ms'],
  ])('writes %i ms as %s', (ms, written) => {
    expect(durationText(ms)).toBe(written)
  })
})
