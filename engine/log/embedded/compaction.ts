/** Compacts one partition of the embedded log: the latest record of each key stays, at its offset. */
import type { LogRecord } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { BatchDecoder } from './batch.ts'
import { encodeBatch } from './batch.ts'
import type { Partition } from './partition.ts'
import type { Put } from './store.ts'
import type { Writer } from './writer.ts'

/** Keys remembered in one run: bounds its memory. What lies beyond them is left to the next run. */
const KEYS_MAX = 1_000_000
/** Records looked at in one step: bounds the time that writers wait. */
const STEP_RECORDS_MAX = 4_000
/** Small batches are written together up to this size. */
const MERGED_BYTES_MAX = 65_536

/** Survivors gathered for one rewritten batch. */
interface Merge {
  readonly records: LogRecord[]
  bytes: number
  appendedAt: number
  end: number
}

/**
 * First pass: read what is new since the last run and remember the latest offset of each of its keys. Second pass: go
 * through everything from the start and drop each record whose key has a later offset. Both passes go in bounded steps.
 * Each step of the second pass reads, decides and rewrites within one change. So trims and appends between steps are
 * harmless: a record is dropped only while a later one of its key is stored further on.
 *
 * Offsets never change. A rewritten batch keeps the span that it covers. The last batch stays, empty if need be, since
 * the end of the partition is read from it. A tombstone goes when it is old enough; every older value of its
 * key has gone in an earlier step. Records without a key stay.
 */
export class Compaction {
  readonly #partition: Partition
  readonly #writer: Writer
  readonly #system: System
  readonly #tombstoneRetentionMs: number
  readonly #latest = new Map<string, number>()
  #left = 0

  constructor(partition: Partition, writer: Writer, system: System, tombstoneRetentionMs: number) {
    this.#partition = partition
    this.#writer = writer
    this.#system = system
    this.#tombstoneRetentionMs = tombstoneRetentionMs
  }

  async run(): Promise<void> {
    const from = Math.max(this.#partition.marks.cleanedTo, this.#partition.start)
    const to = await this.#remember(from, this.#partition.end)
    let at = this.#partition.start
    while (at < to) at = await this.#rewrite(at, to)
    const marks = { cleanedTo: to, cleanRecords: this.#left }
    await this.#writer.submit(
      () => ({
        puts: [this.#partition.put(marks)],
        committed: () => this.#partition.marked(marks),
      }),
      { alone: true },
    )
  }

  /** Returns how far it got. */
  async #remember(from: number, end: number): Promise<number> {
    let at = from
    while (at < end && this.#latest.size < KEYS_MAX) {
      let seen = 0
      for (const batch of this.#partition.batches(at)) {
        for (let record = batch.next(at); record; record = batch.next(at)) {
          if (record.key) this.#latest.set(keyText(record.key), record.offset)
          seen++
        }
        at = batch.end
        if (seen >= STEP_RECORDS_MAX || at >= end) break
      }
      if (seen === 0) return end
      await new Promise<void>(resolve => this.#system.defer(resolve))
    }
    return at
  }

  /** Rewrites the batches from `at` on, up to a step's worth; returns where the next step begins. */
  #rewrite(at: number, to: number): Promise<number> {
    return this.#writer.submit(
      () => {
        const puts: Put[] = []
        let seen = 0
        let next = at
        let merge: Merge = { records: [], bytes: 0, appendedAt: 0, end: at }
        for (const batch of this.#partition.batches(Math.max(at, this.#partition.start))) {
          seen += batch.head.records
          next = batch.end
          puts.push([this.#partition.key(batch.base), undefined])
          merge = this.#gather(batch, merge, puts)
          if (seen >= STEP_RECORDS_MAX || next >= to) break
        }
        this.#write(merge, puts)
        if (next === at) next = to
        return { puts, committed: () => next }
      },
      { alone: true },
    )
  }

  #gather(batch: BatchDecoder, into: Merge, puts: Put[]): Merge {
    let merge = into
    if (merge.bytes > MERGED_BYTES_MAX) {
      this.#write(merge, puts)
      merge = { records: [], bytes: 0, appendedAt: 0, end: merge.end }
    }
    const tombstonesBefore = this.#system.now() - this.#tombstoneRetentionMs
    const { appendedAt } = batch.head
    for (let record = batch.next(0); record; record = batch.next(0)) {
      if (this.#isOutdated(record)) continue
      if (record.value === null && record.key && appendedAt < tombstonesBefore) continue
      merge.records.push(record)
      merge.bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0)
    }
    merge.appendedAt = Math.max(merge.appendedAt, appendedAt)
    merge.end = batch.end
    return merge
  }

  #write(merge: Merge, puts: Put[]): void {
    const isLast = merge.end === this.#partition.end
    if (merge.records.length === 0 && !isLast) return
    const base = merge.records[0]?.offset ?? merge.end - 1
    const head = { span: merge.end - base, appendedAt: merge.appendedAt }
    const offsets = merge.records.map(record => record.offset - base)
    puts.push([this.#partition.key(base), encodeBatch(merge.records, head, offsets)])
    this.#left += merge.records.length
  }

  #isOutdated(record: LogRecord): boolean {
    if (!record.key) return false
    const latest = this.#latest.get(keyText(record.key))
    return latest !== undefined && latest > record.offset
  }
}

/** A string with one character for each byte: exact, and what a map is quickest with. */
function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
}
