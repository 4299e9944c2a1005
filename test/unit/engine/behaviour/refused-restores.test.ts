/** A task that brokers keep from being taken over is blocked for as long as they do, and goes on by itself afterwards. */
import { describe, expect, it } from 'vitest'
import { CaudalError, WritesRefused } from '#core/errors.ts'
import { silent } from '#core/loggers.ts'
import { run } from '#engine/client/run.ts'
import { TopicClient } from '#engine/client/topic-client.ts'
import type { Log } from '#engine/log/log.ts'
import { readAll } from '#engine/log/read-topic.ts'
import { createSimulatedBroker } from '#engine/log/simulated/simulated-broker.ts'
import { VirtualTime } from '#testing/virtual-time.ts'
import { withLog, withMembership, withProducer, withReader } from '../../../simulation/planted/delegate.ts'
import { adding, graphOf } from './graph.ts'

type Refuse = () => Promise<never> | undefined

/** What of a log is refused while `refuse` rejects. */
const REFUSED: Readonly<Record<string, (log: Log, refuse: Refuse) => Log>> = {
  'the start of the producer': (log, refuse) =>
    withLog(log, {
      startProducer: (id, writes) =>
        (id === 'app-pod' ? refuse() : undefined) ?? log.startProducer(id, writes),
    }),
  'the bounds of the sources': (log, refuse) =>
    withLog(log, {
      bounds: places => (places[0]?.topic === 'in' ? refuse() : undefined) ?? log.bounds(places),
    }),
  'reading the state': (log, refuse) =>
    withLog(log, {
      openReader: (place, offset, id) => {
        const reader = log.openReader(place, offset, id)
        if (place.topic !== 'app.adding.state') return reader
        return withReader(reader, { next: max => refuse() ?? reader.next(max) })
      },
    }),
  'writing the marker': (log, refuse) =>
    withLog(log, {
      startProducer: async (id, writes) => {
        const producer = await log.startProducer(id, writes)
        const transact: typeof producer.transact = async batches => {
          const batch = batches.findIndex(({ topic }) => topic === 'app.adding.state')
          const refused = batch < 0 ? undefined : refuse()
          await refused?.catch(error => {
            throw new WritesRefused([{ batch, record: undefined, error }])
          })
          return producer.transact(batches)
        }
        return withProducer(producer, { transact })
      },
    }),
  'reading the claims': (log, refuse) =>
    withMembership(log, membership => ({
      readClaims: places => refuse() ?? membership.readClaims(places),
    })),
  'the claim': (log, refuse) =>
    withMembership(log, membership => ({
      claim: (generation, claims) => refuse() ?? membership.claim(generation, claims),
    })),
}

const details = { request: 'a request', resource: 'a topic', right: 'a right', reason: 'a test' }
const CASES = Object.keys(REFUSED).flatMap(what =>
  (['BROKER_REFUSED', 'ACCESS_REFUSED'] as const).map(code => [what, code] as const),
)

describe('a task that restores', () => {
  it.each(CASES)(
    'a task that restores while %s ends with %s goes on by itself once that has passed',
    async (what, code) => {
      const time = new VirtualTime(1)
      const broker = createSimulatedBroker({ system: time.system })
      const system = time.systemFor('pod')
      const plain = broker.connect(system, 'pod')
      let isRefused = false
      const start = (log: Log) =>
        time.settle(run(graphOf(adding), { log, system, logger: silent, name: 'pod' }))
      const first = await start(plain)
      const client = new TopicClient(first.plan, broker.connect(system, 'client'), system)
      const sums = async () => {
        const found: number[] = []
        const note = ({ value }: { readonly value: Uint8Array | null }) =>
          found.push(Number(Buffer.from(value ?? [])))
        await time.settle(readAll(broker.connect(system, 'client'), 'out', note))
        return found
      }
      const send = (value: number) => time.settle(client.send('in', [{ key: 'a', value }]))
      await send(1)
      await time.runFor(10_000)
      await time.settle(first.stop())

      isRefused = true
      const refuse = () => (isRefused ? Promise.reject(new CaudalError(code, details)) : undefined)
      const again = REFUSED[what]?.(broker.connect(system, 'pod'), refuse) ?? plain
      const second = await start(again)
      await send(2)
      await time.runFor(40_000)
      expect(second.status().phase).toBe('running')
      expect(await sums()).toEqual([1])

      isRefused = false
      await time.runFor(20_000)
      expect(second.status().tasks).toMatchObject([{ phase: 'running', blockedBy: undefined }])
      expect(await sums()).toEqual([1, 3])
      await time.settle(second.stop())
    },
  )
})
