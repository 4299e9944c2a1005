/** Versions on the page: which two are compared, what a change means, and when each was live. */
import { expect, it } from 'vitest'
import type { Version } from '#console/shapes.ts'
import {
  bandOf,
  changedSettings,
  comparedIn,
  idOf,
  questionsOf,
  taskTypesOf,
  verdictOf,
} from '#console/versions.ts'

const MARK = { mean: 8, bins: [] }
const version = (prompt_version: string, model = 'm', more: Partial<Version> = {}): Version => ({
  ...{ task_type: 'qa', prompt_version, model, answers: 3, few: true },
  ...{ first_at: '2026-01-01T00:00:00Z', last_at: '2026-01-01T00:00:00Z' },
  marks: {
    ...{ final: MARK, exactness: MARK, completeness: MARK },
    ...{ clarity: MARK, concision: MARK, usefulness: MARK },
  },
  ...{ below_threshold: { count: 0, share: 0 }, attempts: {}, cost_usd: { unpriced: 3 } },
  latency_ms: { p50: 1, p95: 1 },
  ...more,
})
const [newest, before, other] = [version('2'), version('1'), version('1', 'n')]
const ALL = [newest, before, other]

it('the version that was delivered last is compared with the one before, where the address names none', () => {
  expect(comparedIn(ALL, {})).toEqual({ a: before, b: newest })
  expect(comparedIn(ALL, { a: idOf(other) })).toEqual({ a: other, b: newest })
  expect(comparedIn(ALL, { a: idOf(newest) })).toEqual({ a: newest, b: before })
  expect(comparedIn(ALL, { a: idOf(newest), b: idOf(other) })).toEqual({ a: newest, b: other })
  expect(comparedIn(ALL, { a: 'gone', b: '["1","m"]' })).toEqual({ a: newest, b: before })
})

it('a version is not compared with itself, nor where it is alone', () => {
  expect(comparedIn(ALL, { a: idOf(before), b: idOf(before) })).toBeUndefined()
  expect(comparedIn([newest], {})).toBeUndefined()
  expect(comparedIn([], {})).toBeUndefined()
})

it('an interval that holds 0, or is not there, says neither', () => {
  expect(verdictOf([0.1, 0.9])).toBe('better')
  expect(verdictOf([-0.9, -0.1])).toBe('worse')
  expect(verdictOf([-0.1, 0.1])).toBe('unclear')
  expect(verdictOf([0, 0])).toBe('unclear')
  expect(verdictOf(undefined)).toBe('unclear')
})

it('settings differ by name, also where one is not there; what is not known differs in nothing', () => {
  const known = (settings: object) => ({ known: true, settings: { ...settings } })
  expect(
    changedSettings(known({ system: 'a', user: 'u' }), known({ system: 'b', user: 'u', model: 'm' })),
  ).toEqual(['system', 'model'])
  expect(changedSettings(known({}), { known: false, why: 'removed' })).toBeUndefined()
})

it('a band has each slice, also those without an answer, and none of another version', () => {
  const slice = (each: Version, at: number, answers: number) => ({ ...each, slice: at, answers })
  const live = {
    ...{ from: '2026-01-01T00:00:00Z', width_ms: 1 },
    slices: [slice(before, 0, 2), slice(newest, 3, 5), slice(other, 1, 1), slice(before, 1, 4)],
  }
  expect(bandOf(live, before)).toEqual([2, 4, 0, 0])
  expect(bandOf(live, newest)).toEqual([0, 0, 0, 5])
})

it('task types are listed, that with the most answers first; a version opens to its questions', () => {
  const moderation = version('1', 'm', { task_type: 'moderation', answers: 10 })
  expect(taskTypesOf([...ALL, moderation])).toEqual(['moderation', 'qa'])
  const query = new URLSearchParams(questionsOf(other, 'acme').split('?')[1])
  expect(Object.fromEntries(query)).toEqual({
    ...{ task_type: 'qa', prompt_version: '1', model: 'n', organization: 'acme', state: 'delivered' },
  })
})
