/** Transactions under faults: the answer to the producer, and what a read-committed reader sees. */
import { describe, expect, it } from 'vitest'
import { sleep } from '#core/system.ts'
import type { Faults } from '#engine/log/simulated/faults.ts'
import { at, batch, follow, type Simulation, simulate, watch } from './simulation.ts'

const TRANSACTION_TIMEOUT_MS = 60_000

interface Row {
  readonly fault: string
  readonly arm: (faults: Faults) => void
  readonly answer: string
  readonly takesPlace: boolean
}

const ROWS: readonly Row[] = [
  { fault: 'none', arm: () => {}, answer: 'resolved', takesPlace: true },
  {
    fault: 'the write never arrives',
    arm: faults => faults.loseRequest('pod', 'write'),
    answer: 'COMMIT_ABORTED',
    takesPlace: false,
  },
  {
    fault: 'the answer to the write is lost',
    arm: faults => faults.loseAnswer('pod', 'write'),
    answer: 'COMMIT_ABORTED',
    takesPlace: false,
  },
  {
    fault: 'the write is refused',
    arm: faults => faults.refuse('pod', 'write'),
    answer: 'COMMIT_ABORTED',
    takesPlace: false,
  },
  {
    fault: 'the write arrives after the producer has given up',
    arm: faults => faults.delayRequest('pod', 'write', 5_000),
    answer: 'COMMIT_ABORTED',
    takesPlace: false,
  },
  {
    fault: 'the end never arrives',
    arm: faults => faults.loseRequest('pod', 'endTransaction'),
    answer: 'OUTCOME_UNKNOWN',
    takesPlace: false,
  },
  {
    fault: 'the end is refused',
    arm: faults => faults.refuse('pod', 'endTransaction'),
    answer: 'OUTCOME_UNKNOWN',
    takesPlace: false,
  },
  {
    fault: 'the answer to the end is lost',
    arm: faults => faults.loseAnswer('pod', 'endTransaction'),
    answer: 'OUTCOME_UNKNOWN',
    takesPlace: true,
  },
  {
    fault: 'the answer to the end is late',
    arm: faults => faults.delayAnswer('pod', 'endTransaction', 5_000),
    answer: 'OUTCOME_UNKNOWN',
    takesPlace: true,
  },
  {
    fault: 'the end arrives after the producer has given up, and too late for the next one',
    arm: faults => faults.delayRequest('pod', 'endTransaction', 5_000),
    answer: 'OUTCOME_UNKNOWN',
    takesPlace: false,
  },
  {
    fault: 'the end arrives twice',
    arm: faults => faults.repeatRequest('pod', 'endTransaction', 1_000),
    answer: 'resolved',
    takesPlace: true,
  },
  {
    fault: 'the disk is full',
    arm: faults => faults.fillDisk(),
    answer: 'LOG_FULL',
    takesPlace: false,
  },
  {
    fault: 'the cluster has forgotten the producer',
    arm: faults => faults.forgetProducer('pod'),
    answer: 'FENCED',
    takesPlace: false,
  },
  {
    fault: 'the pod is cut off and does not notice',
    arm: faults => faults.partition('pod'),
    answer: 'COMMIT_ABORTED',
    takesPlace: false,
  },
]

describe('transactions under faults', () => {
  it.each(ROWS)('a transaction when $fault: $answer', async row => {
    const simulation = await simulate()
    const { broker, client, settle, producer, committed, time } = simulation
    const pod = client('pod')
    const first = await producer(pod)
    await settle(first.transact([batch(0, 'before'), batch(1, 'before')]))
    row.arm(broker.faults)
    const told = watch(first.transact([batch(0, 'x'), batch(1, 'x')]))
    await time.runUntil(() => told.outcome !== 'pending', 10_000)
    expect(told.outcome).toBe(row.answer)
    const visible = row.takesPlace ? ['before', 'x'] : ['before']
    expect([committed(0), committed(1)]).toEqual([visible, visible])
    broker.faults.heal('pod')
    broker.faults.freeDisk()
    const next = await producer(pod)
    expect([committed(0), committed(1)]).toEqual([visible, visible])
    await settle(next.transact([batch(0, 'after')]))
    await time.runFor(10_000)
    expect(committed(0)).toEqual([...visible, 'after'])
    expect(broker.inspect.openTransactions()).toEqual([])
  })

  it('a producer has failed, it can commit nothing any more', async () => {
    const { broker, client, settle, producer, committed } = await simulate()
    const pod = await producer(client('pod'))
    broker.faults.loseRequest('pod', 'write')
    await settle(pod.transact([batch(0, 'a')]).catch(() => undefined))
    await expect(settle(pod.transact([batch(0, 'b')]))).rejects.toThrow('COMMIT_ABORTED')
    expect(committed()).toEqual([])
  })
})

/** Starts a transaction whose end is still under way when the fence comes. */
async function racing(simulation: Simulation) {
  const { broker, client, producer } = simulation
  const pod = client('pod')
  const victim = await producer(pod)
  broker.faults.delayRequest('pod', 'endTransaction', 500)
  return { other: client('other'), told: watch(victim.transact([batch(0, 'x')])) }
}

describe('a fence', () => {
  it('a fence that comes before the end aborts the transaction', async () => {
    const simulation = await simulate()
    const { settle, time, committed } = simulation
    const { other, told } = await racing(simulation)
    await time.runFor(100)
    await settle(other.log.fence('pod'))
    expect(simulation.broker.inspect.openTransactions()).toEqual([])
    await time.runFor(1_000)
    expect(told.outcome).toBe('FENCED')
    expect(committed()).toEqual([])
  })

  it('a fence that is still aborting when the end comes leaves the producer without a clear answer', async () => {
    const simulation = await simulate()
    const { broker, time, committed } = simulation
    const { other, told } = await racing(simulation)
    broker.faults.delayMarkers(1_000)
    await time.runFor(100)
    const fenced = watch(other.log.fence('pod'))
    await time.runFor(500)
    expect([told.outcome, fenced.outcome]).toEqual(['OUTCOME_UNKNOWN', 'pending'])
    await time.runFor(1_000)
    expect(fenced.outcome).toBe('resolved')
    expect(committed()).toEqual([])
  })

  it('a fence that comes after the end waits until the outcome is visible', async () => {
    const { broker, client, producer, settle, committed, time } = await simulate()
    const pod = await producer(client('pod'))
    broker.faults.delayMarkers(1_000)
    await settle(pod.transact([batch(0, 'x'), batch(1, 'x')]))
    expect([committed(0), committed(1)]).toEqual([[], []])
    const fenced = watch(client('other').log.fence('pod'))
    await time.runFor(900)
    expect(fenced.outcome).toBe('pending')
    await time.runFor(200)
    expect(fenced.outcome).toBe('resolved')
    expect([committed(0), committed(1)]).toEqual([['x'], ['x']])
  })

  it('a fence that is late or repeated only fences once more', async () => {
    const { broker, client, producer, settle, committed, time } = await simulate()
    const pod = client('pod')
    broker.faults.repeatRequest('pod', 'startProducer', 500)
    const first = await producer(pod)
    await settle(first.transact([batch(0, 'a')]))
    await time.runFor(1_000)
    await expect(settle(first.transact([batch(0, 'b')]))).rejects.toThrow('FENCED')
    const second = await producer(pod)
    await settle(second.transact([batch(0, 'c')]))
    expect(committed()).toEqual(['a', 'c'])
  })

  it('a fence of a busy pod is a duel: each repetition aborts the transaction that the victim has begun meanwhile', async () => {
    const { broker, client, settle, committed, time } = await simulate(1, { latency: () => 3 })
    const pod = client('pod')
    broker.faults.delayMarkers(30)
    let lostProducers = 0
    const work = async (turn: number): Promise<void> => {
      const producer = await pod.log.startProducer('pod')
      const outcome = watch(producer.transact([batch(0, `turn ${turn}`)]))
      while (outcome.outcome === 'pending') await sleep(pod.process, 1)
      if (outcome.outcome === 'resolved') return
      lostProducers++
      await work(turn + 1)
    }
    const working = work(0)
    await time.runFor(10)
    const fencing = client('other').log.fence('pod')
    await time.runFor(10)
    broker.faults.delayRequest('pod', 'endTransaction', 60, 20)
    await settle(fencing)
    await settle(working)
    await time.runFor(100)
    expect(lostProducers).toBeGreaterThan(1)
    expect(committed()).toEqual([`turn ${lostProducers}`])
  })
})

describe('visibility', () => {
  it('visibility of a committed transaction may come late, and its producer waits before the next one', async () => {
    const { broker, client, producer, settle, time } = await simulate()
    const reading = follow(client('reader'))
    const pod = await producer(client('pod'))
    broker.faults.delayMarkers(300)
    await settle(pod.transact([batch(0, 'a')]))
    const next = watch(pod.transact([batch(0, 'b')]))
    await time.runFor(250)
    expect([reading.seen, next.outcome]).toEqual([[], 'pending'])
    await time.runFor(100)
    expect(reading.seen).toEqual(['a'])
    await time.runFor(500)
    expect([reading.seen, next.outcome]).toEqual([['a', 'b'], 'resolved'])
  })

  it('visibility ends at a hanging transaction until a tool aborts it', async () => {
    const { broker, client, producer, settle, time } = await simulate()
    const reading = follow(client('reader'))
    const pod = await producer(client('pod'))
    await settle(pod.transact([batch(0, 'a')]))
    broker.faults.hangTransaction(at(0))
    await settle(pod.transact([batch(0, 'b'), batch(1, 'b')]))
    await time.runFor(2 * TRANSACTION_TIMEOUT_MS)
    expect(reading.seen).toEqual(['a'])
    expect(broker.inspect.openTransactions()).toEqual([{ ...at(0), firstOffset: 2 }])
    broker.faults.abortHanging(at(0))
    await time.runFor(10)
    expect(reading.seen).toEqual(['a', 'b'])
  })

  it('visibility of a commit whose marker got lost comes with the next transaction of its producer there', async () => {
    const { broker, client, producer, settle, committed } = await simulate()
    const pod = await producer(client('pod'))
    broker.faults.loseMarker(at(0))
    await settle(pod.transact([batch(0, 'a'), batch(1, 'a')]))
    await settle(pod.transact([batch(1, 'b')]))
    expect([committed(0), committed(1)]).toEqual([[], ['a', 'b']])
    await settle(pod.transact([batch(0, 'c')]))
    expect(committed(0)).toEqual(['a', 'c'])
  })

  it('visibility of a commit whose marker got lost never comes when the producer writes there no more', async () => {
    const { broker, client, producer, settle, committed, time } = await simulate()
    broker.faults.loseMarker(at(0))
    const pod = await producer(client('pod'))
    await settle(pod.transact([batch(0, 'a')]))
    await producer(client('pod'))
    await settle((await producer(client('other'), 'other')).transact([batch(0, 'b')]))
    await time.runFor(2 * TRANSACTION_TIMEOUT_MS)
    expect(committed(0)).toEqual([])
    broker.faults.abortHanging(at(0))
    expect(committed(0)).toEqual(['b'])
  })
})

describe('an abandoned transaction', () => {
  it('an abandoned transaction holds readers back until its time is up, and fences its producer', async () => {
    const { broker, client, producer, settle, committed, time } = await simulate()
    const pod = client('pod')
    broker.faults.delayRequest('pod', 'endTransaction', 2 * TRANSACTION_TIMEOUT_MS)
    const abandoned = watch((await producer(pod)).transact([batch(0, 'x')]))
    await time.runFor(100)
    await settle((await producer(client('other'), 'other')).transact([batch(0, 'behind')]))
    await time.runFor(TRANSACTION_TIMEOUT_MS - 1_000)
    expect(committed()).toEqual([])
    await time.runFor(2_000)
    expect(committed()).toEqual(['behind'])
    await time.runFor(2 * TRANSACTION_TIMEOUT_MS)
    expect([committed(), abandoned.outcome]).toEqual([['behind'], 'OUTCOME_UNKNOWN'])
  })

  it('an abandoned transaction of a killed process is aborted by the next producer with its id', async () => {
    const { broker, client, producer, committed, time } = await simulate(1, { latency: () => 10 })
    const pod = client('pod')
    const victim = await producer(pod)
    const transaction = watch(victim.transact([batch(0, 'x')]))
    await time.runFor(15)
    pod.process.kill()
    await time.runFor(1_000)
    expect(broker.inspect.openTransactions()).toHaveLength(1)
    await producer(client('successor'))
    expect(broker.inspect.openTransactions()).toEqual([])
    expect([transaction.outcome, committed()]).toEqual(['pending', []])
  })
})
