/** A torn transaction of a pod that has nothing more to do: only a look at the leaders finds it. */
import { expect, it } from 'vitest'
import { NO_HEADERS } from '#core/record.ts'
import { Fleet } from '#testing/simulation/fleet.ts'
import { standard } from '#testing/simulation/scenarios/standard.ts'

it('an output that lost its marker shows although its pod has nothing more to commit', async () => {
  const fleet = new Fleet({ scenario: standard, seed: 1 })
  const { time, broker } = fleet
  await fleet.open()
  fleet.start('first')
  await time.runFor(1_000)
  for (const partition of [0, 1, 2, 3]) broker.faults.loseMarker({ topic: 'answers', partition })
  const record = {
    key: Buffer.from('k'),
    value: Buffer.from('{"id":"q1"}'),
    headers: NO_HEADERS,
    timestamp: 0,
  }
  await time.settle(fleet.outsider.append([{ topic: 'questions', partition: 0, records: [record] }]))
  await time.runFor(1_000)
  broker.faults.keepMarkers()
  expect(broker.inspect.openTransactions()).toMatchObject([{ topic: 'answers' }])
  await time.runFor(10_000)
  expect(broker.inspect.openTransactions()).toEqual([])
  expect(fleet.evidence().count('answers')).toBe(1)
  for (const process of fleet.processes) process.kill()
})
