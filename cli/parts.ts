/** Opens the real parts that the settings name: log, registry, local copies of state. The one place that chooses drivers. */

import { readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { TOPICS } from '#answers/topics.ts'
import { failureFields } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import { makeFolder } from '#engine/disk/folder.ts'
import { openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import type { Log } from '#engine/log/log.ts'
import { type Renaming, renamedLog } from '#engine/log/renamed-log.ts'
import { serveLog } from '#engine/log/socket/index.ts'
import { lmdbStores } from '#engine/state/lmdb-store.ts'
import type { StoreFactory } from '#engine/state/store.ts'
import { EmbeddedRegistry } from '#schemas/avro/embedded-registry.ts'
import { withFormer } from '#schemas/avro/former-registry.ts'
import type { SchemaRegistry } from '#schemas/avro/registry.ts'
import type { Configuration } from './configuration.ts'
import { inDataFolder, logFolder, reachEmbedded, stateFolder } from './data-folder.ts'
import { type LogOptions, openKafka } from './kafka.ts'

export const isEmbedded = ({ kafkaBrokers }: Configuration): boolean => kafkaBrokers.length === 0

export interface PartOptions {
  readonly system: System
  readonly logger: Logger
}

export interface HeldLog extends AsyncDisposable {
  readonly log: Log
}

/** For a pod. Commands of this machine look at an embedded log through it. Rejects with LOG_IN_USE, LOG_UNAVAILABLE and their kin. */
export async function holdLog(configuration: Configuration, options: LogOptions): Promise<HeldLog> {
  const { system, logger } = options
  const folder = logFolder(configuration)
  const log = isEmbedded(configuration)
    ? await openEmbeddedLog({ path: folder, system })
    : await openKafka(configuration, options)
  const serving = isEmbedded(configuration) ? serveLog(log, folder) : undefined
  const server = await serving?.catch(error => {
    logger.warn('other commands cannot look at the log while this process runs', failureFields(error))
  })
  return {
    log: renamedLog(log, renamingOf(configuration)),
    [Symbol.asyncDispose]: async () => {
      await server?.close()
      await log.close()
    },
  }
}

/** For a command that does one thing. One that only looks makes no log where none is. */
export async function reachLog(
  configuration: Configuration,
  options: LogOptions & { readonly looks?: boolean },
): Promise<Log> {
  const { system, looks = false } = options
  const log = isEmbedded(configuration)
    ? await reachEmbedded(configuration, { system, looks })
    : await openKafka(configuration, options)
  return renamedLog(log, renamingOf(configuration))
}

function renamingOf({ topicPrefix, sourceTopic, resultTopic }: Configuration): Renaming {
  const topics = {
    ...(sourceTopic !== '' && { [TOPICS.raw]: sourceTopic }),
    ...(resultTopic !== '' && { [TOPICS.delivered]: resultTopic }),
  }
  return { prefix: topicPrefix, topics }
}

/** Schemas are kept in a topic of the log where no registry is named. */
export async function openRegistry(
  { schemaRegistryUrl, application }: Configuration,
  log: Log,
  system: System,
): Promise<SchemaRegistry> {
  const embedded = new EmbeddedRegistry({ application, log, system })
  if (schemaRegistryUrl === '') return embedded
  // Its client is loaded only where it is used.
  const { ConfluentRegistry } = await import('#schemas/avro/confluent-registry.ts')
  return withFormer(new ConfluentRegistry(schemaRegistryUrl), embedded)
}

export function openStateStores(configuration: Configuration, { system, logger }: PartOptions): StoreFactory {
  const { application, podName } = configuration
  const path = join(stateFolder(configuration), application, podName)
  inDataFolder(configuration, () => {
    makeFolder(path)
  })
  if (isEmbedded(configuration)) removeOthers(dirname(path), podName, logger)
  return lmdbStores({
    path,
    system,
    diagnose: diagnosis => logger.warn('a local copy of state was not usable', diagnosis),
  })
}

/** One pod alone uses an embedded log: copies under other names are of pods that are gone, each as large as the state. */
function removeOthers(folder: string, podName: string, logger: Logger): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    try {
      if (name !== podName) rmSync(path, { recursive: true, force: true })
    } catch (error) {
      logger.warn('the copy of a pod that is gone cannot be removed: it takes room, and is of no use', {
        path,
        ...failureFields(error),
      })
    }
  }
}
