/** What others read, and what somebody should do. */
import { expect, test } from 'vitest'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import { deliver } from '#operators/deliver.ts'
import { emitted, run } from './effects.ts'
import { judged, REQUEST } from './values.ts'

const operator = deliver({ taskTypes: TASK_TYPES })
const VALIDATED = {
  ...REQUEST,
  user_id: 'ana',
  error_attempts: 2,
  quality_attempts: 3,
  spent: { calls: 6, tokens_prompt: 60, tokens_completion: 30, cost_usd: 0.01 },
  history: [{ kind: 'low_score', step: 'judge', at: 1, request_id: 'c', final: 4, reason: 'weak' }],
  attempt: judged(5),
  below_threshold: true,
}

test('deliver writes an answer with its origin and its cost', async () => {
  const { output, value } = await emitted(operator, VALIDATED, { now: 4_000 })
  expect(output).toBe('delivered')
  expect(value).toEqual({
    id: 'q1',
    task_type: 'qa',
    title: REQUEST.title,
    answer: judged(5).answer,
    scores: judged(5).scores,
    final: 5,
    below_threshold: true,
    attempts: 5,
    error_attempts: 2,
    quality_attempts: 3,
    model: 'gpt-4o-mini',
    prompt_version: '1',
    request_id: 'call-1',
    calls: 6,
    tokens_prompt: 60,
    tokens_completion: 30,
    cost_usd: 0.01,
    user_id: 'ana',
    organization_id: 'org',
    asked_at: 500,
    delivered_at: 4_000,
    history: VALIDATED.history,
  })
})

const moderated = (flagged: boolean) => ({
  ...VALIDATED,
  task_type: 'moderation',
  attempt: {
    ...judged(8),
    structured: JSON.stringify({ flagged, categories: flagged ? ['spam'] : [], reason: 'R.' }),
  },
})

test('deliver requests a review of a flagged text', async () => {
  const { emissions } = await run(operator, moderated(true), { now: 4_000 })
  expect(emissions.map(({ output }) => output)).toEqual(['delivered', 'action'])
  expect(emissions[1]?.value).toEqual({
    id: 'q1',
    task_type: 'moderation',
    action: 'review',
    reason: 'R.',
    details: { categories: 'spam' },
    user_id: 'ana',
    organization_id: 'org',
    at: 4_000,
  })
})

test('deliver requests no review of other texts, nor for a task type that is gone', async () => {
  expect((await emitted(operator, moderated(false))).output).toBe('delivered')
  expect((await emitted(operator, { ...moderated(true), task_type: 'gone' })).output).toBe('delivered')
})
