/** What providers wrap an answer in, what they send instead of one, and the error for each. */
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { answering, call, completion, failureOf, json, REQUEST } from './answering.ts'

const ERRORS = [
  ['an error with status 200', { error: { message: 'overloaded' } }, 'unavailable', 'overloaded'],
  ['one that names its status', { error: { message: 'no', code: 429 } }, 'rate_limit', 'no'],
  ['one that names its status as text', { error: { message: 'no', code: '500' } }, 'unavailable', 'no'],
  ['one that is text', { error: 'rate limit reached' }, 'rate_limit', 'rate limit reached'],
  ['one of the request', { error: { message: 'no', type: 'invalid_request_error' } }, 'invalid', 'no'],
  [
    'an account without credit',
    { error: { message: 'no', code: 'insufficient_quota' } },
    'other',
    'top it up',
  ],
  ['one in an array, as of Gemini', [{ error: { code: 429, message: 'no' } }], 'rate_limit', 'no'],
  [
    'one beside empty choices, as of MiniMax',
    { choices: null, base_resp: { status_code: 1002, status_msg: 'rate limit' } },
    'rate_limit',
    'rate limit',
  ],
  [
    'a code and a message, as of Zhipu',
    { code: 1305, msg: 'the service is overloaded' },
    'unavailable',
    'overloaded',
  ],
  [
    'a code and a text, as of Baidu',
    { error_code: 18, error_msg: 'Open api qps request limit reached' },
    'rate_limit',
    'qps',
  ],
  [
    'a list of errors, as of Cloudflare',
    { success: false, errors: [{ code: 7009, message: 'capacity' }] },
    'unavailable',
    'capacity',
  ],
  ['a detail, as of FastAPI', { detail: 'Model is loading' }, 'unavailable', 'loading'],
  ['an object that is an error, as of vLLM', { object: 'error', message: 'no', code: 400 }, 'invalid', 'no'],
] as const

test.each(ERRORS)(
  'an error with status 200 gets the type that it names: %s',
  async (_, body, errorType, reason) => {
    const { model } = await answering(json(200, body))
    const error = await failureOf(model.complete(REQUEST, call()))
    expect(error.errorType).toBe(errorType)
    expect(error.reason).toContain(reason)
  },
)

test.each(['<html>hello</html>', '<?xml version="1.0"?><Error/>', '<!-- a proxy --><h1>Wait</h1>'])(
  'a web page with status 200 is an outage of something before the provider: %s',
  async page => {
    const { model } = await answering(json(200, page, { 'content-type': 'text/html' }))
    const error = await failureOf(model.complete(REQUEST, call()))
    expect(error).toMatchObject({ errorType: 'unavailable', outage: true, spent: true })
    expect(error.reason).toContain('a web page came instead of a reply')
  },
)

const COMPLETE = { choices: [{ message: { content: 'ok' } }] }
const TWO_CHOICES = { choices: [{ message: { content: '' } }, { message: { content: 'ok' } }] }
const events = (...data: string[]) => data.map(each => `data: ${each}\n\n`).join('')
const streamed = (...data: string[]) => json(200, events(...data), { 'content-type': 'text/event-stream' })
const COUNTED = { prompt_tokens: 7, completion_tokens: 2 }
const delta = (content: unknown) => JSON.stringify({ choices: [{ index: 0, delta: { content } }] })
const ENDED = JSON.stringify({
  choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
  usage: { prompt_tokens: '7', completion_tokens: 2 },
})

test('a stream that breaks off is no whole answer, and the tokens that it counted are in its cost', async () => {
  const { model } = await answering(
    streamed(delta('The river'), JSON.stringify({ usage: { prompt_tokens: 7, completion_tokens: 2 } })),
  )
  const reply = await model.complete(REQUEST, call())
  expect(reply.fault).toBe('the reply stopped before its end: finish_reason is none, as the stream broke off')
  expect(reply.usage).toEqual({ promptTokens: 7, completionTokens: 2 })
})

/** The errors that a reply of status 200 may be, and what a stream alone may say. */
const ERROR_EVENTS = [
  ...ERRORS.map(([name, body]) => [name, events(JSON.stringify(body))] as const),
  ['a named event, as of Anthropic', 'event: error\ndata: {"type":"overloaded_error","message":"no"}\n\n'],
  ['a named event that is text', 'event: error\ndata: overloaded\n\n'],
  ['a named event of its own fields', 'event: error\ndata: {"why":"overloaded"}\n\n'],
  ['text', events('upstream timed out')],
  ['JSON that is no event', '{"error":{"message":"no"}}\n\n'],
  [
    'one in its choice, as of OpenRouter',
    events('{"choices":[{"index":0,"delta":{"content":""},"error":{"code":502,"message":"no"}}]}'),
  ],
  ['one beside its choice', events('{"error":{"code":502},"choices":[{"delta":{}}]}')],
] as const
const eventStream = (body: string) => json(200, body, { 'content-type': 'text/event-stream' })

test.each(ERROR_EVENTS)('in a stream, %s before any text is the error of the call', async (_, error) => {
  const role = events(JSON.stringify({ choices: [{ delta: { role: 'assistant', content: '' } }] }))
  const { model } = await answering(eventStream(`${role}${error}${events('[DONE]')}`))
  await failureOf(model.complete(REQUEST, call()))
})

test.each(ERROR_EVENTS)(
  'in a stream, %s after some text ends an answer that is paid for and not whole',
  async (_, error) => {
    for (const rest of [events('[DONE]'), events(delta(' more'), ENDED, '[DONE]'), '']) {
      const { model } = await answering(eventStream(`${events(delta('The'))}${error}${rest}`))
      const reply = await model.complete(REQUEST, call())
      expect(reply.fault).toMatch(/^the reply stopped before its end: finish_reason is error: /)
      expect(reply.usage.completionTokens).toBeGreaterThan(0)
    }
  },
)

test.each(ERROR_EVENTS)(
  'in a stream, %s after the end does not make the client buy the answer again',
  async (_, error) => {
    const { model } = await answering(eventStream(`${events(delta('ok'), ENDED)}${error}${events('[DONE]')}`))
    expect(await model.complete(REQUEST, call())).toMatchObject({ text: 'ok', finish: 'stop' })
  },
)

test.each([
  ['the choice, as of Moonshot', { choices: [{ delta: {}, finish_reason: 'stop', usage: COUNTED }] }],
  [
    'a field of its own, as of Groq',
    { choices: [{ delta: {}, finish_reason: 'stop' }], x_groq: { usage: COUNTED } },
  ],
])('a stream may count its tokens in %s', async (_, last) => {
  const { model } = await answering(streamed(delta('ok'), JSON.stringify(last), '[DONE]'))
  expect((await model.complete(REQUEST, call())).usage).toEqual({ promptTokens: 7, completionTokens: 2 })
})

test('token counts that are written as text are counted', async () => {
  const { model } = await answering(streamed(delta('ok'), ENDED))
  expect((await model.complete(REQUEST, call())).usage).toEqual({ promptTokens: 7, completionTokens: 2 })
})

test.each([
  ['good JSON of another content type', completion({ message: { content: 'ok' } }, {}, 'text/plain')],
  ['a byte order mark', json(200, `\uFEFF${JSON.stringify({ choices: [{ message: { content: 'ok' } }] })}`)],
  ['parts', completion({ message: { content: [{ type: 'text', text: 'o' }, 'k', { type: 'image' }] } })],
  ['a single part', completion({ message: { content: { type: 'text', text: 'ok' } } })],
  [
    'a part whose text has a value',
    completion({ message: { content: [{ type: 'text', text: { value: 'ok' } }] } }),
  ],
  [
    'a thinking part',
    completion({
      message: {
        content: [
          { type: 'thinking', thinking: [] },
          { type: 'text', text: 'ok' },
        ],
      },
    }),
  ],
  ['a piece in the place of its message', completion({ delta: { content: 'ok' }, finish_reason: 'stop' })],
  ['a text in the place of its message', completion({ text: 'ok', finish_reason: 'stop' })],
  [
    'a second reply behind the first',
    json(200, `${JSON.stringify(COMPLETE)}\n${JSON.stringify(TWO_CHOICES)}`),
  ],
  ['a reply between lines of a log', json(200, `[info] sent\n${JSON.stringify(COMPLETE)}\n[info] "done" }`)],
  ['a line break inside a string', json(200, '{"id":"a\nb","choices":[{"message":{"content":"ok"}}]}')],
  ['reasoning in a tag', completion({ message: { content: '<think>hm\n</think>\n\nok' } })],
  ['reasoning whose tag was opened in the prompt', completion({ message: { content: 'hm</think>ok' } })],
  [
    'channels',
    completion({
      message: {
        content:
          '<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>ok<|return|>',
      },
    }),
  ],
  ['a choice before it that says nothing', json(200, TWO_CHOICES)],
  ['comments that kept the connection open', json(200, `: PROCESSING\n\n${JSON.stringify(COMPLETE)}`)],
  ['a stream that nobody asked for', streamed(delta('o'), delta('k'), ENDED, '[DONE]')],
  ['a stream with a comment, and without a last word', json(200, `: hello\n${events(delta('ok'), ENDED)}`)],
  ['a stream of which one event has two lines', streamed(delta('ok').replace(',', ',\ndata: '), ENDED)],
  [
    'a stream of events without a line between',
    json(200, `data: ${delta('o')}\ndata: ${delta('k')}\ndata: ${ENDED}\n`),
  ],
  [
    'an answer about streams with raw line breaks',
    json(200, '{"choices":[{"message":{"content":"ok"}}],"note":"a\ndata: {}\n"}'),
  ],
  ['a stream that names no reason but its end', streamed(delta('ok'), '[DONE]')],
  ['a stream of one whole message', streamed(JSON.stringify(COMPLETE), '[DONE]')],
  ['a stream of parts', streamed(delta([{ type: 'text', text: 'o' }]), delta('k'), ENDED)],
])('the client reads an answer in spite of %s', async (_, answer) => {
  const { model, seen } = await answering(answer)
  const reply = await model.complete(REQUEST, call())
  expect(reply.text).toBe('ok')
  expect(reply.fault).toBeUndefined()
  expect(seen).toHaveLength(1)
})

test.each([
  '[THINK]hm[/THINK]ok',
  '<seed:think>hm</seed:think>ok',
  '◁think▷hm◁/think▷ok',
  '<|begin_of_thought|>hm<|end_of_thought|>\n\nok',
  '<|START_THINKING|>hm<|END_THINKING|>ok',
  '<unused94>thought\nhm<unused95>ok',
  '<think >hm</think >ok',
  '<think duration="3">hm</think>ok',
  'hm</thinking>ok',
  'hm[/THINK]ok',
  '<think>hm</think>\n<answer>\nok\n</answer>',
  '<think>one</think>\n<think>two</think>ok',
])('the client removes the reasoning of %s from the answer', async content => {
  const { model } = await answering(completion({ message: { content } }))
  expect((await model.complete(REQUEST, call())).text).toBe('ok')
})

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['gzip, gzip', (text: string) => gzipSync(gzipSync(text))],
  ['identity', gzipSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
])('the client unpacks a body that was compressed by %s without request', async (encoding, compress) => {
  const body = compress(JSON.stringify({ choices: [{ message: { content: 'ok' } }] }))
  const { model, seen } = await answering(response => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding })
    response.end(body)
  })
  expect((await model.complete(REQUEST, call())).text).toBe('ok')
  expect(seen[0]?.headers['accept-encoding']).toBe('identity')
})

test.each([
  ['latin1', 'application/json; charset=ISO-8859-1'],
  ['latin1', 'application/json'],
  ['utf16le', 'application/json'],
] as const)('the client reads a reply in %s that is called %s', async (encoding, type) => {
  const { model } = await answering(response => {
    response.writeHead(200, { 'content-type': type })
    response.end(Buffer.from('{"choices":[{"message":{"content":"r\u00edo"}}]}', encoding))
  })
  expect((await model.complete(REQUEST, call())).text).toBe('r\u00edo')
})

test('the client replaces half a character in an answer', async () => {
  const { model } = await answering(json(200, '{"choices":[{"message":{"content":"a\\ud800b"}}]}'))
  expect((await model.complete(REQUEST, call())).text).toBe('a\ufffdb')
})

test.each([
  [
    'a tool is called',
    { message: { content: null, tool_calls: [{}] }, finish_reason: 'tool_calls' },
    'calls a tool',
  ],
  [
    'there is reasoning alone',
    { message: { content: '', reasoning_content: 'hmmm' } },
    'its reasoning (4 characters): raise',
  ],
  ['reasoning never ends', { message: { content: '<think>hmmm' } }, 'but for its reasoning'],
  ['there is nothing', { message: { content: '  ' } }, 'the reply is empty'],
  ['there is no message', {}, 'no choices, though its tokens are counted'],
])('a reply has a fault with the reason where %s, and its tokens are counted', async (_, choice, fault) => {
  const usage = { prompt_tokens: 5, completion_tokens: 6 }
  const { model } = await answering(completion(choice, { usage }))
  const reply = await model.complete(REQUEST, call())
  expect(reply.fault).toContain(fault)
  expect(reply.usage).toEqual({ promptTokens: 5, completionTokens: 6 })
})

test('JSON that was requested and came as reasoning is the reply, and other reasoning is not', async () => {
  const request = {
    ...REQUEST,
    schema: { name: 's', schema: {} },
    isReadable: (text: string) => text === '{"a":1}',
  }
  const message = { content: null, reasoning_content: '{"a":1}' }
  const { model } = await answering(completion({ message, finish_reason: 'stop' }))
  expect(await model.complete(request, call())).toMatchObject({ text: '{"a":1}' })
  expect(await model.complete(REQUEST, call())).toMatchObject({ fault: expect.stringContaining('reasoning') })
})

test.each([
  { prompt_tokens: 5, completion_tokens: 1, total_tokens: 66 },
  { prompt_tokens: 5, total_tokens: 66 },
  { prompt_tokens: 5, completion_tokens: 61, total_tokens: 5 },
])('reasoning tokens that only the total includes are in the cost: %j', async usage => {
  const { model } = await answering(completion({ message: { content: 'ok' } }, { usage }))
  expect((await model.complete(REQUEST, call())).usage).toEqual({ promptTokens: 5, completionTokens: 61 })
})

test.each([
  { input_tokens: 5, output_tokens: 61 },
  { input_tokens: 5, output_tokens: '61', total_tokens: 66 },
  { prompt_tokens: 5, completion_tokens: 61, input_tokens: 0, output_tokens: 0 },
  { inputTokens: 5, outputTokens: 61 },
])('tokens that are counted under other names are in the cost: %j', async usage => {
  const { model } = await answering(completion({ message: { content: 'ok' } }, { usage }))
  expect((await model.complete(REQUEST, call())).usage).toEqual({ promptTokens: 5, completionTokens: 61 })
})
