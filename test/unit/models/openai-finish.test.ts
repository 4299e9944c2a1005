/** By which words, fields and errors a reply is known to be whole, cut, withheld or broken off. */
import { expect, test } from 'vitest'
import { answering, call, completion, json, REQUEST } from './answering.ts'

test.each([
  ['stop', undefined],
  ['STOP', undefined],
  ['end_turn', undefined],
  [' stop', undefined],
  ['FINISH', undefined],
  ['finished', undefined],
  ['endoftext', undefined],
  ['end_of_text', undefined],
  ['stop_token', undefined],
  ['stop-sequence', undefined],
  ['StopSequence', undefined],
  ['FINISH_REASON_STOP', undefined],
  ['FinishReason.STOP', undefined],
  [1, undefined],
  [{ type: 'stop' }, undefined],
  ['eos_token', undefined],
  ['length', 'cut at its limit of 9 tokens: raise it'],
  ['MAX_TOKENS', 'cut at its limit of 9 tokens: raise it'],
  ['max_output_tokens', 'cut at its limit of 9 tokens: raise it'],
  ['FinishReason.MAX_TOKENS', 'cut at its limit of 9 tokens: raise it'],
  [2, 'cut at its limit of 9 tokens: raise it'],
  ['content_filter', 'withheld'],
  [3, 'withheld'],
  ['SAFETY', 'withheld'],
  ['content_filter: RECITATION', 'withheld'],
  ['error', 'finish_reason is error'],
  ['insufficient_system_resource', 'finish_reason is insufficient_system_resource'],
  ['abort', 'finish_reason is abort'],
  ['tool_calls', 'finish_reason is tool_calls'],
  ['', 'finish_reason is an empty text'],
  [null, 'finish_reason is null'],
  [7, 'finish_reason is 7'],
  ['something new', 'finish_reason is something new'],
  ['unfinished', 'finish_reason is unfinished'],
  [{ why: 'stop' }, 'finish_reason is {"why":"stop"}'],
])(
  'a text that ended by %j counts as an answer only if the text ends there',
  async (finish_reason, fault) => {
    const { model } = await answering(completion({ finish_reason, message: { content: 'half an ans' } }))
    const reply = await model.complete({ ...REQUEST, tokensMax: 9 }, call())
    if (fault === undefined) expect(reply.fault).toBeUndefined()
    else expect(reply.fault).toContain(fault)
  },
)

const HALF = { message: { content: 'half an ans' } }
const UPSTREAM = { code: 502, message: 'upstream' }
const stopped = (more: object) => ({ ...HALF, finish_reason: 'stop', ...more })

/** Each with the choice and with what stands beside it in the body. */
const NO_ENDS = [
  ['a stop reason', { ...HALF, stop_reason: 'max_tokens' }, {}, 'cut at'],
  [
    'a stop reason beside no finish reason',
    { ...HALF, finish_reason: null, stop_reason: 'length' },
    {},
    'cut',
  ],
  ['a stop reason beside the choice', HALF, { stop_reason: 'max_tokens' }, 'cut at'],
  ['the status of the body', HALF, { status: 'incomplete' }, 'finish_reason is incomplete'],
  ['a status that nobody knows', HALF, { status: 'streaming' }, 'finish_reason is streaming'],
  [
    'the details of the status',
    HALF,
    { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
    'cut at',
  ],
  ['the status of the message', { message: { ...HALF.message, status: 'incomplete' } }, {}, 'is incomplete'],
  ['a native reason', stopped({ native_finish_reason: 'MAX_TOKENS' }), {}, 'cut at'],
  ['a native reason that withholds', stopped({ native_finish_reason: 'SAFETY' }), {}, 'withheld'],
  ['an error in its choice', stopped({ error: UPSTREAM }), {}, 'finish_reason is error: upstream'],
  ['an error beside it', stopped({}), { error: UPSTREAM }, 'finish_reason is error: upstream'],
  ['an error beside it alone', HALF, { error: 'overloaded' }, 'finish_reason is error: overloaded'],
  ['an error in its choice alone', { ...HALF, error: { code: 502 } }, {}, 'finish_reason is error'],
  ['a piece of a stream without an end', { delta: HALF.message }, {}, 'finish_reason is null'],
] as const

test.each(NO_ENDS)('a reply that %s shows to be no whole answer is none', async (_, choice, more, fault) => {
  const usage = { prompt_tokens: 5, completion_tokens: 6 }
  const { model, seen } = await answering(completion(choice, { ...more, usage }))
  const reply = await model.complete(REQUEST, call())
  expect(reply.fault).toContain(fault)
  expect(reply.usage).toEqual({ promptTokens: 5, completionTokens: 6 })
  expect(seen).toHaveLength(1)
})

test.each([
  ['a stop reason', { stop_reason: 'max_tokens' }, 'cut at'],
  ['a native reason', { finish_reason: 'stop', native_finish_reason: 'MAX_TOKENS' }, 'cut at'],
  ['an error', { finish_reason: 'stop', error: UPSTREAM }, 'finish_reason is error: upstream'],
])('a stream that %s shows to be no whole answer is none', async (_, last, fault) => {
  const pieces = [
    { delta: HALF.message, native_finish_reason: null },
    { delta: {}, ...last },
  ]
  const events = pieces.map(choice => `data: ${JSON.stringify({ choices: [choice] })}\n\n`)
  const { model } = await answering(json(200, `${events.join('')}data: [DONE]\n\n`))
  expect((await model.complete(REQUEST, call())).fault).toContain(fault)
})

const OK = { message: { content: 'ok' } }
test.each([
  ['a stop reason', { ...OK, stop_reason: 'end_turn' }, {}],
  ['a stop reason in the place of no finish reason', { ...OK, finish_reason: null, stop_reason: 'stop' }, {}],
  ['the number of the token that ended it', { ...OK, finish_reason: 'stop', stop_reason: 2 }, {}],
  ['a native reason that nobody knows', { ...OK, finish_reason: 'stop', native_finish_reason: 'odd' }, {}],
  ['the status of the body', OK, { status: 'completed' }],
  ['the status of HTTP', OK, { status: 200 }],
  ['a status of success', OK, { status: 'success', incomplete_details: null }],
  ['a number of its own for success', { ...OK, finish_reason: 'stop' }, { code: 10_000, msg: 'Success' }],
  [
    'an error that says nothing',
    { ...OK, finish_reason: 'stop', error: {} },
    { error: { code: 0, message: '' } },
  ],
])('a whole answer with %s is bought once', async (_, choice, more) => {
  const { model, seen } = await answering(completion(choice, more))
  expect(await model.complete(REQUEST, call())).toMatchObject({ text: 'ok', finish: 'stop' })
  expect(seen).toHaveLength(1)
})
