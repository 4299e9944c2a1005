/** Turns the batches of one call into one change of the log: encoded at once, placed when their turn comes. */
import { CaudalError, type Refusal, WritesRefused } from '#core/errors.ts'
import type { NewRecord } from '#core/record.ts'
import type { PartitionBatch, Receipt } from '#engine/log/log.ts'
import { encodeBatch, recordBytes } from './batch.ts'
import type { Partition } from './partition.ts'
import type { Change } from './writer.ts'

export interface AppendContext {
  find(batch: PartitionBatch): Partition
  /** Throws LOG_FULL where so many bytes do not fit. */
  admit(bytes: number): void
  readonly recordBytesMax: number
  readonly now: number
  /** Who writes, for errors. */
  readonly writer: string
}

/** What goes to one partition: one stored batch, whatever number of batches the caller made of it. */
interface Part {
  readonly partition: Partition
  readonly records: readonly NewRecord[]
}

/**
 * Throws TOPIC_MISSING, or `WritesRefused` with RECORD_TOO_LARGE, before anything happens. The result plans the change: it takes the next
 * offsets of each partition. Where the commit then fails they stay unused, which readers pass over.
 */
export function prepareAppend(
  batches: readonly PartitionBatch[],
  context: AppendContext,
): () => Change<Receipt> {
  const gathered = new Map<Partition, NewRecord[]>()
  const refusals: Refusal[] = []
  const ends = batches.map((batch, index) => {
    const partition = context.find(batch)
    const records = gathered.get(partition) ?? []
    gathered.set(partition, records)
    let nth = 0
    for (const record of batch.records) {
      const error = tooLarge(record, partition, context)
      if (error) refusals.push({ batch: index, record: nth, error })
      records.push(record)
      nth++
    }
    return { partition, count: records.length }
  })
  const [first, ...others] = refusals
  if (first) throw new WritesRefused([first, ...others])
  const parts = [...gathered].map(([partition, records]) => encodePart({ partition, records }, context.now))
  return () => {
    context.admit(parts.reduce((sum, part) => sum + part.bytes.length, 0))
    const placed = parts.map(part => ({ ...part, base: take(part.partition, part.count) }))
    return changeOf(placed, ends)
  }
}

/** Writes the parts at their bases. The receipt has the end of each batch. */
function changeOf(
  placed: readonly (ReturnType<typeof encodePart> & { readonly base: number })[],
  ends: readonly { readonly partition: Partition; readonly count: number }[],
): Change<Receipt> {
  const bases = new Map(placed.map(part => [part.partition, part.base]))
  return {
    puts: placed
      .filter(part => part.count > 0)
      .map(part => [part.partition.key(part.base), part.bytes] as const),
    committed: () => {
      for (const part of placed) if (part.count > 0) part.partition.reached(part.base + part.count)
      return ends.map(end => (bases.get(end.partition) ?? 0) + end.count)
    },
  }
}

function encodePart({ partition, records }: Part, now: number) {
  const bytes = encodeBatch(records, { span: records.length, appendedAt: now })
  return { partition, count: records.length, bytes }
}

function take(partition: Partition, count: number): number {
  const base = partition.next
  partition.next += count
  return base
}

function tooLarge(record: NewRecord, partition: Partition, context: AppendContext): CaudalError | undefined {
  const size = recordBytes(record)
  if (size <= context.recordBytesMax) return undefined
  return new CaudalError('RECORD_TOO_LARGE', {
    node: context.writer,
    target: partition.topic,
    limit: context.recordBytesMax,
    size,
  })
}
