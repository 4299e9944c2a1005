/** The store that gathers writes: when it flushes, and what a slow, a failing and an overtaken file do to it. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { EntryFile } from '#engine/state/entry-file.ts'
import { Turns } from '#engine/state/turns.ts'
import { WriteBehindStore } from '#engine/state/write-behind-store.ts'
import { VirtualTime } from '#testing/virtual-time.ts'
import { HeldFile } from './held-file.ts'

const DELAY_MS = 1_000
const text = (value: Uint8Array | null | undefined) => value && Buffer.from(value).toString()

let file: HeldFile
let time: VirtualTime
let store: WriteBehindStore
let bytesMax: number
let failures: unknown[]
let ends: number
beforeEach(() => {
  file = new HeldFile()
  time = new VirtualTime(1)
  bytesMax = 1_000_000
  failures = []
  ends = 0
  store = storeOn(file, new Turns(time.system))
})

const storeOn = (on: EntryFile, turns: Turns) =>
  new WriteBehindStore(on, undefined, {
    system: time.system,
    turns,
    flushDelayMs: DELAY_MS,
    gatheredBytesMax: () => bytesMax,
    onFlushFailed: error => failures.push(error),
    onClosed: () => ends++,
  })

const bytesOf = (position: number) => Buffer.from(`${position}`)
const apply = (entries: Record<string, string | null>, position: number) =>
  store.apply(
    Object.entries(entries).map(([key, value]) => [key, value === null ? null : Buffer.from(value)] as const),
    position,
  )
const shown = () => [...store.entries('v')].map(([key, value]) => `${key}=${text(value)}`).sort()

describe('flushing', () => {
  it('flushing waits for others to go along, then writes the latest of each once, with the position', async () => {
    for (let position = 1; position <= 50; position++) apply({ vhot: `${position}` }, position)
    await time.runFor(DELAY_MS - 1)
    expect(file.isWriting).toBe(false)
    await time.runFor(1)
    await file.end()
    expect([file.transactions, text(file.get('vhot'))]).toEqual([['50: 1'], '50'])
  })

  it('flushing begins at once when a quarter of the memory is used', () => {
    apply({ va: 'x'.repeat(240_000) }, 1)
    expect(file.isWriting).toBe(false)
    apply({ vb: 'x'.repeat(20_000) }, 2)
    expect(file.isWriting).toBe(true)
  })

  it('flushing begins at once when 8,000 entries have gathered, so that none of its batches is large', () => {
    bytesMax = 100_000_000
    const many = (from: number) =>
      Array.from({ length: 4_000 }, (_, index) => [`v${from + index}`, null] as const)
    store.apply(many(0), 1)
    expect(file.isWriting).toBe(false)
    store.apply(many(4_000), 2)
    expect(file.isWriting).toBe(true)
  })

  it('flushing of what gathers during a slow one goes on in batches that are no larger, each with its position', async () => {
    bytesMax = 100_000_000
    const many = (position: number) =>
      Array.from(
        { length: 8_000 },
        (_, index) => [`v${index % 2}-${position}-${index}`, bytesOf(position)] as const,
      )
    for (let position = 1; position <= 5; position++) store.apply(many(position), position)
    store.apply([['v0-2-0', null]], 6)
    expect([shown().length, store.size, text(store.get('v0-3-0')), store.get('v0-2-0')]).toEqual([
      39_999,
      39_999,
      '3',
      undefined,
    ])
    for (let batch = 1; batch <= 5; batch++) {
      await time.runFor(1)
      await file.end()
    }
    await time.runFor(DELAY_MS)
    await file.end()
    expect(file.transactions).toEqual(['1: 8000', '2: 8000', '3: 8000', '4: 8000', '5: 8000', '6: 1'])
    expect([store.size, file.isWriting]).toEqual([39_999, false])
  })

  it('flushing of several sealed batches that fails is repeated as one, with the latest of each', async () => {
    bytesMax = 100_000_000
    const all = (position: number) =>
      Array.from({ length: 8_000 }, (_, index) => [`v${index}`, bytesOf(position)] as const)
    for (let position = 1; position <= 3; position++) store.apply(all(position), position)
    await file.end('fail')
    expect([failures.length, text(store.get('v7')), store.size]).toEqual([1, '3', 8_000])
    await time.runFor(DELAY_MS)
    await file.end()
    expect([file.transactions, text(file.get('v7'))]).toEqual([['3: 8000'], '3'])
  })

  it('flushing resolves flush when all sealed batches are in the file', async () => {
    bytesMax = 100_000_000
    const many = (position: number) =>
      Array.from({ length: 8_000 }, (_, index) => [`v${position}-${index}`, bytesOf(position)] as const)
    for (let position = 1; position <= 3; position++) store.apply(many(position), position)
    let done = false
    const flushed = store.flush().then(() => {
      done = true
    })
    await file.end()
    await file.end()
    expect([done, file.position]).toEqual([false, 2])
    await file.end()
    await file.end()
    await flushed
    expect([done, file.position]).toEqual([true, 3])
  })

  it('flushing of several stores begins one in a turn of the event loop', async () => {
    const files = [new HeldFile(), new HeldFile(), new HeldFile()]
    const turns = new Turns(time.system)
    const stores = files.map(each => storeOn(each, turns))
    for (const each of stores) each.apply([['va', Buffer.from('1')]], 1)
    const seen = new Set<number>()
    const all = () => {
      const writing = files.filter(each => each.isWriting).length
      seen.add(writing)
      return writing === files.length
    }
    await time.runUntil(all, 2 * DELAY_MS)
    expect([...seen]).toEqual([0, 1, 2, 3])
  })

  it('flushing counts an entry that is written again and again once', () => {
    for (let position = 1; position <= 100; position++) apply({ va: 'x'.repeat(20_000) }, position)
    expect(file.isWriting).toBe(false)
  })

  it('flushing gathers what comes meanwhile for the next one', async () => {
    apply({ va: '1', vb: '1' }, 1)
    await time.runFor(DELAY_MS)
    apply({ va: '2', vb: null, vc: '2' }, 2)
    expect(shown()).toEqual(['va=2', 'vc=2'])
    await file.end()
    expect([shown(), store.size, file.position]).toEqual([['va=2', 'vc=2'], 2, 1])
    await time.runFor(DELAY_MS)
    await file.end()
    expect([file.transactions, [...file.entries.keys()]]).toEqual([
      ['1: 2', '2: 3'],
      ['va', 'vc'],
    ])
  })

  it('flushing stops when there is nothing to write', async () => {
    apply({ va: '1' }, 1)
    await time.runFor(DELAY_MS)
    await file.end()
    await time.runFor(100 * DELAY_MS)
    expect([file.transactions, file.isWriting]).toEqual([['1: 1'], false])
  })

  it('flushing writes a position that moved without entries', async () => {
    apply({}, 9)
    await time.runFor(DELAY_MS)
    await file.end()
    expect(file.position).toBe(9)
  })

  it('flushing resolves flush when all that was applied before is in the file', async () => {
    apply({ va: '1' }, 1)
    await time.runFor(DELAY_MS)
    apply({ vb: '2' }, 2)
    let done = false
    const flushed = store.flush().then(() => {
      done = true
    })
    await file.end()
    expect([done, file.position]).toEqual([false, 1])
    await file.end()
    await flushed
    expect(file.position).toBe(2)
  })
})

describe('a slow file', () => {
  it('a slow file makes apply write by itself when memory is full, what was being flushed included', async () => {
    apply({ va: '1', vb: '1' }, 1)
    await time.runFor(DELAY_MS)
    apply({ va: '2', vlarge: 'x'.repeat(bytesMax) }, 2)
    expect(file.transactions).toEqual(['2: 3'])
    expect([text(file.get('va')), text(file.get('vb')), file.position]).toEqual(['2', '1', 2])
    await file.end()
    expect([text(store.get('va')), file.position]).toEqual(['2', 2])
  })

  it('a slow file is brought to the disk by the next flush after that', async () => {
    apply({ vlarge: 'x'.repeat(bytesMax) }, 1)
    const flushed = store.flush()
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
    expect(file.isWriting).toBe(true)
    await file.end()
    await flushed
    expect(file.transactions).toEqual(['1: 1', '1: 0'])
  })

  it('a slow file that fails then is reported by apply, and nothing is lost', async () => {
    file.failing = true
    expect(() => apply({ vlarge: 'x'.repeat(bytesMax) }, 1)).toThrow(
      expect.objectContaining({ code: 'STORE_FAILED', action: 'releaseTask' }),
    )
    expect([store.get('vlarge')?.length, store.position, file.position]).toEqual([bytesMax, 1, undefined])
  })
})

describe('a flush that fails', () => {
  beforeEach(async () => {
    apply({ va: '1', vb: '1' }, 1)
    await time.runFor(DELAY_MS)
    apply({ va: '2' }, 2)
    await file.end('fail')
  })

  it('a flush that fails is reported and changes nothing that is read', () => {
    expect(failures).toEqual([expect.objectContaining({ code: 'STORE_FAILED' })])
    expect([shown(), store.position, file.position]).toEqual([['va=2', 'vb=1'], 2, undefined])
  })

  it('a flush that fails is repeated with what has gathered since', async () => {
    await time.runFor(DELAY_MS)
    await file.end()
    expect([file.transactions, text(file.get('va')), text(file.get('vb'))]).toEqual([['2: 2'], '2', '1'])
  })

  it('a flush that fails is repeated after its time, however much gathers meanwhile', async () => {
    bytesMax = 100_000_000
    store.apply(
      Array.from({ length: 9_000 }, (_, index) => [`v${index}`, null] as const),
      3,
    )
    await time.runFor(DELAY_MS - 1)
    expect(file.isWriting).toBe(false)
    await time.runFor(1)
    expect(file.isWriting).toBe(true)
  })

  it('a flush that fails rejects flush', async () => {
    const flushed = store.flush()
    const rejected = expect(flushed).rejects.toMatchObject({ code: 'STORE_FAILED' })
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
    await file.end('fail')
    await rejected
  })
})

describe('the end', () => {
  it('the end flushes, closes the file, frees its memory for others and leaves no timer', async () => {
    apply({ va: '1' }, 1)
    const closed = store.close()
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
    await file.end()
    await closed
    expect([file.transactions, file.closed, ends]).toEqual([['1: 1'], true, 1])
    const before = time.eventCount
    await time.runUntilIdle()
    expect(time.eventCount).toBe(before)
  })

  it('the end closes a file that fails as well', async () => {
    apply({ va: '1' }, 1)
    const closed = store.close()
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
    await file.end('fail')
    await closed
    expect([file.closed, failures.length]).toEqual([true, 1])
  })

  it('discards without writing what was gathered', async () => {
    apply({ va: '1' }, 1)
    await store.discard()
    expect([file.transactions, file.closed, ends]).toEqual([[], true, 1])
  })

  it.each(['', 'x'.repeat(3_000), '\ud83d'])('the end refuses an entry that no file takes', key => {
    expect(() => apply({ [key]: '1' }, 1)).toThrow(/INTERNAL/)
  })
})

describe('an entry of the file', () => {
  it('a value that is read twice at once is fetched once, and fetched again after the file was written', async () => {
    apply({ va: '1' }, 1)
    await time.runFor(DELAY_MS)
    await file.end()
    const read = (key: string) => [text(store.get(key)), file.reads]
    const start = file.reads
    expect([read('va'), read('va'), read('vb'), read('vb')]).toEqual([
      ['1', start + 1],
      ['1', start + 1],
      [undefined, start + 2],
      [undefined, start + 2],
    ])
    apply({ vb: '2' }, 2)
    expect(text(store.get('vb'))).toBe('2')
    await time.runFor(DELAY_MS)
    await file.end()
    expect(text(store.get('vb'))).toBe('2')
    apply({ vb: null, vlarge: 'x'.repeat(bytesMax) }, 3)
    expect(store.get('vb')).toBeUndefined()
  })
})

describe('a walk over entries', () => {
  it('a walk over entries gives each once, also what reaches the file between two of its steps', async () => {
    apply({ va: '1', vb: '2' }, 1)
    const walk = store.entries('v')
    const seen = [walk.next().value?.[0]]
    await time.runFor(DELAY_MS)
    await file.end()
    for (const [key] of walk) seen.push(key)
    expect(seen).toEqual(['va', 'vb'])
  })
})
