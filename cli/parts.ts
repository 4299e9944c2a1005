/** Opens the real parts that the settings name: log, local copies of state, model. The one place that chooses drivers. */

import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PRICES, type PriceTable, priceFaults } from '#answers/prices.ts'
import { answerTo } from '#answers/simulated/answers.ts'
import { TOPICS } from '#answers/topics.ts'
import { metered, UsageLedger } from '#answers/usage.ts'
import { CaudalError, failureFields, reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import { redactor, secretsOfAddress } from '#core/secrets.ts'
import type { System } from '#core/system.ts'
import { makeFolder } from '#engine/disk/folder.ts'
import { openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import type { Log } from '#engine/log/log.ts'
import { type Renaming, renamedLog } from '#engine/log/renamed-log.ts'
import { serveLog } from '#engine/log/socket/index.ts'
import { lmdbStores } from '#engine/state/lmdb-store.ts'
import type { StoreFactory } from '#engine/state/store.ts'
import { fallback } from '#models/fallback.ts'
import { type LimitFigures, limited } from '#models/limits.ts'
import type { Model } from '#models/model.ts'
import { openAi } from '#models/openai.ts'
import { readable } from '#models/readable.ts'
import type { Profile } from '#models/simulated/profile.ts'
import { startModelServer } from '#models/simulated/server.ts'
import { EmbeddedRegistry } from '#schemas/avro/embedded-registry.ts'
import { withFormer } from '#schemas/avro/former-registry.ts'
import type { SchemaRegistry } from '#schemas/avro/registry.ts'
import type { Configuration } from './configuration.ts'
import { inDataFolder, logFolder, reachEmbedded, stateFolder } from './data-folder.ts'
import { type LogOptions, openKafka } from './kafka.ts'
import { entered } from './purchases.ts'

export const isEmbedded = ({ kafkaBrokers }: Configuration): boolean => kafkaBrokers.length === 0
export const isSimulated = ({ openAiApiKey, openAiBaseUrl }: Configuration): boolean =>
  openAiApiKey === '' && openAiBaseUrl === ''

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
    if (isEmbedded(configuration)) removeOthers(dirname(path), podName)
  })
  return lmdbStores({
    path,
    system,
    diagnose: diagnosis => logger.warn('a local copy of state was not usable', diagnosis),
  })
}

/** One pod alone uses an embedded log: copies under other names are of pods that are gone, each as large as the state. */
function removeOthers(folder: string, podName: string): void {
  for (const name of readdirSync(folder))
    if (name !== podName) rmSync(join(folder, name), { recursive: true, force: true })
}

export interface OpenModel {
  readonly model: Model
  /** Who answers, for people. */
  readonly description: string
  /** Which providers are called no more for now, and why; a line each, for people. */
  troubles(): readonly string[]
  /** Why none of the providers can be used until a person has acted; empty while one can, or may again by itself. */
  setupFaults(): readonly string[]
  /** The gate before each provider. */
  readonly providers: readonly OpenProvider[]
  close(): Promise<void>
}

export interface OpenProvider {
  readonly name: string
  figures(): LimitFigures
}

export interface ModelOptions extends PartOptions {
  readonly onBought: (requestId: string) => void
}

/** How the simulated model behaves by default: lively, with some of each fault, and never for long. */
export const DEMO_PROFILE: Partial<Profile> = {
  latency: { kind: 'lognormal', medianMs: 400, sigma: 0.4 },
  rateLimited: 0.05,
  failing: 0.03,
  malformed: 0.02,
  retryAfterMs: 500,
}

/** What is bought twice is counted by the ledger; the model itself needs no longer memory than its callers' retries. */
const DEMO_SERVER = { profile: DEMO_PROFILE, requestIdsMax: 50_000 }

export const OPENAI_URL = 'https://api.openai.com/v1'
/** The name under which a model gets the reference answer, which only the simulated one may know. */
export const SIMULATED = 'simulated'

/** With neither key nor address, a simulated model answers over real HTTP on the loopback interface. */
export async function openModel(configuration: Configuration, options: ModelOptions): Promise<OpenModel> {
  const { system, logger, onBought } = options
  const server = isSimulated(configuration)
    ? await startModelServer({ ...DEMO_SERVER, answerTo, system, onPurchase: onBought })
    : undefined
  const chain = chainOf(configuration, server?.url)
  const clients = chain.map(each => openAi(providerOptions(configuration, each), system))
  const gates = gatesOf(configuration, options, chain, clients)
  const [first, ...others] = gates
  if (!first) throw new TypeError('a chain of providers has at least one')
  const usage = new UsageLedger(pricesOf(configuration), unpriced =>
    logger.warn('no price is known for a model: what it costs is not counted, and no cost limit holds', {
      model: unpriced,
      remedy: 'name its price in a file, and the file in LLM_PRICES',
    }),
  )
  const read = readable(metered(fallback(first, ...others), usage), { logger }, system)
  const providers = gates.map((gate, index) => ({
    name: shown(chain[index]?.baseUrl ?? ''),
    figures: () => gate.figures(),
  }))
  return {
    model: server ? read : entered(read, onBought),
    description: server
      ? `simulated model at ${server.url}: neither OPENAI_API_KEY nor OPENAI_BASE_URL is set, no call costs anything`
      : chain.map(each => `${each.model} at ${each.baseUrl}`).join(', then '),
    providers,
    setupFaults: () => setupFaultsOf(providers, read.heldBy()),
    troubles: () => [...troublesOf(providers), ...[read.heldBy() ?? []].flat()],
    close: async () => {
      await Promise.all(clients.map(client => client.close()))
      await server?.close()
    },
  }
}

/** One endpoint that speaks the OpenAI API. */
interface Endpoint {
  readonly baseUrl: string
  readonly apiKey: string
  readonly model: string
}

/** The endpoints in the order in which they are asked. */
function chainOf(configuration: Configuration, simulatedUrl: string | undefined): readonly Endpoint[] {
  const { openAiBaseUrl, openAiApiKey, fallbackBaseUrl, fallbackApiKey, fallbackModel } = configuration
  const model = configuration.model || (simulatedUrl ? SIMULATED : 'gpt-4o-mini')
  const first = { baseUrl: simulatedUrl ?? (openAiBaseUrl || OPENAI_URL), apiKey: openAiApiKey, model }
  if (fallbackBaseUrl === '') return [first]
  return [first, { baseUrl: fallbackBaseUrl, apiKey: fallbackApiKey, model: fallbackModel || model }]
}

/** The name of a provider in figures, reports and metrics: its address, which may carry a password or a key. */
const shown = (address: string): string => redactor(secretsOfAddress(address))(address)

/** A gate before each endpoint. All but the last are passed over at once if they have no room. */
function gatesOf(
  { inFlightMax }: Configuration,
  { system, logger }: ModelOptions,
  chain: readonly Endpoint[],
  clients: readonly Model[],
) {
  return clients.map((client, index) => {
    const waits = index < clients.length - 1 ? { waitMaxMs: 0 } : {}
    const { baseUrl = '', model } = chain[index] ?? {}
    return limited(client, { name: shown(baseUrl), model, inFlightMax, logger, ...waits }, system)
  })
}

/** Faults that only a person can correct. Empty while one of the providers can be used, or may recover by itself. */
function setupFaultsOf(providers: readonly OpenProvider[], heldBy: string | undefined): readonly string[] {
  if (heldBy !== undefined) return [`no call is made, since ${heldBy}`]
  const found = providers.map(({ name, figures }) => ({ name, ...figures() }))
  const isHopeless = found.every(({ needsPerson }) => needsPerson)
  return isHopeless
    ? found.map(({ name, breakerReason }) => `every call is refused by ${name}: ${breakerReason}`)
    : []
}

function troublesOf(providers: readonly OpenProvider[]): readonly string[] {
  return providers.flatMap(({ name, figures }) => {
    const { breakerOpen, breakerReason } = figures()
    return breakerOpen ? [`${name} is not called for now: ${breakerReason}`] : []
  })
}

/** How an endpoint of models is reached. */
export function providerOptions(configuration: Configuration, provider: Endpoint) {
  const sendHints = isSimulated(configuration) || provider.model === SIMULATED
  const { openAiKeyHeader, httpProxy, httpsProxy, noProxy } = configuration
  const proxyUrl = new URL(provider.baseUrl).protocol === 'https:' ? httpsProxy : httpProxy
  // The simulated model is in this process, where no proxy can find it.
  const proxy = proxyUrl === '' || isSimulated(configuration) ? undefined : { url: proxyUrl, except: noProxy }
  const apiKeyHeader = openAiKeyHeader === 'authorization' ? undefined : openAiKeyHeader
  const { callTimeoutMs: timeout } = configuration
  // It is in this process, and late only where the machine has no time for either side.
  const connections = isSimulated(configuration) ? { connectTimeout: timeout } : {}
  return { ...provider, apiKeyHeader, proxy, timeout, connections, sendHints }
}

/** The prices that are known here, those of LLM_PRICES before them. Throws CONFIGURATION_INVALID. */
export function pricesOf({ pricesFile }: Configuration): PriceTable {
  if (pricesFile === '') return PRICES
  const own = priceTableIn(pricesFile)
  const faults = priceFaults(own)
  if (faults.length > 0)
    throw new CaudalError('CONFIGURATION_INVALID', {
      faults: faults.map(fault => `LLM_PRICES: ${fault}`).join('\n'),
    })
  return { ...PRICES, ...(own as PriceTable) } // It has just been checked.
}

function priceTableIn(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new CaudalError(
      'CONFIGURATION_INVALID',
      { faults: `LLM_PRICES: ${path} is not JSON (${reasonOf(error)})` },
      error,
    )
  }
}
