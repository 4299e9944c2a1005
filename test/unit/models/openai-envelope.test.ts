/** Replies inside of what gateways put around them: a paid reply is read, and not bought again for its wrapping. */
import { expect, test } from 'vitest'
import { answering, call, completion, json, REQUEST } from './answering.ts'

const USAGE = { prompt_tokens: 7, completion_tokens: 2 }
const OK = { model: 'm', choices: [{ message: { content: 'ok' }, finish_reason: 'stop' }], usage: USAGE }
const TEXT = JSON.stringify(OK)
const piece = (content: string, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta: { content }, finish_reason }],
})
const PIECES = [piece('o'), piece('k'), { ...piece('', 'stop'), usage: USAGE }]
const LINES = PIECES.map(each => JSON.stringify(each))
const EVENTS = LINES.map(line => `data: ${line}\n\n`).join('')
const { usage: _, ...UNCOUNTED } = OK

test.each<readonly [string, unknown]>([
  ['a list of one', [OK]],
  ['a field for data', { data: OK }],
  ['a result, as of Cloudflare', { result: OK, success: true, errors: [], messages: [] }],
  ['a response', { response: OK }],
  ['a code of success and data', { code: 0, msg: 'success', data: OK }],
  ['a code of its own for success, and data', { code: 20_000, msg: 'OK', data: OK }],
  ['a list of one inside a field', { data: [OK] }],
  ['three wrappings', { a: { b: { c: OK } } }],
  ['the answer of a function, as of Lambda', { statusCode: 200, body: TEXT }],
  ['a wrapping that counts the tokens', { response: UNCOUNTED, usage: USAGE }],
  ['JSON in a string', JSON.stringify(TEXT)],
  ['JSON in a string in a string', JSON.stringify(JSON.stringify(TEXT))],
  ['a stream in a string', JSON.stringify(EVENTS)],
  ['a stream in a field', { response: EVENTS }],
  ['pieces of a stream in a list', PIECES],
  ['pieces of a stream in a field', { data: PIECES }],
  ['pieces of a stream, one a line', LINES.join('\n')],
  ['pieces of a stream without a line between', LINES.join('')],
  ['pieces of a stream, one a line, and its last word', `${LINES.join('\n')}\n[DONE]\n`],
  ['NaN in a field', TEXT.replace('{', '{"t":NaN,')],
  ['a number without an end in a field', TEXT.replace('{', '{"t":-Infinity,')],
  ['a comma too many', TEXT.replace(/}$/, ',}')],
  ['Python for JSON', TEXT.replaceAll('"', "'").replace('{', "{'a': None, 'b': True, ")],
  ['NaN in a piece of a stream', EVENTS.replace('{', '{"t":NaN,')],
])('the client takes a reply out of %s, with its tokens', async (_, body) => {
  const { model, seen } = await answering(json(200, body))
  const reply = await model.complete(REQUEST, call())
  expect(reply).toMatchObject({ text: 'ok', finish: 'stop' })
  expect(reply.usage).toEqual({ promptTokens: 7, completionTokens: 2 })
  expect(reply.fault).toBeUndefined()
  expect(seen).toHaveLength(1)
})

test.each<readonly [string, unknown, string]>([
  ['a field, with an error beside it', { data: OK, error: { message: 'upstream' } }, 'error: upstream'],
  ['a field, with a status beside it', { data: { ...OK, choices: [piece('h').choices[0]] } }, 'is null'],
  ['lines without an end', LINES.slice(0, 2).join('\n'), 'broke off'],
  ['lines of which the last is cut', LINES.join('\n').slice(0, -70), 'broke off'],
  ['lines with an error', `${LINES[0]}\n{"error":{"message":"upstream"}}`, 'error: upstream'],
  ['a list of pieces without an end', PIECES.slice(0, 2), 'broke off'],
])('half a reply in %s is no answer', async (_, body, fault) => {
  const { model } = await answering(json(200, body))
  expect((await model.complete(REQUEST, call())).fault).toContain(fault)
})

test.each([
  ['choices that are a single one', { choices: OK.choices[0] }],
  ['choices by their numbers', { choices: { 0: OK.choices[0] } }],
  ['a message that is text', { choices: [{ message: 'ok', finish_reason: 'stop' }] }],
  ['a part with content', { choices: [{ message: { content: [{ type: 'text', content: 'ok' }] } }] }],
])('the client reads %s', async (_, body) => {
  const { model } = await answering(json(200, body))
  const reply = await model.complete(REQUEST, call())
  expect(reply).toMatchObject({ text: 'ok', finish: 'stop' })
  expect(reply.fault).toBeUndefined()
})

test('the client reads a number that is the answer', async () => {
  const { model } = await answering(completion({ message: { content: 42 } }))
  expect(await model.complete(REQUEST, call())).toMatchObject({ text: '42', finish: 'stop' })
})

test.each([
  [
    'choices of its own in an answer of another shape',
    { message: { content: '{"choices":[{"text":"a"}]}' } },
  ],
  ['a list of texts', { data: { choices: ['a', 'b'] } }],
])('what only looks like a reply is none: %s', async (_, body) => {
  const { model } = await answering(json(200, body))
  await expect(model.complete(REQUEST, call())).rejects.toThrow('the reply has no choices')
})

const VERDICT = { schema: { name: 'v', schema: {} }, isReadable: (text: string) => text === '{"a":1}' }
const calling = (...calls: object[]) => ({ content: null, tool_calls: calls })
const MESSAGES = [
  ['as an object', { content: { a: 1 } }, 'stop'],
  ['as an object that has a text', { content: { a: 1, text: undefined } }, 'stop'],
  ['as what the provider has read', { content: null, parsed: { a: 1 } }, 'stop'],
  ['as the call of a tool', calling({ function: { name: 'v', arguments: '{"a":1}' } }), 'tool_calls'],
  ['as a call that ends by itself', calling({ function: { arguments: '{"a":1}' } }), 'stop'],
  ['as a call with an object', calling({ function: { arguments: { a: 1 } } }), 'tool_calls'],
  [
    'as a call in pieces',
    calling(...['{"a"', ':1}'].map(each => ({ index: 0, function: { arguments: each } }))),
    'tool_calls',
  ],
  ['as the call of a function', { content: '', function_call: { arguments: '{"a":1}' } }, 'function_call'],
  [
    'as a call behind words',
    { ...calling({ function: { arguments: '{"a":1}' } }), content: 'Let me see' },
    'tool_calls',
  ],
] as const

test.each(MESSAGES)(
  'JSON that was requested is read where it comes %s',
  async (_, message, finish_reason) => {
    const { model } = await answering(completion({ message, finish_reason }))
    const reply = await model.complete({ ...REQUEST, ...VERDICT }, call())
    expect(reply).toMatchObject({ text: '{"a":1}', finish: 'stop' })
    expect(reply.fault).toBeUndefined()
  },
)

test.each(MESSAGES)(
  'where JSON was not requested, nothing is made of what comes %s',
  async (_, message, finish_reason) => {
    const { model } = await answering(completion({ message, finish_reason }))
    expect((await model.complete(REQUEST, call())).fault).toBeDefined()
  },
)

test.each([
  ['another tool', '{"b":1}', 'tool_calls', 'calls a tool'],
  ['a tool whose call was cut', '{"a":1}', 'length', 'calls a tool'],
])('a call of %s is no answer', async (_, asked, finish_reason, fault) => {
  const message = calling({ function: { arguments: asked } })
  const { model } = await answering(completion({ message, finish_reason }))
  expect((await model.complete({ ...REQUEST, ...VERDICT }, call())).fault).toContain(fault)
})
