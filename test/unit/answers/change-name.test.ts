/** The name of a change of a task type is of one text. */
import { expect, test } from 'vitest'
import { changeName, isNamed } from '#answers/change-name.ts'

const CHANGE = { task_type: 'qa', version: 7, system: 'Be brief.', weights: { clarity: 1, concision: 0 } }

test('a change is named by its number and a digest of what it says, in whatever order', () => {
  const other = { weights: { concision: 0, clarity: 1 }, system: 'Be brief.', version: 7, task_type: 'qa' }
  expect(changeName(CHANGE)).toMatch(/^7\.[0-9a-f]{8}$/)
  expect(changeName(other)).toBe(changeName(CHANGE))
})

test('two changes with one number have different names, whichever field differs', () => {
  const { system, ...less } = CHANGE
  const all = [CHANGE, less, { ...CHANGE, system: `${system} ` }, { ...CHANGE, weights: { clarity: 1 } }]
  expect(new Set(all.map(changeName)).size).toBe(all.length)
})

test('the number alone names a change too, as answers of earlier releases have it', () => {
  expect(['7', changeName(CHANGE), '70', '7.00000000'].map(name => isNamed(name, CHANGE))).toEqual([
    ...[true, true, false, false],
  ])
})
