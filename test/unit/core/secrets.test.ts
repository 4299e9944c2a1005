/** What is secret, and that no text keeps it. */
import { expect, test } from 'vitest'
import { redactor, secretsOfAddress } from '#core/secrets.ts'

test.each([
  ['a user and a password', 'https://ada:pass-word@host/v1'],
  ['a password with a slash, which makes the address unreadable', 'https://ada:pass-word/9@host/v1'],
  ['a password with a hash', 'https://ada:x#pass-word@host/v1'],
  ['a password with an at sign', 'https://ada:x@pass-word@host/v1'],
  ['no scheme', 'ada:pass-word@host/v1'],
  ['an unknown scheme', 'htps://ada:pass-word@host/v1'],
  ['a key as its user', 'https://pass-word@host/v1'],
  ['a long user beside a word', 'https://pass-word-of-many:x-oauth@host/v1'],
  ['a key in its query', 'https://host/v1?api_key=pass-word&api-version=1'],
  ['a token in its query', 'https://host/v1?version=1&access_token=pass-word#here'],
])('an address with %s is shown without its secret', (_, address) => {
  const redact = redactor(secretsOfAddress(address))
  expect(redact(`${address} is no address`)).not.toContain('pass-word')
})

test('an escaped password is found decoded, and as HTTP sends it', () => {
  const redact = redactor(secretsOfAddress('https://ada:pass%2Fword@host/v1'))
  const sent = Buffer.from('ada:pass/word').toString('base64')
  expect(redact(`pass%2Fword pass/word Basic ${sent}`)).toBe('[redacted] [redacted] Basic [redacted]')
})

test('an address without a secret is shown whole', () => {
  for (const address of ['http://host/v1?api-version=7', 'http://127.0.0.1:9400/v1', 'https://host:8443'])
    expect(redactor(secretsOfAddress(address))(address)).toBe(address)
})

test('a secret is found as the JSON of Go, JSON inside of JSON and web pages write it', () => {
  const secret = `p&ss"w<rd'`
  const redact = redactor([secret])
  const written = [
    String.raw`p\u0026ss\"w\u003crd'`,
    JSON.stringify(JSON.stringify({ secret })),
    '<p>p&amp;ss&quot;w&lt;rd&#39;</p>',
    '<p>p&amp;ss&#34;w&lt;rd&#39;</p>',
    `<p>p&amp;ss"w&lt;rd'</p>`,
  ]
  for (const text of written) expect(redact(text), text).toContain('[redacted]')
  for (const text of written) expect(redact(text), text).not.toMatch(/rd/)
})
