/** Durations: what people write and what they read. */
import { describe, expect, it } from 'vitest'
import { type Duration, type DurationText, durationMs, durationText, inMs, msOf } from '#core/duration.ts'

describe('durationMs', () => {
  it.each<[Duration, number]>([
    ['500ms', 500],
    ['30s', 30_000],
    ['2m', 120_000],
    ['1.5h', 5_400_000],
    ['30d', 2_592_000_000],
    ['1.005s', 1_005],
    [250, 250],
  ])('durationMs reads %s as %i ms', (written, ms) => {
    expect(durationMs(written)).toBe(ms)
  })

  it.each(['1', 's', '1 s', '-1s', '1w', '1e3s', ''])('durationMs reads nothing from %j', written => {
    expect(durationMs(written as DurationText)).toBeNaN() // As plain JavaScript could pass it.
  })
})

describe('msOf', () => {
  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '0.5ms', '5 minutes'])(
    'msOf refuses %s',
    written => {
      expect(() => msOf('patience', written as Duration)).toThrow(
        /patience is .*; write whole milliseconds, or a text such as '500ms', '30s', '15m', '2h' or '30d'$/,
      )
    },
  )

  it('msOf refuses what is below the least that its field takes', () => {
    expect(() => msOf('patience', 0, 1)).toThrow(/patience is 0; .*, at least 1ms$/)
  })
})

describe('inMs', () => {
  it('inMs gives each duration under its name with the unit, the default where nothing was given', () => {
    expect(inMs({ base: '2s' }, { base: 1, cap: 60_000 })).toEqual({ baseMs: 2_000, capMs: 60_000 })
  })

  it('inMs names every fault at once', () => {
    expect(() => inMs({ base: -1, cap: '1 h' as DurationText }, { base: 1, cap: 2 })).toThrow(
      /base is -1.*\ncap is '1 h'/,
    )
  })
})

describe('durationText', () => {
  it.each([
    [2_592_000_000, '720h'],
    [86_400_000, '24h'],
    [7_200_000, '2h'],
    [120_000, '2m'],
    [90_000, '90s'],
    [1_500, '1500ms'],
    [0, '0ms'],
  ])('durationText writes %i ms as %s, as the delay topics of earlier versions are named', (ms, written) => {
    expect(durationText(ms)).toBe(written)
  })
})
