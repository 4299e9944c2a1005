/**
 * A process that writes numbered transactions until it is killed, and prints each number once it is acknowledged.
 * Transaction n puts n into two topics, on partitions that depend on it, and into one key of a compacted topic.
 */
import { writeSync } from 'node:fs'
import type { NewRecord } from '#core/record.ts'
import { NO_HEADERS } from '#core/record.ts'
import { realSystem } from '#core/system.ts'
import { openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'

const [path = '', first = '0'] = process.argv.slice(2)
const STATE_KEYS = 7
const COMPACT_EACH = 50
/** Large enough for a good part of the time to be spent inside commits, where the kills shall meet it. */
const VALUE_BYTES = 6_000

function one(number: number, key: string | null = null): NewRecord {
  return {
    key: key === null ? null : Buffer.from(key),
    value: Buffer.from(`${number}`.padEnd(VALUE_BYTES)),
    headers: NO_HEADERS,
    timestamp: 1,
  }
}

const log = await openEmbeddedLog({ path, system: realSystem })
await log.createTopics([
  { name: 'orders', partitions: 2, compacted: false, retentionMs: undefined },
  { name: 'answers', partitions: 3, compacted: false, retentionMs: undefined },
  { name: 'state', partitions: 1, compacted: true, retentionMs: undefined },
])
const producer = await log.startProducer('writer')
for (let number = Number(first); ; number++) {
  await producer.transact([
    { topic: 'orders', partition: number % 2, records: [one(number)] },
    { topic: 'answers', partition: number % 3, records: [one(number), one(number)] },
    { topic: 'answers', partition: (number + 1) % 3, records: [one(number)] },
    { topic: 'state', partition: 0, records: [one(number, `key ${number % STATE_KEYS}`)] },
  ])
  writeSync(1, `${number}\n`)
  // Not awaited: the kill shall also meet it half way, between transactions.
  if (number % COMPACT_EACH === 0) void log.compact()
}
