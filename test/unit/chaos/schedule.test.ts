/** The schedules of the chaos runs: repeated by their seed, bounded, and of every kind of fault. */
import { describe, expect, it } from 'vitest'
import { seededRandom } from '#testing/seeded-random.ts'
import { type Act, drawSchedule, type Round, SLOTS } from '../../integration/chaos/schedule.ts'

const HOUR_MS = 3_600_000
const hourOf = (seed: number): readonly Round[] => drawSchedule(seededRandom(seed), HOUR_MS, 3)
const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1)

describe('the schedule of a chaos run', () => {
  it('the schedule of a chaos run is the same for the same seed and another one for another seed', () => {
    expect(hourOf(7)).toEqual(hourOf(7))
    expect(hourOf(7)).not.toEqual(hourOf(8))
  })

  it('the schedule of a chaos run takes about as long as was asked for', () => {
    const lengths = SEEDS.map(seed =>
      hourOf(seed).reduce((sum, { acts, calmMs }) => sum + lengthOf(acts) + calmMs, 0),
    )
    for (const each of lengths) {
      expect(each).toBeGreaterThanOrEqual(HOUR_MS)
      expect(each).toBeLessThan(HOUR_MS + 60_000)
    }
  })

  it('the schedule of a chaos run ends with a calm that is longer than everything may take to flow again', () => {
    for (const each of SEEDS.map(hourOf)) expect(each.at(-1)?.calmMs).toBeGreaterThan(10_000)
  })

  it('the schedule of a chaos run has every kind of fault within an hour', () => {
    const kinds = new Set(hourOf(1).flatMap(({ acts }) => acts.map(({ kind }) => kind)))
    expect([...kinds].sort()).toEqual([
      ...['brokerCutOff', 'brokerDies', 'brokerSlow', 'brokerStops', 'clockStepped', 'leadersMoved'],
      ...['messagesLost', 'podCutOff', 'podDies', 'podJoins', 'podLeaves', 'podRenamed', 'podSlow'],
      ...['podStops', 'podsRolled'],
    ])
  })

  it('the schedule of a chaos run takes away at most two brokers in a round, and each of them only once', () => {
    for (const { acts } of SEEDS.flatMap(hourOf)) {
      const away = acts.flatMap(each =>
        each.kind === 'brokerDies' || each.kind === 'brokerStops' ? [each.broker] : [],
      )
      expect(away.length).toBeLessThanOrEqual(2)
      const named = away.filter(each => typeof each === 'number')
      expect(new Set(named).size).toBe(named.length)
    }
  })

  it('the schedule of a chaos run does nothing to a slot without a pod, and always leaves one pod', () => {
    for (const seed of SEEDS) {
      const slots = new Set(Array.from({ length: SLOTS.atStart }, (_, slot) => slot))
      for (const { acts } of hourOf(seed)) {
        const touched = acts.flatMap(each => ('slot' in each ? [each.slot] : []))
        expect(new Set(touched).size).toBe(touched.length)
        for (const act of acts) {
          if ('slot' in act) expect(slots.has(act.slot)).toBe(act.kind !== 'podJoins')
        }
        for (const act of acts) {
          if (act.kind === 'podJoins') slots.add(act.slot)
          if (act.kind === 'podLeaves') slots.delete(act.slot)
        }
        expect(slots.size).toBeGreaterThan(0)
      }
    }
  })
})

function lengthOf(acts: readonly Act[]): number {
  return Math.max(...acts.map(({ at, forMs }) => at + forMs))
}
