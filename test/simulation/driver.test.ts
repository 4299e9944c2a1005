/** The Kafka driver against scripted brokers; `npm run simulate -- --scenario driver` goes on from there. */
import { describe, expect, it } from 'vitest'
import { type Meaning, meaningOf } from '#engine/log/kafka/broker-codes.ts'
import { runCampaign } from '#testing/simulation/campaign/campaign.ts'
import { DRIVER, type DriverSeedOptions, runDriverSeed } from '#testing/simulation/driver/run-driver-seed.ts'
import type { Verdict } from '#testing/simulation/run-seed.ts'
import {
  claimedInCurrent,
  endFollowedByAbort,
  openNotAsked,
  produceRepeated,
  refusedCounted,
} from './planted/driver-bugs.ts'
import type { Alteration } from './planted/replaced-method.ts'

const SEEDS = 100
const PLANTED_SEEDS_MAX = 200
const FAULTS = [
  'request lost',
  'answer lost',
  'answer late by',
  ': late by',
  'doubled',
  'refused with code',
  'cut before',
  'cut after',
  'is down',
  'is frozen',
  'gets no marker',
  'in one partition',
  'has left something open',
]

/** Those of a broker that may say so at any time. */
const MEANINGS: readonly Meaning[] = [
  'passing',
  'moved',
  'fencing',
  'transaction',
  'rejoin',
  'rights',
  'configuration',
  'mistake',
  'unclear',
]

interface Bug {
  readonly name: string
  readonly alteration?: Alteration | undefined
  readonly plant?: DriverSeedOptions['plant']
  /** How it shows. */
  readonly shows: RegExp
}

const BUGS: readonly Bug[] = [
  {
    name: 'a produce that was not answered is repeated',
    alteration: produceRepeated,
    shows: /is seen twice/,
  },
  {
    name: 'a batch that was refused counts as appended',
    alteration: refusedCounted,
    shows: /batches came out of sequence/,
  },
  {
    name: 'an end that was not answered is followed by an abort',
    alteration: endFollowedByAbort,
    shows: /records of transaction \d+ of [\w-]+ are seen: committed/,
  },
  {
    name: 'the leaders are not asked for what is open',
    alteration: openNotAsked,
    shows: /records of transaction \d+ of [\w-]+ are seen/,
  },
  {
    name: 'a claim is sent under the current generation',
    plant: { log: claimedInCurrent },
    shows: /was stored in generation/,
  },
]

describe('the Kafka driver against scripted brokers', () => {
  it(`keeps its promises under ${SEEDS} seeds, which bring every fault`, { timeout: 300_000 }, async () => {
    const errands = Array.from({ length: SEEDS }, (_, index) => ({ scenario: DRIVER, seed: index + 1 }))
    const verdicts: Verdict[] = []
    await runCampaign({ errands, threads: 2, onVerdict: verdict => verdicts.push(verdict) })
    const wrong = verdicts.filter(({ complaints }) => complaints.length > 0)
    expect(wrong.map(({ seed, complaints }) => ({ seed, complaints }))).toEqual([])
    const trace = verdicts.flatMap(each => each.trace).join('\n')
    expect(FAULTS.filter(fault => !trace.includes(fault))).toEqual([])
    const codes = [...trace.matchAll(/refused with code (-?\d+)/g)].map(([, code]) => meaningOf(Number(code)))
    expect(MEANINGS.filter(meaning => !codes.includes(meaning))).toEqual([])
  })

  it('the Kafka driver against scripted brokers takes the same course again under the same seed', async () => {
    const [one, other] = [await runDriverSeed({ seed: 7 }), await runDriverSeed({ seed: 7 })]
    expect(other).toEqual(one)
    expect((await runDriverSeed({ seed: 8 })).course).not.toBe(one.course)
  })

  it.each(BUGS)(
    'the Kafka driver against scripted brokers is found out when $name',
    { timeout: 300_000 },
    async bug => {
      const { seed, complaints } = await firstFailure(bug)
      expect(seed).toBeLessThanOrEqual(PLANTED_SEEDS_MAX)
      expect(complaints.join('\n')).toMatch(bug.shows)
      const { complaints: others } = await runDriverSeed({ seed })
      expect(others, `seed ${seed} without the bug`).toEqual([])
    },
  )
})

/** The first seed under which it shows; infinity when none does. */
async function firstFailure({ alteration, plant, shows }: Bug) {
  const remove = alteration?.()
  try {
    for (let seed = 1; seed <= PLANTED_SEEDS_MAX; seed++) {
      const { complaints } = await runDriverSeed({ seed, ...(plant && { plant }) })
      if (complaints.some(each => shows.test(each))) return { seed, complaints }
    }
    return { seed: Number.POSITIVE_INFINITY, complaints: [] }
  } finally {
    remove?.()
  }
}
