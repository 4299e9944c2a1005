/** The graph of the answer pipeline: its shape, and the bundled sample walked through it over real HTTP. */

import { readFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { answerTo } from '#answers/simulated/answers.ts'
import type { ActionEvent, Delivered, Failed } from '#answers/types.ts'
import type { Model } from '#models/model.ts'
import { openAi } from '#models/openai.ts'
import type { Profile } from '#models/simulated/profile.ts'
import { type ModelServer, startModelServer } from '#models/simulated/server.ts'
import { type AnswersOptions, answers } from '#pipelines/answers.ts'
import { plan } from '#topology/plan.ts'
import { validate } from '#topology/validate.ts'
import { scripted } from '../operators/values.ts'
import { type Walked, walk } from './walk.ts'

const releases: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const release of releases.splice(0)) await release()
})

const sample = () =>
  readFileSync(new URL('../../../pipelines/sample/questions.ndjson', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map(line => Buffer.from(line))

async function simulated(profile: Partial<Profile> = {}): Promise<{ server: ModelServer; model: Model }> {
  const server = await startModelServer({ answerTo, seed: 1, profile })
  const model = openAi({ baseUrl: server.url, model: 'simulated', sendHints: true })
  releases.push(() => model.close(), server.close)
  return { server, model }
}

const run = (options: AnswersOptions, events: readonly Uint8Array[]) =>
  walk(answers(options), 'datos_crudos', events)
const delivered = (walked: Walked) => (walked.topics.get('datos_procesados') ?? []) as Delivered[]
const failed = (walked: Walked) => (walked.topics.get('llm.failed') ?? []) as Failed[]

test('the graph has no faults, and one stage for each topic between two stages', () => {
  const graph = answers({ model: scripted({}) })
  expect(validate(graph)).toEqual([])
  expect(plan(graph).stages.map(({ name }) => name)).toEqual([
    'ingest',
    'admit',
    'generate',
    'score',
    'retry',
    'deliver',
    'delay',
  ])
})

test('the options of the graph reach their operators', () => {
  const graph = answers({ model: scripted({}), name: 'mine', inFlightMax: 7, timeout: 8, partitions: 3 })
  expect(graph.name).toBe('mine')
  const limits = graph.operators.filter(({ name }) => ['generate', 'score'].includes(name))
  expect(limits.map(({ operator }) => operator.limits)).toEqual([
    { inFlightMax: 7, timeout: 8 },
    { inFlightMax: 7, timeout: 8 },
  ])
  expect(new Set(graph.topics.filter(({ kind }) => kind !== 'table').map(topic => topic.partitions))).toEqual(
    new Set([3]),
  )
})

test('every event of the sample has exactly one outcome, and each call is bought once', async () => {
  const { server, model } = await simulated()
  const events = sample()
  const walked = await run({ model }, events)
  const outcomes = [...delivered(walked), ...failed(walked)].map(({ id }) => id)
  expect(events.length).toBeGreaterThanOrEqual(60)
  expect(new Set(outcomes).size).toBe(outcomes.length)
  expect(outcomes).toHaveLength(events.length - 1)
  expect(failed(walked).map(({ reason }) => reason)).toEqual(Array(5).fill('invalid_input'))
  expect(failed(walked).flatMap(({ faults }) => faults)).toHaveLength(8)
  const { calls, successes, boughtTwice } = server.stats()
  expect({ successes, boughtTwice }).toEqual({ successes: calls, boughtTwice: 0 })
  expect(delivered(walked).reduce((sum, answer) => sum + answer.calls, 0)).toBe(calls)
})

test('the sample shows every path: at once, after feedback, below the threshold, in both languages', async () => {
  const { model } = await simulated()
  const all = delivered(await run({ model }, sample()))
  const share = (holds: (answer: Delivered) => boolean) => all.filter(holds).length / all.length
  expect(share(answer => answer.quality_attempts === 1)).toBeGreaterThan(0.4)
  expect(share(answer => answer.quality_attempts > 1)).toBeGreaterThan(0.1)
  expect(share(answer => answer.quality_attempts > 2)).toBeGreaterThan(0)
  expect(share(answer => answer.below_threshold)).toBeGreaterThan(0)
  expect(share(answer => answer.below_threshold)).toBeLessThan(0.2)
  for (const taskType of ['qa', 'sentiment', 'moderation', 'summarization'])
    expect(all.some(answer => answer.task_type === taskType)).toBe(true)
})

test('a delivered answer reached the threshold, or is the best of all attempts', async () => {
  const { model } = await simulated()
  for (const answer of delivered(await run({ model, threshold: 9.5 }, sample()))) {
    const earlier = answer.history.flatMap(({ final }) => final ?? [])
    if (answer.below_threshold) expect(answer.final).toBe(Math.max(...earlier))
    else expect(answer.final).toBeGreaterThan(Math.max(0, ...earlier))
  }
})

test('flagged texts of the sample get a review', async () => {
  const { model } = await simulated()
  const walked = await run({ model }, sample())
  const actions = (walked.topics.get('llm.actions') ?? []) as ActionEvent[]
  expect(actions.map(({ id }) => id).sort()).toEqual(['evt-2002', 'mod-01', 'mod-03', 'mod-05'])
})

test('every event has one outcome within its attempts, although the provider fails', async () => {
  const { server, model } = await simulated({ rateLimited: 0.15, failing: 0.15, malformed: 0.1 })
  const events = sample()
  const walked = await run({ model, attemptsMax: 3 }, events)
  const outcomes = [...delivered(walked), ...failed(walked)].map(({ id }) => id)
  expect(new Set(outcomes).size).toBe(events.length - 1)
  expect(outcomes).toHaveLength(events.length - 1)
  for (const answer of delivered(walked)) {
    expect(answer.error_attempts).toBeLessThanOrEqual(3)
    expect(answer.quality_attempts).toBeLessThanOrEqual(3)
  }
  const given = failed(walked).filter(({ reason }) => reason === 'attempts_used_up')
  for (const { request } of given)
    expect(request?.history.filter(({ kind }) => kind === 'error')).toHaveLength(
      request?.error_attempts ?? -1,
    )
  expect(walked.delaysMs.length).toBeGreaterThan(10)
  expect(server.stats().boughtTwice).toBe(0)
})

test('a judge that fails is asked again about the same answer, which is not bought again', async () => {
  const { server, model } = await simulated()
  let refusals = 0
  const judge: Model = {
    complete(request, call) {
      refusals += 1
      return refusals === 1 ? Promise.reject(new TypeError('a bad moment')) : model.complete(request, call)
    },
  }
  const event = Buffer.from(JSON.stringify({ id: 'q', title: 'Two and two?', best_answer: 'Four' }))
  const walked = await run({ model, judge, threshold: 0 }, [event])
  expect(delivered(walked)).toMatchObject([{ error_attempts: 1, quality_attempts: 1, calls: 2 }])
  expect(server.stats().calls).toBe(2)
})

test('a pipeline without a judge’s model pays nothing for verdicts', async () => {
  const { server, model } = await simulated()
  const walked = await run({ model, judge: 'computed' }, sample())
  expect(delivered(walked).length).toBeGreaterThan(50)
  const answersBought = delivered(walked).reduce((sum, { quality_attempts }) => sum + quality_attempts, 0)
  expect(server.stats().calls).toBe(answersBought)
})
