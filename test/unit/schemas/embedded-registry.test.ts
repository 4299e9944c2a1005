/** The registry inside the log: ids that pods agree on, schemas that survive, a log that is away. */
import { expect, test } from 'vitest'
import { createSimulatedBroker } from '#engine/log/simulated/simulated-broker.ts'
import { AvroType } from '#schemas/avro/avro-type.ts'
import { EmbeddedRegistry } from '#schemas/avro/embedded-registry.ts'
import { VirtualTime } from '#testing/virtual-time.ts'
import { COUNT_V1, COUNT_V2, COUNT_V3 } from './records.ts'

function world() {
  const time = new VirtualTime(1)
  const broker = createSimulatedBroker({ system: time.system })
  const open = (client: string) =>
    new EmbeddedRegistry({
      application: 'app',
      log: broker.connect(time.system, client),
      system: time.system,
    })
  return { time, broker, open, wait: <T>(promise: Promise<T>) => time.settle(promise, 600_000) }
}

test('ids are fingerprints; pods agree on them without asking each other', async () => {
  const { open, wait } = world()
  const [one, other] = [open('one'), open('other')]
  const ids = await wait(Promise.all([one.register('s', COUNT_V1), other.register('s', COUNT_V1)]))
  expect(ids).toEqual(Array(2).fill(new AvroType(COUNT_V1).fingerprint))
  expect(await wait(other.idOf('s', COUNT_V1))).toBe(ids[0])
  expect(await wait(other.idOf('s', COUNT_V2))).toBeUndefined()
  expect(await wait(other.idOf('t', COUNT_V1))).toBeUndefined()
})

test('a schema registered by one is found by another that had read before', async () => {
  const { open, wait } = world()
  const [one, other] = [open('one'), open('other')]
  expect(await wait(other.latest('s'))).toBeUndefined()
  const id = await wait(one.register('s', COUNT_V1))
  await wait(one.register('s', COUNT_V2))
  expect(await wait(other.schemaOf(id))).toBe(COUNT_V1)
  expect(await wait(other.latest('s'))).toBe(COUNT_V2)
  expect(await wait(other.schemaOf(id + 1))).toBeUndefined()
})

test('all is there again after a restart, and nothing is written twice', async () => {
  const { open, wait, broker, time } = world()
  const first = open('first')
  for (const schema of [COUNT_V1, COUNT_V2, COUNT_V3, COUNT_V1]) await wait(first.register('s', schema))
  const second = open('second')
  const id = await wait(second.register('s', COUNT_V2))
  expect(await wait(second.schemaOf(id))).toBe(COUNT_V2)
  const place = { topic: 'app.schemas', partition: 0 }
  const [bounds] = await wait(broker.connect(time.system, 'tool').bounds([place]))
  expect(bounds).toEqual({ start: 0, end: 3 })
})

test('a log that does not answer is a registry that does not answer', async () => {
  const { open, wait, broker } = world()
  const registry = open('cut')
  await wait(registry.register('s', COUNT_V1))
  broker.faults.partition('cut', 'fails')
  await expect(wait(registry.schemaOf(7))).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' })
  broker.faults.heal('cut')
  expect(await wait(registry.latest('s'))).toBe(COUNT_V1)
})
