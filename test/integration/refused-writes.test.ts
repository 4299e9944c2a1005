/** What a real broker refuses for good: the record is named, nothing of its transaction takes place, and the producer goes on. */
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { NewRecord, TopicPartition } from '#core/record.ts'
import { realSystem } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import { record, values } from '../conformance/log/fixture.ts'
import { startFaultyProxy } from './faulty-proxy.ts'
import { BROKERS, deleteTopic, openLocalLog } from './kafka.ts'
import { RUN, stackRuns } from './stack.ts'

/** The request's number in the protocol. */
const METADATA = 3
const runs = await stackRuns('kafka')

describe.skipIf(!runs)('a real broker', () => {
  const client = new kafkajs.Kafka({ brokers: [...BROKERS], logLevel: kafkajs.logLevel.NOTHING })
  const admin = client.admin()
  let log: Log
  let names = 0

  beforeAll(async () => {
    log = await openLocalLog()
    await admin.connect()
  })
  afterAll(async () => {
    await admin.disconnect()
    await log.close()
  })

  async function topicWith(configs: Readonly<Record<string, string>>): Promise<TopicPartition> {
    const topic = `${RUN}refusing-${names++}`
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }] })
    const place = { topic, partition: 0 }
    // The metadata names the leader before that broker has begun to lead.
    await vi.waitFor(() => log.bounds([place]), { timeout: 60_000 })
    return place
  }

  const many = (count: number, bytes: number): NewRecord[] =>
    Array.from({ length: count }, (_, index) => record(null, `${index}`.padEnd(bytes, '.')))

  async function producing() {
    const other = await topicWith({})
    const producer = await log.startProducer(`${RUN}producer-${names++}`)
    return { other, producer }
  }

  it('names the record that is too large for its topic, at any place in the batch', async () => {
    const place = await topicWith({ 'max.message.bytes': '2000' })
    const { other, producer } = await producing()
    for (const at of [0, 37, 99]) {
      const records = many(100, 50)
      records[at] = record(null, 'x'.repeat(3_000))
      const batches = [
        { ...other, records: many(3, 10) },
        { ...place, records },
      ]
      await expect(producer.transact(batches)).rejects.toMatchObject({
        code: 'OUTPUT_REFUSED',
        message: expect.stringMatching(
          /refusing-\d+\/0 does not take a record: MESSAGE_TOO_LARGE.*max\.message\.bytes/,
        ),
        refusals: [{ batch: 1, record: at }],
      })
    }
    await producer.transact([{ ...place, records: many(100, 50) }])
    await producer.transact([{ ...other, records: [record(null, 'after')] }])
    expect(await values(log, place)).toHaveLength(100)
    expect(await values(log, other)).toEqual(['after'])
    await producer.close()
  })

  it('gets batches of the size that the topic takes, whether the size was known or not', async () => {
    const place = await topicWith({ 'max.message.bytes': '50000' })
    const { producer } = await producing()
    await producer.transact([{ ...place, records: many(500, 900) }])
    expect(await log.describeTopics([place.topic])).toMatchObject([
      { recordLimit: { bytes: 49_488, setting: 'max.message.bytes' } },
    ])
    const other = await openLocalLog()
    const knowing = await other.startProducer(`${RUN}producer-${names++}`)
    await other.describeTopics([place.topic])
    await knowing.transact([{ ...place, records: many(500, 900) }])
    expect(await values(log, place)).toHaveLength(1_000)
    await Promise.all([producer.close(), other.close()])
  })

  it('names all records whose times the topic does not take', async () => {
    const place = await topicWith({ 'message.timestamp.after.max.ms': '60000' })
    const { producer } = await producing()
    const records = many(50, 10).map((each, index) =>
      index % 20 === 7 ? { ...each, timestamp: Date.now() + 3_600_000 } : { ...each, timestamp: Date.now() },
    )
    await expect(producer.transact([{ ...place, records }])).rejects.toMatchObject({
      code: 'OUTPUT_REFUSED',
      message: expect.stringContaining('message.timestamp.after.max.ms'),
      refusals: [
        { batch: 0, record: 7 },
        { batch: 0, record: 27 },
        { batch: 0, record: 47 },
      ],
    })
    await producer.transact([{ ...place, records: many(1, 1) }])
    expect(await values(log, place)).toEqual(['0'])
    await producer.close()
  })

  it('names the record without a key that a compacted topic does not take', async () => {
    const place = await topicWith({ 'cleanup.policy': 'compact' })
    const { producer } = await producing()
    const records = ['a', null, 'b'].map(key => ({
      ...record(null, 'value'),
      key: key === null ? null : Buffer.from(key),
    }))
    await expect(producer.transact([{ ...place, records }])).rejects.toMatchObject({
      refusals: [{ batch: 0, record: 1 }],
      message: expect.stringContaining('INVALID_RECORD'),
    })
    await producer.close()
  })

  it.each([
    [1, 'another partition'],
    [1, 'nothing else'],
    [2, 'another partition'],
    [2, 'nothing else'],
  ] as const)(
    'names the whole partition of a topic that is gone, and then writes: transactions of version %d with %s',
    async (transactionVersionMax, beside) => {
      const place = await topicWith({})
      const other = await topicWith({})
      const own = await openLocalLog({ transactionVersionMax })
      const producer = await own.startProducer(`${RUN}producer-${names++}`, [place, other])
      const batches = [
        { ...place, records: many(2, 1) },
        { ...other, records: many(1, 1) },
      ]
      await producer.transact(batches)
      await deleteTopic(place.topic)
      const wanted = beside === 'nothing else' ? batches.slice(0, 1) : batches
      await expect(producer.transact(wanted)).rejects.toMatchObject({
        code: 'TOPIC_MISSING',
        refusals: [{ batch: 0, record: undefined }],
      })
      await producer.transact([{ ...other, records: [record(null, 'after')] }])
      expect(await values(log, other)).toEqual(['0', 'after'])
      await Promise.all([producer.close(), own.close()])
    },
  )

  it('is asked once for a topic that is gone, not before each transaction', async () => {
    const gone = await topicWith({})
    const other = await topicWith({})
    const proxy = await startFaultyProxy(BROKERS[0] ?? '')
    let aheadMs = 0
    const system = { ...realSystem, monotonic: () => realSystem.monotonic() + aheadMs }
    const own = await openLocalLog({ route: () => proxy.address, system })
    const producer = await own.startProducer(`${RUN}producer-${names++}`, [gone, other])
    await deleteTopic(gone.topic)
    const questions: number[] = []
    for (let time = 0; time < 3; time++) {
      // So long after the last one that a producer asks whether it has ended everywhere.
      aheadMs += 1_000
      const before = proxy.count(METADATA)
      await producer.transact([{ ...other, records: many(1, 1) }])
      questions.push(proxy.count(METADATA) - before)
    }
    expect(questions[0]).toBeGreaterThan(0)
    expect(questions.slice(1)).toEqual([0, 0])
    await Promise.all([producer.close(), own.close(), proxy.close()])
  })
})
