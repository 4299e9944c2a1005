/** Records come out of a batch as they went in, with bytes of their own; compaction moves what it keeps. */
import { describe, expect, it } from 'vitest'
import { type LogRecord, type NewRecord, NO_HEADERS } from '#core/record.ts'
import { PackedRecords } from '#engine/log/simulated/packed-records.ts'

const bytes = (text: string) => Buffer.from(text)

function recordOf(key: string | null, value: string | null, more: Partial<NewRecord> = {}): NewRecord {
  return {
    key: key === null ? null : bytes(key),
    value: value === null ? null : bytes(value),
    headers: NO_HEADERS,
    timestamp: 7,
    ...more,
  }
}

function read(packed: PackedRecords, offset = 0, recordsMax = Number.POSITIVE_INFINITY): LogRecord[] {
  const records: LogRecord[] = []
  packed.read(offset, recordsMax, records)
  return records
}

const kinds: Record<string, NewRecord> = {
  'with key and value': recordOf('key', 'value'),
  'without a key': recordOf(null, 'value'),
  'without a value': recordOf('key', null),
  'with nothing': recordOf(null, null),
  'with an empty key and an empty value': recordOf('', ''),
  'with headers': recordOf('key', 'value', { headers: { one: bytes('1'), empty: bytes('') } }),
  'with headers twice and without a value': recordOf('key', 'value', {
    headers: { one: bytes('2'), none: bytes('') },
    allHeaders: [
      ['one', bytes('1')],
      ['one', bytes('2')],
      ['none', null],
    ],
  }),
}

describe('a record', () => {
  for (const [kind, record] of Object.entries(kinds)) {
    it(`${kind} is read as it was written, among others`, () => {
      const other = recordOf('other', 'other', { headers: { one: bytes('other') } })
      const packed = PackedRecords.of([other, record, record, other], 5)
      expect(read(packed)).toEqual(
        [other, record, record, other].map((each, i) => ({ ...each, offset: 5 + i })),
      )
    })
  }

  it('larger than what one copy holds is read whole, and so are its neighbours', () => {
    const values = ['a'.repeat(20_000), 'b'.repeat(70_000), 'c'.repeat(20_000), 'd', 'e']
    const packed = PackedRecords.of(
      values.map(value => recordOf('key', value)),
      0,
    )
    expect(read(packed).map(({ value }) => value?.toString())).toEqual(values)
  })

  it('a record is stored apart from the bytes that were written and from those that were read', () => {
    const given = recordOf('key', 'value', { headers: { one: bytes('1') } })
    const packed = PackedRecords.of([given], 0)
    for (const each of [given, ...read(packed)]) {
      each.key?.fill(0)
      each.value?.fill(0)
      each.headers.one?.fill(0)
    }
    expect(read(packed)).toEqual([
      { ...recordOf('key', 'value', { headers: { one: bytes('1') } }), offset: 0 },
    ])
  })
})

it('what is kept of a batch has its bytes and its offsets, and is found from any offset on', () => {
  const all = Array.from({ length: 6 }, (_, i) =>
    recordOf(`key ${i}`, `value ${i}`, { headers: { i: bytes(`${i}`) } }),
  )
  const kept = PackedRecords.of(all, 10).filter(index => index % 3 === 1)
  expect(read(kept)).toEqual([1, 4].map(i => ({ ...all[i], offset: 10 + i })))
  expect(read(kept, 12).map(({ offset }) => offset)).toEqual([14])
  expect(read(kept, 0, 1).map(({ offset }) => offset)).toEqual([11])
  expect(read(kept.filter(() => false))).toEqual([])
})
