/** A log under other names keeps the contract of the log behind it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { realSystem } from '#core/system.ts'
import { type EmbeddedLog, openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import type { Log } from '#engine/log/log.ts'
import { renamedLog } from '#engine/log/renamed-log.ts'
import { describeLog } from './log.ts'

describeLog(
  'a log under other names',
  async () => {
    const path = mkdtempSync(join(tmpdir(), 'caudal-log-'))
    let now = 1_750_000_000_000
    const system = { ...realSystem, now: () => now }
    let behind: EmbeddedLog = await openEmbeddedLog({ path, system })
    const log = renamedLog(behind, { prefix: 'staging.' })
    return {
      log,
      async reopen() {
        await behind.close()
        behind = await openEmbeddedLog({ path, system })
        return renamedLog(behind, { prefix: 'staging.' })
      },
      async advance(durationMs: number) {
        now += durationMs
        await behind.compact()
      },
      compact: () => behind.compact(),
      async close() {
        await behind.close()
        rmSync(path, { recursive: true })
      },
    }
  },
  { members: 'many' },
)

test('a renamed log gives its topics the prefix or their own names, and hides other topics', async () => {
  const path = mkdtempSync(join(tmpdir(), 'caudal-log-'))
  const behind = await openEmbeddedLog({ path, system: realSystem })
  const log = renamedLog(behind, { prefix: 'b.', topics: { source: 'questions' } })
  const spec = { partitions: 1, compacted: false, retentionMs: undefined }
  await log.createTopics([
    { name: 'source', ...spec },
    { name: 'inner', ...spec },
  ])
  await behind.createTopics([{ name: 'of-another', ...spec }])
  expect((await behind.describeTopics()).map(({ name }) => name).sort()).toEqual([
    'b.inner',
    'of-another',
    'questions',
  ])
  expect((await log.describeTopics()).map(({ name }) => name).sort()).toEqual(['inner', 'source'])
  expect(renamedLog(behind, {})).toBe(behind)
  await behind.close()
  rmSync(path, { recursive: true })
})

test('a renamed log asks the log behind it for leftovers and halts under the names of that log', async () => {
  const asked: unknown[] = []
  const behind: Pick<Log, 'leftovers' | 'explainHalt'> = {
    async leftovers(places) {
      asked.push(places)
      return ['b.app-pod', 'app-other']
    },
    async explainHalt(place) {
      asked.push(place)
      return 'it goes on'
    },
  }
  const log = renamedLog(behind as Log, { prefix: 'b.' }) // It asks for no more than this.
  const place = { topic: 'out', partition: 1 }
  expect(await log.leftovers?.([place])).toEqual(['app-pod'])
  expect(await log.explainHalt?.(place)).toBe('it goes on')
  expect(asked).toEqual([[{ topic: 'b.out', partition: 1 }], { topic: 'b.out', partition: 1 }])
})
