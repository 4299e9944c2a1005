/** Operators whose database is away: their task waits, nothing is given up, and it goes on by itself. */
import { expect, test } from 'vitest'
import { unavailable } from '#core/errors.ts'
import { batchOperator, operator } from '#core/operator.ts'
import { testTopology } from '#testing/index.ts'
import { graphOf, numbers, recordsOf } from './graph.ts'

/** Says when it is back, as a pool of connections would. */
class Database {
  readonly rows: number[] = []
  asked = 0
  #back: PromiseWithResolvers<void> | undefined

  goAway(): void {
    this.#back = Promise.withResolvers()
  }

  comeBack(): void {
    this.#back?.resolve()
    this.#back = undefined
  }

  /** Says that it is back although it is not. */
  lie(): void {
    this.#back?.resolve()
  }

  write(...rows: readonly number[]): void {
    this.asked++
    if (this.#back) throw unavailable('the database is away', this.#back.promise)
    this.rows.push(...rows)
  }
}

function storing(database: Database, attempts: number[] = []) {
  return operator({
    name: 'store',
    input: numbers,
    outputs: { out: numbers },
    async process({ value }, ctx) {
      attempts.push(ctx.attempt)
      database.write(value)
      ctx.emit('out', value)
    },
  })
}

const UNHARMED = { failed: 0, retried: 0, dead: 0, inFlight: 0 }

test('a database that is away for a minute costs no dead letter and no attempt, and the order of a key stays', async () => {
  const database = new Database()
  const attempts: number[] = []
  await using kit = await testTopology(graphOf(storing(database, attempts)))
  await kit.send('in', { key: 'a', value: 1 })
  await kit.settle()
  database.goAway()
  await kit.send('in', ...[2, 3, 4].map(value => ({ key: 'a', value })))
  await kit.advance('1m')
  expect(kit.read('out')).toEqual([1])
  expect(database.asked).toBe(2)
  database.comeBack()
  await kit.settle()
  expect(kit.read('out')).toEqual([1, 2, 3, 4])
  expect(database.rows).toEqual([1, 2, 3, 4])
  expect(new Set(attempts)).toEqual(new Set([1]))
  expect(kit.deadLetters()).toEqual([])
  expect(kit.pods[0]?.running.metrics.stages.get('store')).toMatchObject({ recordsIn: 4, ...UNHARMED })
})

test('the records of a batch wait together, and run again as a batch', async () => {
  const database = new Database()
  const store = batchOperator({
    name: 'store',
    input: numbers,
    outputs: { out: numbers },
    batch: { recordsMax: 10, wait: 200 },
    processBatch(items) {
      database.write(...items.map(({ record }) => record.value))
      for (const item of items) item.emit('out', item.record.value)
    },
  })
  await using kit = await testTopology(graphOf(store))
  database.goAway()
  await kit.send('in', ...recordsOf(1, 30))
  await kit.advance('1m')
  expect(kit.read('out')).toEqual([])
  database.comeBack()
  await kit.settle()
  expect((kit.read('out') as number[]).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 30 }, (_, index) => index + 1),
  )
  expect(kit.deadLetters()).toEqual([])
  expect(kit.pods[0]?.running.metrics.stages.get('store')).toMatchObject({ recordsIn: 30, ...UNHARMED })
})

test('one item of a batch may wait alone, and the others are done', async () => {
  const away = Promise.withResolvers<void>()
  let isAway = true
  const store = batchOperator({
    name: 'store',
    input: numbers,
    outputs: { out: numbers },
    batch: { recordsMax: 2, wait: 200 },
    processBatch(items) {
      for (const item of items) {
        if (isAway && item.record.value === 1) item.fail(unavailable('its shard is away', away.promise))
        else item.emit('out', item.record.value)
      }
    },
  })
  await using kit = await testTopology(graphOf(store))
  await kit.send('in', { key: 'a', value: 1 }, { key: 'b', value: 2 })
  await kit.advance('1m')
  expect(kit.read('out')).toEqual([2])
  isAway = false
  away.resolve()
  await kit.settle()
  expect(kit.read('out')).toEqual([2, 1])
  expect(kit.deadLetters()).toEqual([])
})

test('a timer that finds the database away fires once it is back, and once', async () => {
  const database = new Database()
  const remind = operator({
    name: 'remind',
    input: numbers,
    outputs: { out: numbers },
    timers: ['due'],
    process: (_, ctx) => ctx.timers.set('due', ctx.now + 1_000),
    onTimer(timer, ctx) {
      database.write(timer.due)
      ctx.emit('out', ctx.attempt)
    },
  })
  await using kit = await testTopology(graphOf(remind))
  database.goAway()
  await kit.send('in', { key: 'a', value: 1 })
  await kit.advance('1m')
  expect(kit.read('out')).toEqual([])
  database.comeBack()
  await kit.advance('1m')
  expect(kit.read('out')).toEqual([1])
  expect(database.rows).toHaveLength(1)
  expect(kit.deadLetters()).toEqual([])
})

test('a promise that is rejected counts as worth another try, and one that lies is asked ever more seldom', async () => {
  const database = new Database()
  await using kit = await testTopology(graphOf(storing(database)))
  database.goAway()
  database.lie()
  await kit.send('in', { key: 'a', value: 1 })
  await kit.advance('1m')
  expect(database.asked).toBeGreaterThan(5)
  expect(database.asked).toBeLessThan(20)
  database.comeBack()
  await kit.advance('10s')
  expect(kit.read('out')).toEqual([1])

  let isAway = true
  const rejecting = operator({
    name: 'rejecting',
    input: numbers,
    outputs: { out: numbers },
    process({ value }, ctx) {
      if (isAway) throw unavailable('it is away', Promise.reject(new TypeError('it failed to come back')))
      ctx.emit('out', value)
    },
  })
  await using other = await testTopology(graphOf(rejecting))
  await other.send('in', { key: 'a', value: 1 })
  await other.advance('1s')
  isAway = false
  await other.advance('10s')
  expect(other.read('out')).toEqual([1])
  expect(other.deadLetters()).toEqual([])
})

test('a pod that stops while the database is away does not wait for it: the next pod does', async () => {
  const database = new Database()
  await using kit = await testTopology(graphOf(storing(database)))
  database.goAway()
  await kit.send('in', { key: 'a', value: 1 }, { key: 'a', value: 2 })
  await kit.advance('1s')
  const before = kit.now
  await kit.pods[0]?.stop()
  expect(kit.now - before).toBeLessThan(1_000)
  await kit.addPod()
  await kit.advance('1m')
  database.comeBack()
  await kit.settle()
  expect(kit.read('out')).toEqual([1, 2])
  expect(kit.deadLetters()).toEqual([])
})
