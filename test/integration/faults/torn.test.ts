/**
 * Torn transactions on a real broker. The broker completes them although one partition got no marker, because a proxy keeps it
 * back. The next owner must find what was committed, and nothing of what was aborted, in all partitions.
 * TORN_TIMES=10 provokes each form so often, and prints what was lost and doubled and how long it took.
 */
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { partitionKey, type TopicPartition } from '#core/record.ts'
import type { Log } from '#engine/log/log.ts'
import { batch, codeOf, values } from '../../conformance/log/fixture.ts'
import { openLocalLog } from '../kafka.ts'
import { RUN, stackRuns } from '../stack.ts'
import { behindProxy, Cluster } from './cluster.ts'
import { MarkerProxy } from './marker-proxy.ts'
import { SESSION_MS } from './rig.ts'
import { report } from './scenario.ts'
import { pause, until } from './until.ts'

const TIMES = Number(process.env.TORN_TIMES ?? 1)
const REPAIRED_WITHIN_MS = SESSION_MS + 5_000
const CLUSTER_WITHIN_MS = 90_000
const KEPT_WITHIN_MS = 10_000
const POLL_MS = 20
const NOTICED_MS = 50
const COMPLETE_MS = 100
const runs = process.env.REQUIRE_STACK === '1' || (await stackRuns('kafka'))

interface Torn {
  readonly id: string
  readonly whole: TopicPartition
  readonly torn: TopicPartition
  readonly places: readonly TopicPartition[]
  /** Goes on writing with the producer of the transaction, until it does not. */
  goesOn(): Promise<string>
}

describe.skipIf(!runs).each([1, 2] as const)('a torn transaction of version %d', transactionVersionMax => {
  let cluster: Cluster
  let proxy: MarkerProxy
  let log: Log
  let names = 0
  const told: string[] = []

  beforeAll(async () => {
    cluster = await Cluster.start('torn', 1, behindProxy('torn'))
    const [{ listens, broker } = { listens: 0, broker: 0 }] = cluster.proxies
    proxy = new MarkerProxy(listens, broker)
    await proxy.start()
    log = await open()
  }, CLUSTER_WITHIN_MS)

  afterAll(async () => {
    await log.close()
    await proxy.stop()
    await cluster.stop()
  })

  function open(): Promise<Log> {
    return openLocalLog({
      brokers: cluster.addresses,
      transactionVersionMax,
      transactionTimeout: 30_000,
      warn: message => told.push(message),
    })
  }

  async function topic(): Promise<readonly [TopicPartition, TopicPartition]> {
    const topic = `${RUN}torn-${names++}`
    await log.createTopics([{ name: topic, partitions: 2, compacted: false, retentionMs: undefined }])
    return [
      { topic, partition: 0 },
      { topic, partition: 1 },
    ]
  }

  /** Committed in one partition, and open in the other though the coordinator says that it is complete. */
  async function committed(): Promise<Torn> {
    const places = await topic()
    const [whole, torn] = places
    const id = `${whole.topic}-producer`
    const producer = await log.startProducer(id, places)
    await producer.transact(places.map(place => batch(place, 'before')))
    // An end is answered before its markers are written.
    while ((await values(log, torn)).length === 0) await pause(POLL_MS)
    proxy.keeps.add(partitionKey(torn))
    const kept = proxy.kept
    await producer.transact(places.map(place => batch(place, 'torn')))
    await until('a marker is kept back', () => proxy.kept > kept, KEPT_WITHIN_MS)
    // The coordinator notes that it is complete.
    await pause(COMPLETE_MS)
    const goesOn = () => codeOf(producer.transact(places.map(place => batch(place, 'too early'))))
    return { id, whole, torn, places, goesOn }
  }

  /** Plays the form, then the next producer writes. Time counts from the tear, or from the moment that the form returns. */
  async function repaired(name: string, form: (each: Torn) => Promise<number | void>): Promise<void> {
    const tookMs: number[] = []
    for (let time = 0; time < TIMES; time++) {
      const each = await committed()
      const tornAt = Date.now()
      const since = (await form(each)) ?? tornAt
      await finished(each, ['before', 'torn', 'after'])
      tookMs.push(Date.now() - since)
    }
    tell(name, tookMs)
  }

  async function finished(
    { id, places, whole, torn }: Omit<Torn, 'goesOn'>,
    expected: string[],
  ): Promise<void> {
    const next = await log.startProducer(id, places)
    await next.transact(places.map(place => batch(place, 'after')))
    await next.close()
    const repairs = told.splice(0).filter(message => message.includes('is ended there in the same way now'))
    expect(repairs.some(message => message.includes(partitionKey(torn)))).toBe(true)
    expect([await values(log, whole), await values(log, torn)]).toEqual([expected, expected])
  }

  function tell(form: string, tookMs: readonly number[]): void {
    const seconds = tookMs.map(ms => ms / 1_000)
    report('torn transaction', { form, transactionVersionMax, times: TIMES, lost: 0, doubled: 0, seconds })
    expect(Math.max(...tookMs)).toBeLessThan(REPAIRED_WITHIN_MS)
  }

  it(
    'is found by its producer when connections were lost, and the producer then writes nothing',
    { timeout: TIMES * 60_000 },
    () =>
      repaired('the pod alive, connections lost', async each => {
        proxy.cut()
        // It is lost once the client has noticed.
        await pause(NOTICED_MS)
        expect(await each.goesOn()).toBe('COMMIT_ABORTED')
      }),
  )

  it('is found by its producer after a pause', { timeout: TIMES * 60_000 }, () =>
    repaired('the pod alive, after a pause', async each => {
      await pause(1_100)
      expect(await each.goesOn()).toBe('COMMIT_ABORTED')
    }),
  )

  it('is repaired by the next producer of the name', { timeout: TIMES * 60_000 }, () =>
    repaired('the pod killed and started under its name', async ({ id, places }) => {
      const other = await open()
      await other.startProducer(id, places)
      await other.close()
    }),
  )

  it('is repaired by the pod that fences its producer', { timeout: TIMES * 60_000 }, () =>
    repaired('the pod killed and its tasks taken by another', async ({ id, places, torn }) => {
      const other = await open()
      await other.fence(id, places)
      expect(await values(other, torn)).toEqual(['before', 'torn'])
      await other.close()
    }),
  )

  it('is repaired once by three pods that fence at the same time', { timeout: TIMES * 60_000 }, () =>
    repaired('three fences at once', async ({ id, places }) => {
      const others = await Promise.all([open(), open(), open()])
      await Promise.all(others.map(other => other.fence(id, places)))
      await Promise.all(others.map(other => other.close()))
    }),
  )

  it(
    'is repaired after the only broker was killed and started again',
    { timeout: 60_000 + TIMES * 60_000 },
    () =>
      repaired('the only broker killed', async each => {
        cluster.killBroker(1)
        await pause(1_000)
        await cluster.startBroker(1)
        const since = Date.now()
        expect(await each.goesOn()).toBe('COMMIT_ABORTED')
        return since
      }),
  )

  it('that a fence aborted is aborted everywhere', { timeout: TIMES * 60_000 }, async () => {
    const tookMs: number[] = []
    for (let time = 0; time < TIMES; time++) {
      const places = await topic()
      const [whole, torn] = places
      const id = `${whole.topic}-producer`
      const client = new kafkajs.Kafka({
        brokers: [...cluster.addresses],
        logLevel: kafkajs.logLevel.NOTHING,
      })
      const producer = client.producer({ transactionalId: id, maxInFlightRequests: 1, idempotent: true })
      await producer.connect()
      const transaction = await producer.transaction()
      for (const { topic, partition } of places)
        await transaction.send({ topic, messages: [{ value: 'aborted', partition }] })
      proxy.keeps.add(partitionKey(torn))
      const kept = proxy.kept
      const since = Date.now()
      const other = await open()
      await other.fence(id, places)
      expect(proxy.kept).toBe(kept + 1)
      await finished({ id, places, whole, torn }, ['after'])
      tookMs.push(Date.now() - since)
      await other.close()
      await producer.disconnect()
    }
    tell('aborted by a fence', tookMs)
  })
})
