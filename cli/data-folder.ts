/** DATA_DIR: where its parts are, and what is done where it cannot be used or is not there. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { CaudalError, hasCode } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import { folderFailure, isThere } from '#engine/disk/folder.ts'
import { openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import type { Log } from '#engine/log/log.ts'
import { connectLog } from '#engine/log/socket/index.ts'
import type { Configuration } from './configuration.ts'

export const logFolder = ({ dataFolder }: Configuration): string => join(dataFolder, 'log')
/** Copies of state of pods on an embedded log lie apart: those of pods on Kafka, which may run, are never touched for them. */
export const stateFolder = ({ dataFolder, kafkaBrokers }: Configuration): string =>
  join(dataFolder, kafkaBrokers.length === 0 ? 'embedded-state' : 'state')
export const ledgerFile = ({ dataFolder }: Configuration): string => join(dataFolder, 'purchases')

/** What the system refuses of DATA_DIR, as FOLDER_REFUSED or LOG_FULL. */
export function inDataFolder<T>({ dataFolder }: Configuration, use: () => T): T {
  try {
    return use()
  } catch (error) {
    throw folderFailure(dataFolder, error)
  }
}

/**
 * The log in DATA_DIR, where another process holds it through that process. A caller that only looks leaves no folder
 * behind: where no log is, it gets an empty one, which is gone when it is closed.
 */
export async function reachEmbedded(
  configuration: Configuration,
  { system, looks }: { readonly system: System; readonly looks: boolean },
): Promise<Log> {
  const path = logFolder(configuration)
  if (looks && !inDataFolder(configuration, () => isThere(path))) return await emptyLog(system)
  try {
    return await openEmbeddedLog({ path, system })
  } catch (error) {
    const log = hasCode(error, 'LOG_IN_USE') ? await connectLog(path, system) : undefined
    if (!log) throw error
    return log
  }
}

async function emptyLog(system: System): Promise<Log> {
  const path = mkdtempSync(join(tmpdir(), 'caudal-no-log-'))
  const log = await openEmbeddedLog({ path, system })
  const close = log.close.bind(log)
  return Object.assign(log, {
    close: async () => {
      await close()
      rmSync(path, { recursive: true, force: true })
    },
  })
}

/**
 * Empties what this project keeps in DATA_DIR, and nothing else there. Rejects with LOG_IN_USE while somebody uses it. Rejects
 * with FOLDER_REFUSED, and removes nothing, where something of that name is not this project's.
 */
export async function emptyDataFolder(configuration: Configuration, system: System): Promise<void> {
  const { dataFolder } = configuration
  const own = [logFolder(configuration), stateFolder(configuration), ledgerFile(configuration)]
  const stores = [...DATABASE_FILES, CACHE_FOLDER].map(name => join(dataFolder, name))
  const there = inDataFolder(configuration, () => [...own, ...stores].filter(isThere))
  if (there.length === 0) return
  refuseForeign(configuration, there)
  const log = await openEmbeddedLog({ path: logFolder(configuration), system })
  await log.close()
  inDataFolder(configuration, () => {
    for (const path of there) rmSync(path, { recursive: true, force: true })
  })
}

const DATABASE_FILES = ['answers.db', 'answers.db-wal', 'answers.db-shm']
const CACHE_FOLDER = 'cache'
const CACHE_FILES: ReadonlySet<string> = new Set(['data.mdb', 'lock.mdb'])

/** A log is always there where the rest is; whether it is one is found when it is opened. */
function refuseForeign(configuration: Configuration, there: readonly string[]): void {
  const { dataFolder } = configuration
  const refuse = (what: string) => {
    const reason = `it has ${what} that is not of this project, so nothing is removed: name a folder of its own`
    throw new CaudalError('FOLDER_REFUSED', { path: dataFolder, reason })
  }
  const [first] = there
  if (first !== logFolder(configuration)) refuse(basename(first ?? ''))
  inDataFolder(configuration, () => {
    for (const path of there) {
      const isFolder = statSync(path).isDirectory()
      const name = basename(path)
      const isWrong = isFolder === (path === ledgerFile(configuration) || DATABASE_FILES.includes(name))
      if (isWrong) refuse(`${isFolder ? 'a folder' : 'a file'} ${name}`)
      const others = name === CACHE_FOLDER ? readdirSync(path).filter(each => !CACHE_FILES.has(each)) : []
      if (others.length > 0) refuse(`${name}/${others[0]}`)
    }
  })
}
