/** The breaker of the gate, on time moved by hand: what opens it, who pays, how it closes. */
import { expect, test } from 'vitest'
import { ModelError } from '#models/model.ts'
import { failure, gated } from './gated.ts'
import { settle } from './manual-time.ts'

test('five different questions that fail open the breaker; then paced probes are the only calls, and they spend nothing', async () => {
  const { time, model, open, calls, fail, errors } = gated()
  await calls(5)
  await fail(failure('unavailable'), 4)
  expect(model.figures().breakerOpen).toBe(false)
  await fail(failure('timeout'))
  expect(model.figures().breakerOpen).toBe(true)
  expect(errors.map(({ spent }) => spent)).toEqual([false, false, false, false, false])
  await calls(2)
  expect(open).toEqual([])
  await time.advance(40)
  expect(open).toHaveLength(1)
  await fail(failure('unavailable'))
  expect(errors[5]).toMatchObject({ errorType: 'unavailable', spent: false })
})

test('one question that fails five times does not open the breaker', async () => {
  const { model, call, fail } = gated()
  for (let times = 0; times < 5; times += 1) {
    call(undefined, 'poison')
    await fail(failure('unavailable'))
  }
  expect(model.figures().breakerOpen).toBe(false)
})

test('questions that fail while others are answered spend their own attempts, even when no other question is left', async () => {
  const { model, call, calls, answer, fail, errors } = gated()
  const poison = Array.from({ length: 8 }, (_, n) => `poison ${n}`)
  for (const subject of poison) call(undefined, subject)
  await calls(40)
  await fail(failure('unavailable'), 8)
  await answer()
  for (let round = 0; round < 2; round += 1) {
    for (const subject of poison) call(undefined, subject)
    await fail(failure('unavailable'))
    expect(model.figures().breakerOpen).toBe(false)
  }
  expect(errors.slice(8).every(({ spent }) => spent)).toBe(true)
})

test('a hundred faulty questions delay ten good ones behind them by a few seconds at most', async () => {
  const { time, open, calls, fail } = gated({ inFlightMax: 10, waitMaxMs: 120_000 })
  await calls(110)
  let failed = 0
  let waitedMs = 0
  for (; failed < 100; waitedMs += 40) {
    await time.advance(40)
    const count = Math.min(open.length, 100 - failed)
    await fail(failure('unavailable'), count)
    failed += count
  }
  expect(waitedMs).toBeLessThan(10_000)
})

test('ten different questions that the provider refuses as invalid stop further calls, and later ones spend nothing', async () => {
  const { time, model, open, calls, answer, fail, errors, told } = gated({ waitMaxMs: 60_000 })
  await calls(12)
  await fail(new ModelError('invalid', { model: 'm', reason: 'response_format is not supported' }))
  expect(errors.filter(({ spent }) => spent)).toHaveLength(9)
  expect(told[0]).toContain('response_format is not supported')
  await calls(3)
  expect(open).toEqual([])
  await time.advance(5_000)
  expect(open).toHaveLength(1)
  await answer()
  expect(open).toHaveLength(2)
  expect(model.figures().breakerOpen).toBe(false)
})

test('a success between failures restarts the count of the breaker', async () => {
  const { model, calls, answer, fail } = gated()
  await calls(9)
  await fail(failure('unavailable'), 4)
  await answer(1)
  await fail(failure('unavailable'))
  expect(model.figures().breakerOpen).toBe(false)
})

test.each(['invalid', 'rate_limit', 'other'] as const)(
  'a few %s replies do not open the breaker',
  async errorType => {
    const { model, calls, fail } = gated()
    await calls(6)
    await fail(failure(errorType))
    expect(model.figures().breakerOpen).toBe(false)
  },
)

test('calls in flight that fail while the breaker is open spend nothing', async () => {
  const { calls, fail, errors } = gated({ inFlightStart: 50 })
  await calls(50)
  await fail(failure('unavailable'))
  expect(errors.filter(({ spent }) => spent)).toEqual([])
})

test('outages that break off the same five questions among others again and again cost them nothing', async () => {
  const { time, call, answer, fail, calls, errors } = gated()
  for (let outage = 0; outage < 5; outage += 1) {
    for (let n = 0; n < 5; n += 1) call(undefined, `question ${n}`)
    await calls(15)
    await fail(failure('unavailable'))
    await time.advance(50)
    await calls(1)
    await time.advance(40)
    await answer()
  }
  expect(errors).toHaveLength(100)
  expect(errors.filter(({ spent }) => spent)).toEqual([])
})

test('a question that fails alone spends its attempt once another is answered, or after a moment', async () => {
  const { time, calls, answer, fail, errors } = gated()
  await calls(4)
  await fail(failure('unavailable'), 1)
  expect(errors).toEqual([])
  await answer(1)
  expect(errors.map(({ spent }) => spent)).toEqual([true])
  await fail(failure('timeout'), 1)
  expect(errors).toHaveLength(1)
  await time.advance(50)
  expect(errors.map(({ spent }) => spent)).toEqual([true, true])
})

test('the success of a probe closes the breaker', async () => {
  const { time, model, open, calls, answer, fail } = gated({ waitMaxMs: 60_000 })
  await calls(5)
  await fail(failure('unavailable'))
  await calls(3)
  await time.advance(39)
  expect(open).toHaveLength(0)
  await time.advance(1)
  expect(open).toHaveLength(1)
  await answer()
  expect(open).toHaveLength(2)
  expect(model.figures().breakerOpen).toBe(false)
})

test('the breaker probes more slowly the longer it is open, down to one probe a second', async () => {
  const { time, open, calls, fail } = gated({ waitMaxMs: 600_000 })
  await calls(5)
  await fail(failure('unavailable'))
  await calls(500)
  const probesIn = async (seconds: number) => {
    let probes = 0
    for (let step = 0; step < seconds * 50; step += 1) {
      await time.advance(20)
      probes += open.length
      await fail(failure('unavailable'))
    }
    return probes
  }
  expect(await probesIn(3)).toBeLessThanOrEqual(75)
  expect(await probesIn(5)).toBeLessThanOrEqual(26)
  expect(await probesIn(60)).toBeLessThanOrEqual(60)
})

test('probes that hang do not keep the breaker from further probes, up to ten at a time', async () => {
  const { time, open, calls, fail } = gated({ waitMaxMs: 600_000 })
  await calls(5)
  await fail(failure('unavailable'))
  await calls(100)
  await time.advance(60_000)
  expect(open).toHaveLength(10)
})

test('a provider that reports itself unavailable costs one to four questions nothing', async () => {
  const away = new ModelError('unavailable', { model: 'm', reason: '503 loading', status: 503, spent: false })
  const { time, model, call, fail, errors } = gated()
  for (let times = 0; times < 20; times += 1) {
    call(undefined, 'one')
    call(undefined, 'two')
    await time.advance(1_000)
    await fail(away)
  }
  expect(errors.filter(({ spent }) => spent)).toEqual([])
  expect(model.figures()).toMatchObject({ breakerOpen: true, needsPerson: false })
})

test('a question that is turned away again after others were answered spends an attempt', async () => {
  const away = new ModelError('unavailable', { model: 'm', reason: '503 loading', status: 503, spent: false })
  const { call, calls, answer, fail, errors } = gated()
  for (let times = 0; times < 3; times += 1) {
    call(undefined, 'poison')
    await calls(1)
    await fail(away, 1)
    await answer()
  }
  expect(errors.map(({ spent }) => spent)).toEqual([false, true, true])
})

test('a provider that limits the rate of a few questions and answers none costs them nothing, and is logged', async () => {
  const { time, model, call, fail, errors, told } = gated()
  for (let times = 0; times < 60; times += 1) {
    call(undefined, 'only')
    await time.advance(1_000)
    await fail(failure('rate_limit'))
  }
  expect(errors.filter(({ spent }) => spent)).toEqual([])
  expect(told[0]).toMatch(/^warn .*records wait.*"reason":"rate_limit"/)
  expect(model.figures()).toMatchObject({ breakerOpen: true, needsPerson: false })
})

test.each(['rate_limit', 'unavailable'] as const)(
  'the error %s of an only question, for an hour, is logged every ten minutes',
  async type => {
    const { time, model, call, fail, told } = gated()
    const error = new ModelError(type, { model: 'm', reason: 'not now', spent: false })
    for (let minute = 0; minute < 72; minute += 1) {
      call(undefined, 'only')
      await time.advance(60_000)
      await fail(error)
    }
    expect(told).toHaveLength(7)
    expect(told[6]).toMatch(/^warn the provider still answers nobody.*"away_ms":3600000/)
    expect(model.figures().breakerOpenForMs).toBeGreaterThan(3_600_000)
  },
)

const wrongKey = new ModelError('other', { model: 'm', reason: '401 no; check OPENAI_API_KEY', outage: true })

const refusal = new ModelError('other', { model: 'm', reason: '403 no', outage: true, needsPerson: true })

test('a refusal that only a person can fix costs an only question nothing, and its fifth time opens the breaker', async () => {
  const { model, call, fail, errors } = gated()
  for (let times = 0; times < 5; times += 1) {
    expect(model.figures().needsPerson).toBe(false)
    call(undefined, 'only')
    await fail(refusal)
  }
  expect(errors.map(({ spent }) => spent)).toEqual([false, false, false, false, false])
  expect(model.figures()).toMatchObject({ breakerOpen: true, needsPerson: true })
})

test('calls that reach no provider open the breaker at the fifth time, and ask for no person', async () => {
  const { model, call, fail } = gated()
  for (let times = 0; times < 5; times += 1) {
    call(undefined, 'only')
    await fail(new ModelError('unavailable', { model: 'm', reason: 'ECONNREFUSED', spent: false }))
  }
  expect(model.figures()).toMatchObject({ breakerOpen: true, needsPerson: false })
})

test('a question that is refused again after others were answered spends attempts, and opens no breaker', async () => {
  const { model, call, calls, answer, fail, errors } = gated()
  for (let times = 0; times < 6; times += 1) {
    call(undefined, 'forbidden')
    await calls(1)
    await fail(refusal, 1)
    await answer()
  }
  expect(errors.map(({ spent }) => spent)).toEqual([false, true, true, true, true, true])
  expect(model.figures().breakerOpen).toBe(false)
})

test('an opening breaker is logged once with reason, advice and wait, and its closing is logged too', async () => {
  const { time, model, calls, answer, fail, told, errors } = gated({ waitMaxMs: 0 })
  await calls(4)
  await fail(wrongKey)
  expect(told).toEqual([])
  expect(model.figures().breakerReason).toBeUndefined()
  await calls(50)
  await fail(wrongKey)
  expect(told).toHaveLength(1)
  expect(told[0]).toMatch(/^warn .*"provider":"test".*check OPENAI_API_KEY.*"next_call_in_ms":40/)
  expect(model.figures().breakerReason).toContain('check OPENAI_API_KEY')
  await time.advance(30_000)
  await calls(1)
  await fail(failure('timeout'))
  expect(told).toHaveLength(1)
  expect(model.figures().breakerReason).toBe('timeout')
  await calls(1)
  await time.advance(0)
  expect(errors.at(-1)).toMatchObject({ spent: false, reason: expect.stringContaining('timeout') })
  await time.advance(1_000)
  await calls(1)
  await answer()
  expect(told).toHaveLength(2)
  expect(told[1]).toMatch(/^info .*"provider":"test"/)
  expect(model.figures()).toMatchObject({ breakerOpen: false, breakerReason: undefined })
})

test('a breaker that opens and closes all the time is logged at most once in ten seconds, and again later', async () => {
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

test('a provider that is away for five minutes fails no record, and is used again within a second', async () => {
  const { time, open, calls, answer, fail, errors, outcomes } = gated()
  await calls(20)
  await fail(failure('unavailable'))
  for (let second = 0; second < 300; second += 1) {
    await calls(1)
    await time.advance(1_000)
    await fail(failure('unavailable'))
  }
  expect(errors.filter(({ spent }) => spent)).toEqual([])
  await calls(1)
  await time.advance(1_000)
  expect(open).toHaveLength(1)
  await answer()
  expect(outcomes.at(-1)).toBe('ok')
})

test('a provider that is away one second in six answers at 0.7 of its rate or more', async () => {
  const { time, open, calls, answer, fail } = gated({ inFlightMax: 10, waitMaxMs: 600_000 })
  await calls(7_000)
  let answered = 0
  for (let step = 0; step < 600; step += 1) {
    await time.advance(100)
    const isAway = step % 60 >= 50
    if (isAway) await fail(failure('unavailable'))
    else {
      answered += open.length
      await answer()
    }
  }
  expect(answered / (600 * 10)).toBeGreaterThanOrEqual(0.7)
})

test('a probe that is aborted makes room for another one', async () => {
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

test('an abort counts neither for nor against the provider', async () => {
  const { model, call } = gated()
  const controller = new AbortController()
  for (let n = 0; n < 10; n += 1) call(controller.signal)
  controller.abort()
  await settle()
  expect(model.figures()).toMatchObject({ inFlight: 0, breakerOpen: false })
})
