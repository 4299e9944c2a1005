/** The gate before a provider, on time moved by hand: turns, slowing, pausing, parking. */
import { expect, test } from 'vitest'
import { Withheld } from '#models/model.ts'
import { failure, gated } from './gated.ts'
import { settle } from './manual-time.ts'

test('calls up to the limit start at once, and the others wait for their turn', async () => {
  const { model, open, calls, answer, outcomes } = gated({ inFlightMax: 2 })
  await calls(3)
  expect(model.figures()).toMatchObject({ inFlight: 2, waiting: 1 })
  await answer(1)
  expect(model.figures()).toMatchObject({ inFlight: 2, waiting: 0 })
  await answer()
  expect(open).toEqual([])
  expect(outcomes).toEqual(['ok', 'ok', 'ok'])
})

test('the limit grows with every success, up to its maximum', async () => {
  const { model, calls, answer } = gated({ inFlightStart: 2, inFlightMax: 5 })
  for (let round = 0; round < 4; round += 1) {
    await calls(model.figures().limit)
    await answer()
  }
  expect(model.figures().limit).toBe(5)
})

test('refusals of calls that were sent together halve the limit once', async () => {
  const { model, calls, fail } = gated({ inFlightStart: 6, inFlightMax: 6 })
  await calls(6)
  await fail(failure('rate_limit'))
  expect(model.figures().limit).toBe(3)
  await calls(3)
  await fail(failure('rate_limit'))
  expect(model.figures().limit).toBe(1)
})

test('chance refusals among many answers do not lower the limit', async () => {
  const { model, calls, answer, fail } = gated({ inFlightStart: 100, inFlightMax: 100 })
  for (let round = 0; round < 10; round += 1) {
    await calls(100)
    await fail(failure('rate_limit'), 5)
    await answer()
  }
  expect(model.figures().limit).toBe(100)
})

test('the limit grows slowly after a cut', async () => {
  const { model, calls, answer, fail } = gated({ inFlightStart: 100, inFlightMax: 100 })
  await calls(100)
  await fail(failure('rate_limit'), 9)
  await answer(1)
  await fail(failure('rate_limit'), 9)
  await answer(0)
  expect(model.figures().limit).toBe(50)
  await answer()
  expect(model.figures().limit).toBeGreaterThan(50)
  expect(model.figures().limit).toBeLessThan(60)
})

test('the limit stays at the provider’s capacity, although a third of all calls is refused by chance', async () => {
  const { time, model, open, calls, answer } = gated({
    inFlightStart: 30,
    inFlightMax: 30,
    waitMaxMs: 600_000,
  })
  let sent = 0
  let answered = 0
  await calls(1_000)
  for (let second = 0; second < 20; second += 1) {
    const held: typeof open = []
    while (open.length > 0) {
      for (const call of open.splice(0)) {
        if (++sent % 3 === 0) call.reject(failure('rate_limit', 2_000))
        else held.push(call)
      }
      await answer(0)
    }
    await time.advance(1_000)
    open.unshift(...held)
    answered += held.length
    await answer(held.length)
  }
  expect(model.figures().limit).toBeGreaterThan(20)
  expect(answered).toBeGreaterThan(400)
})

test('a provider that refuses everything for a minute is asked once a second, and costs at most one attempt', async () => {
  const { time, model, open, calls, answer, fail, errors } = gated({ inFlightStart: 100, waitMaxMs: 120_000 })
  await calls(500)
  let refused = 0
  for (let step = 0; step < 600; step += 1) {
    await time.advance(100)
    if (step >= 30) refused += open.length
    await fail(failure('rate_limit'))
  }
  expect(refused).toBeLessThanOrEqual(60)
  expect(errors.filter(({ spent }) => spent)).toEqual([])
  await time.advance(1_000)
  await answer()
  expect(model.figures().limit).toBeGreaterThanOrEqual(100)
  expect(open.length).toBeGreaterThanOrEqual(64)
})

test('a question that is refused repeatedly while others are answered spends its attempts', async () => {
  const { call, calls, answer, fail, errors } = gated({ inFlightStart: 200 })
  for (let round = 0; round < 3; round += 1) {
    call(undefined, 'too long')
    await fail(failure('rate_limit'))
    await calls(100)
    await answer()
  }
  expect(errors.map(({ spent }) => spent)).toEqual([false, true, true])
})

test('the limit is never less than one call', async () => {
  const { model, calls, fail } = gated({ inFlightStart: 2 })
  for (let round = 0; round < 5; round += 1) {
    await calls(1)
    await fail(failure('rate_limit'))
  }
  expect(model.figures().limit).toBe(1)
})

test('Retry-After holds every call back until it is over', async () => {
  const { time, open, calls, fail } = gated({ inFlightStart: 4 })
  await calls(1)
  await fail(failure('rate_limit', 3_000))
  await calls(2)
  await time.advance(2_999)
  expect(open).toHaveLength(0)
  await time.advance(1)
  expect(open).toHaveLength(2)
})

test('a Retry-After of hours counts as a minute', async () => {
  const { time, open, calls, fail } = gated({ inFlightStart: 4, waitMaxMs: 120_000 })
  await calls(1)
  await fail(failure('rate_limit', 3_600_000))
  await calls(1)
  await time.advance(60_000)
  expect(open).toHaveLength(1)
})

test('a call that gets no turn in time is released at no cost, with the rest of the wait', async () => {
  const { time, calls, fail, errors } = gated({ inFlightStart: 4, waitMaxMs: 1_000 })
  await calls(1)
  await fail(failure('rate_limit', 3_000))
  await calls(1)
  await time.advance(1_000)
  expect(errors[1]).toMatchObject({ errorType: 'rate_limit', spent: false, retryAfterMs: 2_000 })
})

test('a call that is aborted while it waits leaves the queue', async () => {
  const { model, open, calls, call, answer } = gated({ inFlightMax: 1 })
  await calls(1)
  const controller = new AbortController()
  call(controller.signal)
  await calls(1)
  controller.abort()
  await settle()
  expect(model.figures()).toMatchObject({ inFlight: 1, waiting: 1 })
  await answer()
  expect(open).toHaveLength(1)
  expect(model.figures()).toMatchObject({ inFlight: 1, waiting: 0 })
})

test('a call that waited is checked for brakes at its turn, and a withheld call counts neither for nor against the provider', async () => {
  const { model, open, answer } = gated({ inFlightMax: 1, model: 'own' })
  const asked: (string | undefined)[] = []
  let isBraked = false
  const mayBegin = (name: string | undefined) => {
    asked.push(name)
    if (isBraked) throw new Withheld('own', 'a brake')
  }
  const begin = (request: { readonly model?: string } = {}) =>
    model
      .complete(
        { messages: [], ...request },
        { signal: new AbortController().signal, requestId: 'r', mayBegin },
      )
      .then(
        ({ text }) => text,
        (error: unknown) => error,
      )
  const first = begin()
  const others = Array.from({ length: 12 }, () => begin({ model: 'dear' }))
  await settle()
  expect(asked).toEqual(['own'])
  isBraked = true
  await answer()
  expect(await first).toBe('ok')
  expect((await Promise.all(others)).every(error => error instanceof Withheld)).toBe(true)
  expect(open).toEqual([])
  expect(asked).toEqual(['own', ...others.map(() => 'dear')])
  expect(model.figures()).toMatchObject({ inFlight: 0, waiting: 0, breakerOpen: false })
  isBraked = false
  const last = begin()
  await settle()
  await answer()
  expect(await last).toBe('ok')
})
