/** What a pod on the embedded log removes from DATA_DIR, and what it never touches. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { emptyDataFolder, logFolder } from '#cli/data-folder.ts'
import { configurationOf } from '#cli/environment.ts'
import { openStateStores } from '#cli/parts.ts'
import { silent } from '#core/loggers.ts'
import { realSystem } from '#core/system.ts'
import { openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
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

  it('keeps the copies of pods on Kafka in the same folder, also with --fresh', async () => {
    const { copy, configuration } = withCopy('state', 'answers', 'on-kafka')
    openStateStores(configuration, parts)
    await (await openEmbeddedLog({ path: logFolder(configuration) })).close()
    await emptyDataFolder(configuration, realSystem)
    expect(existsSync(copy)).toBe(true)
  })
})

describe('caudal start --fresh', () => {
  it.each([
    ['a log of others', ['log', 'syslog']],
    ['a cache of others', ['cache', 'fonts']],
    ['a folder named purchases', ['purchases', '2026']],
  ])('empties nothing where DATA_DIR has %s', async (_, path) => {
    const { copy, configuration } = withCopy(...path)
    if (path[0] !== 'log') await (await openEmbeddedLog({ path: logFolder(configuration) })).close()
    await expect(emptyDataFolder(configuration, realSystem)).rejects.toMatchObject({
      code: 'FOLDER_REFUSED',
      message: expect.stringContaining('name a folder of its own'),
    })
    expect(existsSync(join(copy, 'data.mdb'))).toBe(true)
    if (path[0] !== 'log') expect(existsSync(logFolder(configuration))).toBe(true)
  })

  it('empties no folder of other programs where there is no log', async () => {
    const { copy, configuration } = withCopy('cache')
    await expect(emptyDataFolder(configuration, realSystem)).rejects.toMatchObject({ code: 'FOLDER_REFUSED' })
    expect(existsSync(copy)).toBe(true)
  })

  it('makes no log where DATA_DIR is empty', async () => {
    const configuration = configurationOf({ DATA_DIR: dataFolder() })
    await emptyDataFolder(configuration, realSystem)
    expect(existsSync(logFolder(configuration))).toBe(false)
  })
})
