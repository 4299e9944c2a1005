/** The part of each task in a commit, and the batches that the commit writes. */
import type { CaudalError, Refusal } from '#core/errors.ts'
import { type NewRecord, NO_HEADERS, sizeOf, type TopicPartition } from '#core/record.ts'
import type { PartitionBatch } from '#engine/log/log.ts'
import type { Output, Slot } from './outlets.ts'

/** What is committed with others in one transaction: a task. */
export interface Committable {
  readonly name: string
  readonly statePlace: TopicPartition
  readonly isOpen: boolean
  /** The task's state topic takes no record, so commits leave the task out. */
  readonly isMute: boolean
  /** Takes what is staged for one commit; `nonces` are the claims that a drained task gives up with it. */
  prepare(incarnation: string, number: number, nonces: readonly string[]): CommitPart
}

/** One task's part of a commit. */
export interface CommitPart {
  readonly task: Committable
  /** Entries of its state. */
  readonly writes: ReadonlyMap<string, Uint8Array | null>
  readonly outputs: readonly Output[]
  /** The commit took place. `position` is the offset behind it in the state topic. */
  committed(position: number): void
  /** The commit did not take place. */
  putBack(): void
  /** The state topic refuses the entries of this part. */
  stateRefused(error: CaudalError): void
  /** The log refuses outputs for good, of this part or of another one. The outputs of this part are staged again. */
  outputsRefused(refusals: ReadonlyMap<NewRecord, Refusal>): void
}

interface Gathered {
  /** One per state partition, in the order of the parts, then one per partition of the outputs. */
  readonly batches: readonly PartitionBatch[]
  readonly bytes: number
}

/** Entries of state first, then the outputs of all parts. */
export function gather(parts: readonly CommitPart[], now: number): Gathered {
  const batches: PartitionBatch[] = []
  let bytes = 0
  for (const { task, writes } of parts) {
    const records: NewRecord[] = []
    for (const [entry, value] of writes) {
      const record = { key: Buffer.from(entry), value, headers: NO_HEADERS, timestamp: now }
      records.push(record)
      bytes += sizeOf(record)
    }
    batches.push({ ...task.statePlace, records })
  }
  const slots: Slot[] = []
  for (const { outputs } of parts) {
    for (const { slot, record } of outputs) {
      if (slot.records.length === 0) slots.push(slot)
      slot.records.push(record)
      bytes += sizeOf(record)
    }
  }
  for (const slot of slots) {
    batches.push({ topic: slot.topic, partition: slot.partition, records: slot.records })
    slot.records = []
  }
  return { batches, bytes }
}

/** Reports to each part of a failed commit what the log has refused: state of a task (the first batches) or outputs. */
export function tellRefused(
  parts: readonly CommitPart[],
  batches: readonly PartitionBatch[],
  refusals: readonly Refusal[],
): void {
  const outputs = new Map<NewRecord, Refusal>()
  for (const refusal of refusals) {
    const own = parts[refusal.batch]
    if (own) own.stateRefused(refusal.error)
    const records = own ? [] : (batches[refusal.batch]?.records ?? [])
    for (const record of refusal.record === undefined ? records : records.slice(refusal.record).slice(0, 1))
      outputs.set(record, refusal)
  }
  if (outputs.size > 0) for (const part of parts) if (part.task.isOpen) part.outputsRefused(outputs)
}
