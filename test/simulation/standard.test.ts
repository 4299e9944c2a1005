/** Every scenario under some seeds of its own, with all kinds of faults; `npm run simulate` goes on from there. */
import { beforeAll, describe, expect, it } from 'vitest'
import { runCampaign } from '#testing/simulation/campaign/campaign.ts'
import { notTakenBack } from '#testing/simulation/checks/purchases.ts'
import { FAULT_TABLE, faultsNamed } from '#testing/simulation/faults/fault-table.ts'
import { runSeed, type Verdict } from '#testing/simulation/run-seed.ts'
import { SCENARIOS, scenarioNamed } from '#testing/simulation/scenarios/scenario-table.ts'
import { standard } from '#testing/simulation/scenarios/standard.ts'

/** Each takes seconds of a core for all scenarios: more of them where there is time. */
const SEEDS = process.env.REQUIRE_STACK === '1' ? 50 : 10

describe('a scenario comes out right', () => {
  it.each(SCENARIOS)('$name without faults', async scenario => {
    const { complaints } = await runSeed({ scenario, seed: 1, kinds: [], checks: [notTakenBack] })
    expect(complaints).toEqual([])
  })

  describe(`with 30 faults, under ${SEEDS} seeds`, () => {
    const verdicts: Verdict[] = []

    // All of them in one go: a thread takes longer to start than a run.
    beforeAll(async () => {
      const seeds = Array.from({ length: SEEDS }, (_, index) => index + 1)
      const errands = SCENARIOS.flatMap(({ name }) => seeds.map(seed => ({ scenario: name, seed })))
      await runCampaign({ errands, threads: 2, onVerdict: verdict => verdicts.push(verdict) })
    }, 600_000)

    it.each(SCENARIOS)('$name', ({ name }) => {
      const own = verdicts.filter(({ scenario }) => scenario === name)
      expect(own).toHaveLength(SEEDS)
      const wrong = own.filter(({ complaints }) => complaints.length > 0)
      expect(wrong.map(({ seed, complaints }) => ({ seed, complaints }))).toEqual([])
    })
  })
})

describe('nothing is bought twice or taken back', () => {
  const graceful = faultsNamed('pod added', 'pod stopped', 'rolling restart')

  it.each(['standard', 'loop'])('when %s is only scaled and restarted in good order', async name => {
    for (let seed = 1; seed <= 10; seed++) {
      const run = { scenario: scenarioNamed(name), seed, kinds: graceful, checks: [notTakenBack] }
      const { complaints, trace } = await runSeed(run)
      expect(complaints, trace.join('\n')).toEqual([])
    }
  })
})

describe('a run', () => {
  it('a run is the same again under the same seed, and another one under another', async () => {
    const run = (seed: number) => runSeed({ scenario: standard, seed, kinds: FAULT_TABLE })
    const first = await run(7)
    expect(await run(7)).toEqual(first)
    expect((await run(8)).trace).not.toEqual(first.trace)
  })

  it('complains about what does not drain in time', async () => {
    const hurried = {
      ...standard,
      shape: { ...standard.shape, drainMaxMs: 0, spreadMs: 500, latencyMs: [900, 900] as const },
    }
    const { complaints } = await runSeed({ scenario: hurried, seed: 1, kinds: [] })
    expect(complaints[0]).toContain('not everything was done')
  })
})
