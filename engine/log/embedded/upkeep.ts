/** Keeps the embedded log small in the background: retention, what was trimmed, and compaction when it is worth it. */

import { CaudalError, reasonOf } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import { Compaction } from './compaction.ts'
import type { Partition } from './partition.ts'
import type { Writer } from './writer.ts'

export interface UpkeepLimits {
  /** From the end of one round to the beginning of the next. */
  readonly sweepIntervalMs: number
  /** How long a tombstone is kept after it was appended, so that slow readers learn of the deletion. */
  readonly tombstoneRetentionMs: number
}

/** Errors that may be gone at the next round. Nobody waits for a round, so the next writer gets any other error. */
const PASSING: ReadonlySet<string> = new Set(['LOG_FULL', 'LOG_CLOSED', 'OUTCOME_UNKNOWN'])
/** Batches looked at or removed in one commit: bounds the time that writers wait for upkeep. */
const STEP_BATCHES_MAX = 1_000
/** Fewer new records than this never start a compaction. */
const DIRTY_RECORDS_MIN = 10_000

/**
 * Every step is one bounded change in the writer's queue, between the commits of producers. A step decides by what is
 * stored at its turn. A crash between two steps loses nothing but the rest of the round.
 */
export class Upkeep {
  readonly #partitions: () => Iterable<Partition>
  readonly #writer: Writer
  readonly #system: System
  readonly #limits: UpkeepLimits
  readonly #refuse: (failure: CaudalError) => void
  #cancel: (() => void) | undefined
  #round: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(
    partitions: () => Iterable<Partition>,
    writer: Writer,
    system: System,
    limits: UpkeepLimits,
    refuse: (failure: CaudalError) => void,
  ) {
    this.#partitions = partitions
    this.#writer = writer
    this.#system = system
    this.#limits = limits
    this.#refuse = refuse
  }

  start(): void {
    this.#cancel = this.#system.after(this.#limits.sweepIntervalMs, () => {
      this.#round = this.sweep().then(() => {
        if (!this.#stopped) this.start()
      })
    })
  }

  /** One round over all partitions. A full disk or the end of the log ends it early; the next round goes on. */
  async sweep(): Promise<void> {
    try {
      for (const partition of [...this.#partitions()]) {
        if (partition.spec.retentionMs !== undefined)
          await this.#expire(partition, partition.spec.retentionMs)
        if (partition.spec.compacted && isWorthIt(partition)) await this.compact(partition)
      }
    } catch (error) {
      if (!(error instanceof CaudalError))
        this.#refuse(new CaudalError('INTERNAL', { reason: reasonOf(error) }, error))
      else if (!PASSING.has(error.code)) this.#refuse(error)
    }
  }

  compact(partition: Partition): Promise<void> {
    return new Compaction(partition, this.#writer, this.#system, this.#limits.tombstoneRetentionMs).run()
  }

  /** Moves the start, which is one small write, and then removes what lies below it step by step. */
  async trim(partition: Partition, start: number): Promise<void> {
    await this.#writer.submit(
      () => {
        const marks = { start: Math.max(start, partition.start) }
        return { puts: [partition.put(marks)], committed: () => partition.marked(marks) }
      },
      { alone: true },
    )
    while (await this.#removeBelowStart(partition));
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel?.()
    await this.#round
  }

  async #expire(partition: Partition, retentionMs: number): Promise<void> {
    const before = this.#system.now() - retentionMs
    for (;;) {
      const start = startAfterExpiry(partition, before)
      if (start === partition.start) return
      await this.trim(partition, start)
    }
  }

  /** Whether there may be more. */
  #removeBelowStart(partition: Partition): Promise<boolean> {
    return this.#writer.submit(
      () => {
        const bases = partition.bases(STEP_BATCHES_MAX)
        const whole = bases.filter((_, index) => (bases[index + 1] ?? Number.NaN) <= partition.start)
        const last = bases.at(-1)
        const isAll = bases.length < STEP_BATCHES_MAX && partition.start >= partition.end
        if (isAll && last !== undefined) whole.push(last)
        // Room that one commit frees is given out after the next: on a full disk nothing else might make that one.
        return {
          puts: whole.length > 0 ? whole.map(base => [partition.key(base), undefined]) : [partition.put({})],
          committed: () => whole.length > 0,
        }
      },
      { alone: true },
    )
  }
}

/** Where the first batch begins that was appended at `before` or later, looking at a bounded number of them. */
function startAfterExpiry(partition: Partition, before: number): number {
  let start = partition.start
  let seen = 0
  for (const batch of partition.batches(partition.start)) {
    if (batch.head.appendedAt >= before || seen++ === STEP_BATCHES_MAX) return start
    start = batch.end
  }
  return Math.max(start, partition.start)
}

/** Once as much is new as was left by the last compaction: each record is then rewritten a constant number of times. */
function isWorthIt(partition: Partition): boolean {
  const { cleanedTo, cleanRecords } = partition.marks
  return partition.end - cleanedTo >= Math.max(DIRTY_RECORDS_MIN, cleanRecords)
}
