/** What models refuse to be sent, found out once for all calls. */
import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { type ModelRequest, Withheld } from '#models/model.ts'
import { answering, call, completion, failureOf, json, REQUEST } from './answering.ts'

/** Like OpenAI's reasoning models: refuses what it does not take, one parameter at a time. */
function reasoning(response: ServerResponse, body: string) {
  const asked = JSON.parse(body)
  const refuse = (param: string, message: string) => json(400, { error: { message, param } })(response)
  if ('max_tokens' in asked) refuse('max_tokens', "Unsupported parameter: use 'max_completion_tokens'")
  else if ('temperature' in asked)
    refuse('temperature', 'Only the default (1) value is supported: unsupported')
  else completion({ message: { content: 'ok' } })(response)
}

test('the client leaves out parameters that a model refuses, at once and in later calls', async () => {
  const { model, seen } = await answering(reasoning)
  const limits = { temperature: 0.2, tokensMax: 9 }
  await model.complete({ ...REQUEST, ...limits, model: 'o9' }, call())
  expect(seen.map(({ headers }) => headers['x-request-id'])).toEqual(['r1', 'r1', 'r1'])
  expect(JSON.parse(seen[2]?.body ?? '')).toEqual({
    model: 'o9',
    messages: REQUEST.messages,
    max_completion_tokens: 9,
  })
  await model.complete({ ...REQUEST, ...limits, model: 'o9' }, call('r2'))
  expect(seen).toHaveLength(4)
  await model.complete({ ...REQUEST, ...limits, model: 'another' }, call('r3'))
  expect(seen).toHaveLength(7)
})

const VERDICT = { name: 'verdict', schema: { type: 'object', properties: { clarity: { type: 'number' } } } }
const JUDGE: ModelRequest = {
  messages: [
    { role: 'system', content: 'You judge.' },
    { role: 'user', content: 'Judge this.' },
  ],
  schema: VERDICT,
  temperature: 0,
  tokensMax: 9,
}

/** Takes a request only if it fits, and refuses every other in its own words. */
function picky(fits: (body: Record<string, unknown>) => boolean, refuse: (response: ServerResponse) => void) {
  return (response: ServerResponse, text: string) => {
    const body: Record<string, unknown> = JSON.parse(text)
    if (fits(body)) completion({ message: { content: '{"clarity": 1}' } })(response)
    else refuse(response)
  }
}
const formatOf = ({ response_format }: Record<string, unknown>) =>
  (response_format as { type?: unknown } | undefined)?.type ?? 'none' // As bodyOf writes it.
const hasSystem = (body: Record<string, unknown>) => JSON.stringify(body).includes('"system"')

test.each<[string, (body: Record<string, unknown>) => boolean, (response: ServerResponse) => void]>([
  [
    'json_schema, by its name',
    body => formatOf(body) === 'json_object',
    json(400, { error: { message: "'response_format.type' must be 'json_object'" } }),
  ],
  [
    'any response_format, as a list of details',
    body => formatOf(body) === 'none',
    json(422, { detail: [{ loc: ['body', 'response_format'], msg: 'extra fields not permitted' }] }),
  ],
  [
    'temperature, with None as the parameter',
    body => !('temperature' in body),
    json(400, { error: { message: 'temperature does not support 0 with this model', param: 'None' } }),
  ],
  [
    'temperature, as 422 and in other words',
    body => !('temperature' in body),
    json(422, { error: { message: 'Only the default temperature can be used' } }),
  ],
  [
    'json_schema, by 501',
    body => formatOf(body) !== 'json_schema',
    json(501, { error: { message: 'json_schema is not implemented' } }),
  ],
  [
    'response_format, by 404 as OpenRouter does',
    body => formatOf(body) === 'none',
    json(404, { error: { message: 'No endpoints found that support response_format', code: 404 } }),
  ],
  [
    'json_schema, by 500',
    body => formatOf(body) !== 'json_schema',
    json(500, { error: { message: 'unsupported response_format' } }),
  ],
  ...[403, 409, 415, 424].map(
    (status): [string, (body: Record<string, unknown>) => boolean, (response: ServerResponse) => void] => [
      `temperature, by ${status}`,
      body => !('temperature' in body),
      json(status, { error: { message: 'temperature is not supported by this model' } }),
    ],
  ),
  [
    'json_schema, by 502 as LiteLLM does',
    body => formatOf(body) !== 'json_schema',
    json(502, { error: { message: "UnsupportedParamsError: m does not support ['response_format']" } }),
  ],
  ['temperature, without a word', body => !('temperature' in body), json(400, 'Bad Request')],
  ['json_schema, without a word', body => formatOf(body) !== 'json_schema', json(400, '')],
  ['the system role', body => !hasSystem(body), json(400, { message: 'System role not supported' })],
  [
    'everything, without a word',
    body => Object.keys(body).sort().join() === 'messages,model' && !hasSystem(body),
    json(422, '{}'),
  ],
])('a model that refuses %s is asked on other terms, at once and in later calls', async (_, fits, refuse) => {
  const { model, seen } = await answering(picky(fits, refuse))
  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, n) => model.complete(JUDGE, call(`r${n}`))),
  )
  expect(replies.map(({ text }) => text)).toEqual(Array(20).fill('{"clarity": 1}'))
  // Refusals are met by the first call alone.
  expect(seen.filter(({ headers }) => headers['x-request-id'] !== 'r0')).toHaveLength(19)
  const last = JSON.parse(seen.at(-1)?.body ?? '')
  expect(JSON.stringify(last.messages)).toContain('You judge.')
  if (formatOf(last) !== 'json_schema') expect(JSON.stringify(last.messages)).toMatch(/JSON.*clarity/)
})

test('a model that ignores the schema gets its keys in words in later calls', async () => {
  const { model, seen } = await answering((response, body) =>
    completion({ message: { content: body.includes('JSON schema: ') ? '{"clarity": 1}' : 'Quite clear.' } })(
      response,
    ),
  )
  expect((await model.complete(JUDGE, call('r0'))).text).toBe('Quite clear.')
  expect((await model.complete(JUDGE, call('r1'))).text).toBe('{"clarity": 1}')
  expect(seen).toHaveLength(2)
})

test('only two calls search for other terms where the model refuses every form of a request', async () => {
  const { model, seen } = await answering(json(400, 'Bad Request'))
  for (let n = 0; n < 4; n += 1) await failureOf(model.complete(JUDGE, call(`r${n}`)))
  const callsOf = (id: string) => seen.filter(({ headers }) => headers['x-request-id'] === id).length
  // The first terms twice: a refusal may be of the moment.
  expect(callsOf('r0')).toBeLessThanOrEqual(9)
  expect([callsOf('r2'), callsOf('r3')]).toEqual([1, 1])
})

test.each([
  ['of another parameter', { message: 'Unsupported value', param: 'response_format' }],
  ['of a range', { message: 'Invalid max_tokens value, the valid range of max_tokens is [1, 8192]' }],
  ['of a value', { message: 'max_tokens is too large: at most 4096 are supported', param: 'max_tokens' }],
])('the client does not repeat a call after a refusal %s', async (_, error) => {
  const { model, seen } = await answering(json(400, { error }))
  expect((await failureOf(model.complete({ ...REQUEST, tokensMax: 9 }, call()))).errorType).toBe('invalid')
  expect(seen).toHaveLength(1)
})

test('a model that refuses everything is asked three times at most', async () => {
  const { model, seen } = await answering(
    json(400, { error: { message: 'max_tokens and temperature are not supported' } }),
  )
  const { errorType } = await failureOf(model.complete({ ...REQUEST, temperature: 1, tokensMax: 9 }, call()))
  expect({ errorType, calls: seen.length }).toEqual({ errorType: 'invalid', calls: 3 })
})

test.each([
  [401, 'temperature is not supported'],
  [402, 'temperature is not supported'],
  [429, 'temperature is not supported'],
  [504, 'temperature is not supported'],
  [403, 'the key may not use this model, whose temperature is high'],
  [502, 'upstream: the protocol is not supported'],
])(
  'a call that fails by %i is not repeated on other terms, whatever its words: %s',
  async (status, message) => {
    const { model, seen } = await answering(json(status, { error: { message } }))
    const stream = { begin: () => {}, text: () => {} }
    await failureOf(model.complete({ ...REQUEST, temperature: 1 }, { ...call(), stream }))
    expect(seen).toHaveLength(1)
  },
)

/** Refuses the json_schema, and any question about a poison in words that quote it. */
function poisoned(status: number, quoted: string) {
  return (response: ServerResponse, text: string) => {
    const body: Record<string, unknown> = JSON.parse(text)
    if (text.includes('poison')) json(status, { error: { message: quoted } })(response)
    else if (formatOf(body) === 'json_schema') json(400, 'no json_schema')(response)
    else completion({ message: { content: '{"clarity": 1}' } })(response)
  }
}
const POISON: ModelRequest = { ...JUDGE, messages: [{ role: 'user', content: 'poison' }] }

test.each([
  [400, 'Invalid input: at what temperature is a poison harmless?'],
  [403, 'Input that is not allowed: at what temperature is a poison harmless?'],
  [422, 'No max_tokens, json_schema and system prompt for a poison'],
])(
  'a refusal by %i that only quotes the question leaves out nothing for others: %s',
  async (status, quoted) => {
    const { model, seen } = await answering(poisoned(status, quoted))
    const sent = () => JSON.parse(seen.at(-1)?.body ?? '')
    await model.complete(JUDGE, call())
    const before = sent()
    expect(formatOf(before)).toBe('json_object')
    for (let times = 0; times < 2; times += 1) {
      const calls = seen.length
      await Promise.all([1, 2, 3].map(n => failureOf(model.complete(POISON, call(`r${n}`)))))
      expect(seen.length - calls).toBeLessThanOrEqual(30)
      await model.complete(JUDGE, call())
      expect(sent()).toEqual(before)
    }
  },
)

test('the client still sends another provider what one provider refuses for a model of the same name', async () => {
  const strict = await answering((response, body) =>
    'temperature' in JSON.parse(body)
      ? json(400, { error: { message: 'temperature is not supported', param: 'temperature' } })(response)
      : completion({ message: { content: 'ok' } })(response),
  )
  const open = await answering(completion({ message: { content: 'ok' } }))
  const request = { ...REQUEST, temperature: 0.5 }
  for (const { model } of [strict, open, strict, open]) await model.complete(request, call())
  const sent = (seen: readonly { readonly body: string }[]) =>
    seen.map(({ body }) => JSON.parse(body).temperature)
  expect(sent(strict.seen)).toEqual([0.5, undefined, undefined])
  expect(sent(open.seen)).toEqual([0.5, 0.5])
})

test('a brake that is set while a call waits for the first call of its kind stops the waiting call', async () => {
  const { promise: arrived, resolve } = Promise.withResolvers<ServerResponse>()
  const { model, seen } = await answering(resolve)
  let isBraked = false
  const mayBegin = () => {
    if (isBraked) throw new Withheld('default', 'a brake')
  }
  const first = model.complete(REQUEST, { ...call(), mayBegin })
  const second = model.complete(REQUEST, { ...call('r2'), mayBegin })
  const stopped = expect(second).rejects.toBeInstanceOf(Withheld)
  const response = await arrived
  isBraked = true
  completion({ message: { content: 'ok' } })(response)
  expect((await first).text).toBe('ok')
  await stopped
  expect(seen).toHaveLength(1)
})

test('a brake that is set while a model refuses the first terms stops the call on other terms', async () => {
  const asked: (string | undefined)[] = []
  const { model, seen } = await answering(reasoning)
  const mayBegin = (name: string | undefined) => {
    if (asked.push(name) > 1) throw new Withheld('o9', 'a brake')
  }
  const refused = model.complete({ ...REQUEST, tokensMax: 9, model: 'o9' }, { ...call(), mayBegin })
  await expect(refused).rejects.toBeInstanceOf(Withheld)
  expect(asked).toEqual(['o9', 'o9'])
  expect(seen).toHaveLength(1)
})
