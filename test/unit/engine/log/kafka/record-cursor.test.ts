/** Reading record batches: what is handed out, what is not, and how far the position moves. */
import { describe, expect, it } from 'vitest'
import { CaudalError } from '#core/errors.ts'
import { CODEC } from '#engine/log/kafka/compression.ts'
import { ATTRIBUTE, FIELD } from '#engine/log/kafka/record-batch.ts'
import { type AbortedTransaction, RecordCursor } from '#engine/log/kafka/record-cursor.ts'
import { batchOf, markerOf, newRecord, sealed } from './record-batches.ts'

const PLACE = { topic: 'topic', partition: 0 }
const FOUR_ZERO_BYTES = new Uint8Array(4)

function aborted(producer: number, firstOffset: number): AbortedTransaction {
  return { producerId: BigInt(producer), firstOffset }
}

function cursorOf(parts: readonly Buffer[], offset = 0, list: readonly AbortedTransaction[] = []) {
  return new RecordCursor(PLACE, offset, Buffer.concat(parts), list)
}

function valuesOf(cursor: RecordCursor, recordsMax = 100): string[] {
  return cursor.read(recordsMax).map(record => Buffer.from(record.value ?? []).toString())
}

const records = (...values: string[]) => values.map(value => newRecord(value))

describe('records', () => {
  it.each(['none', 'gzip', 'zstd'] as const)('records come back whole through %s', compression => {
    const written = [
      { key: Buffer.from('k'), value: Buffer.alloc(300, 7), headers: { a: Buffer.from('1') }, timestamp: 5 },
      { key: null, value: null, headers: {}, timestamp: 1_700_000_000_000 },
      {
        key: FOUR_ZERO_BYTES,
        value: Buffer.alloc(0),
        headers: { ['__proto__']: Buffer.from('2') },
        timestamp: 0,
      },
    ]
    const found = cursorOf([batchOf(written, { offset: 40, compression })], 40).read(10)
    expect(
      found.map(each => ({ ...each, key: each.key && [...each.key], value: each.value?.length })),
    ).toEqual([
      { offset: 40, key: [107], value: 300, headers: { a: Buffer.from('1') }, timestamp: 5 },
      { offset: 41, key: null, value: undefined, headers: {}, timestamp: 1_700_000_000_000 },
      { offset: 42, key: [0, 0, 0, 0], value: 0, headers: found[2]?.headers, timestamp: 0 },
    ])
    expect(Object.keys(found[2]?.headers ?? {})).toEqual(['__proto__'])
  })

  it('records have the time of appending where the topic keeps that', () => {
    const bytes = batchOf(records('a', 'b'), { offset: 0, attributes: ATTRIBUTE.appendTime })
    bytes.writeBigInt64BE(1_800_000_000_000n, FIELD.maxTimestamp)
    const found = cursorOf([sealed(bytes)]).read(10)
    expect(found.map(each => each.timestamp)).toEqual([1_800_000_000_000, 1_800_000_000_000])
  })

  it('records are handed out a few at a time, from the offset asked for', () => {
    const cursor = cursorOf([batchOf(records('a', 'b', 'c', 'd'), { offset: 10 })], 11)
    expect([valuesOf(cursor, 2), cursor.nextOffset, cursor.exhausted]).toEqual([['b', 'c'], 13, false])
    expect([valuesOf(cursor, 2), cursor.nextOffset, cursor.exhausted]).toEqual([['d'], 14, true])
  })

  it('records do not keep what they were read from in memory', () => {
    const [record] = cursorOf([batchOf(records('x'.repeat(10), 'y'.repeat(500_000)), { offset: 0 })]).read(1)
    expect(record?.value?.buffer.byteLength).toBeLessThan(100_000)
  })
})

describe('the position', () => {
  it('the position passes markers, thinned ends and empty batches at once', () => {
    const thinned = batchOf(records('a'), { offset: 0, end: 5 })
    const empty = batchOf([], { offset: 5, end: 9 })
    const cursor = cursorOf([thinned, empty, markerOf('commit', 1, 9)])
    expect([valuesOf(cursor), cursor.nextOffset, cursor.exhausted]).toEqual([['a'], 10, true])
  })

  it('the position is behind everything that was fetched whole; a piece of a batch is left alone', () => {
    const [first, second] = [batchOf(records('a'), { offset: 3 }), batchOf(records('b', 'c'), { offset: 4 })]
    const bytes = Buffer.concat([first, second.subarray(0, second.length - 1)])
    expect(RecordCursor.endOf(bytes, 3)).toBe(4)
    expect(RecordCursor.endOf(Buffer.concat([first, second]), 3)).toBe(6)
    expect(RecordCursor.endOf(second.subarray(0, 30), 4)).toBe(4)
    expect(valuesOf(cursorOf([bytes], 3))).toEqual(['a'])
  })
})

describe('aborted transactions', () => {
  const first = batchOf(records('p1 aborted'), { offset: 10, producer: 1 })
  const second = batchOf(records('p2 aborted'), { offset: 11, producer: 2 })
  const ends = [markerOf('abort', 2, 12), markerOf('abort', 1, 13)]
  const after = [batchOf(records('p1 again'), { offset: 14, producer: 1 }), markerOf('commit', 1, 15)]

  it('aborted transactions are left out in whatever order the broker lists them', () => {
    for (const list of [
      [aborted(2, 11), aborted(1, 10)],
      [aborted(1, 10), aborted(2, 11)],
    ]) {
      const cursor = cursorOf([first, second, ...ends, ...after], 10, list)
      expect([valuesOf(cursor), cursor.nextOffset]).toEqual([['p1 again'], 16])
    }
  })

  it('aborted transactions are left out by a fetch that begins inside several of them', () => {
    const list = [aborted(2, 4), aborted(1, 3)]
    expect(valuesOf(cursorOf([first, second, ...ends, ...after], 10, list))).toEqual(['p1 again'])
  })

  it('aborted transactions are not ended by a record whose key looks like a marker', () => {
    const spoof = batchOf([newRecord('spoof', FOUR_ZERO_BYTES)], { offset: 10, producer: 1 })
    const rest = batchOf(records('still aborted'), { offset: 11, producer: 1 })
    expect(valuesOf(cursorOf([spoof, rest, markerOf('abort', 1, 12)], 10, [aborted(1, 10)]))).toEqual([])
  })

  it('aborted transactions leave other producers and plain records alone', () => {
    const plain = batchOf(records('plain'), { offset: 11, producer: 1, attributes: 0 })
    const other = batchOf(records('other'), { offset: 12, producer: 3 })
    const cursor = cursorOf([first, plain, other, markerOf('abort', 1, 13)], 10, [aborted(1, 10)])
    expect(valuesOf(cursor)).toEqual(['plain', 'other'])
  })

  it('aborted transactions may follow each other with one producer, committed ones between them', () => {
    const parts = [
      first,
      markerOf('abort', 1, 11),
      batchOf(records('committed'), { offset: 12, producer: 1 }),
      markerOf('commit', 1, 13),
      batchOf(records('aborted too'), { offset: 14, producer: 1 }),
      markerOf('abort', 1, 15),
    ]
    expect(valuesOf(cursorOf(parts, 10, [aborted(1, 10), aborted(1, 14)]))).toEqual(['committed'])
  })
})

describe('what cannot be read', () => {
  const codeOf = (parts: readonly Buffer[]): string => {
    const cursor = cursorOf(parts)
    for (let tries = 0; tries < 2; tries++) {
      try {
        valuesOf(cursor)
        return 'read'
      } catch (error) {
        if (!(error instanceof CaudalError)) throw error
        if (tries === 1) return error.code
      }
    }
    return 'skipped'
  }

  it('what cannot be read is reported again and again, never skipped', () => {
    const damaged = batchOf(records('a'), { offset: 0 })
    damaged[damaged.length - 2] = 0xff
    expect(codeOf([damaged, batchOf(records('b'), { offset: 1 })])).toBe('LOG_CORRUPT')
  })

  it('what cannot be read is an older format, an unknown codec, damaged compression', () => {
    const old = batchOf(records('a'), { offset: 0 })
    old[FIELD.magic] = 1
    expect(codeOf([old])).toBe('LOG_CORRUPT')
    expect(codeOf([batchOf(records('a'), { offset: 0, attributes: 7 })])).toBe('LOG_CORRUPT')
    for (const attributes of [CODEC.snappy, CODEC.lz4, CODEC.zstd])
      expect(codeOf([batchOf(records('a'), { offset: 0, attributes })])).toBe('LOG_CORRUPT')
    expect(codeOf([batchOf(records('a'), { offset: 0, attributes: CODEC.gzip })])).toBe('LOG_CORRUPT')
  })
})

describe('headers that an object cannot say', () => {
  const pairs = [
    ['a', Buffer.from('1')],
    ['b', null],
    ['a', Buffer.from('2')],
  ] as const
  const given = { ...newRecord('v'), allHeaders: pairs }

  it('are read whole, a name that occurs twice and a value that is null, and written again as they were', () => {
    const read = (bytes: Buffer) => new RecordCursor(PLACE, 0, bytes, []).read(10)
    const [once] = read(batchOf([given], { offset: 0 }))
    expect(once?.allHeaders).toEqual(pairs)
    expect(once?.headers).toEqual({ a: Buffer.from('2'), b: new Uint8Array() })
    const [again] = read(batchOf([once ?? given], { offset: 0 }))
    expect(again?.allHeaders).toEqual(pairs)
  })

  it('headers that an object cannot say are not kept twice where the object says all', () => {
    const plain = { ...newRecord('v'), headers: { a: Buffer.from('1') } }
    const [read] = new RecordCursor(PLACE, 0, batchOf([plain], { offset: 0 }), []).read(10)
    expect(read && 'allHeaders' in read).toBe(false)
  })
})
