/** The gate before a provider, on time moved by hand: slowing, pausing, breaking, probing, parking. */
import { expect, test } from 'vitest'
import { type LimitOptions, limited } from '#models/limits.ts'
import { type Model, ModelError, type ModelErrorType, type ModelReply } from '#models/model.ts'
import { manualTime, settle } from './manual-time.ts'

const REPLY: ModelReply = {
  text: 'ok',
  usage: { promptTokens: 1, completionTokens: 1 },
  model: 'm',
  latencyMs: 0,
  finish: 'stop',
}
const failure = (errorType: ModelErrorType, retryAfterMs?: number) =>
  new ModelError(errorType, { model: 'm', reason: errorType, retryAfterMs })

/** A provider whose calls end when the test says so. */
function gated(options: LimitOptions = {}) {
  const time = manualTime()
  const open: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = []
  const provider: Model = {
    complete: (_, { signal }) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
        open.push({ resolve: () => resolve(REPLY), reject })
      }),
  }
  const told: string[] = []
  const logger = {
    warn: (message: string, fields?: object) => told.push(`warn ${message} ${JSON.stringify(fields)}`),
    info: (message: string, fields?: object) => told.push(`info ${message} ${JSON.stringify(fields)}`),
  }
  const model = limited(provider, { name: 'test', logger, ...options }, time)
  const outcomes: string[] = []
  const errors: ModelError[] = []
  const call = (signal = new AbortController().signal) =>
    void model.complete({ messages: [] }, { signal, requestId: 'r' }).then(
      () => outcomes.push('ok'),
      (error: unknown) => {
        if (error instanceof ModelError) errors.push(error)
        outcomes.push(error instanceof ModelError ? error.errorType : 'aborted')
      },
    )
  const calls = (count: number) => {
    for (let n = 0; n < count; n += 1) call()
    return settle()
  }
  const answer = (count = open.length) => {
    for (const { resolve } of open.splice(0, count)) resolve()
    return settle()
  }
  const fail = (error: unknown, count = open.length) => {
    for (const { reject } of open.splice(0, count)) reject(error)
    return settle()
  }
  return { time, model, open, outcomes, errors, told, call, calls, answer, fail }
}

test('calls up to the limit go at once, the others wait for their turn', async () => {
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

test('refusals halve the limit once for all calls that were sent together', async () => {
  const { model, calls, fail } = gated({ inFlightStart: 16, inFlightMax: 16 })
  await calls(16)
  await fail(failure('rate_limit'))
  expect(model.figures().limit).toBe(8)
  await calls(8)
  await fail(failure('rate_limit'))
  expect(model.figures().limit).toBe(4)
})

test('chance refusals among many answers do not slow down', async () => {
  const { model, calls, answer, fail } = gated({ inFlightStart: 100, inFlightMax: 100 })
  for (let round = 0; round < 10; round += 1) {
    await calls(100)
    await fail(failure('rate_limit'), 5)
    await answer()
  }
  expect(model.figures().limit).toBe(100)
})

test('after a cut the limit comes back slowly', async () => {
  const { model, calls, answer, fail } = gated({ inFlightStart: 100, inFlightMax: 100 })
  await calls(100)
  await fail(failure('rate_limit'))
  await calls(50)
  await answer()
  expect(model.figures().limit).toBeGreaterThan(50)
  expect(model.figures().limit).toBeLessThan(60)
})

test('the limit never falls below one call', async () => {
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

test('a Retry-After of hours is taken for a minute', async () => {
  const { time, open, calls, fail } = gated({ inFlightStart: 4, waitMaxMs: 120_000 })
  await calls(1)
  await fail(failure('rate_limit', 3_600_000))
  await calls(1)
  await time.advance(60_000)
  expect(open).toHaveLength(1)
})

test('who gets no turn in time is sent off at no cost, with the rest of the wait', async () => {
  const { time, calls, fail, errors } = gated({ inFlightStart: 4, waitMaxMs: 1_000 })
  await calls(1)
  await fail(failure('rate_limit', 3_000))
  await calls(1)
  await time.advance(1_000)
  expect(errors[1]).toMatchObject({ errorType: 'rate_limit', spent: false, retryAfterMs: 2_000 })
})

test('five failures in a row open the breaker; then nobody calls, and nobody pays', async () => {
  const { time, model, open, calls, fail, errors } = gated()
  await calls(5)
  await fail(failure('unavailable'), 4)
  expect(model.figures().breakerOpen).toBe(false)
  await fail(failure('timeout'))
  expect(model.figures().breakerOpen).toBe(true)
  expect(errors.map(({ spent }) => spent)).toEqual([true, true, true, true, false])
  await calls(1)
  expect(open).toEqual([])
  await time.advance(10_000)
  expect(errors[5]).toMatchObject({ errorType: 'unavailable', spent: false, retryAfterMs: 20_000 })
})

test('a success between failures starts the count anew', async () => {
  const { model, calls, answer, fail } = gated()
  await calls(9)
  await fail(failure('unavailable'), 4)
  await answer(1)
  await fail(failure('unavailable'))
  expect(model.figures().breakerOpen).toBe(false)
})

test.each(['invalid', 'rate_limit', 'other'] as const)('%s replies do not open it', async errorType => {
  const { model, calls, fail } = gated()
  await calls(6)
  await fail(failure(errorType))
  expect(model.figures().breakerOpen).toBe(false)
})

test('calls in flight that fail while it is open cost nothing', async () => {
  const { calls, fail, errors } = gated({ inFlightStart: 50 })
  await calls(50)
  await fail(failure('unavailable'))
  expect(errors.filter(({ spent }) => spent)).toHaveLength(4)
})

test('after 30 seconds one probe goes; its success lets everybody go', async () => {
  const { time, model, open, calls, answer, fail } = gated({ waitMaxMs: 60_000 })
  await calls(5)
  await fail(failure('unavailable'))
  await calls(3)
  await time.advance(29_999)
  expect(open).toHaveLength(0)
  await time.advance(1)
  expect(open).toHaveLength(1)
  await answer()
  expect(open).toHaveLength(2)
  expect(model.figures().breakerOpen).toBe(false)
})

test('a failed probe costs nothing, and the next one goes ten seconds later', async () => {
  const { time, open, calls, fail, errors } = gated({ waitMaxMs: 60_000 })
  await calls(5)
  await fail(failure('unavailable'))
  await calls(3)
  await time.advance(30_000)
  await fail(failure('unavailable'))
  expect(errors[5]).toMatchObject({ spent: false, retryAfterMs: 10_000 })
  await time.advance(9_999)
  expect(open).toHaveLength(0)
  await time.advance(1)
  expect(open).toHaveLength(1)
})

const wrongKey = new ModelError('other', { model: 'm', reason: '401 no; check OPENAI_API_KEY', outage: true })

test('an opening is warned of once, with the reason, the advice and the wait; the closing is told', async () => {
  const { time, model, calls, answer, fail, told, errors } = gated()
  await calls(4)
  await fail(wrongKey)
  expect(told).toEqual([])
  expect(model.figures().breakerReason).toBeUndefined()
  await calls(50)
  await fail(wrongKey)
  expect(told).toHaveLength(1)
  expect(told[0]).toMatch(/^warn .*"provider":"test".*check OPENAI_API_KEY.*"next_call_in_ms":30000/)
  expect(model.figures().breakerReason).toContain('check OPENAI_API_KEY')
  await time.advance(30_000)
  await calls(1)
  await fail(failure('timeout'))
  expect(told).toHaveLength(1)
  expect(model.figures().breakerReason).toBe('timeout')
  await calls(1)
  await time.advance(10_000)
  expect(errors.at(-1)).toMatchObject({ spent: false, reason: expect.stringContaining('timeout') })
  await calls(1)
  await answer()
  expect(told).toHaveLength(2)
  expect(told[1]).toMatch(/^info .*"provider":"test"/)
  expect(model.figures()).toMatchObject({ breakerOpen: false, breakerReason: undefined })
})

test('a breaker that opens and closes all the time is told of every ten seconds, and never left untold', async () => {
  const { time, calls, answer, fail, told } = gated({ inFlightStart: 50 })
  for (let round = 0; round < 20; round += 1) {
    await calls(6)
    await fail(wrongKey, 5)
    await answer()
  }
  expect(told).toHaveLength(2)
  await calls(5)
  await fail(wrongKey)
  expect(told).toHaveLength(2)
  await time.advance(30_000)
  await calls(1)
  await fail(wrongKey)
  expect(told).toHaveLength(3)
})

test('a provider that is out for five minutes fails no record and is found again within ten seconds', async () => {
  const { time, open, calls, answer, fail, errors, outcomes } = gated()
  await calls(20)
  await fail(failure('unavailable'))
  for (let second = 0; second < 300; second += 5) {
    await calls(1)
    await time.advance(5_000)
    await fail(failure('unavailable'))
  }
  expect(errors.filter(({ spent }) => spent)).toHaveLength(4)
  await time.advance(5_000)
  await calls(1)
  await time.advance(5_000)
  expect(open).toHaveLength(1)
  await answer()
  expect(outcomes.at(-1)).toBe('ok')
})

test('an aborted probe makes room for another', async () => {
  const { time, open, calls, call, fail, outcomes } = gated({ waitMaxMs: 60_000 })
  await calls(5)
  await fail(failure('unavailable'))
  const controller = new AbortController()
  call(controller.signal)
  await time.advance(30_000)
  expect(open).toHaveLength(1)
  open.splice(0)
  controller.abort()
  await calls(1)
  expect(outcomes.at(-1)).toBe('aborted')
  expect(open).toHaveLength(1)
})

test('who aborts while waiting leaves the queue', async () => {
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

test('an abort says nothing about the provider', async () => {
  const { model, call } = gated()
  const controller = new AbortController()
  for (let n = 0; n < 10; n += 1) call(controller.signal)
  controller.abort()
  await settle()
  expect(model.figures()).toMatchObject({ inFlight: 0, breakerOpen: false })
})
