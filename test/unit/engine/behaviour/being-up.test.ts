/** Pods that were given neither a name nor a place of their own: they work side by side, and say what they own. */

import { expect, it } from 'vitest'
import { silent } from '#core/loggers.ts'
import { operator } from '#core/operator.ts'
import { type Running, run } from '#engine/client/run.ts'
import { podOf } from '#engine/client/running-pod.ts'
import { createSimulatedBroker } from '#engine/log/simulated/simulated-broker.ts'
import { VirtualTime } from '#testing/virtual-time.ts'
import { topology } from '#topology/index.ts'
import { numbers } from './graph.ts'

const double = operator({
  name: 'double',
  input: numbers,
  outputs: { doubled: numbers },
  process: (record, ctx) => ctx.emit('doubled', 2 * record.value),
})

function doubling() {
  const graph = topology('app')
  graph
    .source('in', { value: numbers, partitions: 3 })
    .process('double', double)
    .to(graph.topic('out', { value: numbers, partitions: 3 }))
  return graph.build()
}

interface Told {
  readonly message: string
  readonly fields: object
}

/** A cluster, and pods on machines of one name each. */
function setUp() {
  const time = new VirtualTime(1)
  const broker = createSimulatedBroker({ system: time.system })
  const start = async (machine: string) => {
    const system = time.systemFor(machine)
    const told: Told[] = []
    const logger = {
      ...silent,
      info: (message: string, fields: object = {}) => void told.push({ message, fields }),
    }
    const running: Running = await time.settle(
      run(doubling(), { log: broker.connect(system, machine), system, logger }),
    )
    return { running, told }
  }
  return { time, start }
}

const tasksOf = (told: readonly Told[]) =>
  told.map(({ message, fields }) => [message, 'tasks' in fields && fields.tasks])

it('two pods without a name of their own share the tasks, and neither ends', async () => {
  const { time, start } = setUp()
  const one = await start('one')
  const two = await start('two')
  await time.runFor(60_000)
  expect([one.running.status().phase, two.running.status().phase]).toEqual(['running', 'running'])
  expect(podOf(one.running).incarnation.split(':')[0]).not.toBe(podOf(two.running).incarnation.split(':')[0])
  const owned = [one, two].flatMap(({ running }) => podOf(running).tasks.map(({ name }) => name))
  expect(owned.sort()).toEqual(['double/0', 'double/1', 'double/2'])
})

it('a pod says that it is up and what it owns, and says so again only when that has changed', async () => {
  const { time, start } = setUp()
  const one = await start('one')
  await time.runFor(60_000)
  expect(tasksOf(one.told)).toEqual([['the pod is up', { double: [0, 1, 2] }]])
  const two = await start('two')
  await time.runFor(60_000)
  expect(one.told).toHaveLength(2)
  expect(one.told[1]?.message).toBe('the pod owns other tasks than before')
  expect(two.told.map(({ message }) => message)).toEqual(['the pod is up'])
  await time.settle(two.running.stop())
  await time.runFor(60_000)
  expect(tasksOf(one.told).at(-1)).toEqual(['the pod owns other tasks than before', { double: [0, 1, 2] }])
  expect(one.told).toHaveLength(3)
  expect(two.told).toHaveLength(1)
})

it('a pod that owns nothing, since others have all tasks, says that it is up', async () => {
  const { time, start } = setUp()
  for (const machine of ['one', 'two', 'three']) await start(machine)
  await time.runFor(60_000)
  const spare = await start('spare')
  await time.runFor(60_000)
  expect(tasksOf(spare.told)).toEqual([['the pod is up', {}]])
})
