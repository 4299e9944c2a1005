/** What a source partition counts as passed while fetched records wait to be taken. */
import { expect, it } from 'vitest'
import { DEFAULT_LIMITS } from '#core/limits.ts'
import { type LogRecord, NO_HEADERS } from '#core/record.ts'
import { SourceProgress } from '#engine/commit/source-progress.ts'
import type { Fetched, Log, Reader } from '#engine/log/log.ts'
import { SourceIntake } from '#engine/record/source-intake.ts'
import { VirtualTime } from '#testing/virtual-time.ts'

const recordAt = (offset: number): LogRecord => {
  return { offset, key: null, value: Buffer.from('x'), headers: NO_HEADERS, timestamp: 1 }
}

it('offsets without records are passed only once the records before them were taken', async () => {
  const time = new VirtualTime(1)
  const answers: Fetched[] = [
    { records: [recordAt(0), recordAt(1)], nextOffset: 2 },
    // A marker of a transaction.
    { records: [], nextOffset: 3 },
  ]
  const reader: Reader = {
    next: async () => answers.shift() ?? (await new Promise<never>(() => undefined)),
    close: () => undefined,
  }
  const intake = new SourceIntake({
    place: { topic: 'in', partition: 0 },
    entries: [],
    progress: new SourceProgress(0),
    // An intake asks a log for no more than a reader.
    log: { openReader: () => reader } as unknown as Log,
    system: time.system,
    limits: DEFAULT_LIMITS,
    enqueue: callback => callback(),
    onFailed: error => expect.unreachable(String(error)),
  })
  for (let fetches = 0; fetches < 2; fetches++) {
    intake.fetch()
    await time.runFor(1)
  }
  expect(intake.position).toBe(3)
  const taken = [intake.take(), intake.take(), intake.take()].map(record => record?.offset)
  expect(taken).toEqual([0, 1, undefined])
  intake.complete(recordAt(0))
  expect(intake.reached.low).toBe(1)
  intake.complete(recordAt(1))
  expect(intake.reached.low).toBe(3)
})
