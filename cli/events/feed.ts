/** Brings events from a file into `datos_crudos`, each line once however often the feeding is broken off and begun again. */
import { createHash } from 'node:crypto'
import { TOPICS } from '#answers/topics.ts'
import { asShown } from '#core/codec.ts'
import { HEADER, type NewRecord, sizeOf } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { Log, PartitionBatch } from '#engine/log/log.ts'
import { readAll } from '#engine/log/read-topic.ts'
import { rawRecord } from '#pipelines/answers-service.ts'
import type { InputEvent } from './input-event.ts'

/** Events that become visible together: one append. */
const BATCH_RECORDS = 500
const BATCH_BYTES = 4 * 1024 * 1024

export interface FeedOptions {
  readonly log: Log
  readonly system: System
  readonly events: AsyncIterable<InputEvent>
  /** Gives each event an identity from this name, its line and its text; what is there already is passed over. Left out: every event is new. */
  readonly once?: string
  readonly signal?: AbortSignal
  readonly onProgress?: (fed: number, bytesRead: number) => void
  /** An event that the topic does not take, with its size: it alone is left out. */
  readonly onTooLarge?: (line: number, bytes: number) => void
}

export interface Fed {
  readonly fed: number
  /** Found in the topic from an earlier time. */
  readonly known: number
  /** Larger than the topic takes. */
  readonly tooLarge: number
}

/** The log itself remembers what was fed: identities are among the records' headers, written with them or not at all. */
export async function feed(options: FeedOptions): Promise<Fed> {
  const { log, system, events, once, signal, onProgress } = options
  const seen = once === undefined ? new Set<string>() : await identities(log)
  const [spec] = await log.describeTopics([TOPICS.raw])
  const partitions = spec?.partitions ?? 1
  let batch: NewRecord[] = []
  let fed = 0
  let known = 0
  let tooLarge = 0
  let batchBytes = 0
  let bytesRead = 0
  const append = async () => {
    if (batch.length === 0) return
    await log.append(spread(batch, partitions, fed))
    fed += batch.length
    batch = []
    batchBytes = 0
    onProgress?.(fed, bytesRead)
  }
  for await (const event of events) {
    if (signal?.aborted) break
    bytesRead = event.bytesRead
    const id = once === undefined ? undefined : identityOf(once, event)
    const record = rawRecord(event.value, system.now(), id)
    const bytes = event.tooLong ?? sizeOf(record)
    if (bytes > log.recordBytesMax) {
      tooLarge++
      options.onTooLarge?.(event.line, bytes)
    } else if (id !== undefined && seen.has(id)) known++
    else {
      batch.push(record)
      batchBytes += bytes
    }
    if (batch.length >= BATCH_RECORDS || batchBytes >= BATCH_BYTES) await append()
  }
  await append()
  return { fed, known, tooLarge }
}

async function identities(log: Log): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  await readAll(log, TOPICS.raw, ({ headers }) => {
    const id = headers[HEADER.id]
    if (id) found.add(asShown(id))
  })
  return found
}

/** The text is part of it: a line that was corrected is a new event, the lines around it stay the same. */
function identityOf(name: string, { line, value }: InputEvent): string {
  return `${name}/${line}/${createHash('sha256').update(value).digest('hex').slice(0, 12)}`
}

/** Round robin: the topic is partitioned by nobody, and ingest keys what it makes of it. */
function spread(records: readonly NewRecord[], partitions: number, first: number): readonly PartitionBatch[] {
  const batches = Array.from({ length: partitions }, (_, partition) => ({
    topic: TOPICS.raw,
    partition,
    records: records.filter((_, index) => (first + index) % partitions === partition),
  }))
  return batches.filter(batch => batch.records.length > 0)
}
