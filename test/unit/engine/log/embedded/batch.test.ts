/** The stored form of a batch: every record comes back as it was, and damage is noticed. */
import { describe, expect, it } from 'vitest'
import { hasCode } from '#core/errors.ts'
import type { LogRecord, NewRecord } from '#core/record.ts'
import { NO_HEADERS } from '#core/record.ts'
import { BatchDecoder, batchHead, encodeBatch, recordBytes } from '#engine/log/embedded/batch.ts'
import { seededRandom } from '#testing/seeded-random.ts'
import { keyed } from './opening.ts'

function decoded(bytes: Buffer, base = 0, from = 0): LogRecord[] {
  const decoder = new BatchDecoder(bytes, base, 'somewhere')
  const records: LogRecord[] = []
  for (let record = decoder.next(from); record; record = decoder.next(from)) records.push(record)
  return records
}

function someRecords(random: () => number): NewRecord[] {
  const bytes = () => Buffer.from(Array.from({ length: random() * 40 }, () => random() * 256))
  return Array.from({ length: random() * 30 }, () => ({
    key: random() < 0.2 ? null : bytes(),
    value: random() < 0.2 ? null : bytes(),
    headers:
      random() < 0.5
        ? NO_HEADERS
        : Object.fromEntries(Array.from({ length: random() * 4 }, (_, n) => [`name ${n} ñ`, bytes()])),
    timestamp: Math.floor(random() * 2 ** 45),
  }))
}

describe('a batch', () => {
  it.each([1, 2, 3, 4, 5])('a batch gives back any records (seed %i)', seed => {
    const random = seededRandom(seed)
    for (let turn = 0; turn < 40; turn++) {
      const records = someRecords(random)
      const bytes = encodeBatch(records, { span: records.length, appendedAt: 17 })
      expect(decoded(bytes, 1_000)).toEqual(
        records.map((record, index) => ({ ...record, offset: 1_000 + index })),
      )
    }
  })

  it('a batch keeps the offsets of what compaction left, and the span of what it took', () => {
    const bytes = encodeBatch([keyed('a', '1'), keyed('b', '2')], { span: 90, appendedAt: 17 }, [3, 80])
    expect(decoded(bytes, 500).map(record => record.offset)).toEqual([503, 580])
    expect(new BatchDecoder(bytes, 500, 'somewhere').end).toBe(590)
    expect(batchHead(bytes)).toEqual({ records: 2, span: 90, appendedAt: 17 })
  })

  it('a batch begins anywhere', () => {
    const bytes = encodeBatch(
      ['a', 'b', 'c'].map(value => keyed(null, value)),
      { span: 3, appendedAt: 17 },
    )
    expect(decoded(bytes, 10, 11).map(record => record.offset)).toEqual([11, 12])
    expect(decoded(bytes, 10, 13)).toEqual([])
  })

  it('notices every single damaged byte', () => {
    const bytes = encodeBatch([keyed('key', 'value')], { span: 1, appendedAt: 17 })
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes)
      damaged[at] = (damaged[at] ?? 0) ^ 1
      expect(() => decoded(damaged)).toThrow(expect.objectContaining({ code: 'LOG_CORRUPT' }))
    }
  })

  it('notices that its end is missing', () => {
    const bytes = encodeBatch([keyed('key', 'value')], { span: 1, appendedAt: 17 })
    for (let length = 0; length < bytes.length; length++)
      try {
        decoded(bytes.subarray(0, length))
        expect.unreachable()
      } catch (error) {
        expect(hasCode(error, 'LOG_CORRUPT')).toBe(true)
      }
  })

  it('a batch counts what a record weighs: key, value and headers', () => {
    expect(recordBytes(keyed(null, null))).toBe(0)
    expect(recordBytes({ ...keyed('ab', 'cde'), headers: { ñ: Buffer.alloc(10) } })).toBe(2 + 3 + 2 + 10)
  })
})
