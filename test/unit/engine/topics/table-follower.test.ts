/** The follower of a table: ready at the ends of the start, patient with a log that does not answer, quiet after its end. */
import { describe, expect, it, vi } from 'vitest'
import { codec } from '#core/codec.ts'
import { CaudalError } from '#core/errors.ts'
import { type LogRecord, NO_HEADERS, type TopicPartition } from '#core/record.ts'
import type { Bounds, Fetched, Log, Reader } from '#engine/log/log.ts'
import { GlobalTable } from '#engine/topics/global-table.ts'
import { TableFollower } from '#engine/topics/table-follower.ts'
import { VirtualTime } from '#testing/virtual-time.ts'

/** A reader whose answers the test gives one by one. */
class ScriptedReader implements Reader {
  readonly from: number
  closed = false
  calls = 0
  #answer: PromiseWithResolvers<Fetched> | undefined

  constructor(from: number) {
    this.from = from
  }

  next(): Promise<Fetched> {
    this.calls += 1
    this.#answer = Promise.withResolvers()
    return this.#answer.promise
  }

  give(nextOffset: number, ...entries: readonly (readonly [string, string])[]): void {
    const records = entries.map(([key, value], i): LogRecord => {
      const offset = nextOffset - entries.length + i
      return { key: Buffer.from(key), value: Buffer.from(value), headers: NO_HEADERS, timestamp: 0, offset }
    })
    this.#answer?.resolve({ records, nextOffset })
  }

  fail(error: unknown): void {
    this.#answer?.reject(error)
  }

  close(): void {
    this.closed = true
    this.fail(new CaudalError('LOG_CLOSED'))
  }
}

function setUp(bounds: () => Promise<readonly Bounds[]>, partitions: number, entriesMax = 100) {
  const time = new VirtualTime(1)
  const readers: ScriptedReader[] = []
  const log: Pick<Log, 'bounds' | 'openReader'> = {
    bounds,
    openReader: (_: TopicPartition, offset: number) => {
      const reader = new ScriptedReader(offset)
      readers.push(reader)
      return reader
    },
  }
  const report = (error: CaudalError) => {
    throw error
  }
  const table = new GlobalTable<unknown>({ topic: 'rubrics', codec: codec.text, report, entriesMax })
  const failed = vi.fn()
  const follower = new TableFollower({
    log: log as Log, // The follower reads only; these two methods are all that it may call.
    system: time.system,
    table,
    partitions,
    fetchRecordsMax: 100,
    failed,
  })
  const outcome = vi.fn()
  follower.ready.then(
    () => outcome('ready'),
    error => outcome(error.code),
  )
  const settle = () => time.runFor(0)
  const get = (key: string) => {
    const snapshot = table.snapshot()
    const value = snapshot.get(key)
    snapshot.release()
    return value
  }
  return { time, readers, follower, failed, outcome, settle, get }
}

const unavailable = () => new CaudalError('LOG_UNAVAILABLE', { reason: 'down' })

describe('TableFollower', () => {
  it('TableFollower is ready when every partition is read to the end that it had at the start', async () => {
    const bounds = async () => [
      { start: 3, end: 5 },
      { start: 0, end: 0 },
      { start: 0, end: 4 },
    ]
    const { readers, follower, outcome, settle, get } = setUp(bounds, 3)
    follower.start()
    await settle()
    expect(readers.map(reader => reader.from)).toEqual([3, 0, 0])
    readers[0]?.give(5, ['a', '1'], ['b', '2'])
    readers[2]?.give(3, ['c', '3'])
    await settle()
    expect(outcome).not.toHaveBeenCalled()
    // The last record was compacted away: the position alone says that the end is reached.
    readers[2]?.give(4)
    await settle()
    expect(outcome).toHaveBeenCalledExactlyOnceWith('ready')
    readers[0]?.give(6, ['a', 'later'])
    await settle()
    expect([get('a'), get('b'), get('c')]).toEqual(['later', '2', '3'])
    follower.close()
    expect(readers.every(reader => reader.closed)).toBe(true)
  })

  it('TableFollower is ready at once when the topic is empty', async () => {
    const { follower, outcome, settle } = setUp(async () => [{ start: 7, end: 7 }], 1)
    follower.start()
    await settle()
    expect(outcome).toHaveBeenCalledExactlyOnceWith('ready')
    follower.close()
  })

  it('TableFollower asks again, ever more slowly, while the log does not answer', async () => {
    let answers = 0
    const bounds = async () => {
      answers += 1
      if (answers < 3) throw unavailable()
      return [{ start: 0, end: 1 }]
    }
    const { time, readers, follower, outcome, failed } = setUp(bounds, 1)
    follower.start()
    await time.runFor(1_000)
    expect(answers).toBe(3)
    for (let i = 0; i < 10; i++) {
      readers[0]?.fail(unavailable())
      await time.runFor(5_000)
    }
    expect(readers[0]?.calls).toBe(11)
    readers[0]?.fail(unavailable())
    await time.runFor(2_000)
    expect(readers[0]?.calls).toBe(11)
    await time.runFor(3_000)
    expect(readers[0]?.calls).toBe(12)
    readers[0]?.give(1, ['a', '1'])
    await time.runFor(0)
    expect(outcome).toHaveBeenCalledExactlyOnceWith('ready')
    expect(failed).not.toHaveBeenCalled()
    follower.close()
  })

  it('TableFollower ends by any other error, once, and closes its readers', async () => {
    const { readers, follower, outcome, failed, settle } = setUp(
      async () => [
        { start: 0, end: 2 },
        { start: 0, end: 2 },
      ],
      2,
    )
    follower.start()
    await settle()
    const error = new CaudalError('OFFSET_OUT_OF_RANGE')
    readers[0]?.fail(error)
    readers[1]?.fail(error)
    await settle()
    expect(failed).toHaveBeenCalledExactlyOnceWith(error)
    expect(outcome).toHaveBeenCalledExactlyOnceWith('OFFSET_OUT_OF_RANGE')
    expect(readers.every(reader => reader.closed)).toBe(true)
  })

  it('TableFollower ends when the table grows above its limit', async () => {
    const { readers, follower, failed, settle } = setUp(async () => [{ start: 0, end: 2 }], 1, 1)
    follower.start()
    await settle()
    readers[0]?.give(2, ['a', '1'], ['b', '2'])
    await settle()
    expect(failed.mock.calls[0]?.[0]).toMatchObject({ code: 'TABLE_TOO_LARGE' })
    follower.close()
  })

  it('TableFollower does nothing any more once closed, and leaves no timer', async () => {
    const { time, readers, follower, outcome, failed, settle } = setUp(async () => [{ start: 0, end: 2 }], 1)
    follower.start()
    await settle()
    readers[0]?.fail(unavailable())
    await settle()
    follower.close()
    const events = time.eventCount
    await time.runUntilIdle()
    expect(time.eventCount).toBe(events)
    expect(readers[0]?.calls).toBe(1)
    expect(failed).not.toHaveBeenCalled()
    expect(outcome).toHaveBeenCalledExactlyOnceWith('LOG_CLOSED')
  })
})
