/** What was answered is found again: in the cache, in the database, and what happens while either is away. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { questionHash } from '#answers/question-hash.ts'
import { realSystem } from '#core/system.ts'
import { RunIndex } from '#pipelines/run-index.ts'
import type { HistoryStore, TaskEvent } from '#stores/history.ts'
import { LmdbCache } from '#stores/lmdb/cache.ts'
import { organizationOf } from '#stores/organization.ts'
import { SqliteAnswers } from '#stores/sqlite/answers.ts'
import { answerKey } from '#stores/stored-answer.ts'
import { type ScriptedModel, scripted } from '../operators/values.ts'
import { asked, type Opened, openGateway, post, serverOf } from './open-gateway.ts'
import { Switch, unsteadyAnswers, unsteadyCache } from './unsteady-stores.ts'

const NOBODY = organizationOf(undefined)
const FUSE = { title: 'What is a fuse for?' }
const HASH = questionHash({ task_type: 'qa', ...FUSE })

let folder: string
let model: ScriptedModel
let opened: Opened
let answers: SqliteAnswers
let cache: LmdbCache
let database: Switch
let memory: Switch
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caudal-stores-'))
  answers = new SqliteAnswers({ path: join(folder, 'answers.db'), system: realSystem })
  cache = new LmdbCache({ path: join(folder, 'cache'), system: realSystem })
  model = scripted({ text: 'It cuts the current.' })
  database = new Switch()
  memory = new Switch()
  opened = await openGateway(model, {
    answers: unsteadyAnswers(answers, database),
    cache: unsteadyCache(cache, memory),
  })
})
afterEach(async () => {
  database.on()
  memory.on()
  await opened[Symbol.asyncDispose]()
  answers.close()
  await cache.close()
  rmSync(folder, { recursive: true, force: true })
})

const isStored = () => vi.waitFor(async () => expect(await answers.newestOf(NOBODY, HASH)).toBeDefined())
const isCached = () => vi.waitFor(async () => expect(await cache.get(NOBODY, answerKey(HASH))).toBeDefined())

describe('an answered question', () => {
  it('is answered by the cache under its documented key, and asked again when it must be fresh', async () => {
    const first = await opened.ask(post('/query?wait=30s', FUSE))
    expect(first.body).toMatchObject({ hit: false, id: HASH })
    await isCached()
    const again = await opened.ask(post('/query', FUSE))
    expect(again.status).toBe(200)
    const { hit: _, state: __, ...answer } = first.body
    expect(again.body).toEqual({ hit: true, source: 'cache', ...answer })
    expect(model.calls).toHaveLength(1)
    expect((await opened.ask(post('/query?wait=30s', { ...FUSE, fresh: true }))).body).toMatchObject({
      hit: false,
    })
    expect(model.calls).toHaveLength(2)
  })

  it('is answered by the database when the cache is empty or away, and the cache stores the answer', async () => {
    await opened.ask(post('/query?wait=30s', FUSE))
    await Promise.all([isStored(), isCached()])
    await cache.deleteMatching(NOBODY, 'q:*')
    expect((await opened.ask(post('/query', FUSE))).body).toMatchObject({ hit: true, source: 'database' })
    await isCached()
    memory.off()
    expect((await opened.ask(post('/query', FUSE))).body).toMatchObject({ hit: true, source: 'database' })
  })

  it('is found by its task and by its question when the gateway has forgotten it', async () => {
    const { body } = await opened.ask(post('/query?wait=30s', FUSE))
    await isStored()
    vi.spyOn(opened.gateway.service, 'outcomeNow').mockReturnValue(undefined)
    opened.gateway.runs.remove(String(body.task_id))
    const byTask = await opened.ask({ url: `/task/${body.task_id}` })
    expect(byTask.body).toMatchObject({
      state: 'delivered',
      id: HASH,
      result: { answer: 'It cuts the current.' },
    })
    expect((await opened.ask({ url: `/task/${HASH}` })).body).toEqual(byTask.body)
  })

  it('is shown by its task with what came of it although memory has forgotten the outcome', async () => {
    const { body } = await opened.ask(post('/query?wait=30s', FUSE))
    await isStored()
    vi.spyOn(opened.gateway.service, 'outcomeNow').mockReturnValue(undefined)
    const task = await opened.ask({ url: `/task/${body.task_id}` })
    expect(task.body).toMatchObject({ state: 'delivered', result: { answer: 'It cuts the current.' } })
  })

  it('is the ended run again under its Idempotency-Key although memory has forgotten it', async () => {
    const keyed = post('/query?wait=30s', { ...FUSE, fresh: true }, { 'idempotency-key': 'order-9' })
    const first = await opened.ask(keyed)
    await isStored()
    vi.spyOn(opened.gateway.service, 'outcomeNow').mockReturnValue(undefined)
    const appended = vi.spyOn(opened.gateway.service, 'append')
    const again = await asked(serverOf({ ...opened.gateway, runs: new RunIndex() }), keyed)
    expect(again).toMatchObject({ status: 200, body: first.body })
    expect(appended).not.toHaveBeenCalled()
  })

  it('is not answered by a cache entry of another program', async () => {
    await cache.set(NOBODY, answerKey(HASH), '{"answer": 7}', 60_000)
    expect((await opened.ask(post('/query?wait=30s', FUSE))).body).toMatchObject({ hit: false })
  })
})

describe('a failed run that memory has forgotten', () => {
  const event = (kind: TaskEvent['kind'], rank: number, detail: object): TaskEvent => ({
    ...{
      recordId: kind,
      organization: NOBODY,
      taskId: 'gone',
      taskType: 'qa',
      at: 1_000,
      rank,
      kind,
      detail,
    },
  })
  const events = [
    event('accepted', 0, { task_type: 'qa', ...FUSE }),
    event('failed', 9, { reason: 'attempts_used_up', faults: ['no reply'] }),
  ]
  const of: HistoryStore['of'] = async (_, id) => (id === 'gone' ? events : [])
  const remembering = () => {
    const history: HistoryStore = { of, append: async () => {}, firsts: none, ofRuns: none, costs: none }
    return serverOf({ ...opened.gateway, history })
  }
  const none = async () => []

  it('has its reason from the history', async () => {
    const { status, body } = await asked(remembering(), { url: '/task/gone?wait=5m' })
    expect([status, body.state, body.reason, body.faults, body.title]).toEqual([
      200,
      'failed',
      'attempts_used_up',
      ['no reply'],
      FUSE.title,
    ])
  })

  it('has its reason under its Idempotency-Key, and is not asked again', async () => {
    const keyed = post('/query?wait=5m', FUSE, { 'idempotency-key': 'gone' })
    expect((await asked(remembering(), keyed)).body).toMatchObject({
      state: 'failed',
      reason: 'attempts_used_up',
    })
    expect(model.calls).toHaveLength(0)
  })
})

describe('stores that are away', () => {
  it('delay no answer, get what was delivered meanwhile later, and cause no dead letter', async () => {
    database.off()
    memory.off()
    const { body } = await opened.ask(post('/query?wait=30s', FUSE))
    expect(body).toMatchObject({ state: 'delivered' })
    await vi.waitFor(() => expect(Math.min(database.refusals, memory.refusals)).toBeGreaterThan(1))
    expect(await answers.newestOf(NOBODY, HASH)).toBeUndefined()
    expect((await opened.ask(post('/query?wait=30s', { title: 'What is a valve for?' }))).status).toBe(200)
    database.on()
    memory.on()
    await Promise.all([isStored(), isCached()])
    expect(await opened.running.deadLetters()).toEqual([])
  })

  it('are named where only the database could know the task', async () => {
    const { body } = await opened.ask(post('/query?wait=30s', FUSE))
    await isStored()
    vi.spyOn(opened.gateway.service, 'outcomeNow').mockReturnValue(undefined)
    opened.gateway.runs.remove(String(body.task_id))
    database.off()
    for (const url of [`/task/${body.task_id}`, `/task/${HASH}`]) {
      const asked = await opened.ask({ url })
      expect([asked.status, asked.body.code]).toEqual([503, 'store_unavailable'])
    }
    database.on()
    expect((await opened.ask({ url: `/task/${HASH}` })).body).toMatchObject({ state: 'delivered' })
  })
})
