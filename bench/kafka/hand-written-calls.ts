/**
 * Calls as a careful programmer makes them with a plain kafkajs consumer, at least once. Thousands are in flight, and answers are
 * sent in batches. Now and then it commits the lowest offset in flight. After a crash it repeats every call above that offset.
 */
import kafkajs from 'kafkajs'
import { PARTITIONS } from './workloads.ts'

const FLUSH_MS = 20

export interface CallsByHand {
  readonly broker: string
  readonly input: string
  readonly output: string
  readonly total: number
  readonly inFlightMax: number
  readonly call: (body: string) => Promise<string>
  readonly mark: (done: number) => void
}

export async function callByHand({
  broker,
  input,
  output,
  total,
  inFlightMax,
  call,
  mark,
}: CallsByHand): Promise<void> {
  const { Kafka, logLevel } = kafkajs
  const kafka = new Kafka({ brokers: [broker], clientId: 'by-hand', logLevel: logLevel.NOTHING })
  const byPartition = ({ message }: { message: { partition?: number } }) => message.partition ?? 0
  const producer = kafka.producer({ createPartitioner: () => byPartition })
  const consumer = kafka.consumer({ groupId: `by-hand-${output}`, maxWaitTimeInMs: 50 })
  await producer.connect()
  await consumer.connect()
  await consumer.subscribe({ topic: input, fromBeginning: true })
  const inFlight = Array.from({ length: PARTITIONS }, () => new Set<number>())
  let answers: { value: string; partition: number }[] = []
  let running = 0
  let done = 0
  let room = Promise.withResolvers<void>()
  const finished = Promise.withResolvers<void>()

  const flush = setInterval(async () => {
    const messages = answers
    answers = []
    mark(done)
    if (messages.length > 0) await producer.send({ topic: output, messages })
    done += messages.length
    if (done >= total) finished.resolve()
  }, FLUSH_MS)
  const commit = setInterval(() => {
    const lowest = inFlight.flatMap((offsets, partition) => {
      const [offset] = offsets
      return offset === undefined ? [] : [{ topic: input, partition, offset: String(offset) }]
    })
    if (lowest.length > 0) consumer.commitOffsets(lowest).catch(() => undefined)
  }, 1_000)

  await consumer.run({
    autoCommit: false,
    partitionsConsumedConcurrently: PARTITIONS,
    eachMessage: async ({ partition, message }) => {
      while (running >= inFlightMax) await room.promise
      running++
      const offset = Number(message.offset)
      inFlight[partition]?.add(offset)
      call(String(message.value)).then(value => {
        answers.push({ value, partition })
        inFlight[partition]?.delete(offset)
        running--
        room.resolve()
        room = Promise.withResolvers<void>()
      })
    },
  })
  await finished.promise
  clearInterval(flush)
  clearInterval(commit)
  await consumer.disconnect()
  await producer.disconnect()
}
