/** One reading position: when it wants records, what it answers, and how it fails. */
import { describe, expect, it } from 'vitest'
import { CaudalError } from '#core/errors.ts'
import type { FetchedPartition } from '#engine/log/kafka/fetch-request.ts'
import { KafkaReader } from '#engine/log/kafka/reader.ts'
import { batchOf, markerOf, newRecord } from './record-batches.ts'

const PLACE = { topic: 'topic', partition: 3 }

function opened(readAheadBytesMax = 1_000) {
  const events: string[] = []
  const reader = new KafkaReader(PLACE, 5, readAheadBytesMax, {
    wants: () => events.push('wants'),
    closed: () => events.push('closed'),
  })
  return { reader, events }
}

function fetched(bytes: Buffer, lastStableOffset: number): FetchedPartition {
  return {
    partition: PLACE.partition,
    topicId: 'id',
    code: 0,
    highWatermark: lastStableOffset,
    lastStableOffset,
    aborted: [],
    bytes,
  }
}

const valuesOf = (records: readonly { value: Uint8Array | null }[]) =>
  records.map(each => Buffer.from(each.value ?? []).toString())

describe('wanting', () => {
  it('wanting begins with the first question', async () => {
    const { reader, events } = opened()
    expect(reader.wants).toBe(false)
    const waiting = reader.next(1)
    expect([reader.wants, events]).toEqual([true, ['wants']])
    reader.close()
    await expect(waiting).rejects.toThrow('LOG_CLOSED')
  })

  it('wanting ends while enough is held, and begins again when that is read', async () => {
    const { reader } = opened(100)
    const waiting = reader.next(1)
    reader.give(fetched(batchOf([newRecord('a'.repeat(80)), newRecord('b')], { offset: 5 }), 100))
    expect((await waiting).nextOffset).toBe(6)
    expect([reader.wants, reader.fetchOffset, reader.isBehind]).toEqual([false, 7, true])
    expect(valuesOf((await reader.next(10)).records)).toEqual(['b'])
    expect(reader.wants).toBe(true)
  })

  it('wanting is not behind at the end, nor where nothing comes', () => {
    const { reader } = opened()
    void reader.next(1).catch(() => 'closed')
    reader.give(fetched(batchOf([newRecord('a')], { offset: 5 }), 6))
    expect(reader.isBehind).toBe(false)
    reader.give(fetched(Buffer.alloc(0), 50))
    expect(reader.isBehind).toBe(false)
    reader.give(fetched(batchOf([newRecord('b')], { offset: 6 }), 50))
    expect(reader.isBehind).toBe(true)
    reader.close()
  })
})

describe('answers', () => {
  it('answers tell of progress without records', async () => {
    const { reader } = opened()
    const waiting = reader.next(10)
    reader.give(fetched(markerOf('commit', 1, 5), 6))
    expect(await waiting).toEqual({ records: [], nextOffset: 6 })
  })

  it('answers go on across what was fetched in pieces', async () => {
    const { reader } = opened()
    const found: string[] = []
    const waiting = reader.next(2)
    reader.give(fetched(batchOf([newRecord('a'), newRecord('b'), newRecord('c')], { offset: 5 }), 9))
    reader.give(fetched(batchOf([newRecord('d')], { offset: 8 }), 9))
    found.push(...valuesOf((await waiting).records))
    for (let turn = 0; turn < 2; turn++) found.push(...valuesOf((await reader.next(2)).records))
    expect(found).toEqual(['a', 'b', 'c', 'd'])
  })

  it('answers are refused to two questions at once', async () => {
    const { reader } = opened()
    const waiting = reader.next(1)
    await expect(reader.next(1)).rejects.toThrow('INTERNAL')
    reader.close()
    await expect(waiting).rejects.toThrow('LOG_CLOSED')
  })
})

describe('failures', () => {
  const away = new CaudalError('LOG_UNAVAILABLE', { reason: 'test' })

  it('passing failures of a read are reported once, and the records behind them are handed out', async () => {
    const { reader } = opened()
    const waiting = reader.next(1)
    reader.fail(away)
    await expect(waiting).rejects.toBe(away)
    const again = reader.next(1)
    reader.give(fetched(batchOf([newRecord('a')], { offset: 5 }), 6))
    expect(valuesOf((await again).records)).toEqual(['a'])
  })

  it('lasting failures of a read reach every caller, after the good records', async () => {
    const { reader } = opened()
    const damaged = batchOf([newRecord('b')], { offset: 6 })
    damaged[damaged.length - 2] = 0xff
    const waiting = reader.next(1)
    reader.give(fetched(Buffer.concat([batchOf([newRecord('a')], { offset: 5 })]), 7))
    expect(valuesOf((await waiting).records)).toEqual(['a'])
    reader.give(fetched(damaged, 7))
    await expect(reader.next(1)).rejects.toThrow('LOG_CORRUPT')
    await expect(reader.next(1)).rejects.toThrow('LOG_CORRUPT')
    expect(reader.wants).toBe(false)
  })

  it('failures of a closed reader are all LOG_CLOSED', async () => {
    const { reader, events } = opened()
    reader.close()
    reader.close()
    reader.give(fetched(batchOf([newRecord('a')], { offset: 5 }), 6))
    await expect(reader.next(1)).rejects.toThrow('LOG_CLOSED')
    expect(events).toEqual(['closed'])
  })
})
