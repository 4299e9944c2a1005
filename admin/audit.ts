/** What people change is written down beside the change: who, when, what, why, from where. */
import { type Audit, AuditCodec } from '#answers/audit.ts'
import { TOPICS } from '#answers/topics.ts'
import { NO_HEADERS } from '#core/record.ts'
import type { Log, PartitionBatch } from '#engine/log/log.ts'
import { partitionOf } from '#engine/log/partitioning.ts'
import { readAll } from '#engine/log/read-topic.ts'

/** Who changes something. */
export interface Actor {
  /** A key of the gateway, or a user of a machine. */
  readonly who: string
  /** That the key belongs to. */
  readonly organization?: string | undefined
  /** An address, or the command line of a host. */
  readonly from: string
}

/** The record of one change, to be appended together with what the change writes. */
export async function auditBatch(log: Log, entry: Audit): Promise<PartitionBatch> {
  const key = Buffer.from(entry.target)
  const [spec] = await log.describeTopics([TOPICS.audit])
  const record = { key, value: AuditCodec.encode(entry), headers: NO_HEADERS, timestamp: entry.at }
  return { topic: TOPICS.audit, partition: partitionOf(key, spec?.partitions ?? 1), records: [record] }
}

/** Writes down a change that writes nothing else to the log. */
export async function writeDown(log: Log, entry: Audit): Promise<void> {
  await log.append([await auditBatch(log, entry)])
}

/** Everything that was written down, the oldest first. What is no entry is left out. */
export async function auditIn(log: Log): Promise<readonly Audit[]> {
  const entries: Audit[] = []
  await readAll(log, TOPICS.audit, ({ value }) => {
    const entry = value && read(value)
    if (entry) entries.push(entry)
  })
  return entries.sort((a, b) => a.at - b.at)
}

function read(value: Uint8Array): Audit | undefined {
  try {
    return AuditCodec.decode(value)
  } catch {
    return undefined // People may write to the topic too.
  }
}
