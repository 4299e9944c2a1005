/** Brings events from a file into a topic, each line once however often the feeding is broken off and begun again. */
import { createHash } from 'node:crypto'
import { TOPICS } from '#answers/topics.ts'
import { asShown } from '#core/codec.ts'
import { HEADER, type NewRecord, partitionKey, sizeOf } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { Log, PartitionBatch } from '#engine/log/log.ts'
import { readAll } from '#engine/log/read-topic.ts'
import { rawRecord } from '#pipelines/answers-service.ts'
import type { InputEvent } from './input-event.ts'
import { InputFault } from './input-fault.ts'

/** Events that become visible together: one append. */
const BATCH_RECORDS = 500
const BATCH_BYTES = 4 * 1024 * 1024

/** Where events go. */
export interface Target {
  /** Looked through for what was fed before. */
  readonly topics: readonly string[]
  /** The one record that an event becomes, at its place. */
  batchOf(event: InputEvent, id: string | undefined): PartitionBatch
}

export interface FeedOptions {
  readonly log: Log
  readonly system: System
  readonly events: AsyncIterable<InputEvent>
  /** `datos_crudos` when left out. */
  readonly target?: Target | undefined
  /** Gives each event an identity from this name, its line and its text; what is there already is passed over. Left out: every event is new. */
  readonly once?: string
  readonly signal?: AbortSignal
  /** Events of the input that are there now, were there before or are too large. */
  readonly onProgress?: (done: number) => void
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

/**
 * The log itself remembers what was fed: identities are among the records' headers, written with them or not at all.
 * Throws REJECTED at a fault of the input, once what stands in front of the fault is fed.
 */
export async function feed(options: FeedOptions): Promise<Fed> {
  const { log, system, events, once, signal, onProgress } = options
  const target = options.target ?? (await rawTarget(log, system))
  const seen = once === undefined ? new Set<string>() : await identities(log, target.topics)
  let batch: PartitionBatch[] = []
  let fed = 0
  let known = 0
  let tooLarge = 0
  let batchBytes = 0
  const append = async () => {
    if (batch.length === 0) return
    await log.append(joined(batch))
    fed += batch.length
    batch = []
    batchBytes = 0
    onProgress?.(fed + known + tooLarge)
  }
  try {
    for await (const event of events) {
      if (signal?.aborted) break
      const id = once === undefined ? undefined : identityOf(once, event)
      // Of a line that is too long only its beginning is there.
      const one = event.tooLong === undefined ? target.batchOf(event, id) : undefined
      const bytes = event.tooLong ?? bytesOf(one)
      if (!one || bytes > log.recordBytesMax) {
        tooLarge++
        options.onTooLarge?.(event.line, bytes)
      } else if (id !== undefined && seen.has(id)) known++
      else {
        batch.push(one)
        batchBytes += bytes
      }
      if (batch.length >= BATCH_RECORDS || batchBytes >= BATCH_BYTES) await append()
    }
  } catch (error) {
    if (!(error instanceof InputFault)) throw error
    await append()
    throw error.after(fed, once !== undefined)
  }
  await append()
  return { fed, known, tooLarge }
}

async function identities(log: Log, topics: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (const topic of topics)
    await readAll(log, topic, ({ headers }) => {
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
async function rawTarget(log: Log, system: System): Promise<Target> {
  const [spec] = await log.describeTopics([TOPICS.raw])
  const partitions = spec?.partitions ?? 1
  let turn = 0
  return {
    topics: [TOPICS.raw],
    batchOf: ({ value }, id) => ({
      topic: TOPICS.raw,
      partition: turn++ % partitions,
      records: [rawRecord(value, system.now(), id)],
    }),
  }
}

const bytesOf = (batch: PartitionBatch | undefined): number =>
  batch?.records.reduce((sum, record) => sum + sizeOf(record), 0) ?? 0

/** One batch for each partition, the records in their order. */
function joined(batches: readonly PartitionBatch[]): readonly PartitionBatch[] {
  const found = new Map<string, PartitionBatch & { readonly records: NewRecord[] }>()
  for (const { topic, partition, records } of batches) {
    const place = partitionKey({ topic, partition })
    const own = found.get(place) ?? { topic, partition, records: [] }
    found.set(place, own)
    own.records.push(...records)
  }
  return [...found.values()]
}
