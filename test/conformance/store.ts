/** The contract suite of the Store port: what every store must do, read through the port alone. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BEFORE_ALL, compareDue } from '#engine/state/due-heap.ts'
import { encodeDue } from '#engine/state/frame.ts'
import type { CopyOf, Store, StoreFactory } from '#engine/state/store.ts'
import { type Random, seededRandom } from '#testing/seeded-random.ts'

export interface StoreFixture {
  readonly factory: StoreFactory
  /** Gives everything back; stores were closed before. */
  close(): Promise<void>
}

export interface StoreSuiteOptions {
  /** Whether content outlives `close`. */
  readonly durable: boolean
}

const TASK: CopyOf = { application: 'app', stage: 'count', partition: 3, topicId: 'topic-1' }
const OTHER: CopyOf = { ...TASK, partition: 4 }
const bytes = (text: string): Uint8Array => Buffer.from(text)
const textOf = (value: Uint8Array | undefined) => value && Buffer.from(value).toString()
const shown = (store: Store, prefix: string) =>
  [...store.entries(prefix)].map(([key, value]) => `${key}=${textOf(value)}`).sort()

/** Runs the contract suite on a kind of store; `open` makes a factory that holds nothing. */
export function describeStore(name: string, open: () => StoreFixture, { durable }: StoreSuiteOptions): void {
  describe(`${name} is a Store`, () => {
    let fixture: StoreFixture
    let store: Store
    beforeEach(async () => {
      fixture = open()
      store = await fixture.factory.open(TASK)
    })
    afterEach(async () => {
      await store.close()
      await fixture.close()
    })
    const reopen = async () => {
      await store.close()
      store = await fixture.factory.open(TASK)
    }
    describe('applying', () => describeApplying(() => store))
    describe('entries', () => describeEntries(() => store))
    describe('timers', () => describeTimers(() => store, reopen, durable))
    describe('lifetime', () => describeLifetime(() => store, reopen, durable))
    it('keeps the entries of tasks apart', async () => {
      const other = await fixture.factory.open(OTHER)
      store.apply([['vkey', bytes('mine')]], 5)
      other.apply([['vkey', bytes('theirs')]], 9)
      expect([textOf(store.get('vkey')), store.position]).toEqual(['mine', 5])
      expect([textOf(other.get('vkey')), other.position]).toEqual(['theirs', 9])
      await other.discard()
      expect(textOf(store.get('vkey'))).toBe('mine')
    })
    it.each([
      ['of another application', { application: 'other' }],
      ['of another state topic under the same name', { topicId: 'topic-2' }],
    ])('never serves a copy %s', async (_, other) => {
      store.apply([['vkey', bytes('theirs')]], 5)
      await store.close()
      store = await fixture.factory.open({ ...TASK, ...other })
      expect([store.get('vkey'), store.position, store.size]).toEqual([undefined, undefined, 0])
    })
    it('is empty after discard', async () => {
      store.apply([['vkey', bytes('one')]], 1)
      await store.flush()
      await store.discard()
      store = await fixture.factory.open(TASK)
      expect([store.get('vkey'), store.position, store.size]).toEqual([undefined, undefined, 0])
    })
    it.each([1, 2, 3])('equals a map under random writes, flushes and reopening, seed %i', async seed => {
      await checkAgainstMap(() => store, durable ? reopen : async () => store.flush(), seededRandom(seed))
    })
  })
}

function describeApplying(store: () => Store): void {
  it('is empty and has no position before the first write', () => {
    expect([store().position, store().size, store().get('v')]).toEqual([undefined, 0, undefined])
    expect(shown(store(), '')).toEqual([])
  })

  it('shows a write at once, with the position of that write', () => {
    store().apply(
      [
        ['va', bytes('1')],
        ['vb', bytes('2')],
      ],
      7,
    )
    expect([textOf(store().get('va')), textOf(store().get('vb'))]).toEqual(['1', '2'])
    expect([store().position, store().size]).toEqual([7, 2])
  })

  it('keeps the last of several writes of one entry, and takes null as its deletion', () => {
    store().apply(
      [
        ['va', bytes('1')],
        ['va', bytes('2')],
        ['vb', bytes('3')],
        ['vb', null],
      ],
      7,
    )
    expect(shown(store(), '')).toEqual(['va=2'])
    store().apply(
      [
        ['va', null],
        ['vnever', null],
      ],
      9,
    )
    expect([store().get('va'), store().size, store().position]).toEqual([undefined, 0, 9])
  })

  it('reports more bytes with more entries, and none for deleted entries', async () => {
    const keys = Array.from({ length: 1_000 }, (_, index) => `vkey-${index}`)
    const before = store().bytes
    const written = keys.map(key => [key, Buffer.alloc(100)] as const)
    store().apply(written, 1_000)
    await store().flush()
    const full = store().bytes
    expect(full - before).toBeGreaterThanOrEqual(100 * keys.length)
    const deleted = keys.map(key => [key, null] as const)
    store().apply(deleted, 2_000)
    await store().flush()
    expect(store().bytes).toBeLessThan(full / 2)
  })

  it('moves its position without entries', () => {
    store().apply([], 12)
    expect(store().position).toBe(12)
  })

  it('distinguishes an empty value from none', () => {
    store().apply([['va', bytes('')]], 1)
    expect(store().get('va')).toHaveLength(0)
    expect(store().size).toBe(1)
  })

  it('stores values of a megabyte', async () => {
    store().apply([['vlarge', Buffer.alloc(1_000_000, 7)]], 1)
    await store().flush()
    expect(store().get('vlarge')).toEqual(Buffer.alloc(1_000_000, 7))
  })

  it('returns bytes that later reads and writes do not change', async () => {
    store().apply(
      [
        ['va', bytes('first')],
        ['vb', bytes('second')],
      ],
      1,
    )
    await store().flush()
    const held = [store().get('va'), ...[...store().entries('v')].map(([, value]) => value)]
    store().apply(
      [
        ['va', bytes('other')],
        ['vb', bytes('third')],
      ],
      2,
    )
    await store().flush()
    store().get('vb')
    expect(held.map(textOf).sort()).toEqual(['first', 'first', 'second'])
  })
}

function describeEntries(store: () => Store): void {
  const keys = [
    'mo/s/1:ax',
    'mo/s/1:ay',
    'mo/s/2:abx',
    'to/t/a',
    'vo/s/a',
    'vo/s/a\0',
    'vo/s/é',
    'vo/s/\u{10ffff}',
    'vp',
  ]

  it.each([true, false])('finds entries by prefix, on disk %s', async onDisk => {
    store().apply(
      keys.map(key => [key, bytes('1')] as const),
      1,
    )
    if (onDisk) await store().flush()
    for (const prefix of [
      '',
      'm',
      'mo/s/1:a',
      'mo/s/2:ab',
      't',
      'to',
      'v',
      'vo/s/',
      'vo/s/a',
      'vo/s/é',
      'vo/s/\u{10ffff}',
      'vp',
      'x',
    ]) {
      const expected = keys.filter(key => key.startsWith(prefix)).map(key => `${key}=1`)
      expect(shown(store(), prefix), prefix).toEqual(expected.sort())
    }
  })

  it('shows each entry once where a newer write hides one on disk', async () => {
    store().apply(
      [
        ['mo/s/1:ax', bytes('old')],
        ['mo/s/1:ay', bytes('old')],
        ['mo/s/1:az', bytes('old')],
      ],
      1,
    )
    await store().flush()
    store().apply(
      [
        ['mo/s/1:ax', bytes('new')],
        ['mo/s/1:ay', null],
        ['mo/s/1:aw', bytes('new')],
      ],
      2,
    )
    expect(shown(store(), 'mo/s/1:a')).toEqual(['mo/s/1:aw=new', 'mo/s/1:ax=new', 'mo/s/1:az=old'])
    expect(store().size).toBe(3)
  })

  it('continues while the store is written, and misses no entry that stays', async () => {
    const stays = Array.from({ length: 2_000 }, (_, index) => `vo/s/${index}`)
    store().apply(
      stays.map(key => [key, bytes('1')] as const),
      1,
    )
    await store().flush()
    const seen = new Set<string>()
    for (const [key] of store().entries('vo/s/')) {
      seen.add(key)
      if (seen.size % 100 !== 0) continue
      store().apply([[`vo/s/new-${seen.size}`, bytes('2')]], 1 + seen.size)
      await store().flush()
      if (seen.size > 10_000) break
    }
    expect(stays.filter(key => !seen.has(key))).toEqual([])
  })
}

function describeTimers(store: () => Store, reopen: () => Promise<void>, durable: boolean): void {
  const shownDues = (after = BEFORE_ALL) =>
    [...store().dues(after)].map(({ due, entry }) => `${entry}@${due}`)
  /** In this order, whatever their sign and their fraction, and by code points where they are due together. */
  const ordered: readonly (readonly [string, number])[] = [
    ['to/t/past', -5e12],
    ['to/t/before', -0.5],
    ['to/t/zero', 0],
    ['to/t/a', 100],
    ['to/t/aa', 100],
    ['to/t/b', 100],
    ['to/t/\u{ffee}', 100],
    ['to/t/\u{10ffff}', 100],
    ['to/t/a half', 100.5],
    ['to/t/late', 5e12],
  ]
  const apply = (timers: readonly (readonly [string, number | null])[], position: number) =>
    store().apply(
      timers.map(([entry, due]) => [entry, due === null ? null : encodeDue(due)] as const),
      position,
    )

  it.each([true, false])('come in the order in which they are due, on disk %s', async onDisk => {
    apply(ordered.toReversed(), 1)
    store().apply([['vo/s/a', encodeDue(1)]], 2)
    if (onDisk) await store().flush()
    const expected = ordered.map(([entry, due]) => `${entry}@${due}`)
    expect(shownDues()).toEqual(expected)
    for (const [index, [entry, due]] of ordered.entries())
      expect(shownDues({ due, entry }), entry).toEqual(expected.slice(index + 1))
    expect(shownDues({ due: 50, entry: 'x' })).toEqual(expected.slice(3))
  })

  it('are due at the time of their last write alone, however often they were on disk', async () => {
    apply(
      [
        ['to/t/a', 10],
        ['to/t/b', 20],
        ['to/t/c', 30],
      ],
      1,
    )
    await store().flush()
    apply(
      [
        ['to/t/a', 40],
        ['to/t/b', null],
      ],
      2,
    )
    expect(shownDues()).toEqual(['to/t/c@30', 'to/t/a@40'])
    await store().flush()
    apply(
      [
        ['to/t/a', 10],
        ['to/t/b', 5],
      ],
      3,
    )
    expect(shownDues()).toEqual(['to/t/b@5', 'to/t/a@10', 'to/t/c@30'])
    await reopen()
    expect(shownDues()).toEqual(durable ? ['to/t/b@5', 'to/t/a@10', 'to/t/c@30'] : [])
  })

  it.each([1, 2, 3])(
    'equal a sorted list under random writes, flushes and reopening, seed %i',
    async seed => {
      const random = seededRandom(seed)
      const draw = (below: number) => Math.floor(random() * below)
      const model = new Map<string, number>()
      for (let position = 1; position <= 300; position++) {
        const writes = Array.from({ length: draw(20) }, () => {
          return [`to/t/${draw(60)}`, draw(3) ? draw(40) : null] as const
        })
        apply(writes, position)
        for (const [entry, due] of writes) due === null ? model.delete(entry) : model.set(entry, due)
        const turn = draw(30)
        if (turn === 0 && durable) await reopen()
        else if (turn < 4) await store().flush()
        if (position % 10 > 0) continue
        const after = { due: draw(40), entry: `to/t/${draw(60)}` }
        const behind = [...model].map(([entry, due]) => ({ entry, due })).sort(compareDue)
        const expected = behind.filter(item => compareDue(item, after) > 0)
        expect([...store().dues(after)]).toEqual(expected)
      }
    },
  )
}

function describeLifetime(store: () => Store, reopen: () => Promise<void>, durable: boolean): void {
  it(durable ? 'keeps its content when closed' : 'forgets its content when closed', async () => {
    store().apply(
      [
        ['va', bytes('1')],
        ['vb', null],
      ],
      41,
    )
    await reopen()
    const expected = durable ? ['1', 41, 1] : [undefined, undefined, 0]
    expect([textOf(store().get('va')), store().position, store().size]).toEqual(expected)
  })

  it('keeps its entries and its position when it is opened again', async () => {
    store().apply([['va', bytes('1')]], 1)
    await reopen()
    store().apply([['vb', bytes('2')]], 2)
    await store().flush()
    store().apply([['va', null]], 3)
    expect(shown(store(), 'v')).toEqual(['vb=2'])
    expect(store().position).toBe(3)
  })

  it('refuses use after it was closed', async () => {
    const closed = store()
    await reopen()
    expect(() => closed.apply([['va', bytes('1')]], 1)).toThrow(/closed/)
    expect(() => closed.get('va')).toThrow(/closed/)
  })
}

async function checkAgainstMap(
  store: () => Store,
  reopen: () => Promise<void>,
  random: Random,
): Promise<void> {
  const model = new Map<string, string>()
  const draw = (below: number) => Math.floor(random() * below)
  for (let position = 1; position <= 400; position++) {
    const writes = new Map<string, string | null>()
    for (let count = draw(20); count > 0; count--) {
      const key = `${draw(2) ? 'v' : 'm'}o/s/2:${draw(20) + 10}${draw(10)}`
      writes.set(key, draw(3) ? `${position}` : null)
    }
    store().apply(
      [...writes].map(([key, text]) => [key, text === null ? null : bytes(text)] as const),
      position,
    )
    for (const [key, text] of writes) text === null ? model.delete(key) : model.set(key, text)
    const turn = draw(40)
    if (turn === 0) await reopen()
    else if (turn < 4) await store().flush()
    if (position % 20 > 0) continue
    expect(shown(store(), '')).toEqual([...model].map(([key, text]) => `${key}=${text}`).sort())
    expect([store().position, store().size]).toEqual([position, model.size])
  }
}
