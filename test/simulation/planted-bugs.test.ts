/**
 * The simulation proves that it would notice: each of these bugs was made by somebody once, or nearly by us. Planted, it
 * must be found within 200 seeds; without it, the very run that found it must be right.
 */
import { describe, expect, it } from 'vitest'
import { notTakenBack } from '#testing/simulation/checks/purchases.ts'
import { FAULT_TABLE, faultsNamed } from '#testing/simulation/faults/fault-table.ts'
import type { Plant } from '#testing/simulation/fleet.ts'
import { runSeed } from '#testing/simulation/run-seed.ts'
import { standard } from '#testing/simulation/scenarios/standard.ts'
import {
  groupOffsetsTrusted,
  producerReused,
  randomStepIds,
  storeWrittenFirst,
} from './planted/commit-bugs.ts'
import {
  claimNotCompared,
  claimRetried,
  lookedTooLate,
  promiseBelieved,
  skippedFence,
  strangersReleased,
} from './planted/ownership-bugs.ts'
import { noQuestionAsked, repairedAfterTheAbort, repairedByTheWrongEpoch } from './planted/repair-bugs.ts'

const SEEDS_MAX = 200

const ZOMBIES = faultsNamed('zombie gets its tasks back', 'cut off, gets its tasks back')
const SCALING = faultsNamed('pod added', 'pod stopped', 'rolling restart')
const TEARING = faultsNamed(
  'coordinator fails between decision and markers',
  'lost marker',
  'crash, same name again',
)
const CLAIMS = faultsNamed('late claim', 'lost claim', 'lost answer of a claim')

/** Found sooner in runs that have only the faults which the bug is about. */
const BUGS = [
  { name: 'a fence is skipped', plant: skippedFence, kinds: FAULT_TABLE },
  {
    name: 'a claim of somebody who was not fenced is released',
    plant: strangersReleased,
    kinds: FAULT_TABLE,
  },
  { name: "the group's offsets are trusted", plant: groupOffsetsTrusted, kinds: FAULT_TABLE },
  { name: 'the local store is written before the transaction', plant: storeWrittenFirst, kinds: FAULT_TABLE },
  { name: 'a producer is reused after an unknown outcome', plant: producerReused, kinds: FAULT_TABLE },
  { name: 'steps have random ids', plant: randomStepIds, kinds: FAULT_TABLE },
  { name: 'a task that came back is kept unseen', plant: claimNotCompared, kinds: ZOMBIES },
  {
    name: 'a claim is retried under the next generation',
    plant: claimRetried,
    kinds: [...SCALING, ...CLAIMS],
  },
  { name: 'an unknown commit is looked for from too late', plant: lookedTooLate, kinds: FAULT_TABLE },
  { name: 'a torn transaction is asked about by nobody', plant: noQuestionAsked, kinds: TEARING },
  { name: 'a torn transaction is repaired after the abort', plant: repairedAfterTheAbort, kinds: TEARING },
  {
    name: 'a torn transaction is repaired by the wrong epoch',
    plant: repairedByTheWrongEpoch,
    kinds: TEARING,
  },
  { name: "a claim's promise is believed", plant: promiseBelieved, kinds: SCALING },
]

describe('a planted bug is found', () => {
  it.each(BUGS)('$name', async ({ name, plant, kinds }) => {
    const seed = await firstFailure(plant, kinds)
    expect(seed, `${name}: not found within ${SEEDS_MAX} seeds`).toBeLessThanOrEqual(SEEDS_MAX)
    const { complaints } = await run(seed, kinds)
    expect(complaints, `seed ${seed} without the bug`).toEqual([])
  })
})

async function firstFailure(plant: Plant, kinds: typeof FAULT_TABLE): Promise<number> {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const { complaints } = await run(seed, kinds, plant)
    if (complaints.length > 0) return seed
  }
  return Number.POSITIVE_INFINITY
}

function run(seed: number, kinds: typeof FAULT_TABLE, plant?: Plant) {
  // Where nobody sleeps, nothing may be taken back either.
  const checks = kinds.some(kind => ZOMBIES.includes(kind)) ? [] : [notTakenBack]
  return runSeed({ scenario: standard, seed, kinds, checks, ...(plant && { plant }) })
}
