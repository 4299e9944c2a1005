/** The semantic index that the settings name: the embedder, what fills the topic, and what a gateway asks. */
import { TASK_TYPES } from '#answers/task-types/index.ts'
import type { Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import { Semantic } from '#gateway/semantic.ts'
import type { Embedder } from '#models/embedder.ts'
import { hashingEmbedder } from '#models/hashing-embedder.ts'
import type { IndexAnswersOptions } from '#operators/index-answers.ts'
import { PromptVersions } from '#pipelines/prompt-versions.ts'
import type { Cache } from '#stores/cache.ts'
import { Computed } from '#stores/computed.ts'
import type { QuestionVectors } from '#stores/semantic/index.ts'
import type { Plan } from '#topology/plan.ts'
import type { Closers } from './command/closers.ts'
import type { Configuration } from './configuration.ts'
import { OPENAI_URL, providerOptions } from './provider.ts'
import { newSecret } from './secrets.ts'

export interface SemanticParts {
  readonly log: Log
  readonly system: System
  readonly logger: Logger
}

export const hasSemantic = ({ semanticTaskTypes }: Configuration): boolean => semanticTaskTypes.length > 0

/** What a pod fills the index with; nothing where it is off for every task type. */
export async function semanticSink(
  configuration: Configuration,
  parts: SemanticParts,
  opened: Closers,
): Promise<IndexAnswersOptions | undefined> {
  if (!hasSemantic(configuration)) return undefined
  const { SEMANTIC_TOPIC, TopicSink } = await import('#stores/semantic/index.ts')
  const embedder = await embedderOf(configuration, opened)
  const sink = new TopicSink({ ...parts, topic: SEMANTIC_TOPIC, embedder })
  return { sink, taskTypes: new Set(configuration.semanticTaskTypes) }
}

/** What a gateway asks; its library is loaded only where the index is on. */
export async function openSemantic(
  configuration: Configuration,
  { plan, cache, ...parts }: SemanticParts & { readonly plan: Plan; readonly cache: Cache | undefined },
  opened: Closers,
): Promise<Semantic | undefined> {
  if (!hasSemantic(configuration)) return undefined
  const { AuditTally, isAudited, SEMANTIC_TOPIC, TopicIndex } = await import('#stores/semantic/index.ts')
  const taskTypes = new Set(configuration.semanticTaskTypes)
  const { semanticSimilarity: similarityMin, semanticTtlS, semanticEntriesMax: entriesMax } = configuration
  const embedder = await embedderOf(configuration, opened)
  const limits = { similarityMin, ttlMs: semanticTtlS * 1_000, entriesMax }
  const vectors = await vectorsIn(cache, embedder, configuration, parts)
  const index = new TopicIndex({ ...parts, topic: SEMANTIC_TOPIC, embedder, vectors, taskTypes, ...limits })
  const versions = new PromptVersions({ ...parts, plan, taskTypes: TASK_TYPES })
  opened.defer(async () => {
    index.close()
    versions[Symbol.dispose]()
  })
  await Promise.all([index.start(), versions.start()])
  return new Semantic({
    ...{ index, taskTypes, logger: parts.logger, audit: () => new AuditTally() },
    promptVersion: taskType => versions.of(taskType),
    isAudited: requestId => isAudited(requestId),
  })
}

/** Nothing where an embedding costs less than a look into the cache. */
async function vectorsIn(
  cache: Cache | undefined,
  embedder: Embedder,
  { semanticTtlS }: Configuration,
  { system }: SemanticParts,
): Promise<QuestionVectors | undefined> {
  if (!cache || embedder === hashingEmbedder) return undefined
  const { CachedVectors } = await import('#stores/semantic/vectors.ts')
  const computed = new Computed({ cache, system, token: newSecret })
  return new CachedVectors({ computed, embedder, ttlMs: semanticTtlS * 1_000 })
}

async function embedderOf(configuration: Configuration, opened: Closers): Promise<Embedder> {
  const {
    embeddingsModel: model,
    embeddingsDimensions: dimensions,
    openAiApiKey,
    openAiBaseUrl,
  } = configuration
  if (model === '') return hashingEmbedder
  const { openAiEmbedder } = await import('#models/openai-embeddings.ts')
  const provider = { baseUrl: openAiBaseUrl || OPENAI_URL, apiKey: openAiApiKey, model }
  const embedder = openAiEmbedder({ ...providerOptions(configuration, provider), dimensions })
  opened.defer(() => embedder.close())
  return embedder
}

/** For commands that only look at the graph. */
export const absentSemantic = (configuration: Configuration): IndexAnswersOptions | undefined =>
  hasSemantic(configuration)
    ? { sink: { save: absent }, taskTypes: new Set(configuration.semanticTaskTypes) }
    : undefined

const absent = () => Promise.reject(new TypeError('a graph without an index was asked to write one'))
