/** What stands beside an answer, or between the pieces of one: what ends it, what counts it, and what changes nothing. */
import { expect, test } from 'vitest'
import { answering, call, completion, json, REQUEST } from './answering.ts'

const delta = (content: string, more: object = {}) =>
  JSON.stringify({ choices: [{ index: 0, delta: { content }, ...more }] })
const ENDED = JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
const data = (...events: string[]) => events.map(each => `data: ${each}\n\n`).join('')
const replyTo = async (body: unknown, request = REQUEST) => {
  const { model } = await answering(json(200, body, { 'content-type': 'text/event-stream' }))
  return model.complete(request, call())
}

test.each([
  'error: {"code":500,"message":"Context size has been exceeded.","type":"server_error"}\n\n',
  data('{"choices":[],"x_groq":{"error":"over_capacity"}}'),
  data('{"message":"Internal server error"}'),
  data('{"internalServerException":{"message":"no"}}'),
  'event: exception\ndata: {"why":"no"}\n\n',
])('half an answer is not whole behind the text of %j', async error => {
  const { fault } = await replyTo(`${data(delta('The river'))}${error}${data('[DONE]')}`)
  expect(fault).toMatch(/^the reply stopped before its end: finish_reason is error: /)
})

test('a reply without a reason for its end is not whole beside an error of Groq', async () => {
  const { fault } = await replyTo({
    choices: [{ message: { content: 'The' } }],
    x_groq: { error: 'over_capacity' },
  })
  expect(fault).toContain('over_capacity')
})

test.each([
  ['an event inside of an event', `data: ${data(delta('ok'), ENDED)}`],
  ['events that are JSON in a string', data(JSON.stringify(delta('ok')), JSON.stringify(ENDED))],
  ['a ping as text', data(delta('o'), 'ping', delta('k'), ENDED)],
  ['a named heartbeat', `${data(delta('o'))}event: heartbeat\ndata: alive\n\n${data(delta('k'), ENDED)}`],
  ['a ping as JSON', data(delta('ok'), '{"type":"ping"}', '[DONE]')],
  ['a comment as data', data(': OPENROUTER PROCESSING', delta('ok'), ENDED)],
  ['an index as text', data(delta('ok', { index: '0' }), ENDED)],
  ['an index that is not the first', data(delta('ok', { index: 1, finish_reason: 'stop' }))],
  ['a last word without its field', `${data(delta('ok'))}[DONE]\n\n`],
  [
    'a whole message behind its pieces',
    data(delta('o'), delta('k'), '{"choices":[{"message":{"content":"ok"},"finish_reason":"stop"}]}'),
  ],
])('a stream is read in spite of %s', async (_, body) => {
  expect(await replyTo(body)).toMatchObject({ text: 'ok', finish: 'stop' })
  expect((await replyTo(body)).fault).toBeUndefined()
})

test('a stream whose connection ends behind its reason and its usage is whole', async () => {
  const usage = { prompt_tokens: 7, completion_tokens: 2 }
  const { model, seen } = await answering(response => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(data(delta('ok'), ENDED, JSON.stringify({ choices: [], usage })), () => response.destroy())
  })
  expect(await model.complete(REQUEST, call())).toMatchObject({ text: 'ok', finish: 'stop' })
  expect(seen).toHaveLength(1)
})

test.each([
  { error: [] },
  { error: { code: 0, message: 'no error' } },
  { error_code: 0, error_msg: 'SUCCESS' },
  { detail: { latency_ms: 12 } },
  { code: 1, msg: '操作成功' },
  { success: true, code: 1000, msg: 'done' },
  { status: 201, message: 'Created' },
])('a whole answer is one beside %j', async beside => {
  const choice = { message: { content: 'ok', refusal: [] }, finish_reason: 'stop', error: [] }
  expect(await replyTo({ choices: [choice], ...beside })).toMatchObject({ text: 'ok', finish: 'stop' })
  expect((await replyTo({ choices: [choice], ...beside })).fault).toBeUndefined()
})

test.each([
  { tool_calls: [{ function: { name: 'search', arguments: '{}' } }] },
  { function_call: { name: 'search', arguments: '{}' } },
])('words before the call of a tool are no answer: %j', async calls => {
  const message = { content: 'Let me look that up.', ...calls }
  const whole = await replyTo({ choices: [{ message, finish_reason: 'stop' }] })
  const streamed = await replyTo(
    data(JSON.stringify({ choices: [{ delta: message, finish_reason: 'stop' }] }), '[DONE]'),
  )
  for (const { fault } of [whole, streamed]) expect(fault).toContain('calls a tool')
})

test.each([
  [{ message: null, finish_reason: 'content_filter' }, 'the provider withheld the reply'],
  [{ message: { content: '', refusal: 'I cannot.' } }, 'the provider withheld the reply: I cannot.'],
  [
    {
      message: { content: '' },
      finish_reason: 'content_filter',
      content_filter_results: { hate: { filtered: false }, violence: { filtered: true } },
    },
    'the provider withheld the reply: violence',
  ],
])('a reply that was withheld says why: %j', async (choice, fault) => {
  expect(await replyTo({ choices: [choice] })).toMatchObject({ finish: 'refused', fault })
})

test.each(['normal', 'eosFound', 'stopped', 'eos_token_id', 'success'])(
  'an answer is whole where its reason is %s',
  async finish_reason => {
    const { fault } = await replyTo({ choices: [{ message: { content: 'ok' }, finish_reason }] })
    expect(fault).toBeUndefined()
  },
)

test.each([
  { prompt_tokens: 0, completion_tokens: 0 },
  { prompt_tokens: 7, completion_tokens: 0 },
  { prompt_tokens: 0, completion_tokens: 7 },
])('zeros beside a text mean that nobody counted: %j', async usage => {
  const { model } = await answering(completion({ message: { content: '12345678' } }, { usage }))
  const { promptTokens, completionTokens, isEstimate } = (await model.complete(REQUEST, call())).usage
  expect([promptTokens > 0, completionTokens > 0, isEstimate]).toEqual([true, true, true])
})

const COUNTED = { prompt_tokens: 7, completion_tokens: 2 }
test.each([
  [
    'before zeros in a stream',
    data(
      delta('ok'),
      JSON.stringify({ usage: COUNTED }),
      ENDED,
      '{"usage":{"prompt_tokens":0,"completion_tokens":0}}',
    ),
  ],
  ['in the choice', { choices: [{ message: { content: 'ok' }, usage: COUNTED }] }],
  ['in a field of Groq', { choices: [{ message: { content: 'ok' } }], x_groq: { usage: COUNTED } }],
])('tokens are in the cost that are counted %s', async (_, body) => {
  expect((await replyTo(body)).usage).toEqual({ promptTokens: 7, completionTokens: 2 })
})

test.each([
  [
    { inputTokens: 10, outputTokens: 5, totalTokens: 7015, cacheReadInputTokens: 7000 },
    { promptTokens: 7010, completionTokens: 5 },
  ],
  [
    { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 7000, cache_creation_input_tokens: 500 },
    { promptTokens: 7510, completionTokens: 5 },
  ],
  [
    { prompt_tokens: 7010, completion_tokens: 5, cache_read_input_tokens: 7000 },
    { promptTokens: 7010, completionTokens: 5 },
  ],
])('tokens from a cache are in the cost once: %j', async (usage, counted) => {
  expect((await replyTo({ choices: [{ message: { content: 'ok' } }], usage })).usage).toEqual(counted)
})

test('an estimate includes the reasoning', async () => {
  const message = { content: 'ok', reasoning_content: 'x'.repeat(398) }
  const { usage } = await replyTo({ choices: [{ message }], usage: null })
  expect(usage).toMatchObject({ completionTokens: 100, isEstimate: true })
})
