/** How far a run is, by its last event. */
import { expect, it } from 'vitest'
import { OPEN_STATES, stateAfter } from '#gateway/handlers/so-far.ts'
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
