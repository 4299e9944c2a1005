/** What providers wrap an answer in, what they send instead of one, and the error for each. */
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { answering, call, completion, failureOf, json, REQUEST } from './answering.ts'

test.each([
  ['an error with status 200', { error: { message: 'overloaded' } }, 'unavailable', 'overloaded'],
  ['one that names its status', { error: { message: 'no', code: 429 } }, 'rate_limit', 'no'],
  ['one that names its status as text', { error: { message: 'no', code: '500' } }, 'unavailable', 'no'],
  ['one that is text', { error: 'rate limit reached' }, 'rate_limit', 'rate limit reached'],
  ['one of the request', { error: { message: 'no', type: 'invalid_request_error' } }, 'invalid', 'no'],
  [
    'an account without credit',
    { error: { message: 'no', code: 'insufficient_quota' } },
    'unavailable',
    'no',
  ],
])('of errors with status 200, %s is what it says', async (_, body, errorType, reason) => {
  const { model } = await answering(json(200, body))
  const error = await failureOf(model.complete(REQUEST, call()))
  expect(error.errorType).toBe(errorType)
  expect(error.reason).toContain(reason)
})

test('a web page with status 200 is an outage of what stands between', async () => {
  const { model } = await answering(json(200, '<html>hello</html>', { 'content-type': 'text/html' }))
  const error = await failureOf(model.complete(REQUEST, call()))
  expect(error).toMatchObject({ errorType: 'unavailable', outage: true })
  expect(error.reason).toContain('a web page came instead of a reply')
})

const COMPLETE = { choices: [{ message: { content: 'ok' } }] }
const TWO_CHOICES = { choices: [{ message: { content: '' } }, { message: { content: 'ok' } }] }
const events = (...data: string[]) => data.map(each => `data: ${each}\n\n`).join('')
const streamed = (...data: string[]) => json(200, events(...data), { 'content-type': 'text/event-stream' })
const delta = (content: unknown) => JSON.stringify({ choices: [{ index: 0, delta: { content } }] })
const ENDED = JSON.stringify({
  choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
  usage: { prompt_tokens: '7', completion_tokens: 2 },
})

test('a stream that breaks off is no whole answer, and what it counted is in the bill', async () => {
  const { model } = await answering(
    streamed(delta('The river'), JSON.stringify({ usage: { prompt_tokens: 7, completion_tokens: 2 } })),
  )
  const reply = await model.complete(REQUEST, call())
  expect(reply.fault).toBe('the reply stopped before its end: finish_reason is none, as the stream broke off')
  expect(reply.usage).toEqual({ promptTokens: 7, completionTokens: 2 })
})

test('an error in a stream is what it says', async () => {
  const { model } = await answering(streamed(delta('The'), '{"error":{"message":"busy","code":503}}'))
  expect(await failureOf(model.complete(REQUEST, call()))).toMatchObject({ errorType: 'unavailable' })
})

test('tokens that are counted as text are counted', async () => {
  const { model } = await answering(streamed(delta('ok'), ENDED))
  expect((await model.complete(REQUEST, call())).usage).toEqual({ promptTokens: 7, completionTokens: 2 })
})

test.each([
  ['good JSON of another content type', completion({ message: { content: 'ok' } }, {}, 'text/plain')],
  ['a byte order mark', json(200, `\uFEFF${JSON.stringify({ choices: [{ message: { content: 'ok' } }] })}`)],
  ['parts', completion({ message: { content: [{ type: 'text', text: 'o' }, 'k', { type: 'image' }] } })],
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
  ['a stream that names no reason but its end', streamed(delta('ok'), '[DONE]')],
  ['a stream of one whole message', streamed(JSON.stringify(COMPLETE), '[DONE]')],
  ['a stream of parts', streamed(delta([{ type: 'text', text: 'o' }]), delta('k'), ENDED)],
])('an answer is read in spite of %s', async (_, answer) => {
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
  '<think>one</think>\n<think>two</think>ok',
])('the reasoning of %s is not the answer', async content => {
  const { model } = await answering(completion({ message: { content } }))
  expect((await model.complete(REQUEST, call())).text).toBe('ok')
})

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
])('a body compressed by %s, though nobody asked for it, is unpacked', async (encoding, compress) => {
  const body = compress(JSON.stringify({ choices: [{ message: { content: 'ok' } }] }))
  const { model, seen } = await answering(response => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding })
    response.end(body)
  })
  expect((await model.complete(REQUEST, call())).text).toBe('ok')
  expect(seen[0]?.headers['accept-encoding']).toBe('identity')
})

test('a reply in another charset is read in that', async () => {
  const { model } = await answering(response => {
    response.writeHead(200, { 'content-type': 'application/json; charset=ISO-8859-1' })
    response.end(Buffer.from('{"choices":[{"message":{"content":"r\u00edo"}}]}', 'latin1'))
  })
  expect((await model.complete(REQUEST, call())).text).toBe('r\u00edo')
})

test('half a character in an answer is made whole', async () => {
  const { model } = await answering(json(200, '{"choices":[{"message":{"content":"a\\ud800b"}}]}'))
  expect((await model.complete(REQUEST, call())).text).toBe('a\ufffdb')
})

test.each([
  ['stop', undefined],
  ['STOP', undefined],
  ['end_turn', undefined],
  ['eos_token', undefined],
  ['length', 'cut at its limit of 9 tokens: raise it'],
  ['MAX_TOKENS', 'cut at its limit of 9 tokens: raise it'],
  ['content_filter', 'withheld'],
  ['SAFETY', 'withheld'],
  ['error', 'finish_reason is error'],
  ['insufficient_system_resource', 'finish_reason is insufficient_system_resource'],
  ['abort', 'finish_reason is abort'],
  ['tool_calls', 'finish_reason is tool_calls'],
  ['', 'finish_reason is '],
  [null, 'finish_reason is null'],
  [7, 'finish_reason is 7'],
  ['something new', 'finish_reason is something new'],
])('a text that ended by %j passes for an answer only if that is its end', async (finish_reason, fault) => {
  const { model } = await answering(completion({ finish_reason, message: { content: 'half an ans' } }))
  const reply = await model.complete({ ...REQUEST, tokensMax: 9 }, call())
  if (fault === undefined) expect(reply.fault).toBeUndefined()
  else expect(reply.fault).toContain(fault)
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
])('where %s the fault says so, and its tokens are counted', async (_, choice, fault) => {
  const usage = { prompt_tokens: 5, completion_tokens: 6 }
  const { model } = await answering(completion(choice, { usage }))
  const reply = await model.complete(REQUEST, call())
  expect(reply.fault).toContain(fault)
  expect(reply.usage).toEqual({ promptTokens: 5, completionTokens: 6 })
})
