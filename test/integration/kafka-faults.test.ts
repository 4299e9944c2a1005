/** Lost requests and lost answers between the Kafka driver and a real broker: the driver's answers agree with the log. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TopicPartition } from '#core/record.ts'
import type { Log, Membership } from '#engine/log/log.ts'
import { batch, codeOf, read, values } from '../conformance/log/fixture.ts'
import { API } from './faults/proxy.ts'
import { type FaultyProxy, startFaultyProxy } from './faulty-proxy.ts'
import { BROKERS, openLocalLog } from './kafka.ts'
import { RUN, stackRuns } from './stack.ts'

const runs = await stackRuns('kafka')

describe.skipIf(!runs)('the Kafka driver behind a faulty proxy', () => {
  let proxy: FaultyProxy
  let log: Log
  let place: TopicPartition
  let names = 0
  const name = (word: string) => `${RUN}${word}-${names++}`

  beforeEach(async () => {
    proxy = await startFaultyProxy(BROKERS[0] ?? '')
    log = await openLocalLog({ route: () => proxy.address, requestTimeout: '2s' })
    place = { topic: name('faults'), partition: 0 }
    await log.createTopics([{ name: place.topic, partitions: 2, compacted: false, retentionMs: undefined }])
  })

  afterEach(async () => {
    await log.close()
    await proxy.close()
  })

  /** Runs a transaction that meets the fault, then whatever a successor writes. */
  async function transacted(api: number, fault: 'cutRequest' | 'cutResponse') {
    const id = name('producer')
    const producer = await log.startProducer(id, [place])
    await producer.transact([batch(place, 'before')])
    const met = proxy.next(api, fault)
    const outcome = await codeOf(
      producer.transact([batch(place, 'a', 'b'), batch({ ...place, partition: 1 }, 'c')]),
    )
    await met
    const spent = await codeOf(producer.transact([batch(place, 'of no more use')]))
    const next = await log.startProducer(id, [place])
    await next.transact([batch(place, 'after')])
    const found = [await values(log, place), await values(log, { ...place, partition: 1 })]
    return { outcome, spent, found }
  }

  describe.each([1, 2] as const)('a transaction of version %d', transactionVersionMax => {
    beforeEach(async () => {
      await log.close()
      log = await openLocalLog({ route: () => proxy.address, requestTimeout: '2s', transactionVersionMax })
    })

    it.each([
      ...(transactionVersionMax === 1
        ? ([
            [API.addPartitionsToTransaction, 'cutRequest'],
            [API.addPartitionsToTransaction, 'cutResponse'],
          ] as const)
        : []),
      [API.produce, 'cutRequest'],
      [API.produce, 'cutResponse'],
    ] as const)('did not take place when API %d fails: %s', async (api, fault) => {
      const { outcome, spent, found } = await transacted(api, fault)
      expect([outcome, spent]).toEqual(['COMMIT_ABORTED', 'COMMIT_ABORTED'])
      expect(found).toEqual([['before', 'after'], []])
    })

    it.each(['cutRequest', 'cutResponse'] as const)(
      'took place when its end is requested again, and was the last of its producer: %s',
      async fault => {
        const { outcome, spent, found } = await transacted(API.endTransaction, fault)
        expect([outcome, spent]).toEqual(['resolved', 'COMMIT_ABORTED'])
        expect(found).toEqual([['before', 'a', 'b', 'after'], ['c']])
      },
    )

    it.each([
      ['cutRequest', ['before', 'after']],
      ['cutResponse', ['before', 'a', 'after']],
    ] as const)(
      'may or may not have taken place when a fence comes before its answer: %s',
      async (fault, found) => {
        const id = name('producer')
        const producer = await log.startProducer(id)
        await producer.transact([batch(place, 'before')])
        const met = proxy.next(API.endTransaction, fault)
        const again = proxy.next(API.endTransaction, 'dropRequest')
        const outcome = codeOf(producer.transact([batch(place, 'a')]))
        await met
        await again
        await log.fence(id)
        expect(await outcome).toBe('OUTCOME_UNKNOWN')
        const next = await log.startProducer(id)
        await next.transact([batch(place, 'after')])
        expect(await values(log, place)).toEqual(found)
      },
    )
  })

  it('continues to read at its offset, whatever fetch is lost', async () => {
    const producer = await log.startProducer(name('producer'))
    const reader = log.openReader(place, 0)
    const found: string[] = []
    for (const [turn, fault] of (
      ['cutRequest', 'cutResponse', 'cutResponse', 'cutRequest'] as const
    ).entries()) {
      const met = proxy.next(API.fetch, fault)
      const waiting = reader.next(10)
      await met
      await producer.transact([batch(place, `${turn}`)])
      for (let fetched = await waiting; ; fetched = await reader.next(10)) {
        found.push(...fetched.records.map(one => Buffer.from(one.value ?? []).toString()))
        if (found.length > turn) break
      }
    }
    reader.close()
    expect(found).toEqual(['0', '1', '2', '3'])
  })

  describe('a member', () => {
    let membership: Membership
    let generations: number[]
    let lost: string[]
    let wake: () => void

    beforeEach(() => {
      generations = []
      lost = []
      wake = () => {}
      membership = log.joinGroup({
        group: name('group'),
        member: name('member'),
        sessionTimeoutMs: 6_000,
        memberData: () => '',
        assign: () => new Map(),
        listener: {
          joined: generation => {
            generations.push(generation)
            wake()
          },
          lost: reason => lost.push(reason),
        },
      })
    })

    afterEach(() => membership.leave())

    async function joins(count: number): Promise<number> {
      while (generations.length < count) await new Promise<void>(resolve => (wake = resolve))
      return generations[count - 1] ?? Number.NaN
    }

    it.each(['cutRequest', 'cutResponse'] as const)(
      'stays in its generation when a heartbeat fails: %s',
      async fault => {
        await joins(1)
        await proxy.next(API.heartbeat, fault)
        const since = membership.confirmedAt
        await proxy.next(API.heartbeat, 'cutRequest')
        expect([generations.length, lost]).toEqual([1, []])
        expect(membership.confirmedAt).toBeGreaterThanOrEqual(since)
      },
    )

    it.each(['cutRequest', 'cutResponse'] as const)('joins although a join fails: %s', async fault => {
      const generation = await joins(1)
      const met = proxy.next(API.joinGroup, fault)
      membership.rejoin()
      await met
      expect(await joins(2)).toBeGreaterThan(generation)
    })

    it('does not know whether a claim is stored when the answer is lost, and does not send the claim again', async () => {
      const generation = await joins(1)
      const met = proxy.next(API.offsetCommit, 'cutResponse')
      expect(await codeOf(membership.claim(generation, [{ ...place, metadata: 'mine' }]))).toBe(
        'LOG_UNAVAILABLE',
      )
      await met
      expect(await membership.readClaims([place])).toEqual(['mine'])
      expect(proxy.count(API.offsetCommit)).toBe(1)
    })

    it('does not carry a lost claim into a later generation', async () => {
      const generation = await joins(1)
      const met = proxy.next(API.offsetCommit, 'cutRequest')
      const claiming = codeOf(membership.claim(generation, [{ ...place, metadata: 'lost' }]))
      membership.rejoin()
      await met
      await joins(2)
      expect(await claiming).toBe('LOG_UNAVAILABLE')
      expect(await membership.readClaims([place])).toEqual([undefined])
      expect(proxy.count(API.offsetCommit)).toBe(1)
    })
  })

  it('logs that a broker is away and that it is back, once each', async () => {
    const told: string[] = []
    const other = await openLocalLog({ route: () => proxy.address, warn: message => told.push(message) })
    const waiting = read(other, place, 0, 1)
    await proxy.next(API.fetch, 'cutRequest')
    await log.append([batch(place, 'a')])
    await waiting
    await other.close()
    expect(told).toEqual([
      expect.stringContaining('does not answer'),
      expect.stringContaining('answers again'),
    ])
  })
})
