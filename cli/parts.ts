/** Opens the real parts that the settings name: log, local copies of state, model. The one place that chooses drivers. */
import { join } from 'node:path'
import type { Logger } from '#engine/core/operator.ts'
import type { System } from '#engine/core/system.ts'
import { openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import type { Log } from '#engine/log/log.ts'
import { lmdbStores } from '#engine/state/lmdb-store.ts'
import type { StoreFactory } from '#engine/state/store.ts'
import { limited } from '#models/limits.ts'
import type { Model } from '#models/model.ts'
import { openAi } from '#models/openai.ts'
import type { Profile } from '#models/simulated/profile.ts'
import { type ModelServer, startModelServer } from '#models/simulated/server.ts'
import type { Configuration } from './configuration.ts'

export const logFolder = ({ dataFolder }: Configuration): string => join(dataFolder, 'log')
export const stateFolder = ({ dataFolder, application, podName }: Configuration): string =>
  join(dataFolder, 'state', application, podName)

export const isEmbedded = ({ kafkaBrokers }: Configuration): boolean => kafkaBrokers.length === 0

export function openLog(configuration: Configuration, system: System): Promise<Log> {
  return openEmbeddedLog({ path: logFolder(configuration), system })
}

export function openStores(configuration: Configuration, system: System, logger: Logger): StoreFactory {
  return lmdbStores({
    path: stateFolder(configuration),
    system,
    diagnose: diagnosis => logger.warn('a local copy of state was not usable', diagnosis),
  })
}

export interface OpenModel {
  readonly model: Model
  /** There when the model is simulated by this process. */
  readonly server: ModelServer | undefined
  /** Who answers, for people. */
  readonly description: string
  close(): Promise<void>
}

export interface ModelOptions {
  readonly system: System
  /** How the simulated model behaves, where it is used. */
  readonly profile: Partial<Profile>
  readonly timeoutMs: number
}

const OPENAI_URL = 'https://api.openai.com/v1'

export const isSimulated = ({ openAiApiKey, openAiBaseUrl }: Configuration): boolean =>
  openAiApiKey === '' && openAiBaseUrl === ''

/** With neither key nor address, a simulated model answers over real HTTP on the loopback interface. */
export async function openModel(configuration: Configuration, options: ModelOptions): Promise<OpenModel> {
  const { system, profile, timeoutMs } = options
  const simulated = isSimulated(configuration)
  const server = simulated ? await startModelServer({ profile, system }) : undefined
  const baseUrl = server?.url ?? (configuration.openAiBaseUrl || OPENAI_URL)
  const name = configuration.model || (simulated ? 'simulated' : 'gpt-4o-mini')
  const provider = openAi(
    { baseUrl, apiKey: configuration.openAiApiKey, model: name, timeoutMs, sendHints: simulated },
    system,
  )
  return {
    model: limited(provider, { name: baseUrl, inFlightMax: configuration.inFlightMax }, system),
    server,
    description: simulated ? `simulated model at ${baseUrl} (no key is configured)` : `${name} at ${baseUrl}`,
    close: async () => {
      await provider.close()
      await server?.close()
    },
  }
}
