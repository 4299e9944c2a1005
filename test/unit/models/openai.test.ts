/** The provider against the simulated server over real HTTP: replies, identities, and every way to fail. */
import { expect, test } from 'vitest'
import { actionOf } from '#core/errors.ts'
import { ModelError } from '#models/model.ts'
import { openAi, requestIdHeader } from '#models/openai.ts'
import { CALM, type Profile } from '#models/simulated/profile.ts'
import { answering, call, completion, failureOf, json, REQUEST, releases, simulated } from './answering.ts'

test('an answer comes with usage, model and latency, and is bought under its request id', async () => {
  const { server, model } = await simulated({}, { sendHints: true })
  const reply = await model.complete(REQUEST, call('record-7:call'))
  expect(reply).toMatchObject({ text: 'Four.', model: 'simulated', finish: 'stop' })
  expect(reply.usage.promptTokens).toBeGreaterThan(5)
  expect(reply.usage.completionTokens).toBe(2)
  expect(reply.latencyMs).toBeGreaterThanOrEqual(0)
  expect(server.successesById()).toEqual({ 'record-7:call': 1 })
})

test('the client sends what the caller asks, and nothing more', async () => {
  const { model, seen } = await answering(completion({ message: { content: 'ok' } }), {
    apiKey: 'secret',
    query: { 'api-version': '2024-10-21' },
    headers: { 'api-key': 'azure' },
    aliases: { 'gpt-4o': 'my-deployment' },
  })
  const schema = { name: 'verdict', schema: { type: 'object' } }
  const labels = { taskType: 'qa', organization: 'org' }
  await model.complete({ ...REQUEST, model: 'gpt-4o', schema, labels, temperature: 0, tokensMax: 9 }, call())
  const [request] = seen
  expect(request?.path).toBe('/v1/chat/completions?api-version=2024-10-21')
  expect(request?.headers).toMatchObject({
    authorization: 'Bearer secret',
    'api-key': 'azure',
    'x-request-id': 'r1',
  })
  expect(JSON.parse(request?.body ?? '')).toEqual({
    model: 'my-deployment',
    messages: REQUEST.messages,
    temperature: 0,
    max_tokens: 9,
    response_format: { type: 'json_schema', json_schema: { ...schema, strict: true } },
  })
})

test('the client sends the digest of a request id that no header can carry', () => {
  expect(requestIdHeader('topic/3/17:call')).toBe('topic/3/17:call')
  expect(requestIdHeader('pregunta ñ')).toMatch(/^[0-9a-f]{64}$/)
  expect(requestIdHeader('x'.repeat(300))).toMatch(/^[0-9a-f]{64}$/)
  expect(requestIdHeader('a\r\nb')).not.toBe(requestIdHeader('a b'))
})

test.each([
  ['length', { finish_reason: 'length', message: { content: 'cut' } }, 'length'],
  ['a filter', { finish_reason: 'content_filter', message: { content: '' } }, 'refused'],
  ['a refusal', { finish_reason: 'stop', message: { content: null, refusal: 'I will not' } }, 'refused'],
  ['no reason at all', { message: { content: 'ok' } }, 'stop'],
])('an answer that ended by %s says so', async (_, choice, finish) => {
  const { model } = await answering(completion(choice))
  expect(await model.complete(REQUEST, call())).toMatchObject({ finish })
})

test('the client estimates tokens by characters where the provider counts none', async () => {
  const { model } = await answering(completion({ message: { content: '12345678' } }))
  const { usage } = await model.complete(REQUEST, call())
  expect(usage).toEqual({ promptTokens: 18, completionTokens: 2, isEstimate: true })
})

test.each([
  ['429 with seconds', 429, { 'retry-after': '7' }, 'rate_limit', 7_000],
  ['429 with milliseconds', 429, { 'retry-after': '7', 'retry-after-ms': '1500' }, 'rate_limit', 1_500],
  ['429 without a wait', 429, {}, 'rate_limit', undefined],
  ['429 with nonsense', 429, { 'retry-after': 'soon' }, 'rate_limit', undefined],
  ['408', 408, {}, 'timeout', undefined],
  ['504', 504, {}, 'timeout', undefined],
  ['500', 500, {}, 'unavailable', undefined],
  ['400', 400, {}, 'invalid', undefined],
  ['422', 422, {}, 'invalid', undefined],
  ['418', 418, {}, 'other', undefined],
])('%s becomes its error type, after a single call', async (_, status, headers, errorType, retryAfterMs) => {
  const { model, seen } = await answering(json(status, { error: { message: 'no' } }, headers))
  const error = await failureOf(model.complete(REQUEST, call()))
  expect(error).toMatchObject({ errorType, retryAfterMs, status, spent: true })
  expect(seen).toHaveLength(1)
})

test.each([
  ['502', 502, 'bad gateway'],
  ['503', 503, 'loading model'],
  ['529 of Anthropic', 529, 'overloaded_error'],
  ['498 of Groq', 498, 'capacity exceeded'],
  ['522 of Cloudflare', 522, 'timed out'],
  ['400 of NVIDIA', 400, 'DEGRADED function cannot be invoked'],
])('the status %s means that the provider took nothing, and spends nothing', async (_, status, message) => {
  const { model } = await answering(json(status, { error: { message } }, { 'retry-after': '2' }))
  const error = await failureOf(model.complete(REQUEST, call()))
  expect(error).toMatchObject({
    errorType: 'unavailable',
    retryAfterMs: 2_000,
    spent: false,
    needsPerson: false,
  })
})

test.each([
  ['Gemini', 400, 'API key not valid. Please pass a valid API key.', 'check OPENAI_API_KEY'],
  ['Anthropic', 400, 'Your credit balance is too low to access the Anthropic API.', 'top it up'],
  ['DashScope', 400, 'Arrearage: please make sure your account is in good standing.', 'top it up'],
  ['OpenAI', 429, 'insufficient_quota', 'top it up'],
  ['OpenRouter', 400, 'foo/bar is not a valid model ID', 'check LLM_MODEL'],
  ['Groq', 400, 'The model `x` has been decommissioned', 'check LLM_MODEL'],
  ['GitHub', 410, 'The model x has been retired', 'check LLM_MODEL'],
  ['Gemini, from elsewhere,', 400, 'User location is not supported for the API use.', 'OPENAI_BASE_URL'],
])(
  'the refusal of %s by %i needs a person, and spends nothing for a first question',
  async (_, status, message, advice) => {
    const { model, seen } = await answering(json(status, { error: { message } }))
    const error = await failureOf(model.complete(REQUEST, call()))
    expect(error).toMatchObject({ outage: true, needsPerson: true })
    expect(error.message).toContain(advice)
    expect(seen).toHaveLength(1)
  },
)

test('a question that exceeds the provider’s tokens a minute is refused as invalid', async () => {
  const message = 'Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 35000.'
  const { model } = await answering(json(429, { error: { message } }))
  expect(await failureOf(model.complete(REQUEST, call()))).toMatchObject({
    errorType: 'invalid',
    spent: true,
  })
})

test.each([
  ['Rate limit reached. Please try again in 7m12.5s.', 432_500],
  ['Please try again in 320ms.', 320],
  ['{"retryDelay": "34s"}', 34_000],
  ['Slow down.', undefined],
])(
  'the wait in the words of a refusal counts where no header names a wait: %s',
  async (message, retryAfterMs) => {
    const { model } = await answering(json(429, { error: { message } }))
    expect((await failureOf(model.complete(REQUEST, call()))).retryAfterMs).toBe(retryAfterMs)
  },
)

test('Retry-After as a date is a wait from now', async () => {
  const date = new Date(Date.now() + 30_000).toUTCString()
  const { model } = await answering(json(429, {}, { 'retry-after': date }))
  const { retryAfterMs } = await failureOf(model.complete(REQUEST, call()))
  expect(retryAfterMs).toBeGreaterThan(20_000)
  expect(retryAfterMs).toBeLessThanOrEqual(30_000)
})

test.each([
  [401, 'check OPENAI_API_KEY', true, false],
  [407, 'HTTPS_PROXY', true, false],
  [403, 'permissions', true, true],
  [404, 'check LLM_MODEL', true, true],
  [402, 'top it up', true, false],
  [405, 'check OPENAI_BASE_URL', true, false],
  [308, 'set OPENAI_BASE_URL', true, false],
  [400, 'see its prompt', false, true],
])(
  'the error for %i names what to do, whether every request would fail, and whether it spends an attempt',
  async (status, advice, isOfAll, spent) => {
    const { model } = await answering(json(status, { error: { message: 'no' } }))
    const error = await failureOf(model.complete(REQUEST, call()))
    expect(error.message).toContain(advice)
    expect(error).toMatchObject({ outage: isOfAll, needsPerson: isOfAll, spent })
  },
)

test('the reason of an error is well-formed text, although the provider’s message has or was cut into half a character', async () => {
  const said = `\ud800 ${'🦀'.repeat(3_000)}`
  const { model } = await answering(json(400, { error: { message: said } }))
  const { reason } = await failureOf(model.complete(REQUEST, call()))
  expect(reason.isWellFormed()).toBe(true)
})

test('an account without credit is an outage that a person must end', async () => {
  const { model } = await answering(
    json(429, { error: { message: 'no credit', code: 'insufficient_quota' } }),
  )
  const error = await failureOf(model.complete(REQUEST, call()))
  expect(error).toMatchObject({ errorType: 'other', outage: true, needsPerson: true, spent: false })
  expect(error.message).toContain('top it up')
})

test.each([
  ['cut off JSON', json(200, '{"choices":[{"mess')],
  ['no choices', json(200, { choices: [] })],
  ['choices of another kind', json(200, { choices: 'none' })],
  ['JSON null', json(200, 'null')],
  ['a number', json(200, '7')],
  ['garbage said to be zipped', json(200, '\u001f\ufffd\b garbage', { 'content-encoding': 'gzip' })],
])('%s is an invalid reply that goes to the dead letters', async (_, answer) => {
  const { model } = await answering(answer)
  const error = await failureOf(model.complete(REQUEST, call()))
  expect(error.errorType).toBe('invalid')
  expect(actionOf(error)).toBe('deadLetter')
})

test('a call that hangs ends at its time limit, together with its connection', async () => {
  const { server, model } = await simulated({ hanging: 1 }, { timeout: 60 })
  const error = await failureOf(model.complete(REQUEST, call()))
  expect(error).toMatchObject({ errorType: 'timeout', outage: true })
  expect(actionOf(error)).toBe('retry')
  await expect.poll(() => server.stats()).toMatchObject({ calls: 1, successes: 0, abandoned: 1, inFlight: 0 })
})

test('the time limit also ends a body that stops halfway', async () => {
  const { model } = await answering(
    response => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{"choices":')
    },
    { timeout: 60 },
  )
  expect((await failureOf(model.complete(REQUEST, call()))).errorType).toBe('timeout')
})

test('a call that is aborted throws the reason of the abort, and leaves the server', async () => {
  const { server, model } = await simulated({ hanging: 1 })
  const controller = new AbortController()
  const pending = model.complete(REQUEST, call('r1', controller.signal))
  await expect.poll(() => server.stats().inFlight).toBe(1)
  const reason = new ModelError('other', { model: 'test', reason: 'the task left' })
  controller.abort(reason)
  await expect(pending).rejects.toBe(reason)
  await expect.poll(() => server.stats()).toMatchObject({ abandoned: 1, inFlight: 0 })
})

test('an address where nobody listens and a broken connection are unavailable, and the error names the address', async () => {
  const { model, baseUrl } = await answering(response => response.destroy())
  const broken = await failureOf(model.complete(REQUEST, call()))
  expect(broken).toMatchObject({ errorType: 'unavailable', outage: true })
  for (const release of releases.splice(0)) await release()
  const nobody = openAi({ baseUrl, model: 'default' })
  releases.push(() => nobody.close())
  const error = await failureOf(nobody.complete(REQUEST, call()))
  expect(error).toMatchObject({ errorType: 'unavailable', spent: false, needsPerson: false })
  expect(error.message).toContain(`${baseUrl} cannot be reached (ECONNREFUSED)`)
  const nowhere = openAi({ baseUrl: 'http://caudal.invalid/v1', model: 'default' })
  releases.push(() => nowhere.close())
  // A machine without a name server cannot say for certain that there is no such host.
  const unknown = await failureOf(nowhere.complete(REQUEST, call()))
  expect(unknown).toMatchObject({ errorType: 'unavailable', spent: false })
  expect(unknown.message).toContain('check')
})

test('a server without TLS is a fault of the address that only a person can fix', async () => {
  const { baseUrl } = await answering(json(200, {}))
  const model = openAi({ baseUrl: baseUrl.replace('http:', 'https:'), model: 'default' })
  releases.push(() => model.close())
  const error = await failureOf(model.complete(REQUEST, call()))
  expect(error).toMatchObject({ errorType: 'unavailable', spent: false, needsPerson: true })
  expect(error.message).toContain('check http or https and the port in OPENAI_BASE_URL')
})

test('a reply above its size limit is invalid, and no outage', async () => {
  const { model } = await answering(completion({ message: { content: 'x'.repeat(10_000) } }), {
    connections: { replyBytesMax: 1_000 },
  })
  const error = await failureOf(model.complete(REQUEST, call()))
  expect(error).toMatchObject({ errorType: 'invalid', outage: false, spent: true })
  expect(error.reason).toContain('larger than replyBytesMax')
})

test('a redirect is not followed, and the error names its target', async () => {
  const { model, seen } = await answering(json(302, '', { location: 'https://example.com/v1/chat' }))
  const error = await failureOf(model.complete(REQUEST, call()))
  expect(error.reason).toContain('redirects to https://example.com/v1/chat')
  expect(seen).toHaveLength(1)
})

test('an error page of a megabyte is cut, and the error keeps its advice', async () => {
  const { model } = await answering(json(401, 'x'.repeat(1_000_000), { 'content-type': 'text/html' }))
  const { reason } = await failureOf(model.complete(REQUEST, call()))
  expect(reason.length).toBeLessThanOrEqual(2_000)
  expect(reason).toMatch(/check OPENAI_API_KEY$/)
})

test.each([
  ['fractions are rounded', 10.4, 2.6, { promptTokens: 10, completionTokens: 3 }],
  ['negative ones are counted here', -1, -1e20, { promptTokens: 18, completionTokens: 2, isEstimate: true }],
  ['huge ones are counted here', 1e18, 2e9, { promptTokens: 18, completionTokens: 2, isEstimate: true }],
  ['words are counted here', 'many', null, { promptTokens: 18, completionTokens: 2, isEstimate: true }],
])('the client reads token counts so: %s', async (_, prompt_tokens, completion_tokens, expected) => {
  const usage = { prompt_tokens, completion_tokens }
  const { model } = await answering(completion({ message: { content: '12345678' } }, { usage }))
  expect((await model.complete(REQUEST, call())).usage).toEqual(expected)
})

test('the client cuts a long name that a provider gives its model', async () => {
  const { model } = await answering(
    completion({ message: { content: 'ok' } }, { model: 'm'.repeat(100_000) }),
  )
  expect((await model.complete(REQUEST, call())).model).toHaveLength(200)
})

test('the client reuses connections, and opens no more than allowed', async () => {
  const { server, model } = await simulated(
    { latency: { kind: 'fixed', ms: 20 } },
    { connections: { connectionsMax: 5 } },
  )
  await Promise.all(Array.from({ length: 20 }, (_, n) => model.complete(REQUEST, call(`r${n}`))))
  expect(server.stats()).toMatchObject({ calls: 20, successes: 20, boughtTwice: 0 })
  expect(server.connections()).toBeLessThanOrEqual(5)
})

test('a server with the same seed draws the same faults', async () => {
  const profile: Partial<Profile> = { ...CALM, rateLimited: 0.2, failing: 0.2, malformed: 0.2 }
  const outcomes = async () => {
    const { model } = await simulated(profile)
    const run = (n: number) =>
      model.complete(REQUEST, call(`r${n}`)).then(
        reply => reply.text,
        (error: ModelError) => error.errorType,
      )
    return Promise.all(Array.from({ length: 30 }, (_, n) => run(n)))
  }
  const first = await outcomes()
  expect(await outcomes()).toEqual(first)
  expect(new Set(first).size).toBeGreaterThan(3)
})
