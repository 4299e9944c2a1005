/** Labels from outside stay few, short and on one line, whatever is sent. */
import { describe, expect, it } from 'vitest'
import { ClosedSet, Counts, Distributions, labelValue } from '#observability/metrics/counts.ts'
import { ORGANIZATIONS_MAX, OrganizationCosts } from '#observability/metrics/organization-costs.ts'

it('the value of a label is one line of well-formed text with at most a hundred characters', () => {
  expect(labelValue('one\ntwo\u0000')).toBe('one two ')
  expect(labelValue('x'.repeat(10_000))).toHaveLength(100)
  expect(labelValue('\ud83d').isWellFormed()).toBe(true)
})

it('a closed set keeps its first values, and calls the others other', () => {
  const models = new ClosedSet(2)
  expect(['a', 'b', 'c', 'a', 'd'].map(name => models.take(name))).toEqual(['a', 'b', 'other', 'a', 'other'])
})

it('a counter keeps numbers by their labels', () => {
  const counts = new Counts('model', 'type')
  counts.add(2, 'a', 'prompt')
  counts.add(3, 'a', 'prompt')
  counts.set(7, 'a', 'completion')
  expect(counts.children).toEqual([
    { labels: { model: 'a', type: 'prompt' }, value: 5 },
    { labels: { model: 'a', type: 'completion' }, value: 7 },
  ])
})

it('a histogram counts a value in the first bucket that is not below it', () => {
  const times = new Distributions([1, 2])
  for (const value of [0.5, 1, 1.5, 9]) times.add(value)
  expect(times.children).toEqual([{ labels: {}, value: { bounds: [1, 2], counts: [2, 1, 1], sum: 12 } }])
})

describe('costs of organisations', () => {
  const read = (costs: OrganizationCosts) =>
    new Map(costs.children.map(({ labels, value }) => [labels.organization ?? '', Number(value)]))

  it('name twenty organisations and count the rest as one, and their sum is what was spent', () => {
    const costs = new OrganizationCosts()
    for (let n = 0; n < 500; n++) costs.add(`org-${n}`, 1)
    const found = read(costs)
    expect(found.size).toBe(ORGANIZATIONS_MAX + 1)
    expect(found.get('other')).toBe(500 - ORGANIZATIONS_MAX)
    expect([...found.values()].reduce((sum, value) => sum + value, 0)).toBe(500)
  })

  it('give an organisation a place once it costs most, and no series of a scrape goes down', () => {
    const costs = new OrganizationCosts()
    for (let n = 0; n < 30; n++) costs.add(`org-${n}`, 1)
    const before = read(costs)
    expect(before.has('org-29')).toBe(false)
    costs.add('org-29', 5)
    read(costs)
    costs.add('org-29', 2)
    const after = read(costs)
    expect(after.get('org-29')).toBe(2)
    for (const [name, value] of before) expect(after.get(name) ?? value, name).toBeGreaterThanOrEqual(value)
    expect(after.size).toBe(ORGANIZATIONS_MAX + 1)
  })
})
