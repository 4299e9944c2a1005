/** Keys of entries: they come back as they were built, and never meet, whatever characters users put in. */
import { describe, expect, it } from 'vitest'
import {
  CHECKPOINT,
  ENTRY_BYTES_MAX,
  groupOf,
  isEntryKey,
  KEY_BYTES_MAX,
  LAYOUT,
  MAP_NAME_BYTES_MAX,
  MARKER_PREFIX,
  mapEntry,
  mapEntryPrefix,
  mapPrefix,
  markerEntry,
  NAME_BYTES_MAX,
  parseEntry,
  RELEASE,
  STEP_PREFIX,
  stepEntry,
  TIMER_PREFIX,
  timerEntry,
  timerPrefix,
  valueEntry,
  valuePrefix,
} from '#engine/state/layout.ts'
import { seededRandom } from '#testing/seeded-random.ts'

const PIECES = [
  '',
  '/',
  ':',
  '%',
  '%2F',
  '%25',
  '1',
  '2:',
  '10:',
  'a',
  'v',
  'm',
  '\0',
  'é',
  '😀',
  '\uffff',
  '!',
  '#',
]
const random = seededRandom(11)
const draw = (below: number) => Math.floor(random() * below)
const arbitrary = () => Array.from({ length: draw(5) }, () => PIECES[draw(PIECES.length)] ?? '').join('')

describe('entries of arbitrary strings', () => {
  it('entries of arbitrary strings come back as they were built', () => {
    for (let round = 0; round < 4_000; round++) {
      const [operator, name, key, member] = [arbitrary(), arbitrary(), arbitrary(), arbitrary()]
      expect(parseEntry(valueEntry(operator, name, key))).toEqual({
        kind: 'value',
        operator,
        state: name,
        key,
      })
      expect(parseEntry(timerEntry(operator, name, key))).toEqual({ kind: 'timer', operator, name, key })
      const map = { kind: 'map', operator, state: name, key, name: member }
      expect(parseEntry(mapEntry(operator, name, key, member))).toEqual(map)
      expect(parseEntry(stepEntry(key))).toEqual({ kind: 'step', callId: key })
    }
  })

  it('entries of arbitrary strings never meet', () => {
    const origins = new Map<string, string>()
    for (let round = 0; round < 15_000; round++) {
      const parts = [arbitrary(), arbitrary(), arbitrary(), arbitrary()] as const
      const [operator, name, key, member] = parts
      const built: readonly (readonly [string, readonly string[]])[] = [
        [valueEntry(operator, name, key), ['value', operator, name, key]],
        [timerEntry(operator, name, key), ['timer', operator, name, key]],
        [mapEntry(operator, name, key, member), ['map', ...parts]],
        [stepEntry(key), ['step', key]],
      ]
      for (const [entry, from] of built) {
        const origin = JSON.stringify(from)
        expect(origins.get(entry) ?? origin).toBe(origin)
        origins.set(entry, origin)
      }
    }
    expect(origins.size).toBeGreaterThan(20_000)
  })

  it('entries of arbitrary strings have the prefix of their own key, state and kind alone', () => {
    for (let round = 0; round < 4_000; round++) {
      const [operator, name, key, member] = [arbitrary(), arbitrary(), arbitrary(), arbitrary()]
      const [operator2, name2, key2] = [arbitrary(), arbitrary(), arbitrary()]
      const same = operator === operator2 && name === name2
      const map = mapEntry(operator, name, key, member)
      expect(map.startsWith(mapEntryPrefix(operator2, name2, key2))).toBe(same && key === key2)
      expect(map.startsWith(mapPrefix(operator2, name2))).toBe(same)
      expect(valueEntry(operator, name, key).startsWith(valuePrefix(operator2, name2))).toBe(same)
      expect(timerEntry(operator, name, key).startsWith(timerPrefix(operator2, name2))).toBe(same)
    }
  })

  it('entries of arbitrary strings are grouped by what is read together', () => {
    for (let round = 0; round < 2_000; round++) {
      const [operator, name, key, member] = [arbitrary(), arbitrary(), arbitrary(), arbitrary()]
      const prefix = mapEntryPrefix(operator, name, key)
      expect([groupOf(mapEntry(operator, name, key, member)), groupOf(prefix)]).toEqual([prefix, prefix])
      expect(groupOf(timerEntry(operator, name, key))).toBe(TIMER_PREFIX)
      expect(groupOf(stepEntry('call'))).toBe(STEP_PREFIX)
      expect([groupOf(markerEntry(key)), groupOf(CHECKPOINT)]).toEqual([MARKER_PREFIX, undefined])
      expect(groupOf(valueEntry(operator, name, key))).toBeUndefined()
    }
  })
})

describe('parsing', () => {
  it('parsing tells the entries of the engine itself', () => {
    expect(
      [CHECKPOINT, markerEntry('pod:1#2'), RELEASE, LAYOUT].map(entry => parseEntry(entry)?.kind),
    ).toEqual(Array(4).fill('engine'))
  })

  it.each([
    '',
    'x',
    'v',
    'vop',
    'vop/state',
    'mop/state/',
    'mop/state/x:y',
    'mop/state/9:short',
    'mop/state/2',
  ])('parsing does not take %j for an entry', text => expect(parseEntry(text)).toBeUndefined())
})

describe('limits', () => {
  const longest = (bytes: number) => '😀'.repeat(bytes / 4)

  it('limits let every longest part through together, and the whole fits a key of LMDB', () => {
    const name = longest(NAME_BYTES_MAX)
    const key = longest(KEY_BYTES_MAX)
    const whole = mapEntry(name, name, key, longest(MAP_NAME_BYTES_MAX))
    expect(Buffer.byteLength(whole)).toBeLessThanOrEqual(ENTRY_BYTES_MAX)
    expect(ENTRY_BYTES_MAX).toBeLessThan(1_978)
    expect([whole, valueEntry(name, name, key), timerEntry(name, name, key)].every(isEntryKey)).toBe(true)
  })

  it.each([
    ['key', () => valueEntry('op', 'state', `${longest(KEY_BYTES_MAX)}x`)],
    ['key of a map', () => mapEntryPrefix('op', 'state', `${longest(KEY_BYTES_MAX)}x`)],
    ['key of a timer', () => timerEntry('op', 'timer', `${longest(KEY_BYTES_MAX)}x`)],
    ['name in a map', () => mapEntry('op', 'state', 'key', `${longest(MAP_NAME_BYTES_MAX)}x`)],
    ['name of a state', () => valueEntry('op', `${longest(NAME_BYTES_MAX)}x`, 'key')],
    ['identity of a step', () => stepEntry('x'.repeat(ENTRY_BYTES_MAX))],
    ['key without a form in UTF-8', () => valueEntry('op', 'state', 'half a pair: \ud83d')],
    ['name in a map without one', () => mapEntry('op', 'state', 'key', '\ude00')],
  ])('limits refuse a longer %s', (_, build) => {
    expect(build).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }))
  })

  it('limits refuse what cannot be a key at all', () => {
    expect(['', 'x'.repeat(ENTRY_BYTES_MAX + 1), '\ud83d'].map(isEntryKey)).toEqual([false, false, false])
  })
})
