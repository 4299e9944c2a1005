/** Batch operators: a batch starts full or after its time, and each of its records lives or fails by itself. */

import { describe, expect, it } from 'vitest'
import { batchOperator } from '#core/operator.ts'
import { podOf } from '#engine/client/running-pod.ts'
import { reply, scripted, testTopology, trouble } from '#testing/index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

interface Behaviour {
  /** Values whose item fails, so many times. */
  readonly failing?: Map<number, number>
  /** Batches that throw, so many times. */
  throws?: number
  readonly callMs?: number
}

function writing(behaviour: Behaviour = {}) {
  const batches: number[][] = []
  const write = scripted<number, number>(value => reply(value, behaviour.callMs ?? 0))
  const store = batchOperator({
    name: 'store',
    input: numbers,
    outputs: { out: numbers },
    batch: { recordsMax: 10, wait: 200 },
    async processBatch(items, ctx) {
      batches.push(items.map(({ record }) => record.value))
      if (behaviour.callMs) await write(items.length, ctx)
      if ((behaviour.throws ?? 0) > 0) {
        behaviour.throws = (behaviour.throws ?? 0) - 1
        throw trouble('database down')
      }
      for (const item of items) {
        const left = behaviour.failing?.get(item.record.value) ?? 0
        behaviour.failing?.set(item.record.value, left - 1)
        if (left > 0) item.fail(trouble('constraint'))
        else item.emit('out', item.record.value)
      }
    },
  })
  return { batches, graph: graphOf(store) }
}

describe('a batch', () => {
  it('a batch starts at once when it is full', async () => {
    const { batches, graph } = writing()
    await using kit = await testTopology(graph)
    const start = kit.now
    await kit.send('in', ...recordsOf(1, 30))
    await kit.settle()
    expect(batches.map(({ length }) => length)).toEqual([10, 10, 10])
    expect(kit.now).toBe(start)
    expect(kit.read('out')).toHaveLength(30)
  })

  it('a batch starts when its oldest record has waited long enough', async () => {
    const { batches, graph } = writing()
    await using kit = await testTopology(graph)
    await kit.send('in', { key: 'a', value: 1 })
    await kit.advance(150)
    await kit.send('in', { key: 'b', value: 2 })
    await kit.advance(49)
    expect(batches).toEqual([])
    await kit.advance(1)
    expect(batches).toEqual([[1, 2]])
    expect(kit.read('out')).toEqual([1, 2])
  })

  it('a batch has one record of a key at most, since the lane waits for the batch', async () => {
    const { batches, graph } = writing()
    await using kit = await testTopology(graph)
    await kit.send('in', ...recordsOf(1, 3, 'a'))
    await kit.settle()
    expect(batches).toEqual([[1], [2], [3]])
    expect(kit.read('out')).toEqual([1, 2, 3])
  })

  it('a batch of which one record fails completes the others; that one is tried again alone', async () => {
    const { batches, graph } = writing({ failing: new Map([[5, 1]]) })
    await using kit = await testTopology(graph)
    await kit.send('in', ...recordsOf(1, 10))
    await kit.settle()
    expect(batches).toEqual([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [5]])
    expect(kit.read('out').sort((a, b) => Number(a) - Number(b))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(kit.deadLetters()).toEqual([])
  })

  it('a batch of which one record fails for good gives up that one alone', async () => {
    const { graph } = writing({ failing: new Map([[5, 100]]) })
    await using kit = await testTopology(graph)
    await kit.send('in', ...recordsOf(1, 10))
    await kit.settle()
    expect(kit.read('out')).toHaveLength(9)
    expect(kit.deadLetters()).toMatchObject([{ node: 'store', attempts: 3, origin: { offset: 4 } }])
  })

  it('a batch that throws is tried again whole', async () => {
    const { batches, graph } = writing({ throws: 2 })
    await using kit = await testTopology(graph)
    await kit.send('in', ...recordsOf(1, 10))
    await kit.settle()
    expect(batches.map(({ length }) => length)).toEqual([10, 10, 10])
    expect(kit.read('out')).toHaveLength(10)
  })

  it('a batch that keeps throwing gives all its records up', async () => {
    const { graph } = writing({ throws: 100 })
    await using kit = await testTopology(graph)
    await kit.send('in', ...recordsOf(1, 10))
    await kit.settle()
    expect(kit.read('out')).toEqual([])
    expect(kit.deadLetters()).toHaveLength(10)
  })

  it('under way at a crash is written again: writing has to be idempotent, the outputs are exact', async () => {
    const { batches, graph } = writing({ callMs: 1_000 })
    await using kit = await testTopology(graph)
    await kit.send('in', ...recordsOf(1, 10))
    await kit.advance(500)
    kit.crash()
    await kit.restart()
    await kit.settle()
    expect(batches.map(({ length }) => length)).toEqual([10, 10])
    expect(kit.read('out')).toHaveLength(10)
  })
})

describe('the signal of a batch', () => {
  /** Two records start together; each batch is under way for so long, and tells when its signal aborts. */
  function waiting(callMs: number) {
    const aborted: number[] = []
    const write = scripted<number, number>(length => reply(length, callMs))
    const store = batchOperator({
      name: 'store',
      input: numbers,
      outputs: { out: numbers },
      limits: { timeout: 10_000 },
      batch: { recordsMax: 2, wait: 8_000 },
      async processBatch(items, ctx) {
        ctx.signal.addEventListener('abort', () => aborted.push(items.length))
        await write(items.length, ctx)
        for (const item of items) item.emit('out', item.record.value)
      },
    })
    return { aborted, graph: graphOf(store) }
  }

  it('the signal of a batch does not abort while one of its records is not given up', async () => {
    const { aborted, graph } = waiting(5_000)
    await using kit = await testTopology(graph)
    await kit.send('in', { key: 'a', value: 1 })
    await kit.advance('7s')
    await kit.send('in', { key: 'b', value: 2 })
    await kit.advance('4s')
    expect(aborted).toEqual([])
    await kit.advance('2s')
    expect(kit.read('out')).toEqual([2])
    await kit.send('in', { key: 'c', value: 3 })
    await kit.settle()
    expect(kit.records('out').map(({ value }) => value)).toEqual([2, 1, 3])
    expect(kit.deadLetters()).toEqual([])
  })

  it('aborts when the time of all its records is up', async () => {
    const { aborted, graph } = waiting(60_000)
    await using kit = await testTopology(graph)
    await kit.send('in', { key: 'a', value: 1 }, { key: 'b', value: 2 })
    await kit.advance('9s')
    expect(aborted).toEqual([])
    await kit.advance('2s')
    expect(aborted).toEqual([2])
  })

  it('aborts when their task leaves', async () => {
    const { aborted, graph } = waiting(60_000)
    await using kit = await testTopology(graph)
    await kit.send('in', { key: 'a', value: 1 }, { key: 'b', value: 2 })
    await kit.advance('1s')
    podOf(kit.pods[0]?.running).tasks[0]?.close('closedDirty')
    expect(aborted).toEqual([2])
  })
})
