/** Which events a load sends. */
import { describe, expect, it } from 'vitest'
import { normalise } from '#answers/events.ts'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import type { LoadProfile } from '#load/profile.ts'
import { indexOf, type LoadEvent, Questions } from '#load/questions.ts'

const profile = (own: Partial<LoadProfile>): LoadProfile => ({
  ...{ perSecond: 100, rampMs: 0, durationMs: 1_000, bursts: [] },
  ...{ taskTypes: {}, organisations: {}, repeatedShare: 0, hostileShare: 0, seed: 1 },
  ...own,
})

function drawn(
  count: number,
  own: Partial<LoadProfile>,
  dataset?: readonly { title: string }[],
): LoadEvent[] {
  const questions = new Questions(profile(own), 'run', dataset)
  return Array.from({ length: count }, () => questions.next())
}

describe('Questions', () => {
  it('Questions draws valid events alone, the hostile ones included', () => {
    const events = drawn(200, { hostileShare: 0.5, repeatedShare: 0.2, taskTypes: { qa: 1, sentiment: 1 } })
    const faults = events.flatMap(({ event }) => {
      const read = normalise(event, TASK_TYPES, { recordId: 'r', timestamp: 0 })
      return 'faults' in read ? read.faults : []
    })
    expect(faults).toEqual([])
  })

  it('Questions draws the same events again under the same seed, and others under another', () => {
    const own = { repeatedShare: 0.3, organisations: { acme: 1, globex: 1 } }
    expect(drawn(50, own)).toEqual(drawn(50, own))
    expect(drawn(50, own)).not.toEqual(drawn(50, { ...own, seed: 2 }))
  })

  it('Questions gives each event an id of its own, also where it repeats a question', () => {
    const events = drawn(500, { repeatedShare: 0.5 })
    expect(new Set(events.map(({ id }) => id)).size).toBe(500)
    const titles = new Set(events.map(({ event }) => event.title))
    expect(titles.size).toBeGreaterThan(200)
    expect(titles.size).toBeLessThan(300)
  })

  it('Questions draws organisations by their weights', () => {
    const events = drawn(1_000, { organisations: { acme: 3, globex: 1 } })
    const ofAcme = events.filter(({ event }) => event.organization_id === 'acme').length
    expect(ofAcme).toBeGreaterThan(690)
    expect(ofAcme).toBeLessThan(810)
  })

  it('Questions asks the questions of a dataset in turn', () => {
    const titles = drawn(3, {}, [{ title: 'one' }, { title: 'two' }]).map(({ event }) => event.title)
    expect(titles).toEqual(['one', 'two', 'one'])
  })
})

describe('indexOf', () => {
  it('knows the ids of its run from all others', () => {
    expect(indexOf('run', 'run-17')).toBe(17)
    for (const other of ['other-17', 'run-', 'run-x', 'run--1', 'run-1.5', '17'])
      expect(indexOf('run', other), other).toBeUndefined()
  })
})
