/** A data folder for one test, with a log that can be filled before a command looks at it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { configurationOf } from '#cli/environment.ts'
import { main } from '#cli/main.ts'
import { planOf } from '#cli/topology.ts'
import type { Codec } from '#core/codec.ts'
import { type NewRecord, NO_HEADERS } from '#core/record.ts'
import { realSystem } from '#core/system.ts'
import { openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import type { Log } from '#engine/log/log.ts'
import { surroundings } from './surroundings.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

export const plan = planOf(configurationOf({}))

export function dataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'caudal-cli-'))
  folders.push(folder)
  return folder
}

/** Opens the log of the folder, with the pipeline's topics, for as long as `use` takes. */
export async function withLog<T>(folder: string, use: (log: Log) => Promise<T>): Promise<T> {
  const log = await openEmbeddedLog({ path: join(folder, 'log'), system: realSystem })
  try {
    await log.createTopics(plan.topicSpecs)
    return await use(log)
  } finally {
    await log.close()
  }
}

/** A record of a value of the pipeline, as the pipeline writes it. */
export function of<V>(codec: Codec<V>, value: V, more: Partial<NewRecord> = {}): NewRecord {
  return { key: null, value: codec.encode(value), headers: NO_HEADERS, timestamp: 1, ...more }
}

export function record(value: unknown, more: Partial<NewRecord> = {}): NewRecord {
  return { key: null, value: Buffer.from(JSON.stringify(value)), headers: NO_HEADERS, timestamp: 1, ...more }
}

/** Runs a command line in this process and tells how it ended. */
export async function caudal(folder: string, words: readonly string[], input = '', settings = {}) {
  const { world, stdout, stderr } = surroundings({ environment: { DATA_DIR: folder, ...settings }, input })
  const code = await main(words, world)
  return { code, stdout: stdout.text, stderr: stderr.text, lines: stdout.text.split('\n').filter(Boolean) }
}
