/** Reads whole topics outside any group, for views and tools. */
import { hasCode } from '#core/errors.ts'
import type { LogRecord } from '#core/record.ts'
import { type System, sleep } from '#core/system.ts'
import type { Log, Reader } from './log.ts'
import { placesOf } from './read-topic.ts'

const RECORDS_MAX = 1_000
const PAUSE_MS = 1_000

export interface FollowOptions {
  readonly topic: string
  /** `start` reads what is there too; `end` only what comes. */
  readonly from: 'start' | 'end'
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
export async function follow(log: Log, options: FollowOptions): Promise<Following> {
  const { topic, from, system, onRecord } = options
  const places = await placesOf(log, topic)
  const bounds = await log.bounds(places)
  const positions = bounds.map(({ start, end }) => (from === 'start' ? start : end))
  const readers = places.map((place, index) => log.openReader(place, positions[index] ?? 0))
  const waiting = new Set<() => void>()
  const loops = readers.map(async (reader, partition) => {
    for (;;) {
      const fetched = await nextOf(reader, system)
      if (!fetched) return
      for (const record of fetched.records) await onRecord(record, partition)
      positions[partition] = fetched.nextOffset
      for (const look of waiting) look()
    }
  })
  const ended = Promise.all(loops).then(() => undefined)
  ended.catch(() => undefined) // Whoever awaits `ended` is told; a view that is closing is not.
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
    close: () => {
      for (const reader of readers) reader.close()
    },
    ended,
  }
}

/** The next records, through outages of the log; nothing once the reader is closed. */
async function nextOf(reader: Reader, system: System) {
  for (;;) {
    try {
      return await reader.next(RECORDS_MAX)
    } catch (error) {
      if (hasCode(error, 'LOG_CLOSED')) return undefined
      if (!hasCode(error, 'LOG_UNAVAILABLE')) throw error
      await sleep(system, PAUSE_MS)
    }
  }
}
