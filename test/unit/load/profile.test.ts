/** When events are due. */
import { describe, expect, it } from 'vitest'
import { dueTimes, type LoadProfile } from '#load/profile.ts'

const profile = (own: Partial<LoadProfile>): LoadProfile => ({
  ...{ perSecond: 100, rampMs: 0, durationMs: 1_000, bursts: [] },
  ...{ taskTypes: {}, organisations: {}, repeatedShare: 0, hostileShare: 0, seed: 1 },
  ...own,
})

describe('dueTimes', () => {
  it('dueTimes spreads the events of a rate evenly over the duration', () => {
    const due = [...dueTimes(profile({ perSecond: 4 }))]
    expect(due).toEqual([0, 250, 500, 750])
  })

  it('dueTimes sends half as many events during a ramp as the full rate would', () => {
    const due = [...dueTimes(profile({ rampMs: 1_000, durationMs: 2_000 }))]
    expect(due.filter(each => each < 1_000).length).toBe(50)
    expect(due.filter(each => each >= 1_000).length).toBe(100)
    expect(due.filter(each => each < 500).length).toBe(13)
  })

  it('dueTimes puts a burst between the events of the rate, all at its moment', () => {
    const due = [...dueTimes(profile({ perSecond: 2, bursts: [{ atMs: 300, events: 3 }] }))]
    expect(due).toEqual([0, 300, 300, 300, 500])
  })

  it('dueTimes sends bursts alone where the rate is 0, and none that is due after the end', () => {
    const bursts = [
      { atMs: 700, events: 1 },
      { atMs: 100, events: 2 },
      { atMs: 1_000, events: 9 },
    ]
    expect([...dueTimes(profile({ perSecond: 0, bursts }))]).toEqual([100, 100, 700])
  })
})
