/** Questions in other words: answered by the index that the pipeline fills, as far as the guard lets them through. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import { silent } from '#core/loggers.ts'
import { realSystem } from '#core/system.ts'
import { Semantic } from '#gateway/semantic.ts'
import { hashingEmbedder } from '#models/hashing-embedder.ts'
import { PromptVersions } from '#pipelines/prompt-versions.ts'
import { AuditTally, SEMANTIC_TOPIC, SIMILARITY_MIN, TopicIndex, TopicSink } from '#stores/semantic/index.ts'
import type { IndexedAnswer } from '#stores/semantic.ts'
import { REPLY } from '../operators/values.ts'
import { type Opened, openGateway, post } from './open-gateway.ts'

const PATIENCE = { timeout: 20_000 }
const SKY = 'Why is the sky blue?'
const REWORDED = 'Can you explain why the sky is blue?'
const OPPOSITE = 'Why is the sky not blue?'
const QA = new Set(['qa'])

let calls: number
let isAudited: boolean
let opened: Opened
let index: TopicIndex
let versions: PromptVersions
beforeEach(async () => {
  calls = 0
  isAudited = false
  const saved: ((answers: readonly IndexedAnswer[]) => Promise<void>)[] = []
  const sink = { save: async (answers: readonly IndexedAnswer[]) => saved[0]?.(answers) }
  const complete = async () => ({ ...REPLY, text: `Air scatters it. ${calls++}` })
  opened = await openGateway({ complete }, {}, { semantic: { sink, taskTypes: QA } })
  const { log, running } = opened
  const parts = { log, topic: SEMANTIC_TOPIC, embedder: hashingEmbedder, system: realSystem, logger: silent }
  const topicSink = new TopicSink(parts)
  saved.push(answers => topicSink.save(answers))
  const limits = { similarityMin: SIMILARITY_MIN, ttlMs: 3_600_000, entriesMax: 100 }
  index = new TopicIndex({ ...parts, taskTypes: QA, ...limits })
  versions = new PromptVersions({ log, plan: running.plan, taskTypes: TASK_TYPES, system: realSystem })
  await Promise.all([index.start(), versions.start()])
  Object.assign(opened.gateway, {
    semantic: new Semantic({
      ...{ index, taskTypes: QA, logger: silent, audit: () => new AuditTally() },
      promptVersion: taskType => versions.of(taskType),
      isAudited: () => isAudited,
    }),
  })
})
afterEach(async () => {
  index.close()
  versions[Symbol.dispose]()
  await opened[Symbol.asyncDispose]()
})

const ask = async (title: string, more: object = {}) =>
  (await opened.ask(post('/query?wait=30s', { title, ...more }))).body

async function known(title: string, more: object = {}) {
  const { entries } = index.statistics()
  const answered = await ask(title, more)
  await vi.waitFor(() => expect(index.statistics().entries).toBe(entries + 1), PATIENCE)
  return answered
}

describe('a question by POST /query with a semantic index', () => {
  it('in other words gets the known answer, and buys nothing', async () => {
    const first = await known(SKY)
    const hit = await ask(REWORDED)
    expect(hit).toMatchObject({
      ...{ hit: true, source: 'semantic', question: SKY, answer: first.answer },
      ...{ id: first.id, task_id: first.task_id, final: first.final, prompt_version: first.prompt_version },
    })
    expect(hit.similarity).toBeGreaterThanOrEqual(SIMILARITY_MIN)
    expect(calls).toBe(1)
  })

  it('is asked where the guard refuses, where it must be fresh, and where its task type is not indexed', async () => {
    await known(SKY)
    expect(await ask(OPPOSITE)).toMatchObject({ hit: false })
    expect(await ask(REWORDED, { fresh: true })).toMatchObject({ hit: false })
    expect(await ask(REWORDED, { task_type: 'summarization' })).toMatchObject({ hit: false })
    expect(index.statistics().refused).toEqual({ negation: 1 })
  })

  it('gets no answer of an earlier prompt', async () => {
    await known(SKY)
    vi.spyOn(versions, 'of').mockReturnValue('1+7')
    expect(await ask(REWORDED)).toMatchObject({ hit: false })
  })

  it('audits some hits by its judge, and a false hit switches the task type off in every gateway', async () => {
    await known(SKY)
    isAudited = true
    const judged = vi.spyOn(Semantic.prototype, 'audited')
    expect(await ask(REWORDED)).toMatchObject({ source: 'semantic' })
    await vi.waitFor(() => expect(judged).toHaveBeenCalledWith('qa', expect.any(Number)), PATIENCE)
    expect(calls).toBe(2)
    const { semantic } = opened.gateway
    await semantic?.audited('qa', 1)
    expect(index.offReason('qa')).toMatch(/audited hits were false/)
    expect(await ask('Please tell me why the sky is blue?')).toMatchObject({ hit: false })
    expect(semantic?.statistics()).toMatchObject({
      ...{ searches: 2, hits: 1, hit_rate: 0.5, off: [{ task_type: 'qa', reason: expect.any(String) }] },
    })
  })
})
