/** What the gate before a provider publishes: each call, and each opening and closing of a breaker. */
import { afterEach, expect, test } from 'vitest'
import { type DiagnosticEvents, subscribe } from '#core/diagnostics.ts'
import { failure, gated } from './gated.ts'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

function listening() {
  const calls: DiagnosticEvents['caudal:model:call'][] = []
  const breakers: DiagnosticEvents['caudal:model:breaker'][] = []
  ends.push(subscribe('caudal:model:call', message => void calls.push(message)))
  ends.push(subscribe('caudal:model:breaker', message => void breakers.push(message)))
  return { calls, breakers }
}

test('each call is published once, with the type of its error', async () => {
  const { calls: published } = listening()
  const { calls, answer, fail } = gated({ inFlightMax: 10 })
  await calls(2)
  await fail(failure('rate_limit'), 1)
  await answer()
  expect(published.map(({ errorType }) => errorType)).toEqual(['rate_limit', undefined])
  expect(published.every(({ provider, durationMs }) => provider !== '' && durationMs >= 0)).toBe(true)
})

test('a breaker is published once when it opens and once when it closes', async () => {
  const { breakers } = listening()
  const { calls, fail, answer } = gated({ failuresMax: 3, inFlightMax: 10 })
  await calls(5)
  await fail(failure('timeout'), 4)
  await answer()
  expect(breakers).toMatchObject([
    { trouble: 'outage', isOpen: true, reason: expect.any(String) },
    { trouble: 'outage', isOpen: false, reason: undefined },
  ])
})
