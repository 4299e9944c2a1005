/** The draws behind a simulated provider's behaviour. */
import { expect, test } from 'vitest'
import { type Behaviour, behaviourOf, CALM, type Profile } from '#models/simulated/profile.ts'

const many = (profile: Partial<Profile>, count = 4_000): readonly Behaviour[] =>
  Array.from({ length: count }, (_, n) => behaviourOf({ ...CALM, ...profile }, 'seed', `r${n}`, 1))
const share = (all: readonly Behaviour[], kind: Behaviour['kind']) =>
  all.filter(behaviour => behaviour.kind === kind).length / all.length

test('the profile draws each fault in its share', () => {
  const all = many({ rateLimited: 0.05, failing: 0.03, malformed: 0.02, hanging: 0.01 })
  expect(share(all, 'refuse')).toBeCloseTo(0.05, 1.5)
  expect(share(all, 'fail')).toBeCloseTo(0.03, 1.5)
  expect(share(all, 'malform')).toBeCloseTo(0.02, 1.5)
  const hanging = all.filter(({ delayMs }) => delayMs === CALM.hangMs).length / all.length
  expect(hanging).toBeCloseTo(0.01, 1.5)
})

test('the profile draws no faults without shares, and only faults with a whole share', () => {
  expect(share(many({}), 'answer')).toBe(1)
  expect(share(many({ failing: 1 }), 'fail')).toBe(1)
})

test('a lognormal latency has the given median and spread', () => {
  const delays = many({ latency: { kind: 'lognormal', medianMs: 800, sigma: 0.5 } })
    .map(({ delayMs }) => delayMs)
    .sort((a, b) => a - b)
  const quantile = (q: number) => delays[Math.floor(q * delays.length)] ?? 0
  expect(quantile(0.5)).toBeGreaterThan(760)
  expect(quantile(0.5)).toBeLessThan(840)
  expect(quantile(0.841) / quantile(0.5)).toBeCloseTo(Math.exp(0.5), 0.5)
})

test('only the seed, the request and the attempt change a draw', () => {
  const profile: Profile = { ...CALM, latency: { kind: 'lognormal', medianMs: 100, sigma: 1 } }
  const draw = (seed: string, id: string, attempt: number) => behaviourOf(profile, seed, id, attempt).delayMs
  const base = draw('s', 'r', 1)
  expect(draw('s', 'r', 1)).toBe(base)
  expect(new Set([base, draw('t', 'r', 1), draw('s', 'q', 1), draw('s', 'r', 2)]).size).toBe(4)
})
