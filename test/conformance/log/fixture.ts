/** What a driver hands to the contract suite of the Log port, and the few ways in which the suite looks at a log. */

import { CaudalError } from '#core/errors.ts'
import type { LogRecord, NewRecord, TopicPartition } from '#core/record.ts'
import { NO_HEADERS } from '#core/record.ts'
import type { Log, PartitionBatch, TopicSpec } from '#engine/log/log.ts'

/**
 * One open log. Promises of the log must settle when they are awaited: a driver on virtual time turns its own clock.
 * Hooks that a driver cannot offer are left out; the tests that need them are skipped.
 */
export interface LogFixture {
  readonly log: Log
  /** Put before every name of a topic, group, member and producer, where earlier runs left theirs behind. */
  readonly prefix?: string
  /** Closes the log and opens it again on the same data. */
  reopen?(): Promise<Log>
  /** Lets this much time pass for the log, retention included. */
  advance?(durationMs: number): Promise<void>
  /** Compacts every compacted topic up to its end, now. */
  compact?(): Promise<void>
  /** Lets everything happen that can happen by itself. Only used where the point is that nothing does. */
  settle?(): Promise<void>
  /** Deletes the topic and makes it again under its name, as somebody else would; gives the log to go on with. */
  remake?(spec: TopicSpec): Promise<Log>
  /** Gives everything back; the log may be closed already. */
  close(): Promise<void>
}

/** The open fixture of the running test, with names that no other test uses. */
export interface Bench {
  readonly fixture: LogFixture
  readonly log: Log
  name(word: string): string
  /** Creates a topic and returns its places, one for each partition. */
  topic(options?: Partial<TopicSpec>): Promise<readonly [TopicPartition, ...TopicPartition[]]>
  settle(): Promise<void>
}

export function benchOf(fixture: LogFixture, unique: (word: string) => string): Bench {
  const name = (word: string) => `${fixture.prefix ?? ''}${unique(word)}`
  return {
    fixture,
    log: fixture.log,
    name,
    async topic(options = {}) {
      const spec = {
        name: name('topic'),
        partitions: 1,
        compacted: false,
        retentionMs: undefined,
        ...options,
      }
      await fixture.log.createTopics([spec])
      const place = (partition: number) => ({ topic: spec.name, partition })
      return [place(0), ...Array.from({ length: spec.partitions - 1 }, (_, index) => place(index + 1))]
    },
    settle: () => (fixture.settle ?? fewTurns)(),
  }
}

/** Lets deferred work of the process run: the default of `LogFixture.settle`. */
export async function fewTurns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise<void>(resolve => setImmediate(resolve))
}

export const EVENT_TIME = 1_700_000_000_123

/** A record of text. */
export function record(key: string | null, value: string | null, timestamp = EVENT_TIME): NewRecord {
  return {
    key: key === null ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    headers: NO_HEADERS,
    timestamp,
  }
}

/** A batch of records with these values and no keys. */
export function batch(place: TopicPartition, ...values: readonly string[]): PartitionBatch {
  return { ...place, records: values.map(value => record(null, value)) }
}

/** Reads on from `offset` until a record satisfies `last`; that record included. */
export async function readUntil(
  log: Log,
  place: TopicPartition,
  offset: number,
  last: (found: LogRecord, count: number) => boolean,
): Promise<readonly LogRecord[]> {
  const reader = log.openReader(place, offset)
  const found: LogRecord[] = []
  try {
    for (;;) {
      const fetched = await reader.next(100)
      for (const one of fetched.records) {
        found.push(one)
        if (last(one, found.length)) return found
      }
    }
  } finally {
    reader.close()
  }
}

/** The next `count` records from `offset` on. */
export function read(log: Log, place: TopicPartition, offset: number, count: number) {
  return readUntil(log, place, offset, (_, seen) => seen === count)
}

const SENTINEL = 'the end of what is looked at'

/**
 * All records that are visible. Appends a record and reads up to it. A committed transaction may become visible a moment after its
 * producer knows. That a record is invisible is only certain once a later record is visible.
 */
export async function contents(log: Log, place: TopicPartition): Promise<readonly LogRecord[]> {
  const [bounds] = await log.bounds([place])
  await log.append([{ ...place, records: [record(SENTINEL, SENTINEL)] }])
  const before = bounds?.end ?? 0
  const found = await readUntil(
    log,
    place,
    bounds?.start ?? 0,
    one => one.offset >= before && textOf(one.value) === SENTINEL,
  )
  return found.filter(one => textOf(one.value) !== SENTINEL)
}

/** The values of all records that are visible, as text. */
export async function values(log: Log, place: TopicPartition): Promise<readonly (string | null)[]> {
  return (await contents(log, place)).map(one => textOf(one.value))
}

export function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString()
}

/** The error that a promise rejects with; `undefined` when it resolves. */
export async function failureOf(promise: Promise<unknown>): Promise<CaudalError | undefined> {
  try {
    await promise
    return undefined
  } catch (error) {
    if (error instanceof CaudalError) return error
    throw error
  }
}

/** The code that a promise is rejected with; 'resolved' when it is not. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await failureOf(promise))?.code ?? 'resolved'
}
