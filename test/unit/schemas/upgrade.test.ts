/** A running topology upgraded in place: state, steps and topics written by an older schema are read by a newer one. */
import { afterEach, expect, test } from 'vitest'
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { avro } from '#schemas/avro/avro-codec.ts'
import { bindSchemas } from '#schemas/avro/bind.ts'
import { EmbeddedRegistry } from '#schemas/avro/embedded-registry.ts'
import type { SchemaRegistry } from '#schemas/avro/registry.ts'
import { type TestKit, testTopology } from '#testing/index.ts'
import { topology } from '#topology/builder.ts'
import type { Topology } from '#topology/topology.ts'
import { COUNT_BAD, COUNT_V1, COUNT_V2, COUNT_V3 } from './records.ts'
import { testRegistry, warnings } from './registries.ts'

let kit: TestKit | undefined
afterEach(() => kit?.[Symbol.asyncDispose]())

interface Count {
  readonly total?: number
  readonly sum?: number
  readonly last?: string | undefined
}

/** Counts the words of a key; the count is both state and output. */
function counting(schema: string): Topology {
  const count = avro<Count>(schema)
  const graph = topology('counting')
  const words = graph.source('words', { value: codec.text, partitions: 2, partitionedByKey: true })
  const counts = graph.topic('counts', { value: count, partitions: 2 })
  const keep = operator({
    name: 'keep',
    input: codec.text,
    outputs: { counted: count },
    state: { count: state.value(count) },
    process(record, ctx) {
      const before = ctx.state.count.get() ?? {}
      const total = (before.total ?? before.sum ?? 0) + 1
      const now = { ...before, total, sum: total, last: record.value }
      ctx.state.count.set(now)
      ctx.emit('counted', now)
    },
  })
  words.process('keep', keep).to(counts)
  return graph.build()
}

const opened = (registry: SchemaRegistry, using: TestKit) => ({
  registry,
  system: using.system,
  logger: warnings(),
})

/** Runs one version after another on one log; gives what each left in the state. */
async function upgrade(registryOf: (kit: TestKit) => SchemaRegistry, versions: readonly string[]) {
  const states: unknown[] = []
  const [first = ''] = versions
  kit = await testTopology(counting(first))
  const using = kit
  await using.stop()
  for (const schema of versions) {
    const bound = await using.wait(bindSchemas(counting(schema), opened(registryOf(using), using)))
    await using.restart(bound)
    await using.send('words', { key: 'a', value: 'x' }, { key: 'b', value: 'y' })
    await using.settle()
    states.push(using.state('keep', 'count', 'a'))
    expect(using.deadLetters()).toEqual([])
    await using.stop()
  }
  return states
}

const EXPECTED = [{ total: 1 }, { total: 2, last: 'x', weight: 1 }, { sum: 3, last: 'x' }]

test('with the embedded registry, whose schemas survive every restart', async () => {
  const registryOf = ({ log, system }: TestKit) =>
    new EmbeddedRegistry({ application: 'counting', log, system })
  expect(await upgrade(registryOf, [COUNT_V1, COUNT_V2, COUNT_V3])).toEqual(EXPECTED)
})

test('with a registry that gives its own ids', async () => {
  const registry = testRegistry(40)
  expect(await upgrade(() => registry, [COUNT_V1, COUNT_V2, COUNT_V3])).toEqual(EXPECTED)
})

test('and back again: the older version reads what the newer one wrote', async () => {
  const registry = testRegistry()
  await registry.register('counts-value', COUNT_V1)
  expect(await upgrade(() => registry, [COUNT_V2, COUNT_V1])).toEqual([
    { total: 1, last: 'x', weight: 1 },
    { total: 2 },
  ])
})

test('a registry that is down holds the task until it is back, and nothing is lost', async () => {
  const registry = testRegistry()
  kit = await testTopology(counting(COUNT_V1))
  const using = kit
  await using.stop()
  await using.restart(await using.wait(bindSchemas(counting(COUNT_V1), opened(registry, using))))
  await using.send('words', { key: 'a', value: 'x' })
  await using.settle()
  await using.stop()
  const logger = warnings()
  const second = bindSchemas(counting(COUNT_V2), { registry, system: using.system, logger })
  await using.restart(await using.wait(second))
  const places = [0, 1].map(partition => ({ topic: 'counts', partition }))
  const ends = () => using.wait(using.log.bounds(places))
  const before = await ends()
  registry.isDown = true
  await using.send('words', { key: 'a', value: 'y' })
  await using.advance('2m')
  expect(await ends()).toEqual(before)
  expect(logger.told.some(line => line.includes('does not answer'))).toBe(true)
  expect(registry.asked).toBeLessThan(20)
  registry.isDown = false
  await using.settle()
  expect(using.state('keep', 'count', 'a')).toEqual({ total: 2, last: 'y', weight: 1 })
  expect(using.deadLetters()).toEqual([])
})

test('a version that cannot read its predecessor does not start', async () => {
  const registry = testRegistry()
  await upgrade(() => registry, [COUNT_V1])
  const refused = bindSchemas(counting(COUNT_BAD), {
    registry,
    system: kit?.system as never,
    logger: warnings(),
  })
  await expect(refused).rejects.toMatchObject({ code: 'SCHEMAS_REFUSED' })
  await expect(refused).rejects.toThrow('counts-value: test.Count cannot read what its predecessor wrote:')
})
