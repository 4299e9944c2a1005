/** Dead letters keep the record whole, and too many of them at once are noticed. */
import { describe, expect, it } from 'vitest'
import { type DeadLetter, decodeDeadLetter, encodeDeadLetter } from '#engine/record/dead-letter.ts'

const LETTER: Omit<DeadLetter, 'omitted'> = {
  id: 'in/3/7',
  application: 'answers',
  origin: {
    topic: 'in',
    partition: 3,
    offset: 7,
    timestamp: 1_700_000_000_000,
    key: Buffer.from([0, 255, 128]),
    value: Buffer.from('{"título":"ñ"'),
    headers: { trace: Buffer.from([1, 2, 3]), empty: Buffer.alloc(0) },
  },
  node: 'score',
  code: 'HANDLER_FAILED',
  message: 'the judge said no',
  stack: 'Error: the judge said no\n    at judge',
  attempts: 3,
  failedAt: 1_700_000_001_000,
}

describe('a dead letter', () => {
  it('a dead letter comes back byte for byte', () => {
    expect(decodeDeadLetter(encodeDeadLetter(LETTER))).toEqual({ ...LETTER, omitted: [] })
  })

  it('a dead letter tells null from empty, and manages without a stack', () => {
    const origin = { ...LETTER.origin, key: null, value: Buffer.alloc(0), headers: {} }
    const letter = { ...LETTER, stack: undefined, origin }
    expect(decodeDeadLetter(encodeDeadLetter(letter))).toEqual({ ...letter, omitted: [] })
  })

  it('a dead letter encodes a view of a larger buffer as what it shows', () => {
    const value = new Uint8Array([9, 1, 2, 9]).subarray(1, 3)
    const decoded = decodeDeadLetter(encodeDeadLetter({ ...LETTER, origin: { ...LETTER.origin, value } }))
    expect(decoded.origin.value).toEqual(Buffer.from([1, 2]))
  })

  it('a dead letter leaves out what makes it too large, the value first, and says so', () => {
    const value = Buffer.alloc(10_000, 'v')
    const large = { ...LETTER, origin: { ...LETTER.origin, value } }
    const withoutValue = decodeDeadLetter(encodeDeadLetter(large, 5_000))
    expect(withoutValue).toEqual({ ...LETTER, omitted: ['value'], origin: { ...LETTER.origin, value: null } })
    const hopeless = { ...large, origin: { ...large.origin, key: Buffer.alloc(10_000, 'k') } }
    const bytes = encodeDeadLetter(hopeless, 5_000)
    expect(bytes.length).toBeLessThanOrEqual(5_000)
    expect(decodeDeadLetter(bytes)).toMatchObject({
      omitted: ['key', 'value', 'headers'],
      origin: { topic: 'in', partition: 3, offset: 7, key: null, value: null, headers: {} },
    })
  })

  it('a dead letter cuts the details of the error before it leaves out anything of the record, and says so', () => {
    const long = { ...LETTER, message: 'm'.repeat(2_000), stack: 's'.repeat(8_000) }
    expect(decodeDeadLetter(encodeDeadLetter(long, 5_000))).toEqual({
      ...LETTER,
      omitted: [],
      message: `${'m'.repeat(200)} (cut: it did not fit)`,
      stack: '(left out: it did not fit)',
    })
    const without = decodeDeadLetter(encodeDeadLetter({ ...long, stack: undefined }, 1_500))
    expect(without.stack).toBeUndefined()
  })

  it('a dead letter keeps the value where the headers are what is too large', () => {
    const headers = { huge: Buffer.alloc(10_000, 'h') }
    const decoded = decodeDeadLetter(
      encodeDeadLetter({ ...LETTER, origin: { ...LETTER.origin, headers } }, 5_000),
    )
    expect(decoded).toEqual({ ...LETTER, omitted: ['headers'], origin: { ...LETTER.origin, headers: {} } })
  })

  it('bounds message and stack', () => {
    const long = { ...LETTER, message: 'm'.repeat(1e6), stack: 's'.repeat(1e6) }
    expect(encodeDeadLetter(long).length).toBeLessThan(12_000)
  })

  it('a dead letter of a later format is refused', () => {
    expect(() => decodeDeadLetter(Buffer.from('{"format":2}'))).toThrow(/STATE_NEWER/)
  })

  it.each([
    '',
    '{',
    'null',
    '7',
    '{}',
    '{"format":1}',
    '{"format":1,"id":"a"}',
    '{"format":1,"id":"a","origin":{}}',
  ])('a dead letter that is damaged is refused: %s', text => {
    expect(() => decodeDeadLetter(Buffer.from(text))).toThrow(/DECODE_FAILED/)
  })
})
