/** TaskState against a plain model: what records see, what commits carry, and what a lost commit gives back. */
import { beforeEach, describe, expect, it } from 'vitest'
import { mapEntryPrefix, TIMER_PREFIX } from '#engine/state/layout.ts'
import { memoryStores } from '#engine/state/memory-store.ts'
import type { Store } from '#engine/state/store.ts'
import { TaskState, type Writes } from '#engine/state/task-state.ts'
import { seededRandom } from '#testing/seeded-random.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const textOf = (value: Uint8Array | null | undefined) => value && Buffer.from(value).toString()
const writes = (entries: Record<string, string | null>): Writes =>
  new Map(Object.entries(entries).map(([key, text]) => [key, text === null ? null : bytes(text)] as const))
const texts = (taken: Writes) => Object.fromEntries([...taken].map(([key, value]) => [key, textOf(value)]))
const shown = (state: TaskState, prefix = '') =>
  [...state.entries(prefix)].map(([key, value]) => `${key}=${textOf(value)}`).sort()

let store: Store
let state: TaskState
beforeEach(async () => {
  store = await memoryStores().open({ stage: 'count', partition: 0 })
  state = new TaskState(store)
})

describe('reading', () => {
  it('reading sees what was staged before it is committed, and the store does not', () => {
    state.stage(writes({ va: '1' }))
    expect([textOf(state.get('va')), store.get('va')]).toEqual(['1', undefined])
  })

  it('reading sees the newest of staged, taken and stored', () => {
    state.restore(writes({ va: 'stored', vb: 'stored', vc: 'stored' }), 1)
    state.stage(writes({ va: 'taken', vb: 'taken' }))
    state.take()
    state.stage(writes({ va: 'staged' }))
    expect(shown(state)).toEqual(['va=staged', 'vb=taken', 'vc=stored'])
  })

  it('reading does not see what a newer layer deletes', () => {
    state.restore(writes({ va: 'stored', vb: 'stored' }), 1)
    state.stage(writes({ va: null }))
    state.take()
    state.stage(writes({ vb: null }))
    expect([state.get('va'), state.get('vb'), shown(state)]).toEqual([undefined, undefined, []])
  })

  it('reading finds the entries of one key and the timers across all layers', () => {
    const prefix = mapEntryPrefix('op', 'seen', 'key')
    state.restore(writes({ [`${prefix}a`]: 'stored', [`${prefix}b`]: 'stored', 'top/t/k': 'stored' }), 1)
    state.stage(writes({ [`${prefix}c`]: 'taken', [`${prefix}a`]: null }))
    state.take()
    state.stage(writes({ [`${prefix}d`]: 'staged', 'top/t/l': 'staged', vother: 'staged' }))
    expect(shown(state, prefix)).toEqual([`${prefix}b=stored`, `${prefix}c=taken`, `${prefix}d=staged`])
    expect(shown(state, TIMER_PREFIX)).toEqual(['top/t/k=stored', 'top/t/l=staged'])
  })
})

describe('committing', () => {
  it('committing gives the store what was taken, and keeps what is newer', () => {
    state.stage(writes({ va: '1', vb: '1' }))
    const taken = state.take()
    state.stage(writes({ va: '2' }))
    state.committed(taken, 5)
    expect([textOf(store.get('va')), textOf(store.get('vb')), store.position]).toEqual(['1', '1', 5])
    expect([textOf(state.get('va')), state.stagedCount]).toEqual(['2', 1])
    expect(texts(state.take())).toEqual({ va: '2' })
  })

  it('committing gives nothing to the store while the commit is under way', () => {
    state.stage(writes({ va: '1' }))
    state.take()
    expect([store.size, store.position]).toEqual([0, undefined])
  })

  it('committing puts back what did not take place, behind what is newer', () => {
    state.restore(writes({ vc: 'stored' }), 1)
    state.stage(writes({ va: '1', vb: '1', vc: null }))
    const taken = state.take()
    state.stage(writes({ va: '2', vd: '2' }))
    state.putBack(taken)
    expect(store.position).toBe(1)
    expect(texts(state.take())).toEqual({ va: '2', vb: '1', vc: null, vd: '2' })
  })

  it('committing refuses a second take, and answers for what was not taken', () => {
    const taken = state.take()
    expect(() => state.take()).toThrow(/twice/)
    expect(() => state.committed(new Map(), 1)).toThrow(/not the one/)
    state.putBack(taken)
    expect(() => state.putBack(taken)).toThrow(/not the one/)
    expect(() => state.committed(taken, 1)).toThrow(/not the one/)
  })

  it('committing ignores records without a key when restoring', () => {
    state.restore(
      [
        ['', bytes('1')],
        ['va', bytes('2')],
      ],
      2,
    )
    expect([shown(state), store.position]).toEqual([['va=2'], 2])
  })
})

describe('an entry that is written and deleted', () => {
  it('before it was taken leaves nothing', () => {
    state.stage(writes({ scall: 'result' }))
    state.stage(writes({ scall: null }))
    expect([state.stagedCount, texts(state.take())]).toEqual([0, {}])
  })

  it('an entry that is written and deleted is deleted where the store has it', () => {
    state.restore(writes({ scall: 'result' }), 1)
    state.stage(writes({ scall: 'again' }))
    state.stage(writes({ scall: null }))
    expect(texts(state.take())).toEqual({ scall: null })
  })

  it('an entry that is written and deleted is deleted where the commit under way has it', () => {
    state.stage(writes({ scall: 'result' }))
    const taken = state.take()
    state.stage(writes({ scall: null }))
    expect(state.stagedCount).toBe(1)
    state.committed(taken, 1)
    expect(texts(state.take())).toEqual({ scall: null })
  })

  it('an entry that is written and deleted leaves nothing where the commit that had it did not take place', () => {
    state.stage(writes({ scall: 'result' }))
    const taken = state.take()
    state.stage(writes({ scall: null }))
    state.putBack(taken)
    expect([state.stagedCount, shown(state)]).toEqual([0, []])
  })

  it('an entry that is written and deleted leaves nothing where the commit under way deletes it', () => {
    state.restore(writes({ va: 'stored' }), 1)
    state.stage(writes({ va: null }))
    const taken = state.take()
    state.stage(writes({ va: 'again' }))
    state.stage(writes({ va: null }))
    expect(state.stagedCount).toBe(0)
    state.putBack(taken)
    expect(texts(state.take())).toEqual({ va: null })
  })
})

/** The topic is a map that gets a commit when the commit takes place. The view is a map that gets everything at once. */
describe.each([1, 2, 3, 4, 5, 6])('random stages, takes and outcomes, seed %i', seed => {
  it('show what a plain map shows, and bring the topic there', () => {
    const random = seededRandom(seed)
    const draw = (below: number) => Math.floor(random() * below)
    const topic = new Map<string, string>()
    const view = new Map<string, string>()
    let taken: Writes | undefined
    let position = 0
    const commit = (commited: Writes) => {
      for (const [key, value] of commited) apply(topic, key, textOf(value) ?? null)
      state.committed(commited, ++position)
      expect([...store.entries('')].length).toBe(topic.size)
    }
    for (let step = 0; step < 3_000; step++) {
      const record = new Map<string, string | null>()
      for (let count = draw(4); count > 0; count--) record.set(anyKey(draw), draw(3) ? `${step}` : null)
      state.stage(writes(Object.fromEntries(record)))
      for (const [key, text] of record) apply(view, key, text)
      if (!taken && draw(4) === 0) taken = state.take()
      else if (taken && draw(4) === 0) {
        if (draw(3)) commit(taken)
        else state.putBack(taken)
        taken = undefined
      }
      const key = anyKey(draw)
      expect(textOf(state.get(key))).toBe(view.get(key))
      if (step % 50 === 0) expect(shown(state)).toEqual([...view].map(([k, text]) => `${k}=${text}`).sort())
      if (step % 50 === 25) expect(shown(state, 'mo/s/1:k')).toEqual(withPrefix(view, 'mo/s/1:k'))
    }
    if (taken) commit(taken)
    commit(state.take())
    expect([...topic].sort()).toEqual([...view].sort())
    expect(state.stagedCount).toBe(0)
  })
})

function anyKey(draw: (below: number) => number): string {
  return `${draw(3) ? 'vo/s/' : 'mo/s/1:k'}${draw(30)}`
}

function apply(map: Map<string, string>, key: string, text: string | null): void {
  if (text === null) map.delete(key)
  else map.set(key, text)
}

function withPrefix(map: ReadonlyMap<string, string>, prefix: string): string[] {
  return [...map]
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, text]) => `${key}=${text}`)
    .sort()
}

describe('withdrawing', () => {
  it('withdrawing takes back the writes of one record, and leaves the newest of the others', () => {
    state.restore(writes({ va: 'stored', vd: 'stored' }), 1)
    state.stage(writes({ va: '1' }))
    const second = writes({ va: '2', vb: '2', vd: null })
    state.stage(second)
    const third = writes({ va: '3', vc: '3' })
    state.stage(third)
    state.withdraw(new Set([second]))
    expect(shown(state)).toEqual(['va=3', 'vc=3', 'vd=stored'])
    state.withdraw(new Set([third]))
    expect(shown(state)).toEqual(['va=1', 'vd=stored'])
    expect(texts(state.take())).toEqual({ va: '1' })
  })

  it('withdrawing keeps the order of writes through a commit that did not take place', () => {
    state.stage(writes({ va: 'older' }))
    const taken = state.take()
    state.stage(writes({ va: 'newer' }))
    state.putBack(taken)
    const last = writes({ va: 'last' })
    state.stage(last)
    state.withdraw(new Set([last]))
    expect(shown(state)).toEqual(['va=newer'])
  })
})
