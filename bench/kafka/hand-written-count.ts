/**
 * The keyed count as a careful programmer writes it on kafkajs. One transaction a batch has outputs, changelog and offsets. Sends go
 * in slices, with chosen partitions and quick retries. It writes what the engine writes, exactly once as long as nobody else gets
 * its partitions. It has no fence against a process that was paused, and it restores nothing.
 */
import kafkajs from 'kafkajs'
import type { CountTopics, Steady } from './workloads.ts'

const SLICE_RECORDS = 1_000
const RETRY = { initialRetryTime: 5, multiplier: 1.5, retries: 30 }

interface Message {
  readonly key: Buffer | null
  readonly value: Buffer
  readonly partition: number
}

export async function countByHand(
  brokers: readonly string[],
  topics: CountTopics,
  total: number,
): Promise<Steady> {
  const { Kafka, logLevel } = kafkajs
  const kafka = new Kafka({
    brokers: [...brokers],
    clientId: 'by-hand',
    logLevel: logLevel.NOTHING,
    retry: RETRY,
  })
  const byPartition = ({ message }: { message: { partition?: number } }) => message.partition ?? 0
  const producer = kafka.producer({
    transactionalId: `by-hand-${topics.output}`,
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: () => byPartition,
  })
  const group = `by-hand-${topics.output}`
  const consumer = kafka.consumer({ groupId: group, maxBytesPerPartition: 4_194_304, maxWaitTimeInMs: 50 })
  await producer.connect()
  await consumer.connect()
  await consumer.subscribe({ topic: topics.input, fromBeginning: true })
  const counts = new Map<string, number>()
  const done = Promise.withResolvers<Steady>()
  let seen = 0
  let first: { at: number; records: number } | undefined
  const commit = async (
    partition: number,
    outputs: Message[],
    changes: Map<string, Message>,
    offset: string,
  ) => {
    const transaction = await producer.transaction()
    await sendSliced(topics.output, outputs)
    await sendSliced(topics.changelog, [...changes.values()])
    await transaction.sendOffsets({
      consumerGroupId: group,
      topics: [{ topic: topics.input, partitions: [{ partition, offset }] }],
    })
    await transaction.commit()
    async function sendSliced(topic: string, messages: readonly Message[]) {
      for (let at = 0; at < messages.length; at += SLICE_RECORDS) {
        await transaction.send({ topic, messages: messages.slice(at, at + SLICE_RECORDS) })
      }
    }
  }
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    eachBatch: async ({ batch, heartbeat }) => {
      const { partition } = batch
      const { outputs, changes } = count(batch.messages, partition, counts)
      await commit(partition, outputs, changes, String(Number(batch.lastOffset()) + 1))
      await heartbeat()
      seen += batch.messages.length
      first ??= { at: performance.now(), records: seen }
      if (seen >= total) done.resolve({ records: total - first.records, ms: performance.now() - first.at })
    },
  })
  const steady = await done.promise
  await consumer.disconnect()
  await producer.disconnect()
  return steady
}

/** One output for each message, and the last count of each key for the changelog. */
function count(
  messages: readonly { readonly key: Buffer | null; readonly value: Buffer | null }[],
  partition: number,
  counts: Map<string, number>,
) {
  const outputs: Message[] = []
  const changes = new Map<string, Message>()
  for (const { key, value } of messages) {
    const name = String(key)
    if (typeof JSON.parse(String(value)).n !== 'number') continue
    const total = (counts.get(name) ?? 0) + 1
    counts.set(name, total)
    const message = { key, value: Buffer.from(JSON.stringify(total)), partition }
    outputs.push(message)
    changes.set(name, message)
  }
  return { outputs, changes }
}
