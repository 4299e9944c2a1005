/** The contract suite of the store of the history: what every database must do, read through the port alone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { HistoryStore, TaskEvent } from '#stores/history.ts'
import { organizationOf } from '#stores/organization.ts'

export interface HistoryStoreFixture {
  readonly store: HistoryStore
  /** By the clock of the store. */
  readonly now: number
  close(): Promise<void>
}

export const KEPT_MS = 30 * 86_400_000
const ACME = organizationOf('acme')

export const event = (more: Partial<TaskEvent> = {}): TaskEvent => ({
  recordId: 'record-1',
  organization: ACME,
  taskId: 'run-1',
  taskType: 'qa',
  at: 1,
  rank: 1,
  kind: 'generated',
  detail: { attempt: 1 },
  ...more,
})

/** Runs the contract suite; `open` makes a store that holds nothing. */
export function describeHistoryStore(name: string, open: () => Promise<HistoryStoreFixture>): void {
  describe(`${name} is a store of the history`, () => {
    let fixture: HistoryStoreFixture
    let store: HistoryStore
    beforeAll(async () => {
      fixture = await open()
      store = fixture.store
    })
    afterAll(() => fixture.close())

    it('gives back the events of a run in order of time, then of rank, each as it was', async () => {
      const { now } = fixture
      const all = [
        event({ recordId: 'a', at: now, rank: 0, kind: 'accepted', detail: { title: 'ñandú 🜁' } }),
        event({ recordId: 'b', at: now + 5, rank: 11, detail: { nested: [{ a: null }] } }),
        event({ recordId: 'c', at: now + 5, rank: 12, kind: 'scored' }),
        event({ recordId: 'd', at: now + 90_000_000, rank: 1_000_000, kind: 'delivered' }),
      ]
      await store.append(all.toReversed())
      expect(await store.of(ACME, 'run-1')).toEqual(all)
    })

    it('changes nothing when events are written again, also within one batch', async () => {
      const again = event({ taskId: 'again', recordId: 'again', at: fixture.now })
      await store.append([again, again])
      await store.append([again])
      await store.append([])
      expect(await store.of(ACME, 'again')).toEqual([again])
    })

    it('takes texts that a database refuses, and events of any time', async () => {
      const odd = event({ taskId: 'odd', recordId: 'odd', at: 8.64e15, detail: { reply: 'a\0b\ud800' } })
      const early = event({ taskId: 'odd', recordId: 'early', at: fixture.now - KEPT_MS + 3_600_000 })
      await store.append([odd, early])
      const found = await store.of(ACME, 'odd')
      expect(found.map(({ recordId }) => recordId)).toEqual(['early', 'odd'])
      expect(found[1]?.detail).toEqual({ reply: 'a\ufffdb\ufffd' })
    })

    it('takes a batch of any size', async () => {
      const many = Array.from({ length: 501 }, (_, n) =>
        event({ taskId: 'many', recordId: `many-${n}`, at: fixture.now + n, rank: n }),
      )
      await store.append(many)
      expect(await store.of(ACME, 'many')).toEqual(many)
    })

    it('shows an organisation nothing of another', async () => {
      await store.append([
        event({ taskId: 'theirs', recordId: 'theirs', organization: organizationOf('other') }),
      ])
      expect(await store.of(ACME, 'theirs')).toEqual([])
      expect(await store.of(organizationOf(undefined), 'theirs')).toEqual([])
    })
  })
}
