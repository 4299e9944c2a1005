/** The engine's own names: stable across versions, since stored data is found again by them. */
import { expect, it } from 'vitest'
import { deadLetterTopicOf, stateTopicOf, tierTopicOf, topologyTopicOf } from '#topology/plan.ts'

it('of state topics, dead letters and the topology begin with the application', () => {
  expect(stateTopicOf('answers', 'generate')).toBe('answers.generate.state')
  expect(deadLetterTopicOf('answers')).toBe('answers.dead-letters')
  expect(topologyTopicOf('answers')).toBe('answers.topology')
})

it.each([
  [1, 'answers.delay.1ms'],
  [500, 'answers.delay.500ms'],
  [1_000, 'answers.delay.1s'],
  [90_000, 'answers.delay.90s'],
  [120_000, 'answers.delay.2m'],
  [3_600_000, 'answers.delay.1h'],
])('of a tier of %i ms is %s', (waitMs, name) => {
  expect(tierTopicOf('answers', waitMs)).toBe(name)
})

it('of tiers differ where their waits do', () => {
  const waits = [1, 1_000, 1_001, 59_000, 60_000, 61_000, 3_600_000, 3_660_000]
  expect(new Set(waits.map(waitMs => tierTopicOf('answers', waitMs))).size).toBe(waits.length)
})
