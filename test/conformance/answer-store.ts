/** The contract suite of the store of answers: what every database must do, read through the port alone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AnswerStore, StoredAnswer } from '#stores/answers.ts'
import { organizationOf } from '#stores/organization.ts'
import { describeVersions } from './version-store.ts'

export interface AnswerStoreFixture {
  readonly store: AnswerStore
  /** The rows of a statement, run as a person runs it. */
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** Gives everything back. */
  close(): Promise<void>
}

const ACME = organizationOf('acme')
const OTHER = organizationOf('other')
const NOBODY = organizationOf(undefined)

export function answer(more: Partial<StoredAnswer> = {}): StoredAnswer {
  return {
    id: 'run-1',
    organization: ACME,
    questionHash: 'a'.repeat(64),
    taskType: 'qa',
    userId: undefined,
    title: 'What is a fuse for?',
    content: undefined,
    answer: 'It cuts the current.',
    structured: undefined,
    scores: { exactness: 8, completeness: 7.5, clarity: 9, concision: 10, usefulness: 6 },
    final: 8.1,
    belowThreshold: false,
    errorAttempts: 1,
    qualityAttempts: 2,
    model: 'simulated',
    promptVersion: '1+7',
    requestId: 'call-1',
    calls: 4,
    tokensPrompt: 1_234,
    tokensCompletion: 56,
    costUsd: 0.00125,
    askedAt: 1_700_000_000_123,
    deliveredAt: 1_700_000_005_456,
    traceId: undefined,
    ...more,
  }
}

/** Runs the contract suite; `open` makes a store that holds nothing. */
export function describeAnswerStore(name: string, open: () => Promise<AnswerStoreFixture>): void {
  describe(`${name} is a store of answers`, () => {
    let fixture: AnswerStoreFixture
    let store: AnswerStore
    let count = 0
    /** Each test has organisations of its own. */
    const own = (more: Partial<StoredAnswer> = {}) => answer({ id: `run-${count++}`, ...more })
    beforeAll(async () => {
      fixture = await open()
      store = fixture.store
    })
    afterAll(() => fixture.close())

    it('returns each answer with all fields unchanged', async () => {
      const whole = own({
        userId: 'u-1',
        content: 'In a car, ñandú 🜁.',
        structured: '{"b": 1, "a": [null, "x"]}',
        costUsd: undefined,
        traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
        askedAt: 0,
      })
      await store.save([whole, own()])
      expect(await store.get(ACME, whole.id)).toEqual(whole)
    })

    it('stores texts that a database refuses: a character of code 0, also in JSON, and half a character', async () => {
      const hostile = own({
        title: 'a\0b',
        answer: 'x\ud800y',
        structured: '{"a": "\\u0000", "b": "\\\\u0000"}',
      })
      await store.save([hostile])
      const found = await store.get(ACME, hostile.id)
      expect(found).toMatchObject({ title: 'a\ufffdb', answer: 'x\ufffdy' })
      expect(JSON.parse(found?.structured ?? '')).toEqual({ a: '\ufffd', b: '\\u0000' })
    })

    it('keeps the newest answer of one id in whatever order answers come, within a batch and between batches', async () => {
      const id = 'same'
      const at = (deliveredAt: number) => own({ id, deliveredAt, answer: `of ${deliveredAt}` })
      await store.save([at(5), at(9), at(7)])
      expect((await store.get(ACME, id))?.answer).toBe('of 9')
      await store.save([at(8)])
      expect((await store.get(ACME, id))?.answer).toBe('of 9')
      await store.save([at(10)])
      expect((await store.get(ACME, id))?.answer).toBe('of 10')
    })

    it('changes nothing when a batch is written again, and accepts an empty batch', async () => {
      const organization = organizationOf('again')
      const batch = Array.from({ length: 450 }, () => own({ organization }))
      await store.save(batch)
      const before = await store.page(organization, { limit: 1_000 })
      await store.save(batch)
      await store.save([])
      expect(await store.page(organization, { limit: 1_000 })).toEqual(before)
      expect(before).toHaveLength(450)
    })

    it('finds the newest answer to a question', async () => {
      const questionHash = 'b'.repeat(64)
      await store.save([1, 3, 2].map(deliveredAt => own({ questionHash, deliveredAt })))
      expect((await store.newestOf(ACME, questionHash))?.deliveredAt).toBe(3)
      expect(await store.newestOf(ACME, 'c'.repeat(64))).toBeUndefined()
    })

    it('shows an organisation no answers of another one, nor those without one', async () => {
      const theirs = own({ organization: OTHER, questionHash: 'd'.repeat(64) })
      const none = own({ organization: NOBODY, questionHash: 'e'.repeat(64) })
      await store.save([theirs, none])
      for (const each of [theirs, none]) {
        expect(await store.get(ACME, each.id)).toBeUndefined()
        expect(await store.newestOf(ACME, each.questionHash)).toBeUndefined()
        expect(await store.get(each.organization, each.id)).toEqual(each)
      }
      const page = await store.page(ACME, { limit: 10_000 })
      expect(page.filter(({ organization }) => organization !== ACME)).toEqual([])
      expect(await store.page(OTHER, { limit: 10_000 })).toEqual([theirs])
    })

    it('pages through all answers once, the newest first, although many have the same time', async () => {
      const organization = organizationOf('paged')
      await store.save([1, 1, 1, 2, 3].map(deliveredAt => own({ organization, deliveredAt })))
      const seen: StoredAnswer[] = []
      for (let after: StoredAnswer | undefined; ; ) {
        const page = await store.page(organization, { limit: 2, after })
        if (page.length === 0) break
        seen.push(...page)
        after = page.at(-1)
      }
      expect(seen.map(({ deliveredAt }) => deliveredAt)).toEqual([3, 2, 1, 1, 1])
      expect(new Set(seen.map(({ id }) => id)).size).toBe(5)
    })

    it('narrows a page by time, task type, score and text', async () => {
      const organization = organizationOf('narrowed')
      const all = [
        own({ organization, deliveredAt: 1, final: 3 }),
        own({ organization, deliveredAt: 2, taskType: 'moderation' }),
        own({ organization, deliveredAt: 3, answer: 'Fifty % of it_all' }),
      ]
      await store.save(all)
      const ids = async (wanted: object) =>
        (await store.page(organization, { limit: 10, ...wanted })).map(({ deliveredAt }) => deliveredAt)
      expect(await ids({ since: 2 })).toEqual([3, 2])
      expect(await ids({ taskType: 'moderation' })).toEqual([2])
      expect(await ids({ below: 3.1 })).toEqual([1])
      expect(await ids({ text: 'fifty %' })).toEqual([3])
      expect(await ids({ text: '%' })).toEqual([3])
      expect(await ids({ text: "'; DROP TABLE response_event; --" })).toEqual([])
    })

    it('answers the documented queries', async () => {
      const questionHash = 'f'.repeat(64)
      await store.save([own({ questionHash, final: 7.25 })])
      const [row] = await fixture.query(
        `SELECT * FROM response_event WHERE question_hash = '${questionHash}' ORDER BY ts DESC LIMIT 5;`,
      )
      expect(row).toMatchObject({ question_hash: questionHash, title: 'What is a fuse for?' })
      const score = row?.score
      expect(typeof score === 'string' ? JSON.parse(score) : score).toMatchObject({ final: 7.25, clarity: 9 })
      expect(await fixture.query('SELECT * FROM response_event ORDER BY ts DESC LIMIT 20;')).toHaveLength(20)
    })

    describeVersions(() => store, own)
  })
}
