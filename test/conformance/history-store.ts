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

    it('returns the events of a run in order of time, then of rank, each unchanged', async () => {
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

    it('stores texts that a database refuses, and events of any time', async () => {
      const odd = event({ taskId: 'odd', recordId: 'odd', at: 8.64e15, detail: { reply: 'a\0b\ud800' } })
      const early = event({ taskId: 'odd', recordId: 'early', at: fixture.now - KEPT_MS + 3_600_000 })
      await store.append([odd, early])
      const found = await store.of(ACME, 'odd')
      expect(found.map(({ recordId }) => recordId)).toEqual(['early', 'odd'])
      expect(found[1]?.detail).toEqual({ reply: 'a\ufffdb\ufffd' })
    })

    it('stores a batch of any size', async () => {
      const many = Array.from({ length: 501 }, (_, n) =>
        event({ taskId: 'many', recordId: `many-${n}`, at: fixture.now + n, rank: n }),
      )
      await store.append(many)
      expect(await store.of(ACME, 'many')).toEqual(many)
    })

    it('shows an organisation no events of another one', async () => {
      await store.append([
        event({ taskId: 'theirs', recordId: 'theirs', organization: organizationOf('other') }),
      ])
      expect(await store.of(ACME, 'theirs')).toEqual([])
      expect(await store.of(organizationOf(undefined), 'theirs')).toEqual([])
    })

    it('finds the first event of each run, the newest first, narrowed and by pages', async () => {
      const org = organizationOf('listed')
      const first = (n: number, more: Partial<TaskEvent> = {}) =>
        event({
          ...{ organization: org, taskId: `listed-${n}`, recordId: `listed-${n}`, rank: 0, kind: 'accepted' },
          ...{ at: fixture.now + n, detail: { title: `Ñandú ${n}` } },
          ...more,
        })
      const refused = first(4, { kind: 'failed', rank: 1_000_000, detail: { reason: 'invalid_input' } })
      const twice = first(5, { taskId: 'listed-1' })
      const given = [first(1), first(2, { taskType: 'other' }), first(3), refused, twice]
      const later = first(3, {
        recordId: 'listed-later',
        kind: 'failed',
        detail: { reason: 'attempts_used_up' },
      })
      await store.append([...given, later])
      const found = async (more: object) => {
        const all = await store.firsts({ organization: org, limit: 10, ...more })
        return all.map(({ taskId }) => taskId)
      }
      expect(await found({})).toEqual(['listed-4', 'listed-3', 'listed-2', 'listed-1'])
      expect(await found({ limit: 2, after: first(3) })).toEqual(['listed-2', 'listed-1'])
      expect(await found({ taskType: 'other' })).toEqual(['listed-2'])
      expect(await found({ text: 'andú 3' })).toEqual(['listed-3'])
      expect(await found({ text: 'listed-1' })).toEqual(['listed-1'])
      expect(await found({ since: fixture.now + 2, until: fixture.now + 4 })).toEqual([
        'listed-3',
        'listed-2',
      ])
      expect(await store.firsts({ organization: ACME, limit: 10, text: 'listed-1' })).toEqual([])
      expect(await store.firsts({ limit: 10, text: 'listed-1' })).toMatchObject([{ taskId: 'listed-1' }])
    })

    it('returns the events of many runs without the long texts of models', async () => {
      const long = event({
        ...{ taskId: 'long', recordId: 'long', at: fixture.now },
        detail: { reply: 'x', messages: [{}], answer: 'y', structured: '{}', final: 7 },
      })
      const same = event({ ...long, recordId: 'same', organization: organizationOf('other') })
      await store.append([long, same])
      expect(await store.ofRuns([long])).toEqual([{ ...long, detail: { final: 7 } }])
      expect(await store.ofRuns([])).toEqual([])
    })

    it('adds up what calls cost, by each key, within a range of time', async () => {
      const org = organizationOf('paying')
      const call = (recordId: string, detail: object, more: Partial<TaskEvent> = {}) =>
        event({
          ...{ recordId, taskId: 'paid', organization: org, at: fixture.now },
          detail: { tokens_prompt: 3, tokens_completion: 4, model: 'm', ...detail },
          ...more,
        })
      await store.append([
        call('p1', { cost_usd: 0.25, prompt_version: '1' }),
        call('p2', { cost_usd: 0.5 }, { kind: 'call_failed' }),
        call('p3', { cost_usd: null }, { kind: 'scored' }),
        call('p4', { cost_usd: 8 }, { at: fixture.now + 60_000 }),
        call('p5', { cost_usd: 1, tokens_prompt: null }),
        call('p6', {}, { kind: 'waiting' }),
      ])
      const range = { organization: org, from: fixture.now, to: fixture.now + 1_000 }
      const row = { calls: 3, tokens: 21, usd: 0.75, unpriced: 1, usdUndelivered: 0.5 }
      expect(await store.costs({ ...range, by: 'model' })).toEqual([{ key: 'm', ...row }])
      expect(await store.costs({ ...range, by: 'organization' })).toEqual([{ key: 'paying', ...row }])
      expect(await store.costs({ ...range, by: 'task_type' })).toEqual([{ key: 'qa', ...row }])
      const versions = await store.costs({ ...range, by: 'prompt_version' })
      expect(versions.map(({ key, usd }) => [key, usd])).toEqual([
        ['', 0.5],
        ['1', 0.25],
      ])
      const attempts = await store.costs({ ...range, by: 'attempt' })
      expect(attempts.map(({ key }) => key)).toEqual(['failed', 'first', 'judged'])
    })

    it('counts the cost of a failed run as undelivered, until the run is sent again and delivered', async () => {
      const org = organizationOf('sent-again')
      const own = { taskId: 'again', organization: org, at: fixture.now }
      const detail = { tokens_prompt: 3, tokens_completion: 4, cost_usd: 0.5, model: 'm' }
      const undelivered = async () => {
        const range = { organization: org, from: fixture.now, to: fixture.now + 1_000 }
        return (await store.costs({ ...range, by: 'model' })).map(({ usdUndelivered }) => usdUndelivered)
      }
      await store.append([event({ ...own, recordId: 'a1', detail })])
      expect(await undelivered()).toEqual([0])
      await store.append([event({ ...own, recordId: 'a2', kind: 'failed' })])
      expect(await undelivered()).toEqual([0.5])
      await store.append([event({ ...own, recordId: 'a3', kind: 'delivered' })])
      expect(await undelivered()).toEqual([0])
    })
  })
}
