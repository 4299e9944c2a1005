/** Hops through delay tiers: never early, at most the smallest tier late. */
import { describe, expect, it } from 'vitest'
import { decodeDelay, encodeDelay, nextHop } from '#engine/record/delay-route.ts'
import { seededRandom } from '#testing/seeded-random.ts'

const TIERS = [1_000, 5_000, 30_000].map(waitMs => ({ waitMs }))

/** Follows the hops, each served exactly when its wait is over; returns the time of delivery and the waits. */
function travel(tiers: readonly { waitMs: number }[], start: number, due: number): [number, number[]] {
  const waits: number[] = []
  let now = start
  for (let hop = nextHop(tiers, now, due); hop.kind === 'tier'; hop = nextHop(tiers, now, due)) {
    waits.push(hop.waitMs)
    now += hop.waitMs
  }
  return [now, waits]
}

describe('nextHop', () => {
  it.each([
    ['nothing is left', 0, { kind: 'deliver' }],
    ['it is overdue', -5_000, { kind: 'deliver' }],
    ['the rest is below the smallest tier', 1, { kind: 'tier', waitMs: 1_000 }],
    ['the rest is exactly a tier', 5_000, { kind: 'tier', waitMs: 5_000 }],
    ['the rest is just below a tier', 4_999, { kind: 'tier', waitMs: 1_000 }],
    ['the rest is between two tiers', 29_999, { kind: 'tier', waitMs: 5_000 }],
    ['the rest is above the largest', 3_600_000, { kind: 'tier', waitMs: 30_000 }],
  ])('when %s', (_, rest, hop) => {
    expect(nextHop(TIERS, 1_000_000, 1_000_000 + rest)).toEqual(hop)
  })

  it('nextHop delivers at once where there are no tiers', () => {
    expect(nextHop([], 0, 1_000)).toEqual({ kind: 'deliver' })
  })

  it('nextHop repeats the largest tier and goes down to the smallest', () => {
    expect(travel(TIERS, 0, 67_500)).toEqual([68_000, [30_000, 30_000, 5_000, 1_000, 1_000, 1_000]])
  })

  it('nextHop is never early, at most the smallest tier late, in a bounded number of hops', () => {
    for (let seed = 1; seed <= 3_000; seed++) {
      const random = seededRandom(seed)
      const below = (limit: number) => Math.floor(random() * limit)
      let waitMs = 0
      const tiers = Array.from({ length: 1 + below(5) }, () => {
        waitMs += 1 + below(10 ** (1 + below(5)))
        return { waitMs }
      })
      const smallest = tiers[0]?.waitMs ?? 0
      const largest = tiers.at(-1)?.waitMs ?? 0
      const start = below(1_000_000)
      const due = start + below(largest * 4)
      const [delivered, waits] = travel(tiers, start, due)
      expect(delivered, `seed ${seed}`).toBeGreaterThanOrEqual(due)
      expect(delivered - due, `seed ${seed}`).toBeLessThan(smallest)
      // Each tier is repeated only while the next larger one does not fit.
      const bound = tiers.reduce((hops, tier, i) => {
        const above = tiers[i + 1]?.waitMs ?? Math.max(due - start, tier.waitMs)
        return hops + Math.ceil(above / tier.waitMs)
      }, 0)
      expect(waits.length, `seed ${seed}`).toBeLessThanOrEqual(bound)
      expect(waits, `seed ${seed}`).toEqual(waits.toSorted((a, b) => b - a))
    }
  })
})

describe('the delay header', () => {
  it('the delay header comes back as written', () => {
    const delay = { due: 1_700_000_000_000, target: 'llm.requests', enteredAt: 1_699_999_999_000 }
    expect(decodeDelay(encodeDelay(delay))).toEqual(delay)
  })

  it.each(['', '{', 'null', '7', '[]', '{"due":1,"target":"t"}', '{"due":"1","target":"t","enteredAt":1}'])(
    'the delay header that is unreadable is refused: %s',
    text => {
      expect(decodeDelay(Buffer.from(text))).toBeUndefined()
    },
  )
})
