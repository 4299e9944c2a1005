/** What refusals of providers and gateways mean: whose fault each is, and what its reason says. */
import { expect, test } from 'vitest'
import type { ModelRequest } from '#models/model.ts'
import { answering, call, failureOf, json, REQUEST } from './answering.ts'

/** With all that may be left out, so that a search for other terms would show in the calls. */
const FULL: ModelRequest = {
  messages: [{ role: 'system', content: 'You answer.' }, ...REQUEST.messages],
  schema: { name: 'verdict', schema: { type: 'object' } },
  temperature: 0.2,
  tokensMax: 9,
}
const raw = (inner: object) => ({
  error: {
    message: 'Provider returned error',
    code: 400,
    metadata: { raw: JSON.stringify({ error: inner }) },
  },
})

test.each<readonly [status: number, error: object]>([
  [
    400,
    {
      code: 'content_filter',
      param: 'prompt',
      message: "It triggered Azure OpenAI's content management policy.",
    },
  ],
  [400, { message: 'Bad', innererror: { code: 'ResponsibleAIPolicyViolation' } }],
  [400, { message: 'Content Exists Risk', code: 'invalid_request_error' }],
  [400, { message: 'no', code: 'data_inspection_failed' }],
  [400, { message: 'Input data may contain inappropriate content.' }],
  [403, { message: 'm requires moderation. Your input was flagged for "violence"', code: 403 }],
  [400, { message: 'no', metadata: { raw: '{"error":{"code":"content_filter"}}' } }],
  [422, { message: 'The prompt was blocked, whatever its temperature.' }],
])('a content filter withholds one question after one call, by %i: %j', async (status, error) => {
  const { model, seen } = await answering(json(status, { error }))
  const failed = await failureOf(model.complete(FULL, call()))
  expect(failed).toMatchObject({ errorType: 'invalid', outage: false, needsPerson: false })
  expect(failed.reason).toContain('content filter withheld')
  expect(seen).toHaveLength(1)
})

test.each<readonly [status: number, body: unknown]>([
  [
    400,
    {
      error: { message: 'Budget has been exceeded! Max budget: 0.25', type: 'budget_exceeded', code: '400' },
    },
  ],
  [
    429,
    {
      error: { message: 'Budget has been exceeded! Max budget: 0.25', type: 'budget_exceeded', code: '429' },
    },
  ],
  [400, { error: { message: 'ExceededBudget: End User=a over budget.', type: 'auth_error' } }],
  [
    412,
    { error: { message: 'Account foo is suspended, possibly due to reaching the monthly spending limit' } },
  ],
  [400, { error: { message: 'Organization has been restricted.', code: 'organization_restricted' } }],
  [403, { error: { message: 'Key limit exceeded (total limit).', code: 403 } }],
  [403, { code: 30_001, message: 'Sorry, your account balance is insufficient', data: null }],
  [403, { code: 403, reason: 'NOT_ENOUGH_BALANCE', message: 'no', metadata: {} }],
  [403, { error: { code: 'AccountOverdueError', message: 'no', type: 'Forbidden' } }],
  [403, { code: 'No permission', error: "Your newly created team doesn't have any credits yet." }],
  [429, { error: { code: '1113', message: '余额不足或无可用资源包,请充值。' } }],
  [
    500,
    { error: { message: 'litellm.RateLimitError: You exceeded your current quota, insufficient_quota' } },
  ],
  [503, { error: { message: 'no', code: 'insufficient_quota' } }],
  [200, { error: true, message: 'Insufficient credits. Please top up.' }],
  [400, raw({ message: 'Your credit balance is too low' })],
])(
  'an account without money is a fault of the set-up that spends nothing, by %i: %j',
  async (status, body) => {
    const { model, seen } = await answering(json(status, body))
    const failed = await failureOf(model.complete(FULL, call()))
    expect(failed).toMatchObject({ errorType: 'other', outage: true, needsPerson: true, spent: false })
    expect(failed.reason).toContain('top it up')
    expect(seen).toHaveLength(1)
  },
)

test.each<[status: number, message: string, code?: string]>([
  [
    400,
    "The requested model 'a/b' is not supported by any provider you have enabled.",
    'model_not_supported',
  ],
  [400, 'An error occurred (ValidationException): The provided model identifier is invalid.'],
  [400, 'Invocation of model ID a.b with on-demand throughput isn’t supported.'],
  [400, 'The operation does not work with the specified model, o1-pro.', 'OperationNotSupported'],
  [400, 'model must be one of: a, b'],
  [400, 'No models loaded. Please load a model in the developer page.'],
  [503, '当前分组 default 下对于模型 m 无可用渠道（distributor）', 'model_not_found'],
])('a model that is not there is a fault of the set-up, by %i: %s', async (status, message, code) => {
  const { model, seen } = await answering(json(status, { error: { message, code } }))
  const failed = await failureOf(model.complete(FULL, call()))
  expect(failed).toMatchObject({ errorType: 'other', outage: true, needsPerson: true })
  expect(failed.reason).toContain('check LLM_MODEL')
  expect(seen).toHaveLength(1)
})

test.each<readonly [status: number, body: unknown]>([
  [500, { error: { message: 'litellm.AuthenticationError: Incorrect API key provided: sk-abc' } }],
  [400, { error: { message: 'Authentication Error, Invalid proxy server token passed.' } }],
  [400, raw({ message: 'API key not valid. Please pass a valid API key.' })],
])('a wrong key is known by its words, by %i: %j', async (status, body) => {
  const { model, seen } = await answering(json(status, body))
  const failed = await failureOf(model.complete(FULL, call()))
  expect(failed).toMatchObject({ needsPerson: true, spent: false })
  expect(failed.reason).toContain('check OPENAI_API_KEY')
  expect(seen).toHaveLength(1)
})

test('a web page by 403 is of a firewall in front of the provider', async () => {
  const page = '<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>'
  const { model } = await answering(json(403, page, { 'content-type': 'text/html' }))
  const failed = await failureOf(model.complete(REQUEST, call()))
  expect(failed).toMatchObject({ needsPerson: true })
  expect(failed.reason).toContain('a firewall in front of')
})

test.each<readonly [status: number, body: unknown, errorType: string]>([
  [400, { message: 'ThrottlingException: Too many requests, please wait.' }, 'rate_limit'],
  [500, { detail: 'An error occurred (ThrottlingException): Too many tokens.' }, 'rate_limit'],
  [403, { message: 'Out of call volume quota. Quota will be replenished in 00:12:30.' }, 'rate_limit'],
  [400, { error: { message: 'The engine is currently overloaded, please try again later' } }, 'unavailable'],
  [400, { error: 'The model has crashed without additional information.' }, 'unavailable'],
  [200, { error: { code: 1302, limit: 500, message: 'Rate limit reached' } }, 'rate_limit'],
  [200, { error: { code: '1302', message: '您的账户已达到速率限制' } }, 'rate_limit'],
  [200, { statusCode: 429, body: '{"error":{"message":"no"}}' }, 'rate_limit'],
  [200, { statusCode: 502, body: '{"message":"no"}' }, 'unavailable'],
  [200, { errorMessage: 'Task timed out after 30.00 seconds' }, 'unavailable'],
  [200, 'data: {"error":"Input validation error: no","error_type":"validation"}\n\n', 'invalid'],
])('the client knows what passes and what does not, by %i: %j', async (status, body, errorType) => {
  const { model, seen } = await answering(json(status, body))
  expect((await failureOf(model.complete(FULL, call()))).errorType).toBe(errorType)
  if (errorType !== 'invalid') expect(seen).toHaveLength(1)
})

test.each<readonly [string, (status: number) => ReturnType<typeof json>]>([
  ['an empty body', status => json(status, '')],
  ['blank lines', status => json(status, '\n\n\n')],
])('%s is a failure of the provider, by any status of success', async (_, answer) => {
  for (const status of [200, 202, 204]) {
    const { model } = await answering(answer(status))
    const failed = await failureOf(model.complete(REQUEST, call()))
    // It is no reply to this question: something in front of the provider had nothing to hand on, for whatever question.
    expect(failed).toMatchObject({ errorType: 'unavailable', outage: true })
    expect(failed.reason).toContain('the reply was empty')
  }
})

test('plain words with status 200 are a failure of the provider', async () => {
  const said = 'upstream connect error or disconnect/reset before headers'
  const { model } = await answering(json(200, said, { 'content-type': 'text/plain' }))
  const failed = await failureOf(model.complete(REQUEST, call()))
  expect(failed).toMatchObject({ errorType: 'unavailable', outage: true })
  expect(failed.reason).toContain(said)
})

test.each<readonly [string, unknown]>([
  ['the provider behind a gateway', raw({ message: 'the reason' })],
  ['the field beside a word', { statusCode: 400, error: 'Bad Request', message: 'the reason' }],
  ['a list beside a word', { statusCode: 400, error: 'Bad Request', message: ['the reason'] }],
  ['the field beside a truth value', { error: true, message: 'the reason' }],
  ['an inner error', { error: { message: 'no', innererror: { message: 'the reason' } } }],
])('the reason of an error has what is said in %s', async (_, body) => {
  const { model } = await answering(json(400, body))
  expect((await failureOf(model.complete(REQUEST, call()))).reason).toContain('the reason')
})

test('a key in an inner error is not in the reason', async () => {
  const apiKey = 'sk-test-0123456789abcdef'
  const { model } = await answering(json(400, raw({ message: `Bad key "${apiKey}"` })), { apiKey })
  const { reason } = await failureOf(model.complete(REQUEST, call()))
  expect(reason).toContain('Bad key')
  expect(reason).not.toContain(apiKey)
})
