/** Buying stops where nothing that comes back is of use, and goes on once it is. */
import { expect, test } from 'vitest'
import { type Model, ModelError, type ModelReply } from '#models/model.ts'
import { readable } from '#models/readable.ts'
import { manualTime } from './manual-time.ts'

const schema = { name: 'verdict', schema: { type: 'object' } }

function judging(verdict: () => string | ModelError, answer: () => Partial<ModelReply> = () => ({})) {
  const time = manualTime()
  const told: string[] = []
  const logger = { info: (text: string) => told.push(text), warn: (text: string) => told.push(text) }
  let calls = 0
  const provider: Model = {
    complete(request): Promise<ModelReply> {
      calls += 1
      const said = request.schema ? verdict() : 'an answer'
      if (said instanceof ModelError) return Promise.reject(said)
      const usage = { promptTokens: 1, completionTokens: 1 }
      const reply: ModelReply = { text: said, usage, model: 'm', latencyMs: 0, finish: 'stop' }
      return Promise.resolve(request.schema ? reply : { ...reply, ...answer() })
    },
  }
  const model = readable(provider, { unreadableMax: 3, uselessMax: 4, probeMs: 30_000, logger }, time)
  const signal = new AbortController().signal
  const outcome = (request: object, id: string) =>
    model.complete({ messages: [], subject: id, ...request }, { signal, requestId: id }).then(
      reply => reply.text,
      (error: ModelError) => error,
    )
  return {
    time,
    told,
    calls: () => calls,
    heldBy: () => model.heldBy(),
    judge: (id: string) => outcome({ schema }, id),
    ask: (id: string) => outcome({}, id),
  }
}

test('after a few questions whose verdicts cannot be read no answer is bought, and waiting records pay nothing', async () => {
  const { judge, ask, calls, told, heldBy } = judging(() => 'Quite good.')
  expect(heldBy()).toBeUndefined()
  for (const id of ['a', 'a', 'a', 'b']) await judge(id)
  expect(await ask('d')).toBe('an answer')
  await judge('c')
  const before = calls()
  const held = await ask('e')
  expect(held).toMatchObject({ errorType: 'unavailable', spent: false, retryAfterMs: 10_000 })
  expect(held).toMatchObject({ reason: expect.stringContaining('could not be read: it does not fit') })
  expect(heldBy()).toContain('could not be read: it does not fit')
  expect(calls()).toBe(before)
  expect(told).toEqual(['no reply can be read: no more are bought, and records wait'])
})

test.each(['invalid', 'other'] as const)(
  'requests that the judge refuses as %s stop purchases as well',
  async type => {
    const refused = new ModelError(type, { model: 'm', reason: 'no response_format' })
    const { judge, ask } = judging(() => refused)
    for (const id of ['a', 'b', 'c']) await judge(id)
    expect(await ask('d')).toMatchObject({ reason: expect.stringContaining('no response_format') })
  },
)

test('refusals that cost nothing hold back no call: they are the gate’s to count', async () => {
  const refused = new ModelError('other', { model: 'm', reason: '401 no', spent: false })
  const { judge, ask, heldBy } = judging(() => refused)
  for (const id of ['a', 'b', 'c']) await judge(id)
  expect(await ask('d')).toBe('an answer')
  expect(heldBy()).toBeUndefined()
})

test('a verdict that can be read restarts the count', async () => {
  const said = ['x', 'x', '{}', 'x', 'x']
  const { judge, ask } = judging(() => said.shift() ?? '')
  for (const id of ['a', 'b', 'c', 'd', 'e']) await judge(id)
  expect(await ask('f')).toBe('an answer')
})

test('one call of each sort starts after a while, and the first verdict that can be read lets all calls start', async () => {
  let said = 'x'
  const { time, judge, ask, told } = judging(() => said)
  for (const id of ['a', 'b', 'c']) await judge(id)
  await time.advance(30_000)
  expect(await ask('d')).toBe('an answer')
  expect(await ask('e')).toBeInstanceOf(ModelError)
  said = '{}'
  expect(await judge('d')).toBe('{}')
  expect(await ask('e')).toBe('an answer')
  expect(told.at(-1)).toBe('replies can be read again')
})

test('after many questions whose answers are of no use no answer is bought, and answers that are there are judged', async () => {
  const { judge, ask, calls, heldBy, told } = judging(
    () => '{}',
    () => ({ text: 'Par', fault: 'the reply was cut at its limit of 9 tokens: raise it' }),
  )
  for (const id of ['a', 'a', 'a', 'a', 'b']) await ask(id)
  expect(heldBy()).toBeUndefined()
  for (const id of ['c', 'd']) await ask(id)
  const before = calls()
  const held = await ask('e')
  expect(held).toMatchObject({ errorType: 'unavailable', spent: false, retryAfterMs: 10_000 })
  expect(held).toMatchObject({ reason: expect.stringContaining('of no use: the reply was cut at its limit') })
  expect(heldBy()).toContain('the last 4 answers were of no use: the reply was cut')
  expect(calls()).toBe(before)
  expect(await judge('a')).toBe('{}')
  expect(told).toEqual(['no answer is of use: no more are bought, and records wait'])
})

test.each<[string, Partial<ModelReply>]>([
  ['empty', { text: ' ' }],
  ['cut', { finish: 'length' }],
  ['withheld', { finish: 'refused' }],
])('answers that are %s are of no use, whatever the provider makes of them', async (_, reply) => {
  const { ask, calls } = judging(
    () => '{}',
    () => reply,
  )
  for (let n = 0; n < 60; n += 1) await ask(`q${n}`)
  expect(calls()).toBe(4)
})

test('one answer is bought after a while, and the first that is of use lets all calls start', async () => {
  let reply: Partial<ModelReply> = { text: '' }
  const { time, ask, told } = judging(
    () => '{}',
    () => reply,
  )
  for (const id of ['a', 'b', 'c', 'd']) await ask(id)
  await time.advance(30_000)
  expect(await ask('e')).toBe('')
  expect(await ask('f')).toBeInstanceOf(ModelError)
  reply = {}
  await time.advance(30_000)
  expect(await ask('f')).toBe('an answer')
  expect(await ask('g')).toBe('an answer')
  expect(told.at(-1)).toBe('answers are of use again')
})

test('an answer that is of use restarts the count of useless ones', async () => {
  const texts = ['', '', '', 'ok', '', '', '']
  const { ask } = judging(
    () => '{}',
    () => ({ text: texts.shift() ?? 'ok' }),
  )
  for (let n = 0; n < 7; n += 1) await ask(`q${n}`)
  expect(await ask('last')).toBe('ok')
})

test('answers are held back by their own trouble and by that of their judge, whichever is over first', async () => {
  let text = ''
  const { time, ask, judge } = judging(
    () => text || 'x',
    () => ({ text }),
  )
  for (const id of ['a', 'b', 'c', 'd']) await ask(id)
  for (const id of ['a', 'b', 'c']) await judge(id)
  text = '{}'
  await time.advance(30_000)
  expect(await ask('e')).toBe('{}')
  expect(await ask('f')).toMatchObject({ reason: expect.stringContaining('asked for as verdict') })
  expect(await judge('e')).toBe('{}')
  expect(await ask('f')).toBe('{}')
})
