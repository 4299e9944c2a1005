/** What failed for good, read from its two topics, and how it is sent again, once. */
import { asShown } from '#engine/core/codec.ts'
import { CaudalError } from '#engine/core/errors.ts'
import {
  HEADER,
  type LogRecord,
  type NewRecord,
  partitionKey,
  type TopicPartition,
} from '#engine/core/record.ts'
import type { Log, PartitionBatch } from '#engine/log/log.ts'
import { type DeadLetter, decodeDeadLetter } from '#engine/runtime/dead-letter.ts'
import { partitionOf } from '#engine/runtime/partitioning.ts'
import type { Failed } from '#pipelines/answers/types.ts'
import { readAll } from './follow.ts'
import { TOPICS } from './topics.ts'
import type { Values } from './values.ts'

/** Names the failure that was sent again, as `partition/offset`. */
const REPLAYED = 'caudal-replayed'

export interface Failure {
  readonly place: TopicPartition
  readonly record: LogRecord
  /** `invalid`: no question; `failed`: attempts used up; `dead`: an operator could not process it. */
  readonly kind: 'invalid' | 'failed' | 'dead'
  readonly id: string
  /** The operator that gave it up. */
  readonly node: string
  readonly reason: string
  readonly attempts: number
  readonly failedAt: number
  readonly detail: Failed | DeadLetter
  /** What to send where; rejects with REJECTED when it cannot be sent again. */
  resent(log: Log): Promise<PartitionBatch>
}

/** The failure that a record says was sent again, as `partition/offset`; nothing for a record that is a failure. */
export function replayedBy({ value, headers }: LogRecord): string | undefined {
  const name = headers[REPLAYED]
  return value === null && name ? asShown(name) : undefined
}

/** Everything that failed and was not sent again since, oldest first. */
export async function failuresIn(
  log: Log,
  values: Values,
  deadLetterTopic: string,
): Promise<readonly Failure[]> {
  const failed = await read(log, TOPICS.failed, (value, record) => failedOf(value, record, values))
  const dead = await read(log, deadLetterTopic, deadOf)
  return [...failed, ...dead].sort((a, b) => a.failedAt - b.failedAt)
}

type Told = Omit<Failure, 'place' | 'record'>

async function read(
  log: Log,
  topic: string,
  tell: (value: Uint8Array, record: LogRecord) => Told | Promise<Told>,
) {
  const open = new Map<string, Failure>()
  await readAll(log, topic, async (record, partition) => {
    const replayed = replayedBy(record)
    if (replayed !== undefined) open.delete(replayed)
    else if (record.value) {
      const failure = { ...(await tell(record.value, record)), record, place: { topic, partition } }
      open.set(`${partition}/${record.offset}`, failure)
    }
  })
  return open.values()
}

async function failedOf(value: Uint8Array, { headers, timestamp }: LogRecord, values: Values): Promise<Told> {
  const failed = await values.read(TOPICS.failed, value)
  const { id, reason, faults, failed_at, request } = failed
  const isInvalid = reason === 'invalid_input'
  return {
    kind: isInvalid ? 'invalid' : 'failed',
    id,
    node: isInvalid ? 'ingest' : 'retry',
    reason: faults.join('; '),
    attempts: (request?.error_attempts ?? 0) + (request?.quality_attempts ?? 0),
    failedAt: failed_at,
    detail: failed,
    resent: async log => {
      if (!request)
        throw new CaudalError('REJECTED', { reason: `${id} is no question: put a mended event in instead` })
      const [spec] = await log.describeTopics([TOPICS.requests])
      const key = Buffer.from(request.id)
      // Its errors are forgiven, else it would be given up at once; what it learned and what it cost stay.
      const renewed = values.write(TOPICS.requests, { ...request, error_attempts: 0, parked: 0 })
      const partition = partitionOf(key, spec?.partitions ?? 1)
      return { topic: TOPICS.requests, partition, records: [{ key, value: renewed, headers, timestamp }] }
    },
  }
}

function deadOf(value: Uint8Array): Told {
  const letter = decodeDeadLetter(value)
  const { id, node, message, attempts, failedAt, origin } = letter
  return {
    kind: 'dead',
    id,
    node,
    reason: message,
    attempts,
    failedAt,
    detail: letter,
    resent: async log => {
      if (origin.partition < 0)
        throw new CaudalError('REJECTED', { reason: `${id} was a timer, which no topic holds` })
      const { key, value, headers, timestamp } =
        letter.omitted.length > 0 ? await originalOf(log, letter) : origin
      const identified = { ...headers, [HEADER.id]: Buffer.from(id) }
      const { topic, partition } = origin
      return { topic, partition, records: [{ key, value, headers: identified, timestamp }] }
    },
  }
}

/** For a record too large for its dead letter: from where it was read, if it is still there. */
async function originalOf(log: Log, { id, origin }: DeadLetter): Promise<NewRecord> {
  const [bounds] = await log.bounds([origin])
  if (bounds && bounds.start <= origin.offset && origin.offset < bounds.end) {
    const reader = log.openReader(origin, origin.offset)
    const { records } = await reader.next(1)
    reader.close()
    if (records[0]?.offset === origin.offset) return records[0]
  }
  throw new CaudalError('REJECTED', {
    reason: `${id} is not at ${partitionKey(origin)}@${origin.offset} any more`,
  })
}

/**
 * Sends the failures again, each with its identity, to where it failed: its finished steps are found in the journal, so
 * what was bought is not bought anew. Together with each goes a record without a value under the failure's own key, into
 * the failure's own partition, that says so. Both are written or neither: a replay that is broken off can be begun again,
 * and nothing is sent twice.
 */
export async function replay(log: Log, failures: readonly Failure[], now: number): Promise<void> {
  const batches = new Map<string, { readonly place: TopicPartition; readonly records: NewRecord[] }>()
  const add = (place: TopicPartition, ...records: readonly NewRecord[]) => {
    const batch = batches.get(partitionKey(place)) ?? { place, records: [] }
    batches.set(partitionKey(place), batch)
    batch.records.push(...records)
  }
  for (const failure of failures) {
    const { place, record } = failure
    const resent = await failure.resent(log)
    add(resent, ...resent.records)
    const headers = { [REPLAYED]: Buffer.from(`${place.partition}/${record.offset}`) }
    add(place, { key: record.key, value: null, headers, timestamp: now })
  }
  await log.append(
    [...batches.values()].map(({ place: { topic, partition }, records }) => ({ topic, partition, records })),
  )
}
