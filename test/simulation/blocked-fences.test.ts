/** A fence that brokers refuse because of a torn transaction: whose tasks wait, who goes on, and how it ends. */
import { expect, it } from 'vitest'
import { CaudalError } from '#core/errors.ts'
import type { Log } from '#engine/log/log.ts'
import { Fleet, type Plant } from '#testing/simulation/fleet.ts'
import { feed } from '#testing/simulation/run-seed.ts'
import { standard } from '#testing/simulation/scenarios/standard.ts'
import { withLog } from './planted/delegate.ts'

const TORN = new CaudalError('TRANSACTION_TORN', {
  producer: 'standard-first',
  places: 'out/0',
  reason: 'planted',
})

it('tasks of an owner whose transaction is torn are blocked, others go on, and all go on once it is fixed', async () => {
  let isTorn = true
  let fences = 0
  const refusing: Plant = ports => {
    const fence: Log['fence'] = (id, writes) => {
      if (!isTorn || id !== 'standard-first') return ports.log.fence(id, writes)
      fences++
      return Promise.reject(TORN)
    }
    return { ...ports, log: withLog(ports.log, { fence }) }
  }
  const fleet = new Fleet({ scenario: standard, seed: 1, verbose: true, plant: refusing })
  fleet.excused.add('TRANSACTION_TORN')
  const { time } = fleet
  await fleet.open()
  feed(fleet)
  const first = fleet.start('first')
  const second = fleet.start('second')
  await time.runFor(6_000)
  fleet.kill(first)
  await time.runFor(40_000)
  const linesWith = (word: string) => fleet.trace.filter(line => line.includes(word))
  expect(second.status).toBe('running')
  expect(linesWith('an operation of ownership is blocked')).toHaveLength(1)
  expect(linesWith('a task is blocked').length).toBeGreaterThan(0)
  expect(linesWith('a task is blocked').every(line => line.includes('TRANSACTION_TORN'))).toBe(true)
  // It is tried again every five seconds for each of its tasks, and not in a spin.
  expect(fences).toBeGreaterThan(2)
  expect(fences).toBeLessThan(100)
  const answered = fleet.evidence().count('answers')

  isTorn = false
  await time.runFor(60_000)
  const evidence = fleet.evidence()
  expect(evidence.count('answers')).toBeGreaterThan(answered)
  expect(standard.checks.flatMap(check => check(evidence))).toEqual([])
  for (const process of fleet.processes) process.kill()
})

it('a pod whose own transaction is torn says so once, ends nothing, and goes on once it is fixed', async () => {
  let isTorn = false
  const refusing: Plant = ports => {
    const startProducer: Log['startProducer'] = (id, writes) =>
      isTorn && id === 'standard-first' ? Promise.reject(TORN) : ports.log.startProducer(id, writes)
    return { ...ports, log: withLog(ports.log, { startProducer }) }
  }
  const fleet = new Fleet({ scenario: standard, seed: 1, verbose: true, plant: refusing })
  await fleet.open()
  feed(fleet)
  const first = fleet.start('first')
  await fleet.time.runFor(3_000)
  isTorn = true
  await fleet.time.settle(fleet.outsider.fence('standard-first'))
  await fleet.time.runFor(60_000)
  expect(first.status).toBe('running')
  expect(fleet.trace.filter(line => line.includes('an operation of ownership is blocked'))).toHaveLength(1)
  isTorn = false
  await fleet.time.runFor(60_000)
  const evidence = fleet.evidence()
  expect(standard.checks.flatMap(check => check(evidence))).toEqual([])
  for (const process of fleet.processes) process.kill()
})
