/** How far a run is, by its last event. */
import { expect, it } from 'vitest'
import { inOrder, OPEN_STATES, stateAfter } from '#gateway/handlers/so-far.ts'
import { organizationOf } from '#stores/organization.ts'

it.each([
  [{ final: 6, threshold: 6 }, 'delivering'],
  [{ final: 5.9, threshold: 6 }, 'regenerating'],
  // Verdicts of earlier versions do not say what they had to reach.
  [{ final: 9 }, 'regenerating'],
  [{ final: 9, threshold: null }, 'regenerating'],
])('a verdict of %j leaves the run %s', (detail, state) => {
  const facts = { recordId: 'a', taskId: 'a', organization: organizationOf(undefined), taskType: 'qa' }
  expect(stateAfter({ ...facts, at: 0, rank: 0, kind: 'scored', detail })).toBe(state)
  expect(OPEN_STATES).toContain(state)
})

const facts = { taskId: 'a', organization: organizationOf(undefined), taskType: 'qa', detail: {} }
it.each([
  [
    'by cause and effect, although clocks differ',
    [
      ['delivered', 9, 1],
      ['scored', 2, 3],
      ['accepted', 0, 5],
    ],
  ],
  [
    'by time within one rank',
    [
      ['waiting', 4, 2],
      ['waiting', 4, 1],
      ['accepted', 0, 5],
    ],
  ],
  [
    'a failure that was sent again before what followed',
    [
      ['delivered', 9, 9],
      ['generated', 1, 8],
      ['failed', 9, 6],
      ['generated', 1, 2],
    ],
  ],
] as const)('events are in order %s', (_, backwards) => {
  const events = backwards.map(([kind, rank, at]) => ({
    ...facts,
    recordId: `${kind} ${at}`,
    kind,
    rank,
    at,
  }))
  expect(inOrder(events).map(({ recordId }) => recordId)).toEqual(
    events.map(({ recordId }) => recordId).reverse(),
  )
})
