/** What calls cost on the page: sums, what is not known, the questions behind a figure, and the file. */
import { expect, it } from 'vitest'
import { csvOf } from '#console/csv.ts'
import { type Costs, costsCsv, knownUsd, questionsBehind, totalOf } from '#console/money.ts'

const row = (key: string, more: object = {}) => ({
  ...{ key, calls: 2, tokens: 10, usd: 0.1, usd_undelivered: 0.05, unpriced: 0 },
  ...more,
})
const COSTS: Costs = {
  from: '2026-01-01T00:00:00.000Z',
  to: '2026-01-02T00:00:00.000Z',
  costs: [row('a'), row('b', { usd: 0.2 }), row('', { calls: 3, usd: 0, unpriced: 3, usd_undelivered: 0 })],
}

it('a total is the sum of its lines, with calls of unknown price apart', () => {
  const { usd, ...rest } = totalOf(COSTS.costs)
  expect(usd).toBeCloseTo(0.3, 12)
  expect(rest).toEqual({ calls: 7, tokens: 30, usd_undelivered: 0.1, unpriced: 3 })
})

it('what no price is known of is not 0', () => {
  expect(COSTS.costs.map(knownUsd)).toEqual([0.1, 0.2, undefined])
  expect(knownUsd(row('free', { usd: 0 }))).toBe(0)
  expect(knownUsd(row('partly', { calls: 3, unpriced: 1 }))).toBe(0.1)
})

it('a figure opens to the questions of its key and time, also of no key', () => {
  const query = (by: Parameters<typeof questionsBehind>[0], key: string, organization?: string) =>
    Object.fromEntries(new URLSearchParams(questionsBehind(by, key, COSTS, organization).split('?')[1]))
  const time = { paid_from: COSTS.from, paid_to: COSTS.to }
  expect(query('model', 'a/b&c=d')).toEqual({ ...time, model: 'a/b&c=d' })
  expect(query('prompt_version', '')).toEqual({ ...time, prompt_version: '' })
  expect(query('attempt', 'judged', 'acme')).toEqual({ ...time, paid_for: 'judged', organization: 'acme' })
  expect(query('organization', '')).toEqual({ ...time, organization: '' })
})

it('the file has each line with its figures whole, and nothing for a sum that is not known', () => {
  expect(costsCsv('model', COSTS).split('\r\n').slice(0, 4)).toEqual([
    '"model","calls","tokens","usd","usd_undelivered","unpriced","from","to"',
    '"a",2,10,0.1,0.05,0,"2026-01-01T00:00:00.000Z","2026-01-02T00:00:00.000Z"',
    '"b",2,10,0.2,0.05,0,"2026-01-01T00:00:00.000Z","2026-01-02T00:00:00.000Z"',
    '"",3,10,"","",3,"2026-01-01T00:00:00.000Z","2026-01-02T00:00:00.000Z"',
  ])
})

it('no text becomes a formula in a program of tables', () => {
  expect(csvOf([['=cmd()', '+1', '-1', '@x', 'a"b', 'a,b\nc']])).toBe(
    `"'=cmd()","'+1","'-1","'@x","a""b","a,b\nc"\r\n`,
  )
})
