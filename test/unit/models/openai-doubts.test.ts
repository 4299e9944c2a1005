/** Refusals of one question, or of one moment, change nothing for the questions after it. */
import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import type { ModelRequest } from '#models/model.ts'
import { answering, call, completion, failureOf, json, REQUEST } from './answering.ts'

const SCHEMA = { name: 'verdict', schema: { type: 'object' } }
const asking = (content: string, more: Partial<ModelRequest> = {}): ModelRequest => ({
  messages: [
    { role: 'system', content: 'You answer.' },
    { role: 'user', content },
  ],
  schema: SCHEMA,
  temperature: 0.7,
  tokensMax: 800,
  ...more,
})
const answer = completion({ message: { content: '{"a":1}' } })

type Body = Readonly<Record<string, unknown>>
/** Refuses requests about an odd question, as long as the condition holds. */
function refusing(
  refuse: (response: ServerResponse) => void,
  isRefused: (body: Body, times: number) => boolean,
) {
  let times = 0
  return (response: ServerResponse, text: string) => {
    if (text.includes('odd') && isRefused(JSON.parse(text), times++)) refuse(response)
    else answer(response)
  }
}
const limited = ({ max_tokens }: Body) => max_tokens !== undefined
const once = (_: Body, times: number): boolean => times === 0
const sentIn = (seen: readonly { readonly body: string }[]) => seen.map(({ body }) => JSON.parse(body))

test.each<readonly [status: number, error: unknown]>([
  [
    422,
    '`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 3900 `inputs` tokens and 800 `max_new_tokens`',
  ],
  [400, { message: 'prompt tokens + max_tokens (4300) > 4096 limit' }],
  [400, { message: 'prompt is too long: 210000 tokens > 200000 maximum' }],
  [
    400,
    { message: 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).' },
  ],
  [400, { message: "This model's maximum prompt length is 131072 but the request contains 537812 tokens." }],
  [400, { message: 'Range of input length should be [1, 129024]' }],
  [400, { message: 'maximum prompt length is 9', code: 'Client specified an invalid argument' }],
  [400, { message: 'InvalidParameter: Range of input length should be [1, 9]' }],
  [500, { message: 'Context size has been exceeded.' }],
  [400, { message: 'Input is too long for requested model.' }],
  [400, { message: 'The system prompt is too long: 5000 tokens' }],
  [400, { message: 'no', metadata: { raw: '{"message":"maximum context length is 4096 tokens"}' } }],
])('a question that is too long is refused as invalid by one call, by %i: %j', async (status, error) => {
  for (const isFirst of [true, false]) {
    const { model, seen } = await answering(refusing(json(status, { error }), limited))
    if (!isFirst) await model.complete(asking('a'), call())
    const calls = seen.length
    const { errorType, outage } = await failureOf(model.complete(asking('odd'), call()))
    expect({ errorType, outage, calls: seen.length - calls }).toEqual({
      errorType: 'invalid',
      outage: false,
      calls: 1,
    })
    await model.complete(asking('b'), call())
    expect(sentIn(seen).at(-1)).toMatchObject({ max_tokens: 800 })
  }
})

test.each<readonly [string, (response: ServerResponse) => void, typeof once]>([
  ['a limit in words that nobody knows', json(400, { error: { message: 'max_tokens: no' } }), limited],
  ['a limit without a word', json(400, 'Bad Request'), limited],
  ['anything, once, without a word', json(400, 'Bad Request'), once],
  ['temperature, once, by its name', json(400, { error: { message: 'temperature is not supported' } }), once],
  [
    'a system message, as a filter may',
    json(400, 'Bad Request'),
    ({ messages }) => JSON.stringify(messages).includes('"system"'),
  ],
  [
    'json_schema, by its name',
    json(400, 'no json_schema'),
    ({ response_format }) => JSON.stringify(response_format).includes('json_schema'),
  ],
])('one refusal of what was taken before leaves nothing out for others: %s', async (_, refuse, isRefused) => {
  const { model, seen } = await answering(refusing(refuse, isRefused))
  await model.complete(asking('a'), call())
  await model.complete(asking('odd'), call()).catch(() => undefined)
  await model.complete(asking('a'), call())
  const [first] = sentIn(seen)
  expect(sentIn(seen).at(-1)).toEqual(first)
})

test.each([
  ['without a word', json(400, 'Bad Request')],
  ['by its name', json(400, { error: { message: 'temperature is not supported' } })],
])(
  'a first request that is refused once, %s, is answered, and a second one on the terms that were found',
  async (_, refuse) => {
    const { model, seen } = await answering(refusing(refuse, once))
    expect((await model.complete(asking('odd'), call())).text).toBe('{"a":1}')
    const calls = seen.length
    await model.complete(asking('odd'), call())
    expect(seen.length).toBe(calls + 1)
  },
)

test.each([
  ['without a word', json(400, 'Bad Request')],
  ['by its name', json(400, { error: { message: 'temperature is not supported' } })],
])('what a model no longer takes is left out after two questions, refused %s', async (_, refuse) => {
  const { model, seen } = await answering(refusing(refuse, body => 'temperature' in body))
  await model.complete(asking('a'), call())
  for (const each of ['odd 1', 'odd 2']) await model.complete(asking(each), call())
  const calls = seen.length
  await model.complete(asking('odd 3'), call())
  expect(seen.length).toBe(calls + 1)
})

test('a limit that is said to be unknown is left out after two questions', async () => {
  const refuse = json(400, {
    error: { message: "Unsupported parameter: use 'max_completion_tokens' for 'max_tokens'" },
  })
  const { model, seen } = await answering(refusing(refuse, limited))
  await model.complete(asking('a'), call())
  for (const each of ['odd 1', 'odd 2', 'odd 3']) await model.complete(asking(each), call())
  expect(sentIn(seen).at(-1)).toMatchObject({ max_completion_tokens: 800 })
})

test.each([
  '`temperature` must be strictly positive',
  'temperature must be > 0',
  'temperature: should be between 0.01 and 2',
])('a refusal of one temperature leaves out only that one: %s', async message => {
  const refuse = json(422, { error: { message } })
  const { model, seen } = await answering(refusing(refuse, ({ temperature }) => temperature === 0))
  await model.complete(asking('odd judge', { temperature: 0 }), call())
  await model.complete(asking('odd'), call())
  await model.complete(asking('odd judge', { temperature: 0 }), call())
  expect(sentIn(seen).map(({ temperature }) => temperature)).toEqual([0, undefined, 0.7, undefined])
})

test('a temperature that is refused without a word is left out alone where another was taken', async () => {
  const { model, seen } = await answering(refusing(json(422, '{}'), ({ temperature }) => temperature === 0))
  await model.complete(asking('odd'), call())
  await model.complete(asking('odd', { temperature: 0 }), call())
  await model.complete(asking('odd'), call())
  expect(sentIn(seen).at(-1)).toMatchObject({ temperature: 0.7 })
})

const failed = (failed_generation: string) =>
  json(400, {
    error: { message: "See 'failed_generation'.", code: 'json_validate_failed', failed_generation },
  })

test.each([
  ['{"a":1}', undefined],
  ['```json\n{"a":1}\n```', undefined],
  ['Quite good.', expect.stringContaining('json_validate_failed')],
  ['', expect.anything()],
])('a generation that failed its check is a reply that teaches nothing: %j', async (text, fault) => {
  const { model, seen } = await answering(refusing(failed(text), once))
  const reply = await model.complete(asking('odd'), call())
  expect(reply.fault).toEqual(fault)
  if (fault === undefined) expect(reply.text).toBe(text)
  expect(seen).toHaveLength(1)
  await model.complete(asking('odd'), call())
  expect(sentIn(seen)[1]).toEqual(sentIn(seen)[0])
})

test('a request with nothing to leave out is sent once, whatever is refused', async () => {
  const { model, seen } = await answering(json(400, 'Bad Request'))
  await failureOf(model.complete(REQUEST, call()))
  expect(seen).toHaveLength(1)
})
