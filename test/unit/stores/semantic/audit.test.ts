/** The audit of hits: who is sampled, what the rate is worth, and when it switches an index off. */
import { expect, test } from 'vitest'
import { AuditTally, isAudited } from '#stores/semantic/index.ts'

test('the index audits two in a hundred requests, and decides each repetition of a request alike', () => {
  const ids = Array.from({ length: 20_000 }, (_, at) => `request-${at}`)
  const audited = ids.filter(id => isAudited(id))
  expect(audited.length / ids.length).toBeGreaterThan(0.016)
  expect(audited.length / ids.length).toBeLessThan(0.024)
  expect(audited.every(id => isAudited(id))).toBe(true)
  expect(ids.some(id => isAudited(id, 0))).toBe(false)
  expect(ids.every(id => isAudited(id, 1))).toBe(true)
})

test('the rate of false hits is unknown without an audit', () => {
  expect(new AuditTally().rate()).toEqual({ audits: 0, falseHits: 0, rate: undefined, interval: [0, 1] })
  expect(new AuditTally().verdict()).toBeUndefined()
})

test('the interval of the rate is the Wilson interval', () => {
  const tally = audits(100, 1)
  expect(tally.rate().rate).toBe(0.01)
  expect(tally.rate().interval[0]).toBeCloseTo(0.0018, 4)
  expect(tally.rate().interval[1]).toBeCloseTo(0.0545, 4)
})

test('a rate above 1 % switches the index off with a reason, and a rate of 1 % does not', () => {
  expect(audits(100, 1).verdict()).toBeUndefined()
  expect(audits(99, 1).verdict()).toMatch(
    /^1 of 99 audited hits were false: 1\.0 %, between 0\.2 % and 5\.5 %/,
  )
  expect(audits(1, 1).verdict()).toContain('1 of 1 audited hits were false')
  expect(audits(5_000, 0).verdict()).toBeUndefined()
})

function audits(count: number, falseHits: number): AuditTally {
  const tally = new AuditTally()
  for (let at = 0; at < count; at += 1) tally.audited(at < falseHits)
  return tally
}
