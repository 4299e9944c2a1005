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

test.each([6, 6.01, 10])('a final score of %d is delivered', async final => {
  const { output, value } = await emitted(operator, scored(final))
  expect(output).toBe('validated')
  expect(value).toMatchObject({
    attempt: { final },
    below_threshold: false,
    quality_attempts: 1,
    history: [],
  })
})

test('a final score below the threshold is tried again, with its reason in the history', async () => {
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
])('%s', async (_, before, now, best) => {
  const { value } = await emitted(operator, scored(now, { quality_attempts: 1, best: judged(before, 'old') }))
  expect(value).toMatchObject({
    best: { final: best, feedback: before >= now ? 'old' : `feedback on ${now}` },
  })
})

test('with the last attempt used up the best is delivered, marked', async () => {
  const { output, value } = await emitted(operator, scored(3, { quality_attempts: 2, best: judged(5) }))
  expect(output).toBe('validated')
  expect(value).toMatchObject({ attempt: { final: 5 }, below_threshold: true, quality_attempts: 3 })
})

test('with the cost limit reached no further attempt is made', async () => {
  const spent = { calls: 9, tokens_prompt: 0, tokens_completion: 0, cost_usd: 0.05 }
  const { output, value } = await emitted(operator, scored(5, { spent }))
  expect(output).toBe('validated')
  expect(value).toMatchObject({ below_threshold: true, quality_attempts: 1 })
})

test('errors do not count as answers', async () => {
  expect((await emitted(operator, scored(5, { error_attempts: 9 }))).output).toBe('low')
})

test('threshold and attempts of a task type go before the defaults, and those of llm.config before both', async () => {
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

test('a regenerated request carries the best attempt and its feedback, and nothing of the judged one', async () => {
  const { value: low } = await emitted(
    operator,
    scored(3, { quality_attempts: 1, best: judged(5, 'say why') }),
  )
  const { output, value } = await emitted(regenerate(), low)
  expect(output).toBe('requested')
  expect(value).toMatchObject({ id: 'q1', feedback: 'say why', best: { final: 5 }, quality_attempts: 2 })
  expect(value).not.toHaveProperty('attempt')
})
