/** A process that fills a log until its disk is full, makes room, goes on, and prints what it found as JSON. */
import { CaudalError } from '#core/errors.ts'
import { NO_HEADERS } from '#core/record.ts'
import { realSystem } from '#core/system.ts'
import type { EmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import { openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import type { Fsync } from '#engine/log/embedded/store.ts'

const [path = '', fsync = ''] = process.argv.slice(2)
const places = [0, 1].map(partition => ({ topic: 'topic', partition }))

function open(): Promise<EmbeddedLog> {
  return openEmbeddedLog({ path, system: realSystem, fsync: fsync as Fsync }) // The test gives no other words.
}

/** Writes one record to both partitions, by a new producer; the code of its failure, if any. */
async function write(log: EmbeddedLog): Promise<string | undefined> {
  const one = { key: null, value: Buffer.alloc(20_000), headers: NO_HEADERS, timestamp: 1 }
  try {
    const producer = await log.startProducer('writer')
    await producer.transact(places.map(place => ({ ...place, records: [one] })))
    return undefined
  } catch (error) {
    if (error instanceof CaudalError) return error.code
    throw error
  }
}

async function counts(log: EmbeddedLog): Promise<number[]> {
  const bounds = await log.bounds(places)
  const found = []
  for (const [partition, { start, end }] of bounds.entries()) {
    const reader = log.openReader({ topic: 'topic', partition }, start)
    let count = 0
    for (let at = start; at < end; ) {
      const { records, nextOffset } = await reader.next(100)
      count += records.length
      at = nextOffset
    }
    reader.close()
    found.push(count)
  }
  return found
}

const log = await open()
await log.createTopics([{ name: 'topic', partitions: 2, compacted: false, retentionMs: undefined }])
let acknowledged = 0
const failures: string[] = []
// Twice: a write that fails without room must fail again, and not pass by half.
while (failures.length < 2) {
  const failure = await write(log)
  if (failure) failures.push(failure)
  else acknowledged++
}
const whenFull = await counts(log)
const [bounds = { start: 0, end: 0 }] = await log.bounds(places)
await log.trim({ topic: 'topic', partition: 0 }, bounds.end)
const failure = await write(log)
if (failure) failures.push(failure)
const afterTrim = await counts(log)
await log.close()
const again = await open()
const reopened = await counts(again)
await again.close()
process.stdout.write(JSON.stringify({ acknowledged, failures, whenFull, afterTrim, reopened }))
