/** One hop at 1,000 records a second on Kafka: from the send to the receipt of the output by a read-committed reader. */

import { setTimeout as pause } from 'node:timers/promises'
import { codec } from '#core/codec.ts'
import { operator } from '#core/operator.ts'
import type { NewRecord } from '#core/record.ts'
import { realSystem } from '#core/system.ts'
import { run } from '#engine/client/run.ts'
import { podOf } from '#engine/client/running-pod.ts'
import { openKafkaLog } from '#engine/log/kafka/kafka-log.ts'
import type { PartitionBatch } from '#engine/log/log.ts'
import { topology } from '#topology/index.ts'
import { quantile, working } from '../measuring.ts'
import { PARTITIONS } from './workloads.ts'

const [broker = '127.0.0.1:19092', secondsText = '20'] = process.argv.slice(2)
const seconds = Number(secondsText)
const PER_SECOND = 1_000
const TICK_MS = 5
const WARM_UP_SECONDS = 3

const SentJson = codec.json<number>('sent-at')
const name = `bench-latency-${Date.now().toString(36)}`
const t = topology(name)
const pass = operator({
  name: 'pass',
  input: SentJson,
  outputs: { passed: SentJson },
  process: ({ value }, ctx) => ctx.emit('passed', value),
})
const source = t.source(`${name}.in`, { value: SentJson, partitions: PARTITIONS })
const target = t.topic(`${name}.out`, { value: SentJson, partitions: PARTITIONS })
source.process('pass', pass).to(target)

const options = { brokers: [broker], clientId: 'bench', system: realSystem }
const log = await openKafkaLog(options)
// Sending and receiving on connections of their own, as others would.
const outside = await openKafkaLog({ ...options, clientId: 'bench-outside' })
const running = await run(t.build(), { log })
await working(podOf(running), PARTITIONS)

const latencies: number[] = []
const readers = Array.from({ length: PARTITIONS }, (_, partition) =>
  outside.openReader({ topic: `${name}.out`, partition }, 0),
)
for (const reader of readers) void receive(reader)

async function receive(reader: (typeof readers)[number]): Promise<void> {
  for (;;) {
    const fetched = await reader.next(1_000).catch(() => undefined)
    if (!fetched) return
    const now = performance.now()
    for (const { value } of fetched.records) if (value) latencies.push(now - SentJson.decode(value))
  }
}

let sent = 0
/** As a producer that lingers for a tick: its wait is in the figures, as the records say when they were due. */
function dueUntil(wanted: number): readonly PartitionBatch[] {
  const batches = Array.from({ length: PARTITIONS }, (_, partition) => {
    return { topic: `${name}.in`, partition, records: [] as NewRecord[] }
  })
  for (; sent < wanted; sent++) {
    const value = SentJson.encode(began + (sent / PER_SECOND) * 1_000)
    batches[sent % PARTITIONS]?.records.push({ key: null, value, headers: {}, timestamp: Date.now() })
  }
  return batches.filter(({ records }) => records.length > 0)
}

const began = performance.now()
while (performance.now() - began < (seconds + WARM_UP_SECONDS) * 1_000) {
  const wanted = Math.floor(((performance.now() - began) / 1_000) * PER_SECOND)
  // One after the other: what a slow one has held up goes with the next, instead of queueing behind it for ever.
  await outside.append(dueUntil(wanted))
  await pause(TICK_MS)
}
await pause(1_000)
for (const reader of readers) reader.close()
const steady = latencies.slice(WARM_UP_SECONDS * PER_SECOND)
console.log(
  `${steady.length.toLocaleString('en')} records at ${PER_SECOND}/s: p50 ${quantile(steady, 0.5).toFixed(1)} ms, p99 ${quantile(steady, 0.99).toFixed(1)} ms; ${sent - latencies.length} of ${sent} without receipt`,
)
await running.stop()
await log.close()
await outside.close()
