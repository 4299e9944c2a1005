/** The way of a judged answer: delivered, tried again, or delivered as the best there is. */
import { expect, test } from 'vitest'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import { TOPICS } from '#answers/topics.ts'
import { decide } from '#operators/decide.ts'
import { regenerate } from '#operators/regenerate.ts'
import { emitted } from './effects.ts'
import { judged, REQUEST } from './values.ts'

const operator = decide({ taskTypes: TASK_TYPES, defaults: { threshold: 6, attemptsMax: 3 } })
const scored = (final: number, more: object = {}) => ({ ...REQUEST, ...more, attempt: judged(final) })

test.each([6, 6.01, 10])('decide delivers an answer with a final score of %d', async final => {
  const { output, value } = await emitted(operator, scored(final))
  expect(output).toBe('validated')
  expect(value).toMatchObject({
    attempt: { final },
    below_threshold: false,
    quality_attempts: 1,
    history: [],
  })
})

test('decide sends an answer below the threshold back, with the reason in the history', async () => {
  const { output, value } = await emitted(operator, scored(5.99), { now: 77 })
  expect(output).toBe('low')
  expect(value).toMatchObject({
    quality_attempts: 1,
    best: judged(5.99),
    history: [
      {
        kind: 'low_score',
        step: 'judge',
        at: 77,
        request_id: 'call-1',
        final: 5.99,
        reason: 'scored 5.99, the threshold is 6: feedback on 5.99',
      },
    ],
  })
})

test.each([
  ['a better one replaces the best so far', 4, 5, 5],
  ['a worse one does not', 4, 3, 4],
  ['of equal ones the earlier stays', 4, 4, 4],
])('decide keeps the best answer: %s', async (_, before, now, best) => {
  const { value } = await emitted(operator, scored(now, { quality_attempts: 1, best: judged(before, 'old') }))
  expect(value).toMatchObject({
    best: { final: best, feedback: before >= now ? 'old' : `feedback on ${now}` },
  })
})

test('decide delivers the best answer after the last attempt, marked as below the threshold', async () => {
  const { output, value } = await emitted(operator, scored(3, { quality_attempts: 2, best: judged(5) }))
  expect(output).toBe('validated')
  expect(value).toMatchObject({ attempt: { final: 5 }, below_threshold: true, quality_attempts: 3 })
})

test('decide makes no further attempt at the cost limit', async () => {
  const spent = { calls: 9, tokens_prompt: 0, tokens_completion: 0, cost_usd: 0.05 }
  const { output, value } = await emitted(operator, scored(5, { spent }))
  expect(output).toBe('validated')
  expect(value).toMatchObject({ below_threshold: true, quality_attempts: 1 })
})

test('decide does not count errors as answers', async () => {
  expect((await emitted(operator, scored(5, { error_attempts: 9 }))).output).toBe('low')
})

test('decide prefers threshold and attempts of llm.config to those of the task type, and these to the defaults', async () => {
  const moderation = { task_type: 'moderation' }
  expect((await emitted(operator, scored(5, moderation))).output).toBe('validated')
  const low = await emitted(operator, scored(4.9, { ...moderation, quality_attempts: 1 }))
  expect(low).toMatchObject({ output: 'validated', value: { below_threshold: true } })
  const tables = {
    [TOPICS.config]: { moderation: { ...moderation, version: 1, threshold: 9, attempts_max: 5 } },
  }
  expect(
    (await emitted(operator, scored(8, { ...moderation, quality_attempts: 3 }), { tables })).output,
  ).toBe('low')
})

test('decide gives a regenerated request the best attempt and its feedback, and nothing of the judged one', async () => {
  const { value: low } = await emitted(
    operator,
    scored(3, { quality_attempts: 1, best: judged(5, 'say why') }),
  )
  const { output, value } = await emitted(regenerate(), low)
  expect(output).toBe('requested')
  expect(value).toMatchObject({ id: 'q1', feedback: 'say why', best: { final: 5 }, quality_attempts: 2 })
  expect(value).not.toHaveProperty('attempt')
})
