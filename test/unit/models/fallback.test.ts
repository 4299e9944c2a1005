/** The chain of providers moves on only where asking another can help. */
import { expect, test } from 'vitest'
import { fallback } from '#models/fallback.ts'
import {
  type Model,
  ModelError,
  type ModelErrorDetails,
  type ModelErrorType,
  Withheld,
} from '#models/model.ts'

function provider(name: string, error?: ModelErrorType, more: Partial<ModelErrorDetails> = {}) {
  let calls = 0
  const model: Model = {
    complete() {
      calls += 1
      if (error)
        return Promise.reject(new ModelError(error, { model: name, reason: `${name} ${error}`, ...more }))
      const usage = { promptTokens: 1, completionTokens: 1 }
      return Promise.resolve({ text: name, usage, model: name, latencyMs: 0, finish: 'stop' })
    },
  }
  return { model, calls: () => calls }
}
const ask = (model: Model) =>
  model.complete({ messages: [] }, { signal: new AbortController().signal, requestId: 'r' })

test('a chain of providers asks only the first one when that one answers', async () => {
  const second = provider('b')
  expect((await ask(fallback(provider('a').model, second.model))).text).toBe('a')
  expect(second.calls()).toBe(0)
})

test.each(['unavailable', 'rate_limit'] as const)(
  'the error %s makes the chain ask the next provider',
  async error => {
    const chain = fallback(provider('a', error).model, provider('b', error).model, provider('c').model)
    expect((await ask(chain)).text).toBe('c')
  },
)

test.each(['timeout', 'invalid', 'other'] as const)('the error %s ends the chain', async error => {
  const second = provider('b')
  await expect(ask(fallback(provider('a', error).model, second.model))).rejects.toThrow(`a ${error}`)
  expect(second.calls()).toBe(0)
})

test('a fault of one provider’s set-up makes the chain ask the next provider at once', async () => {
  const first = provider('a', 'other', { outage: true, status: 401 })
  expect((await ask(fallback(first.model, provider('b').model))).text).toBe('b')
})

test('a chain of providers passes on an error that comes from no model', async () => {
  const broken: Model = { complete: () => Promise.reject(new TypeError('a bug')) }
  await expect(ask(fallback(broken, provider('b').model))).rejects.toThrow(TypeError)
})

test('a chain that fails has the shortest wait of its providers, and spends an attempt if one was really asked', async () => {
  const chain = fallback(
    provider('a', 'rate_limit', { retryAfterMs: 9_000 }).model,
    provider('b', 'unavailable', { retryAfterMs: 4_000, spent: false }).model,
  )
  await expect(ask(chain)).rejects.toMatchObject({
    errorType: 'unavailable',
    reason: 'a rate_limit; then b unavailable',
    retryAfterMs: 4_000,
    spent: true,
  })
})

test('a chain that asked no provider spends nothing', async () => {
  const out = { spent: false }
  const chain = fallback(provider('a', 'unavailable', out).model, provider('b', 'unavailable', out).model)
  await expect(ask(chain)).rejects.toMatchObject({ spent: false, retryAfterMs: undefined })
})

test('a chain does not ask the next provider for a call that is withheld', async () => {
  const second = provider('b')
  const first: Model = { complete: () => Promise.reject(new Withheld('a', 'a brake')) }
  await expect(ask(fallback(first, second.model))).rejects.toThrow(Withheld)
  expect(second.calls()).toBe(0)
})

test.each([
  {
    spent: true,
    told: { name: 'ModelError', errorType: 'unavailable', spent: true, reason: 'a unavailable' },
  },
  { spent: false, told: { name: 'Withheld', spent: false } },
])(
  'a brake before the second provider keeps the call of the first one counted: $spent',
  async ({ spent, told }) => {
    const second: Model = { complete: () => Promise.reject(new Withheld('b', 'a brake')) }
    await expect(ask(fallback(provider('a', 'unavailable', { spent }).model, second))).rejects.toMatchObject(
      told,
    )
  },
)

test.each(['timeout', 'invalid'] as const)(
  'a chain spends an attempt for its first provider, though %s of the second ends it at no cost',
  async end => {
    const [first, second, third] = [
      provider('a', 'unavailable'),
      provider('b', end, { spent: false }),
      provider('c'),
    ]
    await expect(ask(fallback(first.model, second.model, third.model))).rejects.toMatchObject({
      errorType: end,
      reason: `a unavailable; then b ${end}`,
      spent: true,
    })
    expect(third.calls()).toBe(0)
  },
)
