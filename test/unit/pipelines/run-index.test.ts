/** Which runs the index forgets first. */
import { expect, it } from 'vitest'
import { questionHash } from '#answers/question-hash.ts'
import type { Intake } from '#answers/types.ts'
import { RunIndex } from '#pipelines/run-index.ts'
import { organizationOf } from '#stores/organization.ts'

const NOBODY = organizationOf(undefined)
const intake = (id: string): Intake => ({ id, task_type: 'qa', title: `What is ${id}?`, asked_at: 1 })
const underWay = (runs: RunIndex, id: string) => runs.underWay(NOBODY, questionHash(intake(id)))?.id

it('A run under way is joined although more newer runs than the bound have ended.', () => {
  const runs = new RunIndex(2)
  runs.caughtUp()
  runs.add(intake('open'))
  for (const id of ['a', 'b', 'c', 'd']) {
    runs.add(intake(id))
    runs.ended(id)
  }
  expect(underWay(runs, 'open')).toBe('open')
  expect(['a', 'b', 'c', 'd'].filter(id => runs.get(NOBODY, id))).toEqual(['c', 'd'])
})

it('Runs under way have a bound of their own, five times that of ended ones.', () => {
  const runs = new RunIndex(1)
  for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) runs.add(intake(id))
  expect(['a', 'b', 'c', 'd', 'e', 'f'].filter(id => underWay(runs, id))).toEqual(['b', 'c', 'd', 'e', 'f'])
})

it('A run whose key may have been used before is joined when it was let in.', () => {
  const runs = new RunIndex()
  runs.addUnsure(intake('a'), Promise.resolve())
  expect(underWay(runs, 'a')).toBeUndefined()
  runs.add(intake('a'))
  expect(underWay(runs, 'a')).toBe('a')
})
