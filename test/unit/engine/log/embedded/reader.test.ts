/** What a reader of the embedded log holds in memory: bytes have a limit, as records have. */
import { describe, expect, it } from 'vitest'
import { keyed, opened } from './opening.ts'

const PLACE = { topic: 'topic', partition: 0 }
const LARGE = 'x'.repeat(500_000)

describe('a fetch', () => {
  it.each([
    ['of one batch', [40]],
    ['of many batches', Array.from({ length: 40 }, () => 1)],
  ])('%s ends when it is large, and the next goes on behind it', async (_what, sizes) => {
    const log = await opened()
    await log.createTopics([{ name: 'topic', partitions: 1, compacted: false, retentionMs: undefined }])
    let written = 0
    for (const size of sizes) {
      const records = Array.from({ length: size }, () => keyed(`${written++}`, LARGE))
      await log.append([{ ...PLACE, records }])
    }
    const reader = log.openReader(PLACE, 0)
    const found: string[] = []
    while (found.length < written) {
      const { records } = await reader.next(10_000)
      expect(records.length).toBeLessThan(20)
      found.push(...records.map(({ key }) => String(key)))
    }
    reader.close()
    expect(found).toEqual(Array.from({ length: written }, (_, index) => `${index}`))
  })
})
