/** What operators need besides the log: opened before the pod joins, closed after it has left, and asked how it is. */

import { expect, test } from 'vitest'
import { silent } from '#core/loggers.ts'
import { operator } from '#core/operator.ts'
import { run } from '#engine/client/run.ts'
import { podOf } from '#engine/client/running-pod.ts'
import { createSimulatedBroker } from '#engine/log/simulated/simulated-broker.ts'
import type { Resource } from '#engine/pod/resources.ts'
import { VirtualTime } from '#testing/virtual-time.ts'
import { graphOf, numbers } from './graph.ts'

function setUp(act: (value: number) => void | Promise<void> = () => undefined) {
  const time = new VirtualTime(1)
  const broker = createSimulatedBroker({ system: time.system })
  const events: string[] = []
  const store = operator({
    name: 'store',
    input: numbers,
    outputs: { out: numbers },
    async process({ value }, ctx) {
      events.push(`store ${value}`)
      await act(value)
      ctx.emit('out', value)
    },
    onError: () => 'stop',
  })
  const resource = (name: string, overrides: Partial<Resource> = {}): Resource => ({
    name,
    open: async () => void events.push(`open ${name}`),
    close: async () => void events.push(`close ${name}`),
    ...overrides,
  })
  const system = time.systemFor('pod')
  const log = broker.connect(system, 'pod')
  const join = log.joinGroup.bind(log)
  log.joinGroup = options => {
    events.push('join')
    const membership = join(options)
    const leave = membership.leave.bind(membership)
    membership.leave = () => leave().finally(() => events.push('left'))
    return membership
  }
  const start = (...resources: readonly Resource[]) =>
    run(graphOf(store), { log, system, logger: silent, resources })
  return { time, events, resource, start, send: (n: number) => ({ key: 'a', value: n }) }
}

const refusing = async () => {
  throw new TypeError('it is away')
}

test('resources are open before the pod joins, and closed in the opposite order after it has left', async () => {
  const { time, events, resource, start, send } = setUp()
  const running = await time.settle(start(resource('database'), resource('cache')))
  await time.settle(running.send({ topic: 'in', codec: numbers }, send(1)))
  await time.runFor(10_000)
  await time.settle(running.stop())
  const expected = ['open database', 'open cache', 'join', 'store 1', 'left', 'close cache', 'close database']
  expect(events).toEqual(expected)
})

test('a resource that does not open rejects the start, and those that are open are closed', async () => {
  const { time, events, resource, start } = setUp()
  const starting = time.settle(start(resource('database'), resource('cache', { open: refusing })))
  await expect(starting).rejects.toMatchObject({
    code: 'RESOURCE_FAILED',
    action: 'stop',
    details: { name: 'cache', reason: 'it is away' },
  })
  expect(events).toEqual(['open database', 'close database'])
})

test('the resources of a pod that fails are closed, each although another does not close', async () => {
  const { time, events, resource, start, send } = setUp(() => {
    throw new TypeError('a mistake')
  })
  const broken = resource('cache', { close: refusing })
  const running = await time.settle(start(resource('database'), broken))
  await time.settle(running.send({ topic: 'in', codec: numbers }, send(1)))
  await time.runFor(10_000)
  await expect(running.ended).rejects.toMatchObject({ message: 'a mistake' })
  await time.settle(podOf(running).whenClosed)
  const expected = ['open database', 'open cache', 'join', 'store 1', 'left', 'close database']
  expect(events).toEqual(expected)
})

test('a pod asks each resource how it is, one question at a time, and a throw is a no', async () => {
  const { time, resource, start } = setUp()
  let asked = 0
  let answer = (_: boolean) => {}
  const slow = resource('slow', {
    healthy: () => {
      asked++
      return new Promise<boolean>(resolve => {
        answer = resolve
      })
    },
  })
  const throwing = resource('throwing', {
    healthy: () => {
      throw new TypeError('no')
    },
  })
  const running = await time.settle(start(resource('silent'), throwing, slow))
  const [first, second, third] = running.resources
  expect(await first?.isHealthy()).toBe(true)
  expect(await second?.isHealthy()).toBe(false)
  const both = [third?.isHealthy(), third?.isHealthy()]
  await time.runFor(1)
  answer(true)
  expect(await Promise.all(both)).toEqual([true, true])
  expect(asked).toBe(1)
  await time.settle(running.stop())
})
