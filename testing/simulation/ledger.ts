/** What became durable and when: every committed transaction, at the moment of its decision, whatever readers see of it by then. */
import { asText } from '#core/codec.ts'
import type { TopicPartition } from '#core/record.ts'
import { decodeCheckpoint } from '#engine/commit/checkpoint.ts'
import type { CommittedBatch } from '#engine/log/simulated/transaction-coordinator.ts'
import { CHECKPOINT, MARKER_PREFIX } from '#engine/state/layout.ts'

/** A commit of one task; without an incarnation a marker that begins its next tenure, or one whose beginning nobody can tell. */
export interface TaskCommitted extends TopicPartition {
  readonly incarnation: string | undefined
  /** When its effects were gathered, on the clock of the world. */
  readonly begunAt: number
}

const ANSWER = / is (\d+)/g

export class Ledger {
  /** By the number of the call, when its answer was first committed: in a journal or in what was made of it. */
  readonly durable = new Map<number, number>()
  /** In the order of their decisions. */
  readonly commits: TaskCommitted[] = []

  /** `clockOf` is the wall clock of a process now, if its time stamps can be compared with it. */
  committed(
    batches: readonly CommittedBatch[],
    at: number,
    clockOf: (incarnation: string) => number | undefined,
  ): void {
    for (const { place, records } of batches) {
      for (const { key, value, timestamp } of records) {
        if (!value) continue
        for (const [, call] of latin1(value).matchAll(ANSWER)) {
          if (!this.durable.has(Number(call))) this.durable.set(Number(call), at)
        }
        const entry = key ? asText(key) : ''
        const isMarker = entry.startsWith(MARKER_PREFIX)
        if (!isMarker && entry !== CHECKPOINT) continue
        const incarnation = isMarker ? undefined : decodeCheckpoint(value).incarnation
        const clock = incarnation && clockOf(incarnation)
        const begunAt = clock ? at - clock + timestamp : undefined
        // A commit begins before its decision. Otherwise its process gave the time stamp by a clock that was set since.
        this.commits.push(
          begunAt !== undefined && begunAt <= at
            ? { ...place, incarnation, begunAt }
            : { ...place, incarnation: undefined, begunAt: at },
        )
      }
    }
  }
}

/** State entries begin with bytes that are no text. */
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
