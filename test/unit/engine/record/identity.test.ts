/** Identities are pinned by golden values, and no two different inputs share one. */
import { describe, expect, it } from 'vitest'
import { HEADER, NO_HEADERS } from '#core/record.ts'
import { callId, outputId, recordId, timerId } from '#engine/record/identity.ts'

/** Each is the first 22 characters of the base64url SHA-256 of the text beside it. */
describe('golden values, which must never change', () => {
  it.each([
    ['o6:in/0/55:count7:counted0', outputId('in/0/5', 'count', 'counted', 0), 'pjGcSxEF5tIxGtxVsnY6HX'],
    ['o0:0:0:0', outputId('', '', '', 0), 'nifmNlZQu_BF-haJskmuc7'],
    ['o5:clé 鍵5:score6:passed12', outputId('clé 鍵', 'score', 'passed', 12), '4xtds2EQ8QihJZrHh0j1r4'],
    ['c6:in/0/55:score5:judge0:', callId('in/0/5', 'score', 'judge'), 'co3_DrIMC5D0HQjJ76mzci'],
    ['c6:in/0/55:score5:judge1:2', callId('in/0/5', 'score', 'judge', '2'), 'JBN5yXPxhknLKQYkScYMAV'],
    [
      't7:count/35:count6:user-16:expire1700000000000',
      timerId('count/3', 'count', 'user-1', 'expire', 1_700_000_000_000),
      'fJA9RfbeSrUMgdBQ6r2eQj',
    ],
    [
      't7:count/35:count-6:expire1700000000000',
      timerId('count/3', 'count', null, 'expire', 1_700_000_000_000),
      'g-mPfgrxHzAC8Misn6GOFu',
    ],
  ])('%s', (_, id, golden) => {
    expect(id).toBe(golden)
  })
})

describe('recordId', () => {
  it('recordId is the place in the log without a header', () => {
    expect(recordId('in', 3, 2 ** 40, NO_HEADERS)).toBe('in/3/1099511627776')
  })

  it('recordId is the header where there is one, so that a replay keeps it', () => {
    expect(recordId('in', 3, 7, { [HEADER.id]: Buffer.from('pedido-ñ') })).toBe('pedido-ñ')
  })

  it('recordId is a digest of a header that is longer than any id has to be', () => {
    const idOf = (given: string) => recordId('in', 3, 7, { [HEADER.id]: Buffer.from(given) })
    expect(idOf('x'.repeat(256))).toBe('x'.repeat(256))
    expect(idOf('x'.repeat(257))).toBe('gCLrKOIO3LU2NF4uq6L-yj')
    expect(new Set(['x', 'y'].map(end => idOf('x'.repeat(300_000) + end))).size).toBe(2)
  })

  it.each([
    ['empty', Buffer.alloc(0)],
    ['not UTF-8', Buffer.from([0x61, 0xff, 0xfe])],
  ])('recordId is the place in the log when the header is %s', (_, header) => {
    expect(recordId('in', 3, 7, { [HEADER.id]: header })).toBe('in/3/7')
  })
})

describe('joined parts', () => {
  it('joined parts never run into one another', () => {
    const parts = ['', 'a', 'b', 'ab', '1', '1:', ':', '1:a', 'a1:b', '0:', '-', 'é', 'in/0/1']
    const ids = new Set<string>()
    let made = 0
    for (const a of parts) {
      for (const b of parts) {
        for (const c of parts) {
          for (const index of [0, 1, 10]) ids.add(outputId(a, b, c, index))
          for (const d of ['', '0', '1:a']) ids.add(callId(a, b, c, d))
          for (const key of [null, '', '-']) ids.add(timerId(a, b, key, c, 1))
          made += 9
        }
      }
    }
    expect(ids.size).toBe(made)
  })

  it('joined parts make ids that fit a header and a request id', () => {
    expect(outputId('x'.repeat(10_000), 'operator', 'output', 1)).toMatch(/^[\w-]{22}$/)
  })

  it('joined parts do not tell a call without a part from one with an empty part', () => {
    expect(callId('in/0/1', 'score', 'judge', '')).toBe(callId('in/0/1', 'score', 'judge'))
  })
})
