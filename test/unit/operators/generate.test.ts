/** An answer is bought once, and paid for whatever it is. Its failures are reported by type. */
import { expect, test } from 'vitest'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import { TOPICS } from '#answers/topics.ts'
import type { Model } from '#models/model.ts'
import { generate } from '#operators/generate.ts'
import { DeadLettered, emitted, run } from './effects.ts'
import { judged, modelError, REQUEST, scripted } from './values.ts'

const operatorOn = (model: Model) =>
  generate({ model, taskTypes: TASK_TYPES, defaults: { threshold: 6, attemptsMax: 3 }, limits: {} })

test('generate emits the answer with its provenance and its cost', async () => {
  const model = scripted({})
  const { output, value } = await emitted(operatorOn(model), REQUEST, { id: 'r9' })
  expect(output).toBe('generated')
  expect(value).toEqual({
    ...REQUEST,
    spent: { calls: 1, tokens_prompt: 1_000, tokens_completion: 100, cost_usd: expect.closeTo(0.00021, 10) },
    attempt: {
      answer: 'Air scatters blue light.',
      model: 'gpt-4o-mini',
      prompt_version: '1',
      request_id: 'r9:call',
      latency_ms: 7,
      tokens_prompt: 1_000,
      tokens_completion: 100,
    },
  })
})

test('generate asks the model under the id of its step, without the reference answer', async () => {
  const model = scripted({})
  await run(operatorOn(model), { ...REQUEST, content: 'Rayleigh <1871>' }, { id: 'r9' })
  const [call] = model.calls
  expect(call?.requestId).toBe('r9:call')
  expect(call?.request).toMatchObject({
    labels: { taskType: 'qa', organization: 'org' },
    hints: { reference: REQUEST.best_answer, attempt: 1 },
  })
  const prompt = JSON.stringify(call?.request.messages)
  expect(prompt).toContain('Why is the sky blue?')
  expect(prompt).toContain('Rayleigh <1871>')
  expect(prompt).not.toContain('scatters')
})

test('generate shows the model the last answer and its faults in a further attempt', async () => {
  const model = scripted({})
  const best = judged(4, 'say why')
  await run(operatorOn(model), { ...REQUEST, quality_attempts: 1, feedback: 'say why', best })
  const prompt = JSON.stringify(model.calls[0]?.request.messages)
  expect(prompt).toContain('say why')
  expect(prompt).toContain(best.answer)
  expect(model.calls[0]?.request.hints?.attempt).toBe(2)
})

test('generate does not buy an answer again that is in the journal', async () => {
  const journal = new Map<string, unknown>()
  const model = scripted({})
  const first = await emitted(operatorOn(model), REQUEST, { journal })
  const second = await emitted(operatorOn(model), REQUEST, { journal })
  expect(model.calls).toHaveLength(1)
  expect(second).toEqual(first)
})

test.each([
  ['rate_limit', { retryAfterMs: 1_500 }, true],
  ['timeout', {}, true],
  ['unavailable', { spent: false, retryAfterMs: 30_000 }, false],
  ['other', {}, true],
] as const)('generate passes a %s error on with its wait and its cost', async (errorType, more, counts) => {
  const { output, value } = await emitted(operatorOn(scripted(modelError(errorType, more))), REQUEST, {
    id: 'r9',
  })
  expect(output).toBe('failed')
  expect(value).toEqual({
    ...REQUEST,
    step: 'generate',
    request_id: 'r9:call',
    error_type: errorType,
    reason: `it was ${errorType}`,
    retry_after_ms: 'retryAfterMs' in more ? more.retryAfterMs : undefined,
    counts,
  })
})

test('generate turns any other error of a model into an error of type other', async () => {
  const { value } = await emitted(operatorOn(scripted(new TypeError('a bug of the provider'))), REQUEST)
  expect(value).toMatchObject({ error_type: 'other', reason: 'a bug of the provider' })
})

test('generate ends with the reason of the abort when its record is aborted, and emits nothing', async () => {
  const controller = new AbortController()
  const reason = new TypeError('the task left')
  controller.abort(reason)
  const attempt = run(operatorOn(scripted(modelError('timeout'))), REQUEST, { signal: controller.signal })
  await expect(attempt).rejects.toBe(reason)
})

test.each([
  ['empty', { text: '  ' }, 'the reply is empty'],
  ['cut', { finish: 'length' }, 'the reply was cut at its token limit'],
  ['withheld', { finish: 'refused', text: '' }, 'the provider withheld the reply'],
] as const)('generate pays for a reply that is %s, and counts it as invalid', async (_, reply, reason) => {
  const { output, value } = await emitted(operatorOn(scripted(reply)), REQUEST)
  expect(output).toBe('failed')
  expect(value).toMatchObject({ error_type: 'invalid', reason, counts: true, spent: { calls: 1 } })
})

const MODERATION = { ...REQUEST, task_type: 'moderation', title: 'You idiot' }

test('generate checks a structured answer, keeps it as JSON and puts it in words', async () => {
  const answer = { flagged: true, categories: ['harassment'], reason: 'An insult.' }
  const model = scripted({ text: `\`\`\`json\n${JSON.stringify(answer)}\n\`\`\`` })
  const { value } = await emitted(operatorOn(model), MODERATION)
  expect(value).toMatchObject({
    attempt: { answer: 'flagged: harassment. An insult.', structured: JSON.stringify(answer) },
  })
  expect(model.calls[0]?.request.schema?.name).toBe('moderation')
})

test.each([
  ['no JSON', 'I think it is fine', 'not JSON'],
  ['another shape', '{"flagged":"yes","categories":[],"reason":"x"}', '/flagged must be boolean'],
  ['null', 'null', 'must be object'],
])('generate counts a structured answer of %s as invalid', async (_, text, reason) => {
  const { output, value } = await emitted(operatorOn(scripted({ text })), MODERATION)
  expect(output).toBe('failed')
  expect(value).toMatchObject({ error_type: 'invalid', reason: expect.stringContaining(reason) })
})

test('generate applies a change of llm.config to the next record, and records it', async () => {
  const model = scripted({})
  const change = { task_type: 'qa', version: 7, model: 'gpt-5', user: 'Tell me: {{title}}', temperature: 1 }
  const { value } = await emitted(operatorOn(model), REQUEST, { tables: { [TOPICS.config]: { qa: change } } })
  expect(value).toMatchObject({ attempt: { prompt_version: expect.stringMatching(/^1\+7\./) } })
  expect(model.calls[0]?.request).toMatchObject({ model: 'gpt-5', temperature: 1 })
  expect(model.calls[0]?.request.messages[1]?.content).toBe('Tell me: Why is the sky blue?')
})

test('generate leaves a faulty change of llm.config out, and warns once', async () => {
  const operator = operatorOn(scripted({}))
  const tables = { [TOPICS.config]: { qa: { task_type: 'qa', version: 8, user: 'Tell {{who}}' } } }
  const first = await run(operator, REQUEST, { tables })
  const second = await run(operator, REQUEST, { tables })
  expect(first.emissions[0]?.value).toMatchObject({ attempt: { prompt_version: '1' } })
  expect([first.warnings.length, second.warnings.length]).toEqual([1, 0])
})

test('generate sends a request of a task type that is gone to the dead letters', async () => {
  const attempt = run(operatorOn(scripted({})), { ...REQUEST, task_type: 'gone' })
  await expect(attempt).rejects.toThrow(DeadLettered)
})

const BRAKE = { scope: 'everything', reason: 'too dear', who: 'ada', since: 900 }
const braking = (...brakes: readonly { readonly scope: string; readonly until?: number }[]) => ({
  [TOPICS.brakes]: Object.fromEntries(brakes.map(brake => [brake.scope, { ...BRAKE, ...brake }])),
})

test.each(['everything', 'organization:org', 'task_type:qa', 'model:dear'])(
  'generate lets a question wait unchanged and without a call under a brake on %s',
  async scope => {
    const model = scripted({})
    const change = { task_type: 'qa', version: 7, model: 'dear' }
    const tables = { ...braking({ scope }), [TOPICS.config]: { qa: change } }
    const { output, value, options } = await emitted(operatorOn(model), REQUEST, { tables, now: 1_000 })
    expect([output, value]).toEqual(['braked', REQUEST])
    expect(options?.notBefore).toBeGreaterThan(1_000)
    expect(options?.notBefore).toBeLessThan(2_000)
    expect(model.calls).toEqual([])
  },
)

test.each([
  [{ scope: 'organization:other' }],
  [{ scope: 'organization:' }],
  [{ scope: 'task_type:sentiment' }],
  [{ scope: 'model:dear' }],
  [{ scope: 'everything', until: 1_000 }],
])('generate ignores a brake on others, and a brake whose time is over: %j', async brake => {
  const { output } = await emitted(operatorOn(scripted({})), REQUEST, { tables: braking(brake), now: 1_000 })
  expect(output).toBe('generated')
})

test('generate uses an answer that was bought before the brake', async () => {
  const journal = new Map<string, unknown>()
  const model = scripted({})
  await emitted(operatorOn(model), REQUEST, { journal })
  const tables = braking({ scope: 'everything' })
  expect(await emitted(operatorOn(model), REQUEST, { journal, tables })).toMatchObject({
    output: 'generated',
  })
  expect(model.calls).toHaveLength(1)
})

test('questions that wait for a brake check it one after another, however many there are', async () => {
  const operator = operatorOn(scripted({}))
  const looks: number[] = []
  for (let n = 0; n < 2_000; n += 1) {
    const { options } = await emitted(operator, REQUEST, {
      tables: braking({ scope: 'everything' }),
      now: 1_000,
    })
    looks.push(Number(options?.notBefore) - 1_000)
  }
  expect(looks[0]).toBeLessThanOrEqual(1_000)
  expect(looks.at(-1)).toBeGreaterThanOrEqual(10_000)
  expect(Math.max(...looks)).toBeLessThanOrEqual(600_000)
})
