/**
 * A take-over that was never finished proves nothing about those before it.
 *
 * Interleaving: A is out of the group, which does not hear it, but works on and commits. Its claim is wiped, so B finds
 * none, claims, marks, reads A's marker, and dies before it has fenced A. C finds B's claim and fences B. B's marker is
 * the last one; were it taken for the proof that all before B are out, A and C would both write.
 */
import { expect, it } from 'vitest'
import { Fleet, type Plant } from '#testing/simulation/fleet.ts'
import { feed } from '#testing/simulation/run-seed.ts'
import { standard } from '#testing/simulation/scenarios/standard.ts'
import { withLog } from './planted/delegate.ts'

const ONE_PARTITION_BUSY = { ...standard, shape: { ...standard.shape, records: 400, spreadMs: 20_000 } }

/** B dies where it would fence. */
const diesBeforeFencing: Plant = (ports, name, fleet) => {
  if (name !== 'b') return ports
  const fence = () => {
    for (const each of fleet.live) if (each.name === 'b') fleet.kill(each)
    return new Promise<void>(() => undefined)
  }
  return { ...ports, log: withLog(ports.log, { fence }) }
}

it('leaves no former owner at work', async () => {
  const fleet = new Fleet({ scenario: ONE_PARTITION_BUSY, seed: 1, plant: diesBeforeFencing })
  const { time, broker } = fleet
  await fleet.open()
  feed(fleet)
  const a = fleet.start('a')
  await time.runFor(2_000)

  broker.faults.loseRequest('a', 'heartbeat', 1_000)
  broker.faults.loseRequest('a', 'join', 1_000)
  fleet.disturb(a, 60_000)
  broker.faults.wipeClaims('standard.answer.state')
  fleet.start('b')
  await time.runUntil(() => fleet.live.every(({ name }) => name !== 'b'), 20_000)
  expect(fleet.live.map(({ name }) => name)).toEqual(['a'])

  fleet.start('c')
  await time.runFor(30_000)
  const evidence = fleet.evidence()
  expect(standard.checks.flatMap(check => check(evidence))).toEqual([])
  for (const process of fleet.processes) process.kill()
})
