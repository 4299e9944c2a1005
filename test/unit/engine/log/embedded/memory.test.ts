/** What the file of an embedded log takes of the memory of its process, by the account of the kernel. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { keyed, opened, temporaryFolder } from './opening.ts'

const MAPS = '/proc/self/smaps'
const PLACE = { topic: 'topic', partition: 0 }
const BATCHES = 120
const VALUE = 'x'.repeat(900_000)
const LOG_BYTES = BATCHES * VALUE.length

/** Resident bytes of all maps of files below this folder; nothing where the kernel gives no account. */
function residentBytes(folder: string): number {
  if (!existsSync(MAPS)) return 0
  const maps = readFileSync(MAPS, 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
  const own = maps.filter(map => map.includes(folder))
  return own.reduce((sum, map) => sum + Number(/^Rss:\s+(\d+)/m.exec(map)?.[1] ?? 0) * 1024, 0)
}

it('a log whose folder was removed under it goes on with what it holds, and makes no empty one', async () => {
  const path = temporaryFolder()
  const log = await opened({ path })
  await log.createTopics([{ name: 'topic', partitions: 1, compacted: false, retentionMs: undefined }])
  for (let batch = 0; batch < 20; batch++)
    await log.append([{ ...PLACE, records: [keyed(`${batch}`, VALUE)] }])
  rmSync(path, { recursive: true })
  const reader = log.openReader(PLACE, 0)
  let found = 0
  while (found < 20) found += (await reader.next(10)).records.length
  reader.close()
  expect(existsSync(path)).toBe(false)
})

describe('the file of an embedded log', () => {
  it('the file of an embedded log stays out of memory while the log is written and read from its beginning, which reads what was written', async () => {
    const path = temporaryFolder()
    const log = await opened({ path })
    await log.createTopics([{ name: 'topic', partitions: 1, compacted: false, retentionMs: undefined }])
    const reader = log.openReader(PLACE, 0)
    const found: string[] = []
    let mostBytes = 0
    const read = async (count: number) => {
      while (found.length < count) {
        for (const { key, value } of (await reader.next(10)).records)
          found.push(`${String(key)} ${value?.length}`)
        mostBytes = Math.max(mostBytes, residentBytes(path))
      }
    }
    for (let batch = 0; batch < BATCHES; batch++) {
      await log.append([{ ...PLACE, records: [keyed(`${batch}`, VALUE)] }])
      if (batch % 2 === 0) await read(batch / 2)
    }
    await read(BATCHES)
    reader.close()
    expect(found).toEqual(Array.from({ length: BATCHES }, (_, batch) => `${batch} ${VALUE.length}`))
    expect(mostBytes).toBeLessThan(LOG_BYTES / 2)
  })
})
