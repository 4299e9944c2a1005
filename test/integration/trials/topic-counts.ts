/** Follows a topic, read committed, and counts what is in it: how much, how many distinct values, and when those of a group came. */
import { asText } from '#core/codec.ts'
import { hasCode } from '#core/errors.ts'
import type { Log, Reader } from '#engine/log/log.ts'
import { pause } from '../faults/until.ts'

const FETCH_RECORDS_MAX = 5_000
const RETRY_MS = 50

export class TopicCounts {
  total = 0
  /** The longest time between two that came, after the first. */
  longestGapMs = 0
  readonly #values = new Set<string>()
  readonly #counts: number[] = []
  readonly #firstAt: number[] = []
  readonly #lastAt: number[] = []
  #last: number | undefined
  readonly #readers: readonly Reader[]
  readonly #log: Log
  readonly #topic: string
  readonly #groupOf: (text: string) => number
  #following: Promise<unknown> = Promise.resolve()

  constructor(log: Log, topic: string, partitions: number, groupOf: (text: string) => number = () => 0) {
    this.#groupOf = groupOf
    this.#log = log
    this.#topic = topic
    this.#readers = Array.from({ length: partitions }, (_, partition) =>
      log.openReader({ topic, partition }, 0),
    )
  }

  get distinct(): number {
    return this.#values.size
  }

  of(group: number): number {
    return this.#counts[group] ?? 0
  }

  /** From the first to the last that came of these groups. */
  spanMs(groups: readonly number[]): number {
    const first = Math.min(...groups.map(each => this.#firstAt[each] ?? Number.POSITIVE_INFINITY))
    return Math.max(...groups.map(each => this.#lastAt[each] ?? 0)) - first
  }

  start(): void {
    this.#following = Promise.all(this.#readers.map(each => this.#follow(each)))
  }

  async stop(): Promise<void> {
    for (const each of this.#readers) each.close()
    await this.#following
  }

  /** All that is there by now; instead of following it. */
  async countNow(): Promise<number> {
    let count = 0
    for (const [partition, reader] of this.#readers.entries()) {
      const [bounds] = await this.#log.bounds([{ topic: this.#topic, partition }])
      for (let next = 0; next < (bounds?.end ?? 0); ) {
        const { records, nextOffset } = await reader.next(FETCH_RECORDS_MAX)
        count += records.length
        next = nextOffset
      }
      reader.close()
    }
    return count
  }

  async #follow(reader: Reader): Promise<void> {
    for (;;) {
      try {
        const { records } = await reader.next(FETCH_RECORDS_MAX)
        for (const { value } of records) this.#count(asText(value ?? new Uint8Array()))
      } catch (error) {
        if (hasCode(error, 'LOG_CLOSED')) return
        // A topic that is new may not be known everywhere.
        if (!hasCode(error, 'LOG_UNAVAILABLE') && !hasCode(error, 'TOPIC_MISSING')) throw error
        await pause(RETRY_MS)
      }
    }
  }

  #count(text: string): void {
    const group = this.#groupOf(text)
    const now = performance.now()
    this.longestGapMs = Math.max(this.longestGapMs, now - (this.#last ?? now))
    this.#last = now
    this.#firstAt[group] ??= now
    this.#lastAt[group] = now
    this.#counts[group] = this.of(group) + 1
    this.total++
    this.#values.add(text)
  }
}
