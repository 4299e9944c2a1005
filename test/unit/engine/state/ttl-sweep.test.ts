/** The sweep of expired entries: all of them, nothing else, in bounded batches, across commits. */
import { beforeEach, describe, expect, it } from 'vitest'
import { codec } from '#core/codec.ts'
import { state as declared, type StateDeclarations } from '#core/state.ts'
import { frame } from '#engine/state/frame.ts'
import { CHECKPOINT, mapEntry, stepEntry, timerEntry, valueEntry } from '#engine/state/layout.ts'
import { memoryStores } from '#engine/state/memory-store.ts'
import { TaskState, type Writes } from '#engine/state/task-state.ts'
import { type Swept, sweepExpired } from '#engine/state/ttl-sweep.ts'

const DECLARED: ReadonlyMap<string, StateDeclarations> = new Map([
  [
    'op',
    {
      session: declared.value(codec.text, { ttl: 1_000 }),
      recent: declared.map(codec.text, { ttl: 500 }),
      total: declared.value(codec.text),
    },
  ],
  ['forever', { session: declared.value(codec.text) }],
])
const writtenAt = (now: number) => frame(Buffer.from('x'), { now, ttl: 1 })
const untimed = frame(Buffer.from('x'), { now: 0, ttl: undefined })

let state: TaskState
beforeEach(async () => {
  state = new TaskState(await memoryStores().open({ stage: 'op', partition: 0 }))
})

/** Runs a sweep to its end; calls `between` after each batch. */
function sweepAll(now: number, batchMax: number, between = (_: Swept): void => undefined): string[] {
  const expired: string[] = []
  let sweep = sweepExpired(state, DECLARED, now, batchMax, undefined)
  for (;;) {
    expired.push(...sweep.expired)
    if (!sweep.cursor) return expired
    between(sweep)
    sweep = sweepExpired(state, DECLARED, now, batchMax, sweep.cursor)
  }
}

/** What is staged takes place. */
function commit(): void {
  state.committed(state.take(), 2)
}

describe('a sweep', () => {
  it('a sweep finds what has expired by the time to live of its state, and nothing else', () => {
    const kept = [
      [valueEntry('op', 'session', 'fresh'), writtenAt(1_001)],
      [mapEntry('op', 'recent', 'k', 'fresh'), writtenAt(1_501)],
      [valueEntry('op', 'total', 'untimed'), writtenAt(0)],
      [valueEntry('op', 'session', 'written before it had a time'), untimed],
      [valueEntry('op', 'session', 'of a later version'), Buffer.from([0x21, 0, 0, 0, 0, 0, 0, 0, 0])],
      [valueEntry('forever', 'session', 'k'), writtenAt(0)],
      [timerEntry('op', 'session', 'k'), writtenAt(0)],
      [stepEntry('op/session/k'), writtenAt(0)],
      [CHECKPOINT, writtenAt(0)],
    ] as const
    const gone = [
      [valueEntry('op', 'session', 'old'), writtenAt(1_000)],
      [mapEntry('op', 'recent', 'k', 'old'), writtenAt(1_500)],
    ] as const
    state.restore([...kept, ...gone], 1)
    expect(sweepAll(2_000, 100)).toEqual(gone.map(([entry]) => entry))
  })

  it.each([1, 3, 7, 1_000])('looks at no more than %i entries at a time, and in the end at all', batchMax => {
    const entries = Array.from({ length: 50 }, (_, index) => valueEntry('op', 'session', `k${index}`))
    state.restore(
      entries.map(entry => [entry, writtenAt(0)] as const),
      1,
    )
    let batches = 0
    const expired = sweepAll(5_000, batchMax, ({ expired: batch }) => {
      batches++
      expect(batch.length).toBeLessThanOrEqual(batchMax)
    })
    expect(expired.sort()).toEqual(entries.sort())
    expect(batches).toBe(Math.floor(50 / batchMax))
  })

  it.each([
    ['before a commit takes the layer that it reads', (fresh: Writes) => state.stage(fresh), commit],
    ['after a commit took the layer that it reads', commit, (fresh: Writes) => state.stage(fresh)],
  ])('a sweep spares what was written again while it was under way, %s', (_, first, then) => {
    const entries = Array.from({ length: 20 }, (_, index) => valueEntry('op', 'session', `k${index}`))
    state.stage(new Map(entries.map(entry => [entry, writtenAt(0)])))
    const fresh = new Map(entries.map(entry => [entry, writtenAt(4_900)]))
    const expired = sweepAll(5_000, 5, () => {
      first(fresh)
      then(fresh)
    })
    expect(expired).toEqual(entries.slice(0, 5))
  })

  it('a sweep finds an entry once, in whichever layers it is', () => {
    const entry = valueEntry('op', 'session', 'k')
    state.restore([[entry, writtenAt(0)]], 1)
    state.stage(new Map([[entry, writtenAt(1)]]))
    expect(sweepAll(5_000, 10)).toEqual([entry])
  })

  it('a sweep does nothing where no state has a time to live', () => {
    state.restore([[valueEntry('op', 'session', 'k'), writtenAt(0)]], 1)
    const none = new Map([['op', { session: declared.value(codec.text) }]])
    expect(sweepExpired(state, none, 9_000, 10, undefined)).toEqual({
      expired: [],
      seen: 0,
      cursor: undefined,
    })
  })
})
