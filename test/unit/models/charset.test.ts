/** The encoding of a body, by its bytes and its header. */
import { expect, test } from 'vitest'
import { decoded } from '#models/charset.ts'

const latin1 = (text: string) => Buffer.from(text, 'latin1')
const utf16 = (text: string) => Buffer.from(text, 'utf16le')

test.each([
  ['UTF-8', Buffer.from('{"a":"r\u00edo \u4f60"}'), undefined, '{"a":"r\u00edo \u4f60"}'],
  ['UTF-8 with a mark of its own', Buffer.from('a\ufffd'), undefined, 'a\ufffd'],
  [
    'UTF-8 with a character cut',
    Buffer.from('r\u00edo \u4f60').subarray(0, -1),
    undefined,
    'r\u00edo \ufffd',
  ],
  ['Latin 1 without a word', latin1('{"a":"caf\u00e9"}'), 'application/json', '{"a":"caf\u00e9"}'],
  ['Latin 1 called UTF-8', latin1('caf\u00e9'), 'text/plain; charset=utf-8', 'caf\u00e9'],
  ['quotes of Windows', Uint8Array.of(0x93, 0x61, 0x94), undefined, '\u201ca\u201d'],
  ['Latin 1 by its header', latin1('r\u00edo'), 'application/json; charset=ISO-8859-1', 'r\u00edo'],
  ['UTF-16 with a mark', utf16('\ufeff{"a":1}'), 'application/json', '{"a":1}'],
  ['UTF-16 without one', utf16('{"a":1}'), 'application/json; charset=utf-8', '{"a":1}'],
  ['UTF-16, the large half first', utf16('\ufeff{"a":1}').swap16(), undefined, '{"a":1}'],
  ['an encoding that nobody knows', Buffer.from('a\u00ed'), 'text/plain; charset=odd', 'a\u00ed'],
  ['UTF-8 called Latin 1', Buffer.from('r\u00edo'), 'application/json; charset=ISO-8859-1', 'r\u00edo'],
  ['UTF-8 called ASCII', Buffer.from('r\u00edo'), 'text/plain; charset=us-ascii', 'r\u00edo'],
  ['nothing', new Uint8Array(), undefined, ''],
])('%s is read', (_, bytes, contentType, text) => {
  expect(decoded(bytes, contentType)).toBe(text)
})
