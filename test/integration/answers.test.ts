/** The answer pipeline on a real broker, with the registry: the scenarios of its benchmark, in small. */
import { describe, expect, it } from 'vitest'
import { REGISTRY_URL } from '#deploy/local/addresses.ts'
import { startCluster } from '../../bench/answers/cluster.ts'
import type { Findings, Place } from '../../bench/answers/scenario.ts'
import { endToEnd } from '../../bench/answers/scenarios/end-to-end.ts'
import { kills } from '../../bench/answers/scenarios/kills.ts'
import { outage } from '../../bench/answers/scenarios/outage.ts'
import { stackRuns } from './stack.ts'

const runs = await stackRuns('registry')
const WITHIN_MS = 120_000
const CALL_TIMEOUT_MS = 4_000

/** On a broker of its own, as its topics have the same names in every run. */
async function play(run: (place: Place) => Promise<Findings>): Promise<Findings> {
  await using cluster = await startCluster('test')
  return await run({ broker: cluster.broker, registry: REGISTRY_URL, say: () => undefined })
}

describe.skipIf(!runs)('the answer pipeline on Kafka', () => {
  it('has one outcome for each question, and records every call that it buys', async () => {
    const size = { questions: 100, callTimeoutMs: CALL_TIMEOUT_MS, withinMs: WITHIN_MS }
    const { figures, faults } = await play(place => endToEnd.run(size, place))
    expect(faults).toEqual([])
    expect(figures).toMatchObject({ asked: 100, boughtTwice: 0 })
  })

  it('has the same outcomes while pods are killed', async () => {
    const size = { questions: 300, callTimeoutMs: CALL_TIMEOUT_MS, everyMs: 4_000, withinMs: WITHIN_MS }
    const { figures, faults } = await play(place => kills.run(size, place))
    expect(faults).toEqual([])
    expect(figures).toMatchObject({ asked: 300 })
  })

  it('fails no question and buys nothing twice while its provider is away', async () => {
    const size = {
      questionsPerSecond: 20,
      beforeMs: 3_000,
      downMs: 15_000,
      afterMs: 5_000,
      withinMs: WITHIN_MS,
    }
    const { figures, faults } = await play(place => outage.run(size, place))
    expect(faults).toEqual([])
    expect(figures).toMatchObject({ failed: 0, boughtTwice: 0 })
  })
})
