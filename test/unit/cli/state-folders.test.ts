/** Which local copies of state a pod on the embedded log removes when it starts, and which it never touches. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { emptyDataFolder } from '#cli/data-folder.ts'
import { configurationOf } from '#cli/environment.ts'
import { openStateStores } from '#cli/parts.ts'
import { silent } from '#core/loggers.ts'
import { realSystem } from '#core/system.ts'
import { dataFolder } from './data-folder.ts'

const parts = { system: realSystem, logger: silent }

function withCopy(...path: readonly string[]) {
  const folder = dataFolder()
  const copy = join(folder, ...path)
  mkdirSync(copy, { recursive: true })
  writeFileSync(join(copy, 'data.mdb'), 'x')
  return { copy, configuration: configurationOf({ DATA_DIR: folder, POD_NAME: 'here' }) }
}

describe('a pod on the embedded log', () => {
  it('removes the copies of pods that are gone', () => {
    const { copy, configuration } = withCopy('embedded-state', 'answers', 'gone')
    openStateStores(configuration, parts)
    expect(existsSync(copy)).toBe(false)
  })

  it('leaves the copies of pods on Kafka in the same folder, which may run, also when it starts afresh', async () => {
    const { copy, configuration } = withCopy('state', 'answers', 'on-kafka')
    openStateStores(configuration, parts)
    await emptyDataFolder(configuration, realSystem)
    expect(existsSync(copy)).toBe(true)
  })
})
