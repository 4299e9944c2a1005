/** What the gate before a provider publishes: each call, and each opening and closing of a breaker. */
import { afterEach, expect, test } from 'vitest'
import { type DiagnosticEvents, subscribe } from '#core/diagnostics.ts'
import { limited } from '#models/limits.ts'
import type { Model } from '#models/model.ts'
import { failure, gated, REPLY } from './gated.ts'
import { manualTime } from './manual-time.ts'

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

test('each call of a model is published once, with the type of its error', async () => {
  const { calls: published } = listening()
  const { calls, answer, fail } = gated({ inFlightMax: 10 })
  await calls(2)
  await fail(failure('rate_limit'), 1)
  await answer()
  expect(published.map(({ errorType }) => errorType)).toEqual(['rate_limit', undefined])
  expect(published.every(({ provider, durationMs }) => provider !== '' && durationMs >= 0)).toBe(true)
})

test('the first piece of a streamed reply has a time, and a reply that is not streamed has none', async () => {
  const { calls: published } = listening()
  const time = manualTime()
  const streaming: Model = {
    complete: async (_, { stream }) => {
      stream?.begin()
      await time.advance(300)
      stream?.text('An')
      await time.advance(700)
      stream?.text('swer')
      return REPLY
    },
  }
  const model = limited(streaming, { name: 'test' }, time)
  const heard: string[] = []
  const stream = { begin: () => {}, text: (piece: string) => void heard.push(piece) }
  const call = { signal: new AbortController().signal, requestId: 'r' }
  await model.complete({ messages: [] }, { ...call, stream })
  await model.complete({ messages: [] }, call)
  expect(heard).toEqual(['An', 'swer'])
  expect(published).toMatchObject([
    { durationMs: 1_000, firstTextMs: 300 },
    { durationMs: 1_000, firstTextMs: undefined },
  ])
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
