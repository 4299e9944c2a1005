/** Follows whole topics outside any group, for views and tools: knows when it has caught up. */
import type { LogRecord } from '#core/record.ts'
import type { System } from '#core/system.ts'
import type { Log } from './log.ts'
import { follow as chunksOf, placesOf } from './read-topic.ts'

export interface FollowOptions {
  readonly topic: string
  /** `start` reads what is there too; `end` only what comes. Or an offset for each partition. */
  readonly from: 'start' | 'end' | readonly number[]
  readonly system: System
  /** Waited for where it returns a promise. */
  readonly onRecord: (record: LogRecord, partition: number) => unknown
}

export interface Following {
  /** Resolves when everything that the topic holds now was handed out. */
  caughtUp(): Promise<void>
  close(): void
  /** Resolves after `close`; rejects when the topic cannot be read. */
  readonly ended: Promise<void>
}

/** Follows every partition of the topic until it is closed; what is there is read as fast as the log gives it. */
export async function follow(log: Log, { topic, from, system, onRecord }: FollowOptions): Promise<Following> {
  const places = await placesOf(log, topic)
  const closing = new AbortController()
  const positions: number[] = []
  const waiting = new Set<() => void>()
  const read = async () => {
    const chunks = chunksOf(log, places, { from, system, signal: closing.signal })
    for await (const { partition, records, nextOffset } of chunks) {
      for (const record of records) await onRecord(record, partition)
      positions[partition] = nextOffset
      for (const look of waiting) look()
    }
  }
  const ended = read()
  ended.catch(() => undefined) // A caller that awaits `ended` gets the error, unless the view is closing.
  return {
    caughtUp: async () => {
      const ends = (await log.bounds(places)).map(({ end }) => end)
      const isThere = () => ends.every((end, partition) => (positions[partition] ?? 0) >= end)
      const reached = new Promise<void>(resolve => {
        const look = () => {
          if (!isThere()) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      })
      await Promise.race([reached, ended])
    },
    close: () => closing.abort(),
    ended,
  }
}
