/** The path of one question, as it stood after each of its events. */
import { expect, it } from 'vitest'
import { answerBefore, pathOf } from '#console/attempts.ts'
import { speak } from '#console/language.ts'
import { pathView } from '#console/parts/run-path.ts'
import type { RunEvent } from '#console/shapes.ts'
import { drawn } from './drawn.ts'

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
  expect(path.attempts.map(attempt => answerBefore(path, attempt))).toEqual([undefined, 'One.', 'One.'])
})

it('a question that failed and was sent again has its attempts once more, each with its own events', () => {
  const failed: RunEvent = { kind: 'failed', at, reason: 'attempts_used_up' }
  const path = pathOf([
    ...EVENTS.slice(0, 3),
    failed,
    ...EVENTS.slice(1, 2),
    { kind: 'scored', at, attempt: 1, final: 9 },
  ])
  expect(path.attempts).toMatchObject([
    { round: 0, number: 1, judged: { final: 4 } },
    { round: 1, number: 1, judged: { final: 9 } },
  ])
  const [, again] = path.attempts
  expect(again && answerBefore(path, again)).toBeUndefined()
})

it('an attempt waits only while nothing came behind its wait', () => {
  const waits: RunEvent = { kind: 'waiting', at, attempt: 1, reason: 'a brake' }
  const answered: RunEvent = { kind: 'generated', at, attempt: 1, reply: 'One.' }
  const waitAfter = (...events: readonly RunEvent[]) => pathOf(events).attempts[0]?.waiting
  expect([waitAfter(waits), waitAfter(waits, answered)]).toEqual([waits, undefined])
  expect(waitAfter(waits, answered, { ...waits, reason: 'another' })).toMatchObject({ reason: 'another' })
})

it.each([
  [6, 6, 'delivering'],
  [6, 5.9, 'regenerating'],
  [undefined, 9, 'regenerating'],
] as const)('with the threshold %s, a verdict of %s leaves the run %s', (threshold, final, state) => {
  const scored = { kind: 'scored', at, attempt: 1, final, ...(threshold !== undefined && { threshold }) }
  expect(pathOf([{ kind: 'accepted', at }, scored]).state).toBe(state)
})

it('a wait is shown as it stood at the time that is looked at', async () => {
  await speak('en')
  const asked = Date.parse(at)
  const path = pathOf([{ kind: 'waiting', at, attempt: 1, until: asked + 60_000 }])
  expect(drawn(pathView(path, asked))).toContain('The call is made again in 1 min')
  expect(drawn(pathView(path))).toContain('The call is due.')
})

it('without events there is nothing but a run that was accepted', () => {
  expect(pathOf([])).toMatchObject({ state: 'accepted', attempts: [], usd: 0, final: undefined })
})
