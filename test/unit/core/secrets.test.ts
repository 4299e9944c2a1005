/** What is secret, and that no text keeps it. */
import { expect, test } from 'vitest'
import { redactor, secretsOfAddress, secretsOfHeaders } from '#core/secrets.ts'

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

const KEY = 'sk-a/b+c~d-ef"gh'
const inBase64 = (text: string) => Buffer.from(text).toString('base64')

test.each([
  ['behind Bearer in base64', `Basic ${inBase64(`Bearer ${KEY}`)}`],
  ['as the password of a user in base64', inBase64(`ada:${KEY}`)],
  ['as the password of SASL PLAIN', inBase64(`\0adam\0${KEY}`)],
  ['alone in base64', inBase64(KEY)],
  ['in base64 for addresses', Buffer.from(`>${KEY}`).toString('base64url')],
  [
    'in an address with small letters',
    encodeURIComponent(KEY).replaceAll('%2F', '%2f').replace('%2B', '%2b'),
  ],
  ['in JSON of PHP', JSON.stringify(KEY).replaceAll('/', '\\/')],
  ['in JSON of PHP inside of JSON', JSON.stringify(JSON.stringify(KEY).replaceAll('/', '\\/'))],
  ['in JSON with each character as its number', KEY.replace(/./g, '\\u00$&').replace(/(?<=u00)./g, hexOf)],
])('a key is found %s', (_, text) => {
  const clean = redactor([KEY])(text)
  expect(clean).toContain('[redacted]')
  // What was around the key stays.
  expect(clean.replace('[redacted]', '').length).toBeLessThan(20)
})

function hexOf(character: string): string {
  return character.charCodeAt(0).toString(16).toUpperCase()
}

test('a long run of backslashes takes no longer than other text', () => {
  const text = '\\'.repeat(200_000)
  expect(redactor([KEY])(text)).toBe(text)
})

test('the values of headers are secret, decoded as well; short ones of other names are not', () => {
  const redact = redactor(
    secretsOfHeaders('x-api-key=SECRETVALUE, authorization=Basic%20dXNlcjpw,x-tenant=prod'),
  )
  expect(redact('SECRETVALUE, dXNlcjpw; Basic prod')).toBe('[redacted], [redacted]; Basic prod')
})

test.each([
  ['none', 'all is well', 0],
  ['the beginning of a secret', 'it is sk-a/', 5],
  ['the longest beginning', 'sksk-', 3],
  ['the beginning of one of its forms', 'it is sk-a%2', 6],
  ['a whole secret, of which nothing is to come', KEY, 0],
])('the end of a text that may be a secret is known: %s', (_, text, open) => {
  expect(redactor([KEY]).open(text)).toBe(open)
})
