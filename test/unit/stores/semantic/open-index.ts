/** A semantic index on an embedded log of its own, filled as its topic would be. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Logger } from '#core/loggers.ts'
import type { NewRecord } from '#core/record.ts'
import { realSystem } from '#core/system.ts'
import { openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import type { Embedder } from '#models/embedder.ts'
import { hashingEmbedder } from '#models/hashing-embedder.ts'
import type { Cache } from '#stores/cache.ts'
import { Computed } from '#stores/computed.ts'
import { LmdbCache } from '#stores/lmdb/cache.ts'
import {
  type Entry,
  entryRecord,
  type QuestionVectors,
  SEMANTIC_TOPIC,
  SIMILARITY_MIN,
  TopicIndex,
  type TopicIndexOptions,
  withoutFrame,
} from '#stores/semantic/index.ts'
import { CachedVectors } from '#stores/semantic/vectors.ts'
import type { IndexedAnswer } from '#stores/semantic.ts'

export const search = () => ({ signal: new AbortController().signal, requestId: 'search-1' })

export const known = (question: string, more: Partial<IndexedAnswer> = {}): IndexedAnswer => ({
  organization: 'acme',
  taskType: 'qa',
  promptVersion: '1',
  questionHash: `hash of ${question}`,
  question,
  id: `run of ${question}`,
  answer: `answer to ${question}`,
  final: 9,
  belowThreshold: false,
  model: 'simulated',
  costUsd: 0.25,
  deliveredAt: 1_000,
  ...more,
})

export async function entryOf(answer: IndexedAnswer, more: Partial<Entry> = {}): Promise<NewRecord> {
  const vector = await hashingEmbedder.embed(withoutFrame(answer.question), search())
  return entryRecord({ embedder: hashingEmbedder.name, vector, answer, ...more }, answer.deliveredAt)
}

/** A log with the topic, and indexes that read it. */
export async function openTopic(partitions = 1) {
  const folder = mkdtempSync(join(tmpdir(), 'caudal-semantic-'))
  const log = await openEmbeddedLog({ path: folder, system: realSystem })
  const topic = SEMANTIC_TOPIC
  await log.createTopics([{ name: topic, partitions, compacted: true, retentionMs: undefined }])
  const opened: TopicIndex[] = []
  const warnings: string[] = []
  const note = (message: string, fields?: object) => warnings.push(`${message} ${JSON.stringify(fields)}`)
  const logger: Logger = { debug: note, info: note, warn: note, error: note }
  return {
    log,
    warnings,
    append: (...records: readonly NewRecord[]) => log.append([{ topic, partition: 0, records }]),
    async open(more: Partial<TopicIndexOptions> = {}) {
      const index = new TopicIndex({
        ...{ log, topic, logger, embedder: hashingEmbedder, similarityMin: SIMILARITY_MIN },
        ...{ system: { ...realSystem, now: () => 2_000 }, taskTypes: new Set(['qa']), ttlMs: 10_000 },
        entriesMax: 1_000,
        ...more,
      })
      opened.push(index)
      await index.start()
      return index
    },
    async [Symbol.asyncDispose]() {
      for (const index of opened) index.close()
      await log.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A cache in a folder of its own. */
export function openCache() {
  const path = mkdtempSync(join(tmpdir(), 'caudal-cache-'))
  const cache = new LmdbCache({ path, system: realSystem })
  return {
    cache,
    async [Symbol.asyncDispose]() {
      await cache.close()
      rmSync(path, { recursive: true, force: true })
    },
  }
}

let tokens = 0

/** As of a process of its own. */
export const vectorsIn = (cache: Cache, embedder: Embedder): QuestionVectors =>
  new CachedVectors({
    computed: new Computed({ cache, system: realSystem, token: () => `lease ${tokens++}` }),
    embedder,
    ttlMs: 60_000,
  })
