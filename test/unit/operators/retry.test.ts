/** How long a failed call waits, what it counts, and how it ends. */
import { expect, test } from 'vitest'
import { TASK_TYPES } from '#answers/task-types/index.ts'
import type { LlmError } from '#answers/types.ts'
import { PARKED_MAX, retry, waitMs } from '#operators/retry.ts'
import { emitted } from './effects.ts'
import { ATTEMPT, judged, REQUEST } from './values.ts'

const options = {
  taskTypes: TASK_TYPES,
  defaults: { threshold: 6, attemptsMax: 3 },
  base: '1s',
  cap: '20s',
} as const
const bounds = { baseMs: 1_000, capMs: 20_000 }
const operator = retry(options)
const failed = (more: Partial<LlmError> = {}): LlmError => ({
  ...REQUEST,
  step: 'generate',
  request_id: 'call-1',
  error_type: 'timeout',
  reason: 'no answer',
  counts: true,
  ...more,
})

/** The wait without what is added at random: at most a tenth of it. */
function expectWait(found: number, expected: number): void {
  expect(found).toBeGreaterThanOrEqual(expected)
  expect(found).toBeLessThanOrEqual(Math.ceil(expected * 1.1))
}

test.each([
  ['rate_limit', 1, undefined, 2_000],
  ['rate_limit', 2, undefined, 4_000],
  ['rate_limit', 4, undefined, 16_000],
  ['rate_limit', 5, undefined, 20_000],
  ['rate_limit', 2_000, undefined, 20_000],
  ['rate_limit', 1, 7_000, 7_000],
  ['rate_limit', 3, 7_000, 8_000],
  ['rate_limit', 1, 90_000, 20_000],
  ['timeout', 1, undefined, 1_000],
  ['timeout', 3, undefined, 3_000],
  ['timeout', 50, undefined, 20_000],
  ['unavailable', 2, undefined, 2_000],
  ['unavailable', 0, 15_000, 15_000],
  ['unavailable', 0, undefined, 1_000],
  ['invalid', 2, undefined, 2_000],
  ['other', 2, undefined, 2_000],
] as const)(
  'after %s and %i attempts, with a requested wait of %s, retry waits %i ms',
  (error_type, attempts, retry_after_ms, wait) => {
    const counts = { error_attempts: attempts, parked: 0 }
    expectWait(waitMs({ error_type, retry_after_ms }, counts, 'r1', bounds), wait)
  },
)

test.each([
  [3, 1_000],
  [4, 1_000],
  [20, 5_000],
  [7_000, 20_000],
])('after %i waits that cost no attempt, retry waits %i ms for an outage', (parked, wait) => {
  expectWait(waitMs({ error_type: 'unavailable' }, { error_attempts: 0, parked }, 'r1', bounds), wait)
})

test('retry adds the same random part for the same record, and different ones for different records', () => {
  const of = (id: string) => waitMs({ error_type: 'timeout' }, { error_attempts: 10, parked: 0 }, id, bounds)
  expect(of('r1')).toBe(of('r1'))
  expect(new Set(Array.from({ length: 50 }, (_, n) => of(`r${n}`))).size).toBeGreaterThan(40)
})

test('retry repeats a failed call after its wait, with the failure in the history', async () => {
  const { output, value, options: emit } = await emitted(operator, failed(), { now: 100_000 })
  expect(output).toBe('again')
  expect(value).toEqual({
    ...REQUEST,
    error_attempts: 1,
    history: [
      {
        kind: 'error',
        step: 'generate',
        at: 100_000,
        request_id: 'call-1',
        error_type: 'timeout',
        reason: 'no answer',
      },
    ],
  })
  expectWait(Number(emit?.notBefore) - 100_000, 1_000)
})

test('retry asks a failed judge again about the same answer', async () => {
  const { output, value } = await emitted(operator, failed({ step: 'judge', attempt: ATTEMPT }))
  expect(output).toBe('rescore')
  expect(value).toMatchObject({ attempt: ATTEMPT, error_attempts: 1 })
})

test('retry does not count low scores as errors', async () => {
  expect((await emitted(operator, failed({ quality_attempts: 9 }))).output).toBe('again')
})

test('retry fails a record at its last error, with the whole history', async () => {
  const history = [{ kind: 'error' as const, step: 'generate' as const, at: 1, request_id: 'c', reason: 'x' }]
  const { output, value } = await emitted(operator, failed({ error_attempts: 2, history }), { now: 9 })
  expect(output).toBe('gaveUp')
  expect(value).toMatchObject({
    id: 'q1',
    reason: 'attempts_used_up',
    faults: ['3 calls failed, the last by timeout: no answer'],
    failed_at: 9,
    request: { error_attempts: 3, history: [{ reason: 'x' }, { reason: 'no answer' }] },
  })
})

test('retry delivers the best answer below the threshold instead, where an answer was judged before', async () => {
  const best = judged(5)
  const { output, value } = await emitted(
    operator,
    failed({ error_attempts: 2, best, attempt: ATTEMPT, step: 'judge' }),
  )
  expect(output).toBe('settled')
  expect(value).toMatchObject({ attempt: best, below_threshold: true, error_attempts: 3 })
})

test('retry puts an answer that was never judged into the failed question', async () => {
  const { output, value } = await emitted(
    operator,
    failed({ error_attempts: 2, attempt: ATTEMPT, step: 'judge' }),
  )
  expect(output).toBe('gaveUp')
  expect(value).toMatchObject({
    faults: ['3 calls failed, the last by timeout: no answer', expect.stringContaining('never judged')],
    request: { best: ATTEMPT },
  })
})

const SPENT = { calls: 4, tokens_prompt: 9, tokens_completion: 9, cost_usd: 0.05 }

test('retry buys nothing more at the cost limit, whatever attempts are left', async () => {
  const { output, value } = await emitted(operator, failed({ spent: SPENT }))
  expect(output).toBe('gaveUp')
  expect(value).toMatchObject({
    faults: ['1 call failed, the last by timeout: no answer', '0.05 USD were spent, the limit is 0.05'],
  })
  const settled = await emitted(operator, failed({ spent: SPENT, best: judged(4) }))
  expect(settled).toMatchObject({ output: 'settled', value: { attempt: judged(4), below_threshold: true } })
  const below = failed({ spent: { ...SPENT, cost_usd: 0.049 } })
  expect((await emitted(operator, below)).output).toBe('again')
})

test('retry gives up no record in an outage, not even at its cost limit', async () => {
  const waiting = failed({ spent: SPENT, counts: false, step: 'judge', attempt: ATTEMPT })
  expect((await emitted(operator, waiting)).output).toBe('rescore')
})

test('retry spends no attempt for a failure that is not the fault of its record', async () => {
  const error = failed({
    counts: false,
    error_type: 'unavailable',
    retry_after_ms: 12_000,
    error_attempts: 2,
  })
  const { output, value, options: emit } = await emitted(operator, error, { now: 0 })
  expect(output).toBe('again')
  expect(value).toMatchObject({ error_attempts: 2, parked: 1, history: [] })
  expectWait(Number(emit?.notBefore), 12_000)
})

test('retry gives a record up after the largest number of waits that cost no attempt', async () => {
  const { output } = await emitted(operator, failed({ counts: false, parked: PARKED_MAX, error_attempts: 2 }))
  expect(output).toBe('gaveUp')
})

test('retry counts the attempts of a task type with a limit of its own', async () => {
  const { output } = await emitted(operator, failed({ task_type: 'sentiment', error_attempts: 1 }))
  expect(output).toBe('gaveUp')
})
