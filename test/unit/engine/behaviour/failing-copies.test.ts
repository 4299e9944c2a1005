/** Local copies that fail: their task is restarted from the last commit, others go on, and nothing is lost or done twice. */

import { describe, expect, it } from 'vitest'
import { CaudalError } from '#core/errors.ts'
import { silent } from '#core/loggers.ts'
import { operator } from '#core/operator.ts'
import type { TaskId } from '#core/record.ts'
import { state } from '#core/state.ts'
import { run } from '#engine/client/run.ts'
import { podOf } from '#engine/client/running-pod.ts'
import { TopicClient } from '#engine/client/topic-client.ts'
import { createSimulatedBroker } from '#engine/log/simulated/simulated-broker.ts'
import { durableMemoryStores } from '#engine/state/memory-store.ts'
import type { CopyOf, Store, StoreFactory } from '#engine/state/store.ts'
import { VirtualTime } from '#testing/virtual-time.ts'
import { graphOf, numbers } from './graph.ts'

type Call = 'open' | 'get' | 'entries' | 'apply'

/** Stores whose calls fail for partition 0 while a test says so: the next ones of a kind. */
class FailingStores implements StoreFactory {
  readonly #stores = durableMemoryStores()
  readonly #left = new Map<Call, number>()
  failures = 0

  fail(call: Call, times = 1): void {
    this.#left.set(call, times)
  }

  async open(task: CopyOf): Promise<Store> {
    this.#reach('open', task)
    const store = await this.#stores.open(task)
    return {
      get: key => this.#reach('get', task) ?? store.get(key),
      entries: prefix => this.#reach('entries', task) ?? store.entries(prefix),
      dues: after => store.dues(after),
      apply: (writes, position) => this.#reach('apply', task) ?? store.apply(writes, position),
      get position() {
        return store.position
      },
      get size() {
        return store.size
      },
      get bytes() {
        return store.bytes
      },
      flush: () => store.flush(),
      close: () => store.close(),
      discard: () => store.discard(),
    }
  }

  #reach(call: Call, { stage, partition }: TaskId): undefined {
    const left = this.#left.get(call) ?? 0
    if (left === 0 || partition !== 0) return
    this.#left.set(call, left - 1)
    this.failures++
    throw new CaudalError('STORE_FAILED', { task: `${stage}/${partition}`, path: 'here', reason: call })
  }
}

const sum = operator({
  name: 'sum',
  input: numbers,
  outputs: { out: numbers },
  state: { total: state.value(numbers) },
  timers: ['forget'],
  process(record, ctx) {
    if (record.value === 0) {
      ctx.state.total.delete()
      return ctx.emit('out', 0)
    }
    const total = (ctx.state.total.get() ?? 0) + record.value
    ctx.state.total.set(total)
    ctx.timers.set('forget', ctx.now + 600_000)
    ctx.timers.cancel('forget')
    ctx.emit('out', total)
  },
})

/** Two partitions in one pod; `feed` adds 1 to a key of each, or sets it to 0. */
async function setUp() {
  const time = new VirtualTime(1)
  const broker = createSimulatedBroker({ system: time.system })
  const stores = new FailingStores()
  const system = time.systemFor('pod')
  const log = broker.connect(system, 'pod')
  const warnings: string[] = []
  const logger = { ...silent, warn: (message: string) => void warnings.push(message) }
  const begin = () => run(graphOf(sum, { partitions: 2 }), { log, system, stores, logger })
  const running = await time.settle(begin())
  let ended: unknown
  running.ended.catch(error => {
    ended = error
  })
  const outside = new TopicClient(running.plan, log, system)
  const feed = async (added = 1) => {
    const records = [0, 1].map(partition => ({ key: `key-${partition}`, value: added, partition }))
    await time.settle(outside.send('in', records))
    await time.runFor(100)
  }
  const totals = () =>
    broker.inspect
      .committed('out')
      .flat()
      .map(({ key, value: bytes }) => `${Buffer.from(key ?? [])}=${Buffer.from(bytes ?? [])}`)
      .sort()
  return { time, stores, feed, totals, running, warnings, ended: () => ended }
}

const expectedTotals = (count: number) =>
  [0, 1].flatMap(partition => Array.from({ length: count }, (_, index) => `key-${partition}=${index + 1}`))

describe('a local copy that fails', () => {
  it.each(['get', 'entries', 'apply', 'open'] as const)(
    'a local copy that fails on %s restarts its task',
    async call => {
      const { time, stores, feed, totals, running, ended } = await setUp()
      await time.runFor(1_000)
      await feed()
      await feed()
      stores.fail(call)
      if (call === 'open' || call === 'entries') podOf(running).release('sum/0', 'for a test')
      await feed()
      await feed()
      expect(totals().filter(each => each.startsWith('key-1'))).toHaveLength(4)
      await time.runFor(30_000)
      await feed()
      await time.runFor(1_000)
      expect(stores.failures).toBe(1)
      expect(ended()).toBeUndefined()
      expect(totals()).toEqual(expectedTotals(5))
      await time.settle(running.stop())
    },
  )

  it('while the effects of a record are staged: none of them is committed, and it runs again', async () => {
    const { time, stores, feed, totals, ended } = await setUp()
    await time.runFor(1_000)
    await feed()
    stores.fail('get')
    await feed(0)
    await time.runFor(30_000)
    await feed()
    expect([stores.failures, ended()]).toEqual([1, undefined])
    expect(totals()).toEqual(['key-0=0', 'key-0=1', 'key-0=1', 'key-1=0', 'key-1=1', 'key-1=1'])
  })

  it('a local copy that fails again and again is logged once; others go on, and its task goes on once it can', async () => {
    const { time, stores, feed, totals, running, ended, warnings } = await setUp()
    await time.runFor(1_000)
    await feed()
    stores.fail('open', 20)
    podOf(running).release('sum/0', 'for a test')
    for (let round = 0; round < 4; round++) await feed()
    await time.runFor(10_000)
    expect(stores.failures).toBeGreaterThan(5)
    expect(stores.failures).toBeLessThan(20)
    expect(totals()).toHaveLength(6)
    await time.runFor(60_000)
    expect(ended()).toBeUndefined()
    expect(totals()).toEqual(expectedTotals(5))
    expect(warnings).toEqual(['a task is restarted', 'a task waits before it opens'])
    await time.settle(running.stop())
  })

  it('while its task is handed over: the release is committed, and the pod stops in good order', async () => {
    const { time, stores, feed, totals, running, ended } = await setUp()
    await time.runFor(1_000)
    await feed()
    stores.fail('apply')
    await time.settle(running.stop())
    expect(stores.failures).toBe(1)
    expect(ended()).toBeUndefined()
    expect(totals()).toEqual(expectedTotals(1))
  })
})
