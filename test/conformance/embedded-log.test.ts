/** The embedded log against the contract of the port, with each way of flushing. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { realSystem } from '#core/system.ts'
import type { EmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import { openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import type { Fsync } from '#engine/log/embedded/store.ts'
import type { LogFixture } from './log.ts'
import { describeLog } from './log.ts'

/** A log in a folder of its own, on a clock that only `advance` moves. */
async function open(fsync: Fsync): Promise<LogFixture> {
  const path = mkdtempSync(join(tmpdir(), 'caudal-log-'))
  let now = 1_750_000_000_000
  const system = { ...realSystem, now: () => now }
  const opening = () => openEmbeddedLog({ path, system, fsync })
  let log: EmbeddedLog = await opening()
  return {
    log,
    async reopen() {
      await log.close()
      log = await opening()
      return log
    },
    async advance(durationMs) {
      now += durationMs
      await log.compact()
    },
    async remake(spec) {
      await log.close()
      rmSync(path, { recursive: true })
      log = await opening()
      await log.createTopics([spec])
      return log
    },
    compact: () => log.compact(),
    async close() {
      await log.close()
      rmSync(path, { recursive: true })
    },
  }
}

describeLog('the embedded log (fsync: interval)', () => open('interval'), { members: 'many' })
describeLog('the embedded log (fsync: always)', () => open('always'), { members: 'many' })
