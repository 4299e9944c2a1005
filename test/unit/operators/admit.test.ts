/** A question enters once a day. */
import { expect, test } from 'vitest'
import { admit } from '#operators/admit.ts'
import { run } from './effects.ts'

const INTAKE = { id: 'q1', task_type: 'qa', title: 'Why?', asked_at: 5 }

test('admit lets the first event of an id in as a request that has cost nothing', async () => {
  const { emissions } = await run(admit(), INTAKE)
  expect(emissions).toHaveLength(1)
  expect(emissions[0]).toMatchObject({
    output: 'admitted',
    value: { ...INTAKE, error_attempts: 0, quality_attempts: 0, parked: 0, history: [], spent: { calls: 0 } },
  })
})

test('admit drops a second event of an id, and does not lengthen the time for which the id is remembered', async () => {
  const state = new Map<string, unknown>()
  await run(admit(), INTAKE, { state, now: 1_000 })
  const { emissions } = await run(admit(), INTAKE, { state, now: 2_000 })
  expect(emissions).toEqual([])
  expect(state.get('seen')).toEqual({ at: 1_000 })
})

test('admit remembers ids for 24 hours, or for the configured time', () => {
  expect(admit().state.seen).toMatchObject({ ttl: 86_400_000 })
  expect(admit({ window: 10 }).state.seen).toMatchObject({ ttl: 10 })
})
