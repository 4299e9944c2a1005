/** Buying stops where nothing that comes back can be read, and goes on once it can. */
import { expect, test } from 'vitest'
import { type Model, ModelError, type ModelReply } from '#models/model.ts'
import { readable } from '#models/readable.ts'
import { manualTime } from './manual-time.ts'

const schema = { name: 'verdict', schema: { type: 'object' } }

function judging(answer: () => string | ModelError) {
  const time = manualTime()
  const told: string[] = []
  const logger = { info: (text: string) => told.push(text), warn: (text: string) => told.push(text) }
  let calls = 0
  const provider: Model = {
    complete(request): Promise<ModelReply> {
      calls += 1
      const said = request.schema ? answer() : 'an answer'
      if (said instanceof ModelError) return Promise.reject(said)
      const usage = { promptTokens: 1, completionTokens: 1 }
      return Promise.resolve({ text: said, usage, model: 'm', latencyMs: 0, finish: 'stop' })
    },
  }
  const model = readable(provider, { unreadableMax: 3, probeMs: 30_000, logger }, time)
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

test('requests that the judge refuses as invalid stop purchases as well', async () => {
  const refused = new ModelError('invalid', { model: 'm', reason: 'no response_format' })
  const { judge, ask } = judging(() => refused)
  for (const id of ['a', 'b', 'c']) await judge(id)
  expect(await ask('d')).toMatchObject({ reason: expect.stringContaining('no response_format') })
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
