/** A limit of the whole pod is shared: no task waits until the backlog of another one is done. */
import { expect, it } from 'vitest'
import { operator } from '#core/operator.ts'
import { reply, scripted, testTopology } from '#testing/index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

const PARTITIONS = 4

it('tasks take turns at a limit that all of them would use up alone', async () => {
  const call = scripted<number, number>(value => reply(value, 1_000))
  const ask = operator({
    name: 'ask',
    input: numbers,
    outputs: { out: numbers },
    limits: { inFlightMax: 4 },
    async process(record, ctx) {
      ctx.emit('out', await call(record.value, ctx))
    },
  })
  await using kit = await testTopology(graphOf(ask, { partitions: PARTITIONS }))
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const records = recordsOf(partition * 100 + 1, partition * 100 + 100)
    await kit.send('in', ...records.map(record => ({ ...record, partition })))
  }
  await kit.advance('41s')
  const done = Map.groupBy(kit.read('out'), value => Math.ceil(Number(value) / 100))
  expect(done.size).toBe(PARTITIONS)
  // A hundred and sixty runs, and some for what the start took: each has about its fourth.
  for (const values of done.values()) expect(values.length).toBeGreaterThanOrEqual(30)
})
