/** What a real broker tells about transactions that are left over, without any being torn: repairs whose pod has died in them. */
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TopicPartition } from '#core/record.ts'
import type { Log } from '#engine/log/log.ts'
import { batch, values } from '../conformance/log/fixture.ts'
import { BROKERS, openLocalLog } from './kafka.ts'
import { RUN, stackRuns } from './stack.ts'

const runs = await stackRuns('kafka')
/** Say of an epoch what it was started for. */
const WRITE_MS = 60_000
const COMMIT_MS = 899_731
const ABORT_MS = 899_737

describe.skipIf(!runs)('a leftover of transactions', () => {
  const closes: (() => Promise<void>)[] = []
  let log: Log
  let names = 0

  beforeAll(async () => {
    log = await openLocalLog()
  })
  afterAll(async () => {
    for (const close of closes) await close()
    await log.close()
  })

  async function places(): Promise<readonly [TopicPartition, TopicPartition]> {
    const topic = `${RUN}leftovers-${names++}`
    await log.createTopics([{ name: topic, partitions: 2, compacted: false, retentionMs: undefined }])
    return [
      { topic, partition: 0 },
      { topic, partition: 1 },
    ]
  }

  /** Begun, and not ended: its producer is heard of no more. */
  async function left({ topic, partition }: TopicPartition, transactionTimeout: number): Promise<string> {
    const id = `${topic}-producer`
    const client = new kafkajs.Kafka({ brokers: [...BROKERS], logLevel: kafkajs.logLevel.NOTHING })
    const producer = client.producer({
      ...{ transactionalId: id, transactionTimeout, maxInFlightRequests: 1, idempotent: true },
    })
    closes.push(() => producer.disconnect())
    await producer.connect()
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: [{ value: 'left', partition }] })
    return id
  }

  it.each([
    ['commit', COMMIT_MS, ['left']],
    ['abort', ABORT_MS, []],
  ] as const)('is found at the second look, and a fence repairs it by %s', async (_, timeoutMs, expected) => {
    const [, place] = await places()
    const id = await left(place, timeoutMs)
    expect(await log.leftovers?.([place])).toEqual([])
    expect(await log.leftovers?.([place])).toEqual([id])
    await log.fence(id, [place])
    expect(await log.leftovers?.([place])).toEqual([])
    expect(await values(log, place)).toEqual(expected)
  })

  it('is not found where a transaction goes on, however long, nor after one has ended', async () => {
    const [going, ended] = await places()
    await left(going, WRITE_MS)
    const producer = await log.startProducer(`${ended.topic}-other`, [ended])
    for (let looks = 0; looks < 3; looks++) {
      await producer.transact([batch(ended, 'committed')])
      expect(await log.leftovers?.([going, ended])).toEqual([])
    }
    await producer.close()
  })
})
