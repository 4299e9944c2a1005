/** Contract of the Log port: what readers are given, when, and byte by byte. */
import { expect, it } from 'vitest'
import { NO_HEADERS } from '#core/record.ts'
import type { Bench } from './fixture.ts'
import { batch, codeOf, contents, EVENT_TIME, failureOf, read, textOf, values } from './fixture.ts'

export function describeReading(bench: () => Bench): void {
  it('returns records in their order, at growing offsets', async () => {
    const { log, topic } = bench()
    const [place] = await topic()
    await log.append([batch(place, 'a', 'b')])
    await log.append([batch(place, 'c')])
    const found = await read(log, place, 0, 3)
    expect(found.map(one => textOf(one.value))).toEqual(['a', 'b', 'c'])
    const offsets = found.map(one => one.offset)
    expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b))
  })

  it('keeps partitions apart', async () => {
    const { log, topic } = bench()
    const [first, second] = await topic({ partitions: 2 })
    await log.append([batch(first, 'a'), batch(second ?? first, 'b')])
    expect(await values(log, first)).toEqual(['a'])
    expect(await values(log, second ?? first)).toEqual(['b'])
  })

  it('returns at most the requested number of records, and continues after them', async () => {
    const { log, topic } = bench()
    const [place] = await topic()
    const written = Array.from({ length: 25 }, (_, index) => `${index}`)
    await log.append([batch(place, ...written)])
    const reader = log.openReader(place, 0)
    const found: (string | null)[] = []
    while (found.length < written.length) {
      const fetched = await reader.next(4)
      expect(fetched.records.length).toBeLessThanOrEqual(4)
      for (const one of fetched.records) expect(one.offset).toBeLessThan(fetched.nextOffset)
      found.push(...fetched.records.map(one => textOf(one.value)))
    }
    reader.close()
    expect(found).toEqual(written)
  })

  it('reads from any offset, also between two records of one batch', async () => {
    const { log, topic } = bench()
    const [place] = await topic()
    await log.append([batch(place, 'a', 'b', 'c', 'd')])
    const [, , third] = await read(log, place, 0, 4)
    expect((await read(log, place, third?.offset ?? 0, 2)).map(one => textOf(one.value))).toEqual(['c', 'd'])
  })

  it('returns headers of any name, also of a name that every object has', async () => {
    const { log, topic } = bench()
    const [place] = await topic()
    const names = ['__proto__', 'constructor', '', 'ñ']
    const headers = Object.fromEntries(names.map(name => [name, Buffer.from(`of ${name}`)]))
    await log.append([{ ...place, records: [{ key: null, value: null, headers, timestamp: EVENT_TIME }] }])
    const [found] = await read(log, place, 0, 1)
    expect(Object.entries(found?.headers ?? {}).map(([name, bytes]) => [name, textOf(bytes)])).toEqual(
      names.map(name => [name, `of ${name}`]),
    )
  })
}

export function describeWaiting(bench: () => Bench): void {
  it('waits at the end of a partition until the next commit', async () => {
    const { log, name, topic, settle } = bench()
    const [place] = await topic()
    const producer = await log.startProducer(name('producer'))
    let woken = false
    const waiting = read(log, place, 0, 1).finally(() => {
      woken = true
    })
    await settle()
    expect(woken).toBe(false)
    await producer.transact([batch(place, 'a')])
    expect((await waiting).map(one => textOf(one.value))).toEqual(['a'])
  })

  it('serves several readers of one partition independently of each other', async () => {
    const { log, topic } = bench()
    const [place] = await topic()
    const first = read(log, place, 0, 2)
    const second = read(log, place, 0, 2)
    await log.append([batch(place, 'a', 'b')])
    const expected = ['a', 'b']
    expect((await first).map(one => textOf(one.value))).toEqual(expected)
    expect((await second).map(one => textOf(one.value))).toEqual(expected)
  })

  it('rejects a read that waits with LOG_CLOSED when its reader is closed, and later reads', async () => {
    const { log, topic, settle } = bench()
    const [place] = await topic()
    const reader = log.openReader(place, 0)
    const waiting = codeOf(reader.next(10))
    await settle()
    reader.close()
    expect(await waiting).toBe('LOG_CLOSED')
    expect(await codeOf(reader.next(10))).toBe('LOG_CLOSED')
  })

  it('names the existing offsets when a read asks for an offset beyond the end', async () => {
    const { log, topic } = bench()
    const [place] = await topic()
    await log.append([batch(place, 'a', 'b', 'c')])
    await contents(log, place)
    const [bounds] = await log.bounds([place])
    const reader = log.openReader(place, (bounds?.end ?? 0) + 1_000)
    const failure = await failureOf(reader.next(10))
    reader.close()
    expect(failure?.code).toBe('OFFSET_OUT_OF_RANGE')
    expect(failure?.details).toMatchObject({ topic: place.topic, partition: 0, ...bounds })
  })

  it('reports bounds that contain every record', async () => {
    const { log, topic } = bench()
    const [first, second] = await topic({ partitions: 2 })
    await log.append([batch(first, 'a', 'b')])
    const found = await read(log, first, 0, 2)
    const [full, empty] = await log.bounds([first, second ?? first])
    expect(full?.start).toBeLessThanOrEqual(found[0]?.offset ?? -1)
    expect(full?.end).toBeGreaterThan(found[1]?.offset ?? Number.POSITIVE_INFINITY)
    expect(empty).toEqual({ start: 0, end: 0 })
  })
}

export function describeBytes(bench: () => Bench): void {
  it('keeps keys, values, headers, nulls and times unchanged', async () => {
    const { log, name, topic } = bench()
    const [place] = await topic()
    const all = Uint8Array.from({ length: 256 }, (_, index) => index)
    const written = [
      { key: all, value: all, headers: { 'caudal-id': all, empty: new Uint8Array() }, timestamp: EVENT_TIME },
      // A key of four zero bytes is what one Kafka client takes for an abort marker.
      { key: new Uint8Array(4), value: new Uint8Array(), headers: NO_HEADERS, timestamp: 1 },
      { key: new Uint8Array(), value: null, headers: NO_HEADERS, timestamp: EVENT_TIME - 5 },
      { key: null, value: new Uint8Array(4), headers: { ñandú: all }, timestamp: EVENT_TIME },
      { key: null, value: null, headers: NO_HEADERS, timestamp: EVENT_TIME + 86_400_000 },
    ]
    const producer = await log.startProducer(name('producer'))
    await producer.transact([{ ...place, records: written }])
    const plain = (bytes: Uint8Array | null) => bytes && [...bytes]
    const found = await read(log, place, 0, written.length)
    expect(
      found.map(one => ({
        key: plain(one.key),
        value: plain(one.value),
        headers: Object.fromEntries(Object.entries(one.headers).map(([n, bytes]) => [n, plain(bytes)])),
        timestamp: one.timestamp,
      })),
    ).toEqual(
      written.map(one => ({
        key: plain(one.key),
        value: plain(one.value),
        headers: Object.fromEntries(Object.entries(one.headers).map(([n, bytes]) => [n, plain(bytes)])),
        timestamp: one.timestamp,
      })),
    )
  })

  it('stores a record of exactly the largest size', async () => {
    const { log, topic } = bench()
    const [place] = await topic()
    const value = Buffer.alloc(log.recordBytesMax - 3, 7)
    await log.append([
      { ...place, records: [{ key: Buffer.from('key'), value, headers: NO_HEADERS, timestamp: EVENT_TIME }] },
    ])
    const [found] = await read(log, place, 0, 1)
    expect(Buffer.compare(found?.value ?? Buffer.alloc(0), value)).toBe(0)
  })

  it('refuses a larger record with everything in its transaction, and works with a new producer', async () => {
    const { log, name, topic } = bench()
    const [first, second] = await topic({ partitions: 2 })
    const id = name('producer')
    const large = {
      key: null,
      value: Buffer.alloc(log.recordBytesMax),
      headers: { h: Buffer.from('1') },
      timestamp: EVENT_TIME,
    }
    const batches = [batch(first, 'beside it'), { ...(second ?? first), records: [large] }]
    expect(await codeOf(log.append(batches))).toBe('RECORD_TOO_LARGE')
    const producer = await log.startProducer(id)
    expect(await codeOf(producer.transact(batches))).toBe('RECORD_TOO_LARGE')
    await expect(producer.transact(batches)).rejects.toMatchObject({ refusals: [{ batch: 1, record: 0 }] })
    // Nothing of it took place, and the producer goes on.
    await producer.transact([batch(first, 'by the same producer')])
    const next = await log.startProducer(id)
    await next.transact([batch(first, 'after it')])
    expect(await values(log, first)).toEqual(['by the same producer', 'after it'])
  })
}
