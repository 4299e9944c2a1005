/** The path of one question, as it stood after each of its events. */
import { expect, it } from 'vitest'
import { answerBefore, pathOf } from '#console/attempts.ts'
import type { RunEvent } from '#console/shapes.ts'

const at = '2026-01-01T00:00:00.000Z'
const priced = { tokens_prompt: 10, tokens_completion: 5, cost_usd: 0.25 }
const EVENTS: readonly RunEvent[] = [
  { kind: 'accepted', at, title: 'Why?' },
  { kind: 'generated', at, attempt: 1, step: 'generate', reply: 'One.', ...priced },
  { kind: 'scored', at, attempt: 1, step: 'judge', final: 4, feedback: 'More.', ...priced },
  { kind: 'call_failed', at, attempt: 2, step: 'generate', error_type: 'timeout' },
  { kind: 'waiting', at, attempt: 2, until: 5 },
  { kind: 'regenerated', at, attempt: 3, step: 'generate', reply: 'Two.', ...priced, cost_usd: null },
  { kind: 'scored', at, attempt: 3, step: 'judge', final: 9, ...priced },
  { kind: 'delivered', at, answer: 'Two.', final: 9 },
]

it('the state follows the events, one after another', () => {
  const states = EVENTS.map((_, index) => pathOf(EVENTS.slice(0, index + 1)).state)
  expect(states).toEqual([
    ...['generating', 'scoring', 'regenerating', 'waiting', 'waiting'],
    ...['scoring', 'regenerating', 'delivered'],
  ])
})

it('each attempt has its answer, its verdict, its failures and its wait', () => {
  const { attempts } = pathOf(EVENTS)
  expect(attempts.map(({ number }) => number)).toEqual([1, 2, 3])
  expect(attempts[0]).toMatchObject({ answered: { reply: 'One.' }, judged: { final: 4 }, failures: [] })
  expect(attempts[1]).toMatchObject({
    answered: undefined,
    failures: [{ error_type: 'timeout' }],
    waiting: { until: 5 },
  })
})

it('a failure that was sent again and answered is not the end', () => {
  const failed: RunEvent = { kind: 'failed', at, reason: 'no attempt is left' }
  const again = EVENTS.slice(5)
  expect(pathOf([...EVENTS.slice(0, 5), failed])).toMatchObject({ state: 'failed', end: failed })
  expect(pathOf([failed, ...again.slice(0, 1)])).toMatchObject({ state: 'scoring', end: undefined })
  expect(pathOf([failed, ...again])).toMatchObject({ state: 'delivered', end: { answer: 'Two.' } })
})

it('a price that is not known is counted apart, and is no zero in the sum', () => {
  expect(pathOf(EVENTS)).toMatchObject({ usd: 0.75, unpriced: 1, tokens: 60, final: 9 })
})

it('the answer that an attempt replaces is the last one before it', () => {
  const path = pathOf(EVENTS)
  expect([answerBefore(path, 3), answerBefore(path, 1)]).toEqual(['One.', undefined])
})

it('without events there is nothing but a run that was accepted', () => {
  expect(pathOf([])).toMatchObject({ state: 'accepted', attempts: [], usd: 0, final: undefined })
})
