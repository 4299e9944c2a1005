/** Random faults from seeds: whatever happens, the answers to producers agree with what readers see. */
import { describe, expect, it } from 'vitest'
import { hasCode } from '#core/errors.ts'
import { sleep } from '#core/system.ts'
import { evenLatency } from '#engine/log/simulated/simulated-broker.ts'
import { VirtualTime } from '#testing/virtual-time.ts'
import { batch, type Client, follow, simulate, watch } from './simulation.ts'

const PLAN = {
  requestLost: 0.02,
  answerLost: 0.02,
  refused: 0.02,
  delayed: 0.05,
  delayMsMax: 4_000,
  shortFetch: 0.3,
  markerDelayed: 0.2,
}

/** The outcome of each value, as the answer to its writer says. */
type Told = Map<string, string>

/** Writes values to two partitions at once for as long as it is let, with a new producer after each failure. */
async function write({ log, process }: Client, id: string, told: Told, isOver: () => boolean): Promise<void> {
  for (let i = 0; !isOver(); ) {
    try {
      const producer = await log.startProducer(id)
      for (; !isOver(); i++) {
        const value = `${process.name} ${i}`
        told.set(value, 'pending')
        const outcome = watch(producer.transact([batch(0, value), batch(1, value)]))
        while (outcome.outcome === 'pending') await sleep(process, 5)
        told.set(value, outcome.outcome)
        if (outcome.outcome !== 'resolved') break
      }
      i++
    } catch (error) {
      if (!hasCode(error, 'LOG_UNAVAILABLE')) throw error
    }
  }
}

async function run(seed: number) {
  const latency = evenLatency(new VirtualTime(seed + 1_000_000).system, 0.2, 20)
  const simulation = await simulate(seed, { latency, faults: {}, transactionTimeoutMs: 10_000 })
  const { time, broker, client, committed } = simulation
  const told: Told = new Map()
  const end = time.system.now() + 8_000
  const isOver = () => time.system.now() >= end
  broker.faults.setPlan(PLAN)
  const readings = [follow(client('reader'), 0), follow(client('reader'), 1)]
  const victim = client('victim')
  const writers = [client('a'), client('b'), victim, client('rival')]
  // The last two share an id and fence each other; one of them is killed on the way, another stops for a while.
  for (const [i, writer] of writers.entries()) void write(writer, `id ${Math.min(i, 2)}`, told, isOver)
  await time.runFor(3_000)
  writers[0]?.process.pause()
  await time.runFor(2_000)
  victim.process.kill()
  writers[0]?.process.resume()
  await time.runFor(5_000)
  broker.faults.setPlan(undefined)
  await time.runFor(30_000)
  return { told, stored: [committed(0), committed(1)], seen: readings.map(({ seen }) => seen), time, broker }
}

describe('any schedule', () => {
  it.each(Array.from({ length: 40 }, (_, i) => i))(
    'any schedule of seed %d tells no producer a lie',
    async seed => {
      const { told, stored, seen, broker } = await run(seed)
      expect(broker.inspect.openTransactions()).toEqual([])
      expect(seen).toEqual(stored)
      const [first, second] = stored.map(values => new Set(values))
      expect(second).toEqual(first)
      expect(stored.map(values => values.length)).toEqual([first?.size, second?.size])
      for (const [value, outcome] of told) {
        if (outcome === 'resolved') expect(first).toContain(value)
        if (outcome === 'COMMIT_ABORTED' || outcome === 'FENCED') expect(first).not.toContain(value)
      }
    },
  )

  it('any schedule meets every kind of outcome, unknown ones that took place and ones that did not', async () => {
    const outcomes = new Set<string>()
    for (let seed = 0; seed < 15; seed++) {
      const { told, stored } = await run(seed)
      for (const [value, outcome] of told) {
        outcomes.add(`${outcome} ${stored[0]?.includes(value) ? 'stored' : 'absent'}`)
      }
    }
    expect([...outcomes].sort()).toEqual(
      expect.arrayContaining([
        'COMMIT_ABORTED absent',
        'FENCED absent',
        'OUTCOME_UNKNOWN absent',
        'OUTCOME_UNKNOWN stored',
        'resolved stored',
      ]),
    )
  })

  it('any schedule is the same again from the same seed', async () => {
    const [one, other] = [await run(7), await run(7)]
    expect(one.time.eventCount).toBe(other.time.eventCount)
    expect(one.told).toEqual(other.told)
    expect(one.stored).toEqual(other.stored)
  })
})
