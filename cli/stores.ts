/** The stores of answers that the settings name: embedded in DATA_DIR, or Postgres and Redis. */
import { join } from 'node:path'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'
import { folderFailure, makeFolder } from '#engine/disk/folder.ts'
import type { Resource } from '#engine/pod/resources.ts'
import type { HealthPart } from '#gateway/health.ts'
import type { Pool } from '#observability/metrics/metrics.ts'
import type { AnswerStore } from '#stores/answers.ts'
import type { Cache } from '#stores/cache.ts'
import type { HistoryStore } from '#stores/history.ts'
import { organizationOf } from '#stores/organization.ts'
import type { RateCounter } from '#stores/rate-counter.ts'
import type { Configuration } from './configuration.ts'
import { inDataFolder } from './data-folder.ts'
import { isEmbedded, type PartOptions } from './parts.ts'

/** Either may be absent: on Kafka a store is used where its address is set. */
export interface Stores {
  readonly answers: AnswerStore | undefined
  readonly history: HistoryStore | undefined
  readonly cache: Cache | undefined
}

export interface OpenStores extends Stores {
  /** Closed with the pod that writes them. */
  readonly resources: readonly Resource[]
  readonly health: readonly HealthPart[]
  readonly pools: readonly Pool[]
}

export const hasAnswers = (configuration: Configuration): boolean =>
  isEmbedded(configuration) || configuration.databaseUrl !== ''
export const hasCache = (configuration: Configuration): boolean =>
  isEmbedded(configuration) || configuration.redisUrl !== ''

export const answersFile = ({ dataFolder }: Configuration): string => join(dataFolder, 'answers.db')
export const cacheFolder = ({ dataFolder }: Configuration): string => join(dataFolder, 'cache')

/** How long the cache keeps answers of a task type. */
export const cacheTtlMs =
  ({ cacheTtlS }: Configuration) =>
  (taskType: string): number =>
    (Object.hasOwn(TASK_TYPES, taskType) ? TASK_TYPES[taskType]?.cacheTtlMs : undefined) ?? cacheTtlS * 1_000

/** A library is loaded only where it is used. Rejects with CONFIGURATION_INVALID where a file cannot be used. */
export async function openStores(configuration: Configuration, options: PartOptions): Promise<OpenStores> {
  const answers = hasAnswers(configuration) ? await openAnswers(configuration, options) : undefined
  const cache = hasCache(configuration) ? await openCache(configuration, options) : undefined
  const both = [answers, cache].filter(each => each !== undefined)
  return {
    answers: answers?.store.answers,
    history: answers?.store.history,
    cache: cache?.store,
    resources: both.map(({ name, close }) => ({ name, open: async () => {}, close: async () => close() })),
    health: both.map(({ name, check }) => ({ name, isEssential: false, check })),
    pools: both.flatMap(({ pool }) => pool ?? []),
  }
}

interface Opened<T> {
  readonly name: string
  readonly store: T
  close(): Promise<void> | void
  check(): Promise<undefined>
  readonly pool?: Pool
}

const DAY_MS = 86_400_000
const NOBODY = organizationOf(undefined)

async function openAnswers(
  configuration: Configuration,
  { system, logger }: PartOptions,
): Promise<Opened<Databases>> {
  const { databaseUrl, databaseConnections, dataFolder } = configuration
  const keptMs = configuration.historyDays * DAY_MS
  if (databaseUrl !== '') {
    const { Database } = await import('#stores/postgres/database.ts')
    const { PostgresAnswers } = await import('#stores/postgres/answers.ts')
    const database = new Database({ url: databaseUrl, connectionsMax: databaseConnections, system, logger })
    const { PostgresHistory } = await import('#stores/postgres/history.ts')
    const history = new PostgresHistory({ database, system, keptMs })
    const stores = { answers: new PostgresAnswers(database), history }
    return { ...databasePart(stores, () => database.close()), pool: database }
  }
  const { SqliteAnswers } = await import('#stores/sqlite/answers.ts')
  const { SqliteHistory } = await import('#stores/sqlite/history.ts')
  inDataFolder(configuration, () => makeFolder(dataFolder))
  try {
    const path = answersFile(configuration)
    const answers = new SqliteAnswers({ path, system })
    const history = new SqliteHistory({ path, system, keptMs })
    return databasePart({ answers, history }, () => {
      history.close()
      answers.close()
    })
  } catch (error) {
    throw unusable(dataFolder, error)
  }
}

function unusable(dataFolder: string, error: unknown): CaudalError {
  const failure = folderFailure(dataFolder, error)
  if (failure instanceof CaudalError) return failure
  return new CaudalError('CONFIGURATION_INVALID', { faults: `DATA_DIR: ${reasonOf(error)}` }, error)
}

interface Databases {
  readonly answers: AnswerStore
  readonly history: HistoryStore
}

const databasePart = (store: Databases, close: () => Promise<void> | void): Opened<Databases> => ({
  name: 'database',
  store,
  close,
  check: async () => {
    await store.answers.get(NOBODY, '')
    return undefined
  },
})

async function openCache(
  configuration: Configuration,
  { system, logger }: PartOptions,
): Promise<Opened<Cache>> {
  const { redisUrl, cacheConnections } = configuration
  if (redisUrl !== '') {
    const { RedisCache } = await import('#stores/redis/cache.ts')
    const store = new RedisCache({ url: redisUrl, connections: cacheConnections, system, logger })
    return cachePart(store, () => store.close())
  }
  const { LmdbCache } = await import('#stores/lmdb/cache.ts')
  const store = inDataFolder(configuration, () => new LmdbCache({ path: cacheFolder(configuration), system }))
  return cachePart(store, () => store.close())
}

const cachePart = (store: Cache, close: () => Promise<void> | void): Opened<Cache> => ({
  name: 'cache',
  store,
  close,
  check: async () => {
    await store.get(NOBODY, 'health:')
    return undefined
  },
})

/** One count for all gateways, where Redis is. */
export async function openRateCounter(
  { redisUrl }: Configuration,
  { system }: Pick<PartOptions, 'system'>,
): Promise<(RateCounter & { close(): void }) | undefined> {
  if (redisUrl === '') return undefined
  const { RedisRateCounter } = await import('#stores/redis/rate-counter.ts')
  return new RedisRateCounter({ url: redisUrl, system })
}

/** For commands that only look at the graph: which stages there are depends on the settings alone. */
export function absentStores(configuration: Configuration): Stores {
  return {
    answers: hasAnswers(configuration) ? ABSENT_ANSWERS : undefined,
    history: hasAnswers(configuration) ? ABSENT_HISTORY : undefined,
    cache: hasCache(configuration) ? ABSENT_CACHE : undefined,
  }
}

const absent = () => Promise.reject(new TypeError('a graph without stores was asked to write one'))
const ABSENT_ANSWERS: AnswerStore = {
  ...{ save: absent, get: absent, newestOf: absent, page: absent },
  ...{ versions: absent, versionSlices: absent, versionPairs: absent, versionPairSums: absent },
}
const ABSENT_HISTORY: HistoryStore = {
  append: absent,
  of: absent,
  firsts: absent,
  ofRuns: absent,
  costs: absent,
}
const ABSENT_CACHE: Cache = {
  get: absent,
  set: absent,
  replace: absent,
  deleteMatching: absent,
  statistics: () => ({}),
}
