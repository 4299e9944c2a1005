/** The address of a provider, its key, and the secrecy of both. */
import { expect, test } from 'vitest'
import { openAi } from '#models/openai.ts'
import { answering, call, completion, failureOf, json, REQUEST, releases } from './answering.ts'

test('no error holds a secret of the endpoint, wherever that secret was given or quoted', async () => {
  const apiKey = 'sk-secret-key'
  const { baseUrl } = await answering(json(200, {}))
  const { model, seen } = await answering((response, _body) =>
    json(401, { error: { message: `Incorrect API key provided: ${apiKey} of pa/ss` } })(response),
  )
  const address = baseUrl.replace('http://', 'http://user:pa%2Fss@')
  const withAddress = openAi({ baseUrl: address, model: 'm' })
  releases.push(() => withAddress.close())
  await failureOf(withAddress.complete(REQUEST, call()))
  const refused = await failureOf(model.complete(REQUEST, call()))
  expect(refused.reason).toContain('Incorrect API key provided')
  const own = openAi({ baseUrl: `${address.replace(/:\d+/, ':1')}?api-version=1`, apiKey, model: 'm' })
  releases.push(() => own.close())
  const unreachable = await failureOf(own.complete(REQUEST, call()))
  expect(JSON.stringify([unreachable, unreachable.message, unreachable.cause])).not.toMatch(
    /pa%2Fss|pa\/ss|user|secret/,
  )
  const broken = openAi({ baseUrl, apiKey: 'sk-broken\nkey', model: 'm' })
  releases.push(() => broken.close())
  expect((await failureOf(broken.complete(REQUEST, call()))).message).not.toContain('sk-broken')
  expect(seen).toHaveLength(1)
})

test('the client sends user and password of the address as a header, and the query with every call', async () => {
  const { baseUrl, seen } = await answering(completion({ message: { content: 'ok' } }))
  const address = `${baseUrl.replace('http://', 'http://user:pa%2Fss@')}?api-version=7`
  const model = openAi({ baseUrl: address, model: 'm' })
  releases.push(() => model.close())
  await model.complete(REQUEST, call())
  expect(seen[0]?.path).toBe('/v1/chat/completions?api-version=7')
  expect(seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from('user:pa/ss').toString('base64')}`)
})

test('the client sends a password with a percent sign that begins no sign of an address as it is', async () => {
  const { baseUrl, seen } = await answering(completion({ message: { content: 'ok' } }))
  const model = openAi({ baseUrl: baseUrl.replace('http://', 'http://user:100%x@'), model: 'm' })
  releases.push(() => model.close())
  await model.complete(REQUEST, call())
  expect(seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from('user:100%x').toString('base64')}`)
})

test('the client can send the key in another header', async () => {
  const { model, seen } = await answering(completion({ message: { content: 'ok' } }), {
    apiKey: 'azure-key',
    apiKeyHeader: 'api-key',
  })
  await model.complete(REQUEST, call())
  expect(seen[0]?.headers['api-key']).toBe('azure-key')
  expect(seen[0]?.headers.authorization).toBeUndefined()
})

test('the fault of a reply that was cut off hides a key that the provider quotes', async () => {
  const cut = { message: { content: 'half' }, error: 'key sk-short is over its quota' }
  const { baseUrl } = await answering(completion(cut))
  const model = openAi({ baseUrl, model: 'm', apiKey: 'sk-short' })
  releases.push(() => model.close())
  const { fault } = await model.complete(REQUEST, call())
  expect(fault).toContain('over its quota')
  expect(fault).not.toContain('sk-short')
})

const KEY = 'sk-abc/defghijklmnop/1234567890'
const numbered = (text: string) =>
  text.replace(/./g, each => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`)

test.each([
  ['PHP', (text: string) => text.replaceAll('/', '\\/')],
  ['numbers', (text: string) => text.replaceAll(KEY, numbered)],
])('a reply never holds the key, though it came escaped: by %s', async (_, escaped) => {
  const message = { content: `It is ${KEY}.` }
  const whole = { choices: [{ message }], model: KEY }
  const cut = { choices: [{ message, finish_reason: `x${'y'.repeat(80)}${KEY}` }] }
  const { model } = await answering(
    (response, asked) => json(200, escaped(JSON.stringify(asked.includes('again') ? cut : whole)))(response),
    { apiKey: KEY },
  )
  const reply = await model.complete(REQUEST, call())
  expect(reply).toMatchObject({ text: 'It is [redacted].', model: '[redacted]' })
  const again = { messages: [{ role: 'user' as const, content: 'again' }] }
  const { fault } = await model.complete(again, call('r2'))
  expect(fault).toContain('finish_reason is')
  expect(fault).not.toContain('sk-')
})
