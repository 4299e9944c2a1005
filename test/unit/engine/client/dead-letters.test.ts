/** Dead letters from outside: what a replay opens in the log, it gives back. */
import { expect, test } from 'vitest'
import { CaudalError } from '#core/errors.ts'
import { readDeadLetters, replayDeadLetters } from '#engine/client/dead-letters.ts'
import type { Log } from '#engine/log/log.ts'
import { encodeDeadLetter } from '#engine/record/dead-letter.ts'
import { deadLetterTopicOf } from '#topology/names.ts'
import { at, batch, recordOf, simulate } from '../log/simulated/simulation.ts'

const LETTERS = deadLetterTopicOf('app')
const LARGE = 'x'.repeat(2_000)

/** A dead letter that was too large for its record. */
const LETTER = encodeDeadLetter(
  {
    id: 'numbers/0/0',
    application: 'app',
    origin: { ...at(0), ...recordOf(LARGE), offset: 0 },
    node: 'score',
    code: 'REJECTED',
    message: 'odd',
    stack: undefined,
    attempts: 1,
    failedAt: 0,
  },
  1_000,
)

/** Every read fails; `open` counts the readers that were not closed. */
function failing(log: Log) {
  const count = { open: 0 }
  const openReader: Log['openReader'] = () => {
    count.open++
    return {
      next: async () => {
        throw new CaudalError('LOG_UNAVAILABLE', { reason: 'a test wants it' })
      },
      close: () => void count.open--,
    }
  }
  const bounds: Log['bounds'] = places => log.bounds(places)
  return { count, log: { ...log, bounds, openReader } as Log }
}

test('a replay that cannot read the original record closes its reader', async () => {
  const { client, settle } = await simulate()
  const { log } = client('replayer')
  await settle(log.createTopics([{ name: LETTERS, partitions: 1, compacted: false, retentionMs: undefined }]))
  const letter = { ...recordOf(''), value: LETTER }
  await settle(log.append([batch(0, LARGE), { topic: LETTERS, partition: 0, records: [letter] }]))
  const letters = await settle(readDeadLetters(log, 'app'))
  const away = failing(log)
  await expect(settle(replayDeadLetters(away.log, letters))).rejects.toMatchObject({
    code: 'LOG_UNAVAILABLE',
  })
  expect(away.count.open).toBe(0)
})
