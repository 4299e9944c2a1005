/** The handles of an operator's state: what they read and write, and how they fail. */
import { beforeEach, describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { state } from '#core/state.ts'
import { frame, isExpired, unframe } from '#engine/state/frame.ts'
import { openState } from '#engine/state/keyed-state.ts'
import { KEY_BYTES_MAX, MAP_NAME_BYTES_MAX, mapEntry, valueEntry } from '#engine/state/layout.ts'

const DECLARED = {
  total: state.value(codec.json<number>('total')),
  seen: state.map(codec.text),
  session: state.value(codec.text, { ttl: 1_000 }),
  recent: state.map(codec.text, { ttl: 1_000 }),
}

let stored: Map<string, Uint8Array>
beforeEach(() => {
  stored = new Map()
})

/** The state of one key at one time; writes go into `stored` at once, as a record's own writes are visible to it. */
function at(now: number, key = 'k1', operator = 'op') {
  return openState(DECLARED, {
    operator,
    key,
    now,
    read: entry => stored.get(entry),
    entries: prefix => [...stored].filter(([entry]) => entry.startsWith(prefix)).values(),
    write: (entry, written) => void (written === null ? stored.delete(entry) : stored.set(entry, written)),
  })
}

describe('a value', () => {
  it('a value is undefined, set, replaced and deleted', () => {
    const { total } = at(0)
    expect(total.get()).toBeUndefined()
    total.set(1)
    total.set(2)
    expect(total.get()).toBe(2)
    total.delete()
    expect([total.get(), stored.size]).toEqual([undefined, 0])
  })

  it('a value belongs to its key and its operator', () => {
    at(0, 'k1').total.set(1)
    at(0, 'k2').total.set(2)
    at(0, 'k1', 'other').total.set(3)
    expect([at(0, 'k1').total.get(), at(0, 'k2').total.get(), at(0, 'k1', 'other').total.get()]).toEqual([
      1, 2, 3,
    ])
    expect(at(0, 'k2', 'other').total.get()).toBeUndefined()
  })

  it('a value is stored where the layout says', () => {
    at(0, 'a/b', 'o/p').total.set(1)
    at(0, 'a/b', 'o/p').seen.set('n/m', 'x')
    expect([...stored.keys()]).toEqual([
      valueEntry('o/p', 'total', 'a/b'),
      mapEntry('o/p', 'seen', 'a/b', 'n/m'),
    ])
  })

  it('a value tells an empty text from none', () => {
    at(0).session.set('')
    expect(at(0).session.get()).toBe('')
  })
})

describe('a map', () => {
  it('a map holds entries by name, those of its key alone', () => {
    at(0, 'k').seen.set('1', 'one')
    at(0, 'k').seen.set('', 'empty')
    at(0, 'k1').seen.set('', 'of another key')
    const { seen } = at(0, 'k')
    expect([seen.get('1'), seen.get(''), seen.get('2')]).toEqual(['one', 'empty', undefined])
    expect([...seen.entries()].sort()).toEqual([
      ['', 'empty'],
      ['1', 'one'],
    ])
    seen.delete('1')
    expect([...at(0, 'k').seen.entries()]).toEqual([['', 'empty']])
  })

  it('a map does not mix with a value of the same name', () => {
    at(0, 'k').total.set(1)
    expect([...at(0, 'k').seen.entries()]).toEqual([])
  })
})

describe('time to live', () => {
  it('time to live ends a value so long after it was written, not read', () => {
    at(5_000).session.set('s')
    expect(at(5_999).session.get()).toBe('s')
    expect(at(6_000).session.get()).toBeUndefined()
    at(5_999).session.set('s')
    expect(at(6_998).session.get()).toBe('s')
  })

  it('time to live ends each entry of a map by itself', () => {
    at(5_000).recent.set('a', '1')
    at(5_500).recent.set('b', '2')
    expect([...at(6_000).recent.entries()]).toEqual([['b', '2']])
    expect([at(6_000).recent.get('a'), at(6_000).recent.get('b')]).toEqual([undefined, '2'])
  })

  it('time to live does not end what another clock wrote in the future', () => {
    at(9_000).session.set('s')
    expect(at(5_000).session.get()).toBe('s')
  })

  it('time to live may be added to a state and taken away again', () => {
    const untimed = frame(Buffer.from('x'), { now: 0, ttl: undefined })
    const timed = frame(Buffer.from('x'), { now: 0, ttl: 1 })
    expect([isExpired(untimed, 10, 1_000), isExpired(timed, undefined, 1_000)]).toEqual([false, false])
    expect([untimed, timed].map(each => Buffer.from(unframe(each, 'op.s')).toString())).toEqual(['x', 'x'])
    expect([untimed.length, timed.length]).toEqual([2, 10])
  })
})

describe('a stored value', () => {
  it('a stored value keeps little more memory alive than it needs, whatever is made around it', () => {
    const sizes = [1, 200, 300, 5_000]
    const frames = sizes.map(size => frame(Buffer.alloc(size), { now: 0, ttl: undefined }))
    expect(frames.map(({ length }) => length)).toEqual(sizes.map(size => size + 1))
    for (const { buffer, length } of frames) expect(buffer.byteLength).toBeLessThanOrEqual(1_024 + length)
  })

  it('a stored value shares its slab without touching its neighbours', () => {
    const frames = Array.from({ length: 2_000 }, (_, each) =>
      frame(Buffer.alloc(1 + (each % 300), each), { now: 0, ttl: undefined }),
    )
    frames.forEach((framed, each) => {
      expect(Buffer.from(unframe(framed, 'op.s'))).toEqual(Buffer.alloc(1 + (each % 300), each))
    })
  })
})

describe('failures name the state', () => {
  it('bytes that the codec does not take', () => {
    stored.set(valueEntry('op', 'total', 'k1'), frame(Buffer.from('{'), { now: 0, ttl: undefined }))
    expect(() => at(0).total.get()).toThrow(
      expect.objectContaining({ code: 'STATE_UNREADABLE', message: expect.stringMatching(/op.*total/) }),
    )
  })

  it.each([[0x20], [0x12], [0x00]])('a frame that begins with %i, of a later version', first => {
    stored.set(valueEntry('op', 'total', 'k1'), Buffer.from([first, 1]))
    expect(() => at(0).total.get()).toThrow(
      expect.objectContaining({ code: 'STATE_NEWER', message: expect.stringMatching(/op\.total/) }),
    )
  })

  it('a value that the codec does not take', () => {
    const refusing = { ...codec.bytes, name: 'refusing', encode: () => fail() }
    const opened = openState(
      { odd: state.value(refusing) },
      {
        operator: 'op',
        key: 'k',
        now: 0,
        read: () => undefined,
        entries: () => [].values(),
        write: () => undefined,
      },
    )
    expect(() => opened.odd.set(new Uint8Array())).toThrow(
      expect.objectContaining({
        code: 'ENCODE_FAILED',
        message: expect.stringMatching(/state odd.*refusing/),
      }),
    )
  })

  it('keys and names that are too long', () => {
    expect(() => at(0, 'x'.repeat(KEY_BYTES_MAX + 1))).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID' }),
    )
    const long = 'x'.repeat(MAP_NAME_BYTES_MAX + 1)
    for (const use of [
      () => at(0).seen.get(long),
      () => at(0).seen.set(long, ''),
      () => at(0).seen.delete(long),
    ]) {
      expect(use).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }))
    }
  })
})

function fail(): never {
  throw new TypeError('refused')
}
