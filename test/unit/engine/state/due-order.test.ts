/** The order of timers within one map against a sorted list. */
import { describe, expect, it } from 'vitest'
import { BEFORE_ALL, compareDue, type Due, dueOf } from '#engine/state/due-heap.ts'
import { EntryMap } from '#engine/state/entry-map.ts'
import { encodeDue } from '#engine/state/frame.ts'
import { seededRandom } from '#testing/seeded-random.ts'

const listed = (dues: Iterable<Due>) => [...dues].map(({ due, entry }) => `${due} ${entry}`)

describe.each([true, false])('a map that orders its timers from the start: %s', ordersTimers => {
  it.each([1, 2, 3])('gives them behind any place as a sorted list does, seed %i', seed => {
    const random = seededRandom(seed)
    const draw = (below: number) => Math.floor(random() * below)
    const map = new EntryMap<Uint8Array | null>({ ordersTimers })
    const model = new Map<string, number>()
    for (let round = 0; round < 20; round++) {
      for (let step = 0; step < 1_000; step++) {
        const entry = `tremind/due/k${draw(4_000)}`
        const action = draw(6)
        if (action === 0) map.delete(entry)
        else if (action === 1) map.set(entry, null)
        if (action <= 1) {
          model.delete(entry)
          continue
        }
        const due = action === 2 ? 500 : draw(10_000)
        map.set(entry, encodeDue(due))
        model.set(entry, due)
      }
      const sorted = [...model].map(([entry, due]) => ({ due, entry })).sort(compareDue)
      expect(listed(map.dues(BEFORE_ALL))).toEqual(listed(sorted))
      const place = sorted[draw(sorted.length)] ?? BEFORE_ALL
      expect(listed(map.dues(place))).toEqual(listed(sorted.filter(item => compareDue(item, place) > 0)))
    }
  })
})

it('a timer whose bytes say no time is in no order', () => {
  const map = new EntryMap<Uint8Array | null>({ ordersTimers: true })
  map.set('ta', encodeDue(Number.NaN))
  map.set('tb', encodeDue(1))
  map.set('ta', encodeDue(Number.NaN))
  expect([listed(map.dues(BEFORE_ALL)), dueOf(encodeDue(Number.NaN))]).toEqual([['1 tb'], undefined])
})
