/** Follows whole topics outside any group, for views and tools: knows when it has caught up. */
import type { LogRecord, TopicPartition } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { Log } from './log.ts'
import { follow as chunksOf, placesOf } from './read-topic.ts'

/**
 * Learns what a follower leaves out, and so the follower goes on: no record of others may end a view for good. Without it
 * the same rejects `ended`.
 */
export interface LeftOut {
  /** `onRecord` has thrown for the record at the offset. */
  record(place: TopicPartition, offset: number, error: unknown): void
  /** The topic dropped its records from one offset up to another before they were read. */
  gap(place: TopicPartition, from: number, to: number): void
}

export interface FollowOptions {
  readonly topic: string
  /** `start` reads what is there too; `end` only what comes. Or an offset for each partition. */
  readonly from: 'start' | 'end' | readonly number[]
  readonly system: System
  /** Waited for where it returns a promise. */
  readonly onRecord: (record: LogRecord, partition: number) => unknown
  readonly leftOut?: LeftOut | undefined
}

export interface Following {
  /** Resolves when everything that the topic holds now was handed out. */
  caughtUp(): Promise<void>
  close(): void
  /** Resolves after `close`; rejects when the topic cannot be read. */
  readonly ended: Promise<void>
}

/** Follows every partition of the topic until it is closed; what is there is read as fast as the log gives it. */
export async function follow(log: Log, options: FollowOptions): Promise<Following> {
  const { topic, from, system, leftOut } = options
  const places = await placesOf(log, topic)
  const closing = new AbortController()
  const reached = new Reached()
  const handOut = handingOut(options)
  const read = async () => {
    const chunks = chunksOf(log, places, { from, system, signal: closing.signal, onGap: leftOut?.gap })
    for await (const { partition, records, nextOffset } of chunks) {
      for (const record of records) await handOut(record, partition)
      reached.at(partition, nextOffset)
    }
  }
  const ended = read()
  ended.catch(() => undefined) // A caller that awaits `ended` gets the error, unless the view is closing.
  return {
    caughtUp: async () => {
      const ends = (await log.bounds(places)).map(({ end }) => end)
      await Promise.race([reached.upTo(ends), ended])
    },
    close: () => closing.abort(),
    ended,
  }
}

/** How far each partition was handed out. */
class Reached {
  readonly #positions: number[] = []
  readonly #waiting = new Set<() => void>()

  at(partition: number, offset: number): void {
    this.#positions[partition] = offset
    for (const look of this.#waiting) look()
  }

  upTo(ends: readonly number[]): Promise<void> {
    return new Promise(resolve => {
      const look = () => {
        if (!ends.every((end, partition) => (this.#positions[partition] ?? 0) >= end)) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }
}

function handingOut({
  topic,
  onRecord,
  leftOut,
}: FollowOptions): (record: LogRecord, partition: number) => Promise<void> {
  return async (record, partition) => {
    try {
      await onRecord(record, partition)
    } catch (error) {
      if (!leftOut) throw error
      leftOut.record({ topic, partition }, record.offset, error)
    }
  }
}
