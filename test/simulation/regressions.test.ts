/** Faults that the simulation has found in the engine, each provoked by hand or by its seed, with what was wrong. */
import { describe, expect, it } from 'vitest'
import { CaudalError } from '#core/errors.ts'
import { NO_HEADERS, type TopicPartition } from '#core/record.ts'
import { sleep } from '#core/system.ts'
import type { Log, Producer } from '#engine/log/log.ts'
import { partitionOf } from '#engine/log/partitioning.ts'
import { durableMemoryStores } from '#engine/state/memory-store.ts'
import { FAULT_TABLE, faultsNamed } from '#testing/simulation/faults/fault-table.ts'
import { Fleet, type Plant } from '#testing/simulation/fleet.ts'
import { feed, runSeed } from '#testing/simulation/run-seed.ts'
import { scenarioNamed } from '#testing/simulation/scenarios/scenario-table.ts'
import { standard } from '#testing/simulation/scenarios/standard.ts'
import { withLog, withProducer, withReader } from './planted/delegate.ts'
import { withOldClaims } from './planted/ownership-bugs.ts'

describe('found by the simulation', () => {
  it('a marker that was written before the local copy was open is read up to', async () => {
    const slowDisks: Plant = (ports, _name, fleet) => ({
      ...ports,
      stores: { open: task => sleep(fleet.system, 2_000).then(() => ports.stores.open(task)) },
    })
    const { complaints } = await runSeed({ scenario: standard, seed: 1, kinds: [], plant: slowDisks })
    expect(complaints).toEqual([])
  })

  it('a task that a hanging transaction blocks goes on when the operator has ended it, others meanwhile', async () => {
    const fleet = new Fleet({ scenario: standard, seed: 1, verbose: true })
    const { time, broker } = fleet
    await fleet.open()
    feed(fleet)
    const first = fleet.start('first')
    await time.runFor(3_000)
    const place = { topic: 'standard.answer.state', partition: 2 }
    broker.faults.hangTransaction(place)
    fleet.kill(first)
    fleet.start('second')
    await time.runFor(20_000)
    expect(fleet.trace.filter(line => line.includes('a task is blocked'))).toHaveLength(1)
    expect(fleet.trace.join('\n')).toMatch(/RESTORE_BLOCKED.*standard\.answer\.state\/2.*find-hanging/)
    const answered = fleet.evidence().count('answers')
    expect(answered).toBeGreaterThan(100)

    broker.faults.abortHanging(place)
    await time.runFor(30_000)
    const evidence = fleet.evidence()
    expect(standard.checks.flatMap(check => check(evidence))).toEqual([])
    for (const process of fleet.processes) process.kill()
  })

  it('a task that leaves before an unknown commit is resolved bears witness to it', async () => {
    const moves = 3
    const stays = 0
    const { promise: isHeld, resolve: letGo } = Promise.withResolvers<void>()
    let holds = false
    const heldReader: Plant = (ports, name) => {
      const openReader: Log['openReader'] = (place, offset) => {
        const reader = ports.log.openReader(place, offset)
        if (!holds || name !== 'first' || !isState(place) || place.partition !== stays) return reader
        return withReader(reader, { next: recordsMax => isHeld.then(() => reader.next(recordsMax)) })
      }
      return { ...ports, log: withLog(ports.log, { openReader }) }
    }
    const calm = { ...standard, shape: { ...standard.shape, latencyMs: [200, 200] as const } }
    const fleet = new Fleet({ scenario: calm, seed: 1, plant: heldReader })
    const { time, broker, model } = fleet
    await fleet.open()
    fleet.start('first')
    await time.runFor(1_000)
    await time.settle(ask(fleet, 'q1', moves))
    // The journal of the first step is committed; then the commit that completes the record takes place unheard.
    await time.runUntil(() => model.calls.length === 2, 5_000)
    await time.runFor(100)
    broker.faults.loseAnswer('first', 'endTransaction')
    holds = true
    await time.runFor(1_300)
    fleet.start('second')
    await time.runFor(2_000)
    letGo()
    await time.runFor(10_000)
    const evidence = fleet.evidence()
    expect(evidence.count('answers')).toBe(1)
    expect(standard.checks.flatMap(check => check(evidence))).toEqual([])
    for (const process of fleet.processes) process.kill()
  })

  it.each(['sessions', 'delays'])(
    'what is due while the gate is closed keeps no pod of %s busy',
    async name => {
      const kinds = faultsNamed('network partition, requests hang')
      const { complaints, events } = await runSeed({ scenario: scenarioNamed(name), seed: 1, kinds })
      expect(complaints).toEqual([])
      expect(events).toBeLessThan(50_000)
    },
  )

  it('a pod that cannot take its tasks over says so once, however often it tries', async () => {
    let isDown = false
    let tries = 0
    const withoutProducers: Plant = ports => {
      const startProducer: Log['startProducer'] = (id, writes) => {
        if (!isDown) return ports.log.startProducer(id, writes)
        tries++
        return Promise.reject(new CaudalError('LOG_UNAVAILABLE', { reason: 'planted' }))
      }
      return { ...ports, log: withLog(ports.log, { startProducer }) }
    }
    const fleet = new Fleet({ scenario: standard, seed: 1, verbose: true, plant: withoutProducers })
    await fleet.open()
    feed(fleet)
    fleet.start('first')
    await fleet.time.runFor(2_000)
    isDown = true
    await fleet.time.settle(fleet.fence('first'))
    await fleet.time.runFor(5_000)
    isDown = false
    await fleet.time.runFor(30_000)
    expect(tries).toBeGreaterThan(20)
    expect(fleet.trace.filter(line => line.includes('warn: an operation of ownership failed'))).toHaveLength(
      1,
    )
    expect(fleet.evidence().count('answers')).toBeGreaterThan(100)
    for (const process of fleet.processes) process.kill()
  })

  it('a pod that is stopped while its producer is replaced loses nothing that it has finished', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const fleet = new Fleet({ scenario: standard, seed, verbose: true })
      await fleet.open()
      feed(fleet)
      const first = fleet.start('first')
      fleet.start('second')
      await fleet.time.runFor(6_000)
      await fleet.time.settle(fleet.fence('first'))
      const isReplaced = () => fleet.trace.some(line => line.includes('the producer is replaced'))
      await fleet.time.runUntil(isReplaced, 5_000)
      first.stop()
      await fleet.time.runFor(60_000)
      const evidence = fleet.evidence()
      expect(first.status).toBe('gone')
      expect(standard.checks.flatMap(check => check(evidence))).toEqual([])
      for (const process of fleet.processes) process.kill()
    }
  })

  it('of two pods of one name the later one yields, and the other goes on', async () => {
    const fleet = new Fleet({ scenario: standard, seed: 1 })
    await fleet.open()
    feed(fleet)
    const first = fleet.start('first')
    await fleet.time.runFor(2_000)
    const second = fleet.start('first', durableMemoryStores())
    await fleet.time.runFor(30_000)
    expect(second.status).toBe('gone')
    expect(fleet.failures).toMatchObject([{ process: second.id, error: { code: 'NAME_TAKEN' } }])
    expect(first.status).toBe('running')
    const evidence = fleet.evidence()
    expect(evidence.count('answers')).toBeGreaterThan(100)
    for (const process of fleet.processes) process.kill()
  })

  it('of two pods of one name the later one yields also where nothing is to be done', async () => {
    const fleet = new Fleet({ scenario: standard, seed: 1 })
    await fleet.open()
    const first = fleet.start('first')
    await fleet.time.runFor(8_000)
    const second = fleet.start('first', durableMemoryStores())
    await fleet.time.runFor(30_000)
    expect(fleet.failures).toMatchObject([{ process: second.id, error: { code: 'NAME_TAKEN' } }])
    expect(first.status).toBe('running')
    for (const process of fleet.processes) process.kill()
  })

  it('a pod that is fenced again and again ends after its time, and the one started after it does the work', async () => {
    let isFencing = true
    const fencing: Plant = ports => {
      const startProducer: Log['startProducer'] = async (id, writes) => {
        const producer = await ports.log.startProducer(id, writes)
        const transact: Producer['transact'] = batches =>
          isFencing && id === 'standard-first'
            ? Promise.reject(new CaudalError('FENCED', { producer: id }))
            : producer.transact(batches)
        return withProducer(producer, { transact })
      }
      return { ...ports, log: withLog(ports.log, { startProducer }) }
    }
    const fleet = new Fleet({ scenario: standard, seed: 1, verbose: true, plant: fencing })
    fleet.excused.add('NO_PROGRESS')
    await fleet.open()
    feed(fleet)
    const first = fleet.start('first')
    await fleet.time.runFor(19_000)
    expect(first.status).toBe('running')
    await fleet.time.runUntil(() => first.status === 'gone', 30_000)
    expect(fleet.trace.join('\n')).toContain('NO_PROGRESS')
    // Whatever watches over the pods starts the next one.
    isFencing = false
    await fleet.time.runFor(60_000)
    const evidence = fleet.evidence()
    expect(standard.checks.flatMap(check => check(evidence))).toEqual([])
    for (const process of fleet.processes) process.kill()
  })

  it.each(['hangs', 'fails'] as const)(
    'an outage of minutes, in which every request %s, ends no pod',
    async how => {
      const fleet = new Fleet({ scenario: standard, seed: 1 })
      const { time, broker } = fleet
      await fleet.open()
      const first = fleet.start('first')
      await time.runFor(2_000)
      feed(fleet)
      broker.faults.partition('first', how)
      await time.runFor(600_000)
      broker.faults.heal('first')
      await time.runFor(60_000)
      expect(first.status).toBe('running')
      const evidence = fleet.evidence()
      expect(standard.checks.flatMap(check => check(evidence))).toEqual([])
      for (const process of fleet.processes) process.kill()
    },
  )

  it('a living owner whose claim was wiped is waited for as if it stood there', async () => {
    const slow = { ...standard, shape: { ...standard.shape, latencyMs: [900, 900] as const } }
    const fleet = new Fleet({ scenario: slow, seed: 1 })
    const { time, broker } = fleet
    await fleet.open()
    fleet.start('first')
    for (const partition of [0, 1, 2, 3])
      for (const n of [1, 2, 3]) void ask(fleet, `${partition}#${n}`, partition)
    await time.runUntil(() => fleet.model.calls.length === 12, 5_000)
    broker.faults.wipeClaims('standard.answer.state')
    fleet.start('second')
    await time.runFor(20_000)
    const evidence = fleet.evidence()
    expect(evidence.count('answers')).toBe(12)
    expect(standard.checks.flatMap(check => check(evidence))).toEqual([])
    // The tasks that stay are restarted, because nothing proves that this pod still owns them. Tasks that move are handed over.
    const aborted = evidence.calls.filter(({ outcome }) => outcome === 'aborted')
    const stayed = new Set(aborted.map(({ question }) => question.split('#')[0]))
    expect(stayed.size).toBe(2)
    for (const process of fleet.processes) process.kill()
  })

  it('a pod that wakes or comes back buys nothing that others have bought meanwhile', async () => {
    const kinds = faultsNamed('zombie gets its tasks back', 'cut off, gets its tasks back')
    for (let seed = 1; seed <= 20; seed++) {
      const { complaints, trace } = await runSeed({ scenario: standard, seed, kinds })
      expect(complaints, `seed ${seed}\n${trace.join('\n')}`).toEqual([])
    }
  })

  it('a pod that missed a generation buys nothing that others have bought, also where all claims are shown as its own', async () => {
    const kinds = faultsNamed('zombie gets its tasks back', 'cut off, gets its tasks back')
    for (let seed = 1; seed <= 20; seed++) {
      const { complaints, trace } = await runSeed({ scenario: standard, seed, kinds, plant: withOldClaims })
      expect(complaints, `seed ${seed}\n${trace.join('\n')}`).toEqual([])
    }
  })

  it.each([
    [
      'a pod that was out asks nothing for a task that it is to give up, which others had meanwhile',
      5_001_159,
    ],
    ['the time of a living owner begins when it hears that it is to give up', 5_004_144],
    ['a pod asks nothing once the group has said that it is out', 5_009_450],
    ['a living owner that only its marker shows may finish', 5_009_862],
    ['one fence settles all markers of a living pod that was waited for', 13_000_085],
    ['a pod that stops does not forget that the group has counted it out', 11_001_330],
    ['a fence of a dead incarnation says nothing of the living one of its name', 11_006_737],
    ['a task on its way out leaves the next attempt to its successor', 17_000_605],
    ['a task that is given up while its producer is replaced is handed over afterwards', 6_009_127],
    [
      'a task whose claim was missing once is claimed again at once after its producer was replaced',
      10_009_429,
    ],
    ['a pod that missed a generation does not believe the old claims of a deposed coordinator', 93_019_825],
    ['such a pod asks nothing before it has looked for the writes of others', 93_017_963],
    ['a pod that slept in its repair of a torn transaction leaves it to another one', 93_002_136],
    ['the last commit of a dead pod is decided after its clock was set back', 96_015_684],
    ['a write of a dead pod arrives late, and hides committed state until the brokers end it', 97_001_754],
  ])('%s', async (_what, seed) => {
    const { complaints, trace } = await runSeed({ scenario: standard, seed, kinds: FAULT_TABLE })
    expect(complaints, trace.join('\n')).toEqual([])
  })
})

function isState({ topic }: TopicPartition): boolean {
  return topic === 'standard.answer.state'
}

/** Appends one question to a partition, under a key that belongs there. */
function ask(fleet: Fleet, id: string, partition: number): Promise<void> {
  const keys = Array.from({ length: 100 }, (_, index) => Buffer.from(`key-${index}`))
  const key = keys.find(each => partitionOf(each, standard.shape.partitions) === partition) ?? null
  const record = { key, value: Buffer.from(JSON.stringify({ id })), headers: NO_HEADERS, timestamp: 0 }
  return fleet.outsider.append([{ topic: 'questions', partition, records: [record] }])
}
