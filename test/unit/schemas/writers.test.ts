/** Schemas of writers: fetched once, waited for while the registry is down, missed for a minute. */
import { expect, test } from 'vitest'
import { NotYetReadable } from '#core/errors.ts'
import { withFormer } from '#schemas/avro/former-registry.ts'
import { FetchedWriters, NO_WRITERS, untilAvailable } from '#schemas/avro/writers.ts'
import { VirtualTime } from '#testing/virtual-time.ts'
import { COUNT_V1, COUNT_V2 } from './records.ts'
import { testRegistry, warnings } from './registries.ts'

function world() {
  const time = new VirtualTime(1)
  const registry = testRegistry()
  const logger = warnings()
  const abort = new AbortController()
  const options = { registry, system: time.system, logger, signal: abort.signal }
  return { time, registry, logger, abort, options, writers: new FetchedWriters(options) }
}

/** The error that a reader gets: it must wait, or can never read the value. */
function ask(writers: FetchedWriters, id: number): NotYetReadable {
  try {
    writers.typeOf(id, 'reader')
  } catch (error) {
    if (error instanceof NotYetReadable) return error
    throw error
  }
  throw new TypeError('it was known')
}

test('one request, however many wait, and none from then on', async () => {
  const { time, registry, writers } = world()
  const id = await registry.register('s', COUNT_V1)
  const waits = [ask(writers, id), ask(writers, id), ask(writers, id)]
  expect(waits[0]?.message).toContain(
    `schema ${id}, needed to read reader, is being fetched from test registry`,
  )
  await time.settle(Promise.all(waits.map(({ ready }) => ready)))
  expect(writers.typeOf(id, 'reader').text).toBe(COUNT_V1)
  expect(registry.asked).toBe(1)
})

test('an id that the registry does not have is reported as such, and asked for again after a minute', async () => {
  const { time, registry, writers } = world()
  await time.settle(ask(writers, 1).ready)
  expect(() => writers.typeOf(1, 'reader')).toThrow(
    /SCHEMA_MISSING: test registry has no schema 1, needed to read reader: register/,
  )
  await registry.register('s', COUNT_V1)
  await time.runFor(61_000)
  await time.settle(ask(writers, 1).ready)
  expect(writers.typeOf(1, 'reader').name).toBe('test.Count')
})

test('a registered schema that is no Avro is reported as such', async () => {
  const { time, registry, writers } = world()
  registry.schemaOf = async () => 'syntax = "proto3";'
  await time.settle(ask(writers, 5).ready)
  expect(() => writers.typeOf(5, 'reader')).toThrow(/SCHEMA_MISMATCH: schema 5 .* no Avro schema/)
})

test('a registry that is down is asked with growing pauses, whatever its trouble is', async () => {
  const { time, registry, logger, writers } = world()
  const id = await registry.register('s', COUNT_V1)
  registry.isDown = true
  const { ready } = ask(writers, id)
  await time.runFor(60_000)
  expect(registry.asked).toBeGreaterThan(5)
  expect(registry.asked).toBeLessThan(15)
  expect(logger.told.at(-1)).toContain('"waitMs":10000')
  registry.isDown = false
  registry.schemaOf = async () => Promise.reject(new TypeError('odd'))
  await time.runFor(20_000)
  registry.schemaOf = async () => COUNT_V2
  await time.settle(ready)
  expect(writers.typeOf(id, 'reader').text).toBe(COUNT_V2)
})

test('once nobody needs them, nobody is asked and nobody is woken', async () => {
  const { time, registry, abort, writers } = world()
  registry.isDown = true
  let woken = false
  ask(writers, 1).ready.then(() => {
    woken = true
  })
  await time.runFor(1_000)
  abort.abort()
  await time.runFor(60_000)
  const { asked } = registry
  await time.runFor(60_000)
  expect(registry.asked).toBe(asked)
  expect(woken).toBe(false)
})

test('a start that waits for the registry ends when it is called off', async () => {
  const { time, registry, abort, options } = world()
  registry.isDown = true
  const waiting = untilAvailable(() => registry.latest('s'), options)
  const seen = expect(waiting).rejects.toThrow('enough')
  await time.runFor(5_000)
  abort.abort(new TypeError('enough'))
  await time.runFor(1)
  await seen
})

test('without a registry nobody else can be read', () => {
  expect(() => NO_WRITERS.typeOf(3, 'reader')).toThrow(/no registry, for none is configured, has no schema 3/)
})

test('after a move the former registry still knows what was written before', async () => {
  const [now, former] = [testRegistry(1), testRegistry(1_000)]
  const registry = withFormer(now, former)
  await former.register('s', COUNT_V1)
  expect(await registry.schemaOf(1_000)).toBe(COUNT_V1)
  expect(await registry.latest('s')).toBe(COUNT_V1)
  expect(await registry.register('s', COUNT_V2)).toBe(1)
  expect(await registry.latest('s')).toBe(COUNT_V2)
  expect(await registry.idOf('s', COUNT_V1)).toBeUndefined()
  expect(await former.latest('s')).toBe(COUNT_V1)
})
