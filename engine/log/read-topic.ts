/** Reads a whole topic once, outside any group: for tools, and for what is kept in topics of the engine. */
import { CaudalError } from '#core/errors.ts'
import type { LogRecord, TopicPartition } from '#core/record.ts'
import type { Log } from './log.ts'

const RECORDS_MAX = 1_000

/** Calls `onRecord` for every record that the topic holds now, partition by partition; waits where it returns a promise. */
export async function readAll(
  log: Log,
  topic: string,
  onRecord: (record: LogRecord, partition: number) => unknown,
): Promise<void> {
  const places = await placesOf(log, topic)
  const bounds = await log.bounds(places)
  for (const [index, place] of places.entries()) {
    const { start, end } = bounds[index] ?? { start: 0, end: 0 }
    const reader = log.openReader(place, start)
    try {
      for (let offset = start; offset < end; ) {
        const { records, nextOffset } = await reader.next(RECORDS_MAX)
        for (const record of records) if (record.offset < end) await onRecord(record, place.partition)
        offset = nextOffset
      }
    } finally {
      reader.close()
    }
  }
}

/** Throws TOPIC_MISSING. */
export async function placesOf(log: Log, topic: string): Promise<readonly TopicPartition[]> {
  const [spec] = await log.describeTopics([topic])
  if (!spec) throw new CaudalError('TOPIC_MISSING', { topic })
  return Array.from({ length: spec.partitions }, (_, partition) => ({ topic, partition }))
}
