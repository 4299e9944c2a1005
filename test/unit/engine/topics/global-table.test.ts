/** Snapshots of a global table do not change while updates go on, and leave nothing behind. */
import { describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { type CaudalError, unavailable } from '#core/errors.ts'
import { type LogRecord, NO_HEADERS } from '#core/record.ts'
import { GlobalTable, type TableSnapshot } from '#engine/topics/global-table.ts'
import { seededRandom } from '#testing/seeded-random.ts'

function record(key: string | null, value: string | null, offset = 0): LogRecord {
  const bytes = (content: string | null) => (content === null ? null : Buffer.from(content))
  return { key: bytes(key), value: bytes(value), headers: NO_HEADERS, timestamp: 0, offset }
}

function textTable(entriesMax?: number) {
  const report = (error: CaudalError) => {
    throw error
  }
  return new GlobalTable({
    topic: 'rubrics',
    codec: codec.text,
    report,
    ...(entriesMax ? { entriesMax } : {}),
  })
}

/** What a new snapshot says about a key. */
function now(table: GlobalTable<string>, key: string): string | undefined {
  const snapshot = table.snapshot()
  const value = snapshot.get(key)
  snapshot.release()
  return value
}

describe('GlobalTable', () => {
  it('GlobalTable holds the latest value of each key; null deletes', () => {
    const table = textTable()
    table.apply([record('a', '1'), record('b', '2'), record('a', '3')])
    table.apply([record('b', null), record('c', null)])
    expect([now(table, 'a'), now(table, 'b'), now(table, 'c')]).toEqual(['3', undefined, undefined])
    expect(table.size).toBe(1)
  })

  it('GlobalTable applies nothing of a batch in which a record cannot be read yet, and all of it later', () => {
    let isAway = true
    const table = new GlobalTable<string>({
      topic: 'rubrics',
      codec: {
        ...codec.text,
        decode(bytes) {
          const text = codec.text.decode(bytes)
          if (isAway && text === 'not yet') throw unavailable('its schema is away', Promise.resolve())
          return text
        },
      },
      report: error => {
        throw error
      },
    })
    table.apply([record('a', '1'), record('b', '1')])
    const batch = [record('a', '2'), record('b', null), record('c', 'not yet')]
    expect(() => table.apply(batch)).toThrow('its schema is away')
    expect([now(table, 'a'), now(table, 'b'), table.size]).toEqual(['1', '1', 2])
    isAway = false
    table.apply(batch)
    expect([now(table, 'a'), now(table, 'b'), now(table, 'c')]).toEqual(['2', undefined, 'not yet'])
  })

  it('GlobalTable shows a snapshot one version, however many come after it', () => {
    const table = textTable()
    table.apply([record('a', '1'), record('gone', 'x')])
    const early = table.snapshot()
    table.apply([record('a', '2'), record('gone', null), record('new', 'y')])
    const middle = table.snapshot()
    table.apply([record('a', '3'), record('gone', 'z')])
    expect(['a', 'gone', 'new'].map(key => early.get(key))).toEqual(['1', 'x', undefined])
    expect(['a', 'gone', 'new'].map(key => middle.get(key))).toEqual(['2', undefined, 'y'])
    early.release()
    expect(['a', 'gone', 'new'].map(key => middle.get(key))).toEqual(['2', undefined, 'y'])
    middle.release()
    expect(['a', 'gone', 'new'].map(key => now(table, key))).toEqual(['3', 'z', 'y'])
    expect(table.keysWithHistory).toBe(0)
  })

  it('GlobalTable keeps no history where no snapshot can see it', () => {
    const table = textTable()
    for (let i = 0; i < 100; i++) table.apply([record('a', `${i}`), record(`k${i}`, null)])
    expect(table.keysWithHistory).toBe(0)
    const snapshot = table.snapshot()
    for (let i = 0; i < 100; i++) table.apply([record('a', `later ${i}`)])
    expect(table.keysWithHistory).toBe(1)
    expect(snapshot.get('a')).toBe('99')
    snapshot.release()
    expect(table.keysWithHistory).toBe(0)
    expect(now(table, 'a')).toBe('later 99')
  })

  it('GlobalTable refuses the use of a released snapshot', () => {
    const snapshot = textTable().snapshot()
    snapshot.release()
    expect(() => snapshot.get('a')).toThrow(/INTERNAL.*after its release/)
    expect(() => snapshot.release()).toThrow(/INTERNAL.*released twice/)
  })

  it('GlobalTable skips, counts and reports what it cannot read; the key keeps its value', () => {
    const errors: CaudalError[] = []
    const table = new GlobalTable({
      topic: 'rates',
      codec: codec.json<number>('number'),
      report: error => errors.push(error),
    })
    table.apply([record('a', '1', 7)], 2)
    table.apply([record('a', '{', 8), record(null, '5', 9), record('b', '2', 10)], 2)
    const snapshot = table.snapshot()
    expect([snapshot.get('a'), snapshot.get('b')]).toEqual([1, 2])
    snapshot.release()
    expect(table.skipped).toBe(2)
    expect(
      errors.map(({ code, details }) => [code, details.topic, details.partition, details.offset]),
    ).toEqual([
      ['DECODE_FAILED', 'rates', 2, 8],
      ['DECODE_FAILED', 'rates', 2, 9],
    ])
  })

  it('GlobalTable refuses more entries than its limit, not counting updates and deletions', () => {
    const table = textTable(2)
    table.apply([record('a', '1'), record('b', '1'), record('a', '2')])
    table.apply([record('b', null), record('c', '1')])
    expect(() => table.apply([record('d', '1')])).toThrow(/TABLE_TOO_LARGE.*rubrics.*more than 2/)
  })

  it('GlobalTable agrees with whole copies under random updates and snapshots', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = seededRandom(seed)
      const below = (limit: number) => Math.floor(random() * limit)
      const table = textTable()
      const model = new Map<string, string>()
      const taken: { snapshot: TableSnapshot<string>; copy: Map<string, string> }[] = []
      const keys = Array.from({ length: 8 }, (_, i) => `k${i}`)
      for (let move = 0; move < 300; move++) {
        const choice = below(10)
        if (choice < 5) {
          const batch = Array.from({ length: below(5) }, () => {
            const key = `k${below(8)}`
            return record(key, below(4) === 0 ? null : `${move}`)
          })
          table.apply(batch)
          for (const { key, value } of batch) {
            if (value === null) model.delete(String(key))
            else model.set(String(key), String(value))
          }
        } else if (choice < 7 && taken.length < 6) {
          taken.push({ snapshot: table.snapshot(), copy: new Map(model) })
        } else if (taken.length > 0) {
          for (const { snapshot } of taken.splice(below(taken.length), 1)) snapshot.release()
        }
        expect(table.size, `seed ${seed}, move ${move}`).toBe(model.size)
        for (const { snapshot, copy } of taken) {
          const seen = keys.map(key => snapshot.get(key))
          expect(seen, `seed ${seed}, move ${move}`).toEqual(keys.map(key => copy.get(key)))
        }
      }
      for (const { snapshot } of taken) snapshot.release()
      expect(table.keysWithHistory, `seed ${seed}`).toBe(0)
      expect(keys.map(key => now(table, key))).toEqual(keys.map(key => model.get(key)))
    }
  })
})
