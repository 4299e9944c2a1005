/** What the console does with texts of others, with addresses and with streams. */
import { describe, expect, it } from 'vitest'
import { difference } from '#console/difference.ts'
import { eventIn } from '#console/event-block.ts'
import { cutAt, harmless } from '#console/shown.ts'

describe('harmless', () => {
  it.each<readonly [string, string]>([
    ['a\u202eb', 'a⟨U+202E⟩b'],
    ['a\u200bb', 'a⟨U+200B⟩b'],
    ...['200C', '2028', '2029', '3164', '180E', '115F', 'E0001', 'E0041', 'E007F'].map(
      code => [`a${String.fromCodePoint(Number.parseInt(code, 16))}b`, `a⟨U+${code}⟩b`] as const,
    ),
    ['\u001b[31mred', '␛[31mred'],
    ['a\r\nb\tc', 'a\nb\tc'],
    ['a\ud800', 'a\ufffd'],
    ['ñ 你好 👩‍👩‍👧', 'ñ 你好 👩‍👩‍👧'],
    ['<script>', '<script>'],
  ])('%j is shown as %j', (text, shown) => {
    expect(harmless(text)).toBe(shown)
  })

  it('a long text is cut, and says how much is left out', () => {
    expect(cutAt('x'.repeat(1_000_000), 6_000)).toEqual({ text: 'x'.repeat(6_000), more: 994_000 })
    expect(cutAt('short', 6_000)).toEqual({ text: 'short', more: 0 })
  })
})

describe('difference', () => {
  const joined = (before: string, after: string) =>
    difference(before, after).map(({ kind, text }) => `${kind}:${text}`)

  it('names what is the same, gone and new', () => {
    expect(joined('the sky is blue today', 'the sky was blue')).toEqual([
      'same:the sky ',
      'gone:is blue today',
      'new:was blue',
    ])
    expect(joined('a b c', 'a x c')).toEqual(['same:a ', 'gone:b ', 'new:x ', 'same:c'])
  })

  it('gives both texts back whole, whatever they are', () => {
    for (const [one, other] of [
      ['', 'a'],
      ['a', ''],
      ['a b', 'b a'],
      ['x '.repeat(3_000), 'y'],
    ] as const) {
      const pieces = difference(one, other)
      const without = (kind: string) =>
        pieces
          .filter(piece => piece.kind !== kind)
          .map(({ text }) => text)
          .join('')
      expect([without('new'), without('gone')]).toEqual([one, other])
    }
  })
})

describe('an event of a stream', () => {
  it('is read with its id and its kind; a comment is none', () => {
    expect(eventIn('id: a: b\nevent: flow\ndata: {"x":1}')).toEqual({
      id: 'a: b',
      kind: 'flow',
      data: { x: 1 },
    })
    expect(eventIn(': still here')).toBeUndefined()
    expect(eventIn('retry: 1000')).toBeUndefined()
  })
})
