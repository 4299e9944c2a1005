/** Hand-over: a task that moves between living pods finishes what it has in flight, and nothing is bought twice. */

import { describe, expect, it } from 'vitest'
import { operator } from '#core/operator.ts'
import { state } from '#core/state.ts'
import { podOf } from '#engine/client/running-pod.ts'
import { hang, reply, scripted, type TestKit, testTopology } from '#testing/index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

const PARTITIONS = 4

function calling(latency: '5s' | 'never' = '5s') {
  const call = scripted<number, number>(request => (latency === 'never' ? hang() : reply(request, latency)))
  const ask = operator({
    name: 'ask',
    input: numbers,
    outputs: { out: numbers },
    state: { seen: state.value(numbers) },
    steps: { call: numbers },
    limits: { timeout: 20_000 },
    async process(record, ctx) {
      const seen = (ctx.state.seen.get() ?? 0) + 1
      const answer = await ctx.step('call', each => call(record.value, each))
      ctx.state.seen.set(seen)
      ctx.emit('out', answer)
    },
  })
  return { call, graph: graphOf(ask, { partitions: PARTITIONS }) }
}

const tasksOf = (kit: TestKit) => kit.pods.map(({ tasks }) => tasks.length)
const sorted = (values: unknown[]) => values.map(Number).sort((a, b) => a - b)

describe('a second pod', () => {
  it('a second pod takes its share over, while calls are in flight, and nothing is bought twice', async () => {
    const { call, graph } = calling()
    await using kit = await testTopology(graph)
    await kit.send('in', ...recordsOf(1, 100))
    await kit.advance('2s')
    await kit.addPod()
    await kit.advance('2s') // The group tells the first pod with its next heartbeat.
    await kit.send('in', ...recordsOf(101, 200))
    await kit.settle()
    expect(tasksOf(kit)).toEqual([2, 2])
    expect(sorted(kit.read('out'))).toEqual(sorted(recordsOf(1, 200).map(each => each.value)))
    expect(call.calls).toHaveLength(200)
    expect(new Set(call.calls.map(({ by }) => by))).toEqual(new Set(['pod-1', 'pod-2']))
  })

  it('a second pod takes state along', async () => {
    const { graph } = calling()
    await using kit = await testTopology(graph)
    await kit.send('in', ...recordsOf(1, 40))
    await kit.settle()
    await kit.addPod()
    await kit.send('in', ...recordsOf(1, 40))
    await kit.settle()
    for (const { key } of recordsOf(1, 40)) expect(kit.state('ask', 'seen', key)).toBe(2)
  })
})

describe('a task on its way out', () => {
  it('a task on its way out is handed over though its producer is lost: by the next one, and nothing is bought twice', async () => {
    const { call, graph } = calling()
    await using kit = await testTopology(graph)
    await kit.send('in', ...recordsOf(1, 100))
    await kit.advance('2s')
    await kit.addPod()
    await kit.advance('1s')
    kit.faults.refuse('pod-1', 'write')
    const start = kit.now
    await kit.settle()
    expect(kit.now - start).toBeLessThan(15_000)
    expect(tasksOf(kit)).toEqual([2, 2])
    expect(kit.pods[1]?.running.metrics.fences).toBe(0)
    expect(sorted(kit.read('out'))).toEqual(sorted(recordsOf(1, 100).map(each => each.value)))
    expect(call.calls).toHaveLength(100)
  })
})

describe('stop()', () => {
  it('stop() finishes what is in flight, commits it, and leaves the rest unread', async () => {
    const { call, graph } = calling()
    await using kit = await testTopology(graph, { limits: { inFlightMax: 10 } })
    await kit.send('in', ...recordsOf(1, 30))
    await kit.advance('2s')
    await kit.stop()
    expect(call.calls).toHaveLength(10)
    expect(call.calls.every(({ status }) => status === 'answered')).toBe(true)
    expect(kit.read('out')).toHaveLength(10)
    await kit.restart()
    await kit.settle()
    expect(kit.read('out')).toHaveLength(30)
    expect(call.boughtTwice).toEqual([])
  })

  it('stop() of one pod of two hands its tasks to the other without a pause for its session', async () => {
    const { call, graph } = calling()
    await using kit = await testTopology(graph, { pods: 2 })
    await kit.send('in', ...recordsOf(1, 40))
    await kit.advance('1s')
    const start = kit.now
    await kit.wait(kit.pods[0]?.stop() ?? Promise.resolve())
    await kit.settle()
    expect(kit.now - start).toBeLessThan(10_000)
    expect(tasksOf(kit)).toEqual([0, PARTITIONS])
    expect(sorted(kit.read('out'))).toEqual(recordsOf(1, 40).map(each => each.value))
    expect(call.calls).toHaveLength(40)
  })

  it('stop() is not followed by a fence, which would hit the pod that is started again under this name', async () => {
    const { graph } = calling()
    await using kit = await testTopology(graph, { pods: 2 })
    await kit.send('in', ...recordsOf(1, 40))
    await kit.settle()
    // It has left before the other one hears of it.
    await kit.wait(kit.pods[0]?.stop() ?? Promise.resolve())
    await kit.settle()
    expect(tasksOf(kit)).toEqual([0, PARTITIONS])
    expect(kit.pods[1]?.running.metrics.fences).toBe(0)
  })

  it('stop() does not wait for ever for a call that hangs', async () => {
    const { call, graph } = calling('never')
    await using kit = await testTopology(graph)
    await kit.send('in', { key: 'a', value: 1 })
    await kit.advance('1s')
    const start = kit.now
    await kit.stop()
    expect(kit.now - start).toBeLessThanOrEqual(70_000)
    expect(kit.pods[0]?.status).toBe('stopped')
    expect(call.calls.every(({ status }) => status === 'aborted')).toBe(true)
    call.follow(request => reply(request))
    await kit.restart()
    await kit.settle()
    expect(kit.read('out')).toEqual([1])
  })

  it('with nothing to do is done at once', async () => {
    const { graph } = calling()
    await using kit = await testTopology(graph)
    const start = kit.now
    await kit.stop()
    expect(kit.now - start).toBeLessThan(100)
  })
})

describe('a pod that dies', () => {
  it('a pod that dies is replaced by the others when its session is over; only what was in flight is bought again', async () => {
    const { call, graph } = calling()
    await using kit = await testTopology(graph, { pods: 3 })
    await kit.send('in', ...recordsOf(1, 90))
    await kit.advance('6s')
    expect(kit.read('out')).toHaveLength(90)
    await kit.send('in', ...recordsOf(91, 180))
    await kit.advance('2s')
    const lost = call.calls.filter(({ by, status }) => by === 'pod-2' && status === 'inFlight').length
    kit.pods[1]?.crash()
    await kit.settle()
    expect(lost).toBeGreaterThan(0)
    expect(call.calls).toHaveLength(180 + lost)
    expect(call.boughtTwice).toEqual([])
    expect(sorted(kit.read('out'))).toEqual(recordsOf(1, 180).map(each => each.value))
    expect(tasksOf(kit).reduce((sum, tasks) => sum + tasks)).toBe(PARTITIONS)
  })

  it('a pod that dies and is back under its name is hit by nobody who takes over what it left', async () => {
    const { call, graph } = calling()
    await using kit = await testTopology(graph, { pods: 2 })
    await kit.send('in', ...recordsOf(1, 40))
    await kit.settle()
    kit.pods[1]?.crash()
    await kit.restart()
    await kit.addPod()
    await kit.send('in', ...recordsOf(41, 80))
    await kit.settle()
    expect(tasksOf(kit).toSorted()).toEqual([1, 1, 2])
    const metrics = kit.pods.map(({ running }) => running.metrics)
    expect(metrics.map(({ fences, commitsFailed }) => [fences, commitsFailed])).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ])
    expect(call.calls).toHaveLength(80)
  })

  it('by an error of its own leaves at once, so that the others need not wait for its session', async () => {
    const { graph } = calling()
    await using kit = await testTopology(graph, { pods: 2, limits: { sessionTimeout: 60_000 } })
    podOf(kit.pods[0]?.running).fail(new RangeError('out of memory'))
    await expect(kit.advance(10)).rejects.toThrow('out of memory')
    expect(kit.pods[0]?.status).toBe('failed')
    await kit.advance('10s')
    expect(tasksOf(kit)).toEqual([0, PARTITIONS])
  })
})
