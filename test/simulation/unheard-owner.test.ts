/**
 * A pod that the group does not hear goes on while its commits take place. Each tells of its own moment only: the next owner begins as
 * soon as the group has counted the pod out. Found by standard, seed 32000846, whose faults meet elsewhere by now.
 */
import { expect, it } from 'vitest'
import { NO_HEADERS } from '#core/record.ts'
import { partitionOf } from '#engine/log/partitioning.ts'
import { Fleet } from '#testing/simulation/fleet.ts'
import { standard } from '#testing/simulation/scenarios/standard.ts'

const SESSION_MS = 3_000
const calm = { ...standard, shape: { ...standard.shape, latencyMs: [100, 100] as const } }

it.each([300, 700, 1_100])(
  'a pod that sleeps %d ms after its last commit, and that the group does not hear, asks nothing that its successor has bought',
  async asleepMs => {
    const fleet = new Fleet({ scenario: calm, seed: 1 })
    const { time, broker, system } = fleet
    await fleet.open()
    const first = fleet.start('first')
    await time.runFor(1_000)
    const second = fleet.start('second')
    await time.runFor(2_000)
    for (const partition of [0, 1, 2, 3])
      for (let n = 0; n < 40; n++) void ask(fleet, `${partition}#${n}`, partition)
    await time.runFor(100)
    broker.faults.loseRequest('first', 'heartbeat', 1_000)
    // The group has heard of it up to half a second before.
    await time.runFor(SESSION_MS - 600)
    first.pause()
    await time.runFor(600 + asleepMs)
    const wokeAt = system.now()
    first.resume()
    await time.runFor(1_000)
    broker.faults.clear('first')
    await time.runFor(60_000)

    const evidence = fleet.evidence()
    const again = evidence.calls.filter(
      ({ process, question, startedAt }) =>
        process === first.id &&
        startedAt >= wokeAt &&
        evidence.calls.some(
          each => each.question === question && (evidence.durableAt(each) ?? startedAt) < startedAt,
        ),
    )
    expect(again).toEqual([])
    expect(evidence.calls.some(({ process, startedAt }) => process === second.id && startedAt < wokeAt)).toBe(
      true,
    )
    expect(evidence.count('answers')).toBe(160)
    for (const process of fleet.processes) process.kill()
  },
)

/** Appends one question to a partition, under a key that belongs there. */
function ask(fleet: Fleet, id: string, partition: number): Promise<void> {
  const keys = Array.from({ length: 100 }, (_, index) => Buffer.from(`key-${index}`))
  const key = keys.find(each => partitionOf(each, standard.shape.partitions) === partition) ?? null
  const record = { key, value: Buffer.from(JSON.stringify({ id })), headers: NO_HEADERS, timestamp: 0 }
  return fleet.outsider.append([{ topic: 'questions', partition, records: [record] }])
}
