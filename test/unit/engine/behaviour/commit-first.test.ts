/** What has been answered is on its way to the log before anything new is begun: a kill in between buys it again. */
import { expect, it } from 'vitest'
import { silent } from '#core/loggers.ts'
import { operator } from '#core/operator.ts'
import { run } from '#engine/client/run.ts'
import { TopicClient } from '#engine/client/topic-client.ts'
import { createSimulatedBroker } from '#engine/log/simulated/simulated-broker.ts'
import { VirtualTime } from '#testing/virtual-time.ts'
import { withLog, withProducer } from '../../../simulation/planted/delegate.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

it('the answer of a step is in a transaction before the record that waited for its place begins', async () => {
  const time = new VirtualTime(1)
  const system = time.systemFor('pod')
  const events: string[] = []
  const plain = createSimulatedBroker({ system: time.system }).connect(system, 'pod')
  const log = withLog(plain, {
    startProducer: async (id, writes) => {
      const producer = await plain.startProducer(id, writes)
      const transact: typeof producer.transact = batches => {
        const answers = batches.filter(({ topic }) => topic === 'out').flatMap(({ records }) => records)
        if (answers.length > 0) events.push(`${answers.length} committed`)
        return producer.transact(batches)
      }
      return withProducer(producer, { transact })
    },
  })
  const call = (value: number) => new Promise<number>(resolve => system.after(1_000, () => resolve(value)))
  const ask = operator({
    name: 'ask',
    input: numbers,
    outputs: { out: numbers },
    steps: { answer: numbers },
    limits: { inFlightMax: 1 },
    async process(record, ctx) {
      events.push(`${record.value} begun`)
      ctx.emit('out', await ctx.step('answer', () => call(record.value)))
    },
  })
  const running = await time.settle(run(graphOf(ask), { log, system, logger: silent }))
  await time.settle(new TopicClient(running.plan, plain, system).send('in', recordsOf(1, 3)))
  await time.runFor(10_000)
  expect(events).toEqual(['1 begun', '1 committed', '2 begun', '1 committed', '3 begun', '1 committed'])
  await time.settle(running.stop())
})
