/** Functions around operators, steps and commits: each sees its work once, and its throw is a failure of that work. */
import { expect, test } from 'vitest'
import type { Interceptor } from '#core/interceptor.ts'
import { silent } from '#core/loggers.ts'
import { batchOperator, type Operator, operator } from '#core/operator.ts'
import { run } from '#engine/client/run.ts'
import { createSimulatedBroker } from '#engine/log/simulated/simulated-broker.ts'
import { testTopology } from '#testing/index.ts'
import { VirtualTime } from '#testing/virtual-time.ts'
import { graphOf, numbers } from './graph.ts'

async function running(under: Operator, interceptor: Interceptor, ...values: readonly number[]) {
  const time = new VirtualTime(1)
  const system = time.systemFor('pod')
  const log = createSimulatedBroker({ system: time.system }).connect(system, 'pod')
  const pod = await time.settle(run(graphOf(under), { log, system, logger: silent, interceptor }))
  const records = values.map(value => ({ key: 'a', value }))
  await time.settle(pod.send({ topic: 'in', codec: numbers }, ...records))
  await time.runFor(60_000)
  const read: (number | null)[] = []
  const follow = async () => {
    for await (const { value } of pod.follow({ topic: 'out', codec: numbers })) read.push(value)
  }
  void follow()
  await time.runFor(1_000)
  const letters = await time.settle(pod.deadLetters())
  await time.settle(pod.stop())
  return { read, letters: letters.map(({ letter }) => letter.message), metrics: pod.metrics }
}

const buying = (failing = new Map<number, number>()) =>
  operator({
    name: 'buy',
    input: numbers,
    outputs: { out: numbers },
    steps: { call: numbers },
    timers: ['later'],
    async process({ value }, ctx) {
      const bought = await ctx.step('call', async () => 10 * value)
      const left = failing.get(value) ?? 0
      failing.set(value, left - 1)
      if (left > 0) throw new RangeError('not yet')
      ctx.timers.set('later', ctx.now + 1_000)
      ctx.emit('out', bought)
    },
    onTimer: (_, ctx) => ctx.emit('out', -1),
    onError: () => 'retry',
  })

test('an interceptor adds headers to what is emitted, sees those of a record, and hears of replayed steps', async () => {
  const seen: (string | undefined)[] = []
  const replayed: string[] = []
  const interceptor = (): Interceptor => ({
    process(info, next) {
      seen.push(info.headers.get('mark'))
      return next()
    },
    replayed: info => void replayed.push(info.step),
    emit: info => ({ mark: `${info.headers.get('mark') ?? 'none'} ${info.from} ${info.topic} ${info.due}` }),
  })
  await using kit = await testTopology(graphOf(buying(new Map([[1, 1]]))), { interceptor })
  await kit.send('in', { key: 'a', value: 1, headers: { mark: 'given' } })
  await kit.advance('1m')
  await kit.settle()
  expect(seen).toEqual(['given', 'given', undefined])
  expect(replayed).toEqual(['call'])
  const [bought, later] = kit.records('out').map(({ headers }) => headers.mark)
  expect(bought).toBe('given in/0/0 out undefined')
  expect(later).toMatch(/^none \S+ out undefined$/)
})

test('a header that is no text fails its record alone', async () => {
  const interceptor: Interceptor = { emit: ({ id }) => ({ mark: `${id}\ud800` }) }
  const { read, letters } = await running(buying(), interceptor, 1)
  expect(read).toEqual([])
  expect(letters).toHaveLength(1)
  expect(letters[0]).toMatch(/^ENCODE_FAILED: .*header mark/)
})

test('an interceptor sees each run of an operator, each bought step and each commit once', async () => {
  const seen: string[] = []
  const commits: number[] = []
  const interceptor: Interceptor = {
    process(info, next) {
      seen.push(`${info.kind} ${info.node} ${info.attempt}`)
      return next()
    },
    step(info, next) {
      seen.push(`step ${info.step}`)
      return next()
    },
    async commit(info, next) {
      await next()
      commits.push(info.number)
    },
  }
  const { read, metrics } = await running(buying(new Map([[1, 1]])), interceptor, 1)
  expect(read).toEqual([10, -1])
  expect(seen).toEqual(['record buy 1', 'step call', 'record buy 2', 'timer buy 1'])
  expect(commits).toHaveLength(metrics.commits)
  expect(new Set(commits).size).toBe(commits.length)
})

test('what an interceptor of process or of a step throws is the failure of the record', async () => {
  const refusing = () => {
    throw new TypeError('the interceptor refuses')
  }
  const onlyOne: Interceptor = { process: (info, next) => (info.kind === 'timer' ? refusing() : next()) }
  const timers = await running(buying(), onlyOne, 1)
  expect(timers.read).toEqual([10])
  for (const interceptor of [{ process: refusing }, { step: refusing }]) {
    const { read, letters } = await running(buying(), interceptor, 1)
    expect(read).toEqual([])
    expect(letters).toEqual([expect.stringContaining('the interceptor refuses')])
  }
})

test('an interceptor sees each record of a batch', async () => {
  const ids = new Set<string>()
  const store = batchOperator({
    name: 'store',
    input: numbers,
    outputs: { out: numbers },
    batch: { recordsMax: 10, wait: 100 },
    processBatch(items) {
      for (const item of items) item.emit('out', item.record.value)
    },
  })
  const interceptor: Interceptor = {
    async process({ id }, next) {
      await next()
      ids.add(id)
    },
  }
  expect((await running(store, interceptor, 1, 2)).read).toEqual([1, 2])
  expect(ids.size).toBe(2)
})

test('an interceptor sees each run of a batch operator with its records, and its throw fails them', async () => {
  const seen: number[] = []
  const store = batchOperator({
    name: 'store',
    input: numbers,
    outputs: { out: numbers },
    batch: { recordsMax: 2, wait: 100 },
    processBatch(items) {
      for (const item of items) item.emit('out', item.record.value)
    },
  })
  const batch: Interceptor['batch'] = async ({ node, records }, next) => {
    await next()
    expect(node).toBe('store')
    seen.push(new Set(records.map(({ id }) => id)).size)
  }
  await using kit = await testTopology(graphOf(store), { interceptor: () => ({ batch }) })
  await kit.send('in', ...['a', 'b', 'c'].map((key, value) => ({ key, value })))
  await kit.advance('1m')
  await kit.settle()
  expect(kit.records('out').map(({ value }) => value)).toEqual([0, 1, 2])
  expect(seen).toEqual([2, 1])
  const refuses = () => Promise.reject(new TypeError('the interceptor refuses'))
  const { read, letters } = await running(store, { batch: refuses }, 1)
  expect(read).toEqual([])
  expect(letters).toEqual([expect.stringContaining('the interceptor refuses')])
})

test('a commit whose interceptor throws is made again, and what it wrote is written once', async () => {
  let left = 2
  const interceptor: Interceptor = {
    async commit(_, next) {
      await next()
      if (left-- > 0) throw new RangeError('the trace is away')
    },
  }
  const { read } = await running(buying(), interceptor, 1, 2)
  expect(read).toEqual([10, 20, -1])
})
