/** The text of a scrape: escaped, cumulative, and bounded. */
import { expect, it } from 'vitest'
import { exposed } from '#observability/metrics/exposition.ts'
import type { Family, Row } from '#observability/metrics/family.ts'
import { seriesOf } from './scraped.ts'

const ROW: Row = { metric: 'tests_total', kind: 'counter', labels: ['name'], description: 'what is "tested"' }

const counted = (...values: readonly number[]): Family => ({
  row: ROW,
  children: values.map((value, index) => ({ labels: { name: `n${index}` }, value })),
})

it('a family has its help, its type and a line for each set of labels', async () => {
  const { text, series } = await exposed([counted(3, 4)])
  expect(text).toContain('# HELP tests_total what is "tested"\n# TYPE tests_total counter\n')
  expect(seriesOf(text)).toEqual(
    new Map([
      ['tests_total{name="n0"}', 3],
      ['tests_total{name="n1"}', 4],
    ]),
  )
  expect(series).toBe(2)
})

it('buckets are cumulative, and the last bucket is infinite and equals the count', async () => {
  const row: Row = { ...ROW, metric: 'took_seconds', kind: 'histogram' }
  const value = { bounds: [0.1, 1], counts: [2, 0, 5], sum: 40 }
  const { text, series } = await exposed([{ row, children: [{ labels: {}, value }] }])
  expect([...seriesOf(text)]).toEqual([
    ['took_seconds_bucket{le="0.1"}', 2],
    ['took_seconds_bucket{le="1"}', 2],
    ['took_seconds_bucket{le="+Inf"}', 7],
    ['took_seconds_sum', 40],
    ['took_seconds_count', 7],
  ])
  expect(series).toBe(5)
})

it('the exposition escapes quotes, backslashes and newlines in a label', async () => {
  const children = [{ labels: { name: 'a"b\\c\nd' }, value: 1 }]
  expect((await exposed([{ row: ROW, children }])).text).toContain('tests_total{name="a\\"b\\\\c\\nd"} 1')
})

it('the exposition refuses series beyond the limit as a whole, and counts them', async () => {
  const histogram: Family = {
    row: { ...ROW, metric: 'took_seconds', kind: 'histogram' },
    children: [{ labels: {}, value: { bounds: [1], counts: [1, 1], sum: 1 } }],
  }
  const { text, series, refused } = await exposed(
    [counted(1, 2), histogram, { ...counted(9), row: { ...ROW, metric: 'late_total' } }],
    4,
  )
  expect([series, refused]).toEqual([3, 4])
  expect(text).not.toContain('took_seconds_bucket')
  expect(text).toContain('late_total{name="n0"} 9')
})
