/** The part of the contract suite of the store of answers that is about versions of prompts. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { AnswerPair, AnswerStore, StoredAnswer } from '#stores/answers.ts'
import { organizationOf } from '#stores/organization.ts'
import type { PairsWanted, Sums, VersionRow } from '#stores/versions.ts'

const ALL = { from: 0, to: 1_000_000 }
const COMPARED = organizationOf('compared')
const BESIDE = organizationOf('beside')
const SCORES = { exactness: 5, completeness: 5, clarity: 5, concision: 5, usefulness: 5 }

/** One that differs from others by what is given. */
type Own = (more: Partial<StoredAnswer>) => StoredAnswer

export function describeVersions(storeOf: () => AnswerStore, own: Own): void {
  describe('versions of prompts', () => {
    let store: AnswerStore
    const given = (promptVersion: string, at: number, more: Partial<StoredAnswer> = {}) =>
      own({
        organization: COMPARED,
        taskType: 'compared',
        promptVersion,
        deliveredAt: at,
        askedAt: at - 10,
        ...more,
      })
    const versions = (more: object = {}) =>
      store.versions(COMPARED, { ...ALL, taskType: 'compared', ...more })
    beforeAll(async () => {
      store = storeOf()
      await store.save([
        given('1', 100, {
          final: 2,
          belowThreshold: true,
          costUsd: 0.5,
          errorAttempts: 0,
          qualityAttempts: 1,
        }),
        given('1', 200, { final: 10, costUsd: undefined, errorAttempts: 1, qualityAttempts: 2 }),
        given('1', 300, { final: 0.9, scores: { ...SCORES, clarity: 9 }, costUsd: 0.25, askedAt: 400 }),
        given('1+1', 250, { final: 7, model: 'larger' }),
        given('1+1', 260, { final: 8, askedAt: 0 }),
        given('1', 100, { taskType: 'other_task' }),
        given('1', 150, { organization: BESIDE, final: 1 }),
      ])
    })

    it('are added up one by one, each with its model, the last delivered first', async () => {
      const rows = await versions()
      expect(rows.map(({ promptVersion, model, answers }) => [promptVersion, model, answers])).toEqual([
        ['1', 'simulated', 3],
        ['1+1', 'simulated', 1],
        ['1+1', 'larger', 1],
      ])
      expect(rows[0]).toMatchObject({ taskType: 'compared', firstAt: 100, lastAt: 300, belowThreshold: 1 })
    })

    it('have sums, and a distribution whose bins hold each answer once', async () => {
      const [row] = await versions()
      expect(sumsOf(row?.marks.final)).toEqual([3, 12.9, 104.81])
      expect(row?.marks.final.bins).toEqual([1, 0, 1, 0, 0, 0, 0, 0, 0, 1])
      expect(row?.marks.clarity.bins).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 3])
      expect(sumsOf(row?.attempts)).toEqual([3, 7, 19])
    })

    it('keep what has no price out of the sum, and do not count it as 0', async () => {
      const [row] = await versions()
      expect(sumsOf(row?.costUsd)).toEqual([2, 0.75, 0.3125])
      await store.save([given('free', 1, { costUsd: undefined, taskType: 'unpriced' })])
      expect(sumsOf((await versions({ taskType: 'unpriced' }))[0]?.costUsd)).toEqual([0, 0, 0])
    })

    it('have the time to the answer, by nearest rank; where clocks differ it is none', async () => {
      const rows = await versions()
      const latencies = rows.map(({ latencyMs: { sum, p50, p95 } }) => [sum, p50, p95])
      expect(latencies).toEqual([
        [20, 10, 10],
        [260, 260, 260],
        [10, 10, 10],
      ])
      const many = Array.from({ length: 40 }, (_, index) => index + 1)
      await store.save(many.map(n => given('1', 1_000, { taskType: 'ranked', askedAt: 1_000 - n })))
      const [ranked] = await versions({ taskType: 'ranked' })
      expect(ranked?.latencyMs).toMatchObject({ p50: 20, p95: 38 })
    })

    it('are narrowed by time, its end not included, by task type and by organisation', async () => {
      const counted = (rows: readonly VersionRow[]) => rows.reduce((sum, { answers }) => sum + answers, 0)
      expect(counted(await versions({ from: 200, to: 300 }))).toBe(3)
      expect(counted(await versions({ taskType: 'other_task' }))).toBe(1)
      expect(counted(await store.versions(BESIDE, ALL))).toBe(1)
      expect(counted(await store.versions(undefined, { ...ALL, taskType: 'compared' }))).toBe(6)
      expect(await versions({ taskType: "'; DROP TABLE response_event; --" })).toEqual([])
    })

    it('are counted slice by slice of the time', async () => {
      const slices = await store.versionSlices(COMPARED, {
        taskType: 'compared',
        from: 100,
        to: 301,
        widthMs: 100,
      })
      const seen = slices.map(({ promptVersion, model, slice, answers }) => [
        slice,
        promptVersion,
        model,
        answers,
      ])
      expect(seen).toEqual([
        [0, '1', 'simulated', 1],
        [1, '1', 'simulated', 1],
        [1, '1+1', 'larger', 1],
        [1, '1+1', 'simulated', 1],
        [2, '1', 'simulated', 1],
      ])
    })

    describe('that have answered the same questions', () => {
      const WANTED: PairsWanted = {
        ...{ ...ALL, taskType: 'paired', limit: 100 },
        ...{ a: { promptVersion: '1' }, b: { promptVersion: '2' } },
      }
      const asked = (
        question: string,
        promptVersion: string,
        final: number,
        more: Partial<StoredAnswer> = {},
      ) => given(promptVersion, 500, { taskType: 'paired', questionHash: question, final, ...more })
      const finals = (pairs: readonly AnswerPair[]) =>
        pairs.map(({ questionHash, a, b }) => [questionHash, a.final, b.final])
      beforeAll(() =>
        store.save([
          asked('q1', '1', 8),
          asked('q1', '2', 3, { costUsd: undefined }),
          asked('q2', '1', 4, { scores: SCORES }),
          asked('q2', '2', 9, { scores: { ...SCORES, clarity: 8 }, costUsd: 0.00225 }),
          asked('q3', '1', 5),
          asked('q3', '2', 5),
          asked('q4', '1', 8),
          asked('q4', '2', 3, { model: 'larger' }),
          // Asked again: the newest counts.
          asked('q2', '1', 0, { deliveredAt: 400 }),
          asked('only one', '1', 9),
          asked('of another', '1', 9, { organization: BESIDE }),
          asked('of another', '2', 1, { organization: BESIDE }),
        ]),
      )

      it('are paired by question, each once, the worst change first, with both answers whole', async () => {
        const pairs = await store.versionPairs(COMPARED, WANTED)
        expect(finals(pairs)).toEqual([
          ['q1', 8, 3],
          ['q4', 8, 3],
          ['q3', 5, 5],
          ['q2', 4, 9],
        ])
        expect(pairs.map(({ change }) => change)).toEqual([-5, -5, 0, 5])
        expect(pairs[0]?.a).toEqual(await store.get(COMPARED, pairs[0]?.a.id ?? ''))
      })

      it('are paged through without a gap or a repetition, also where changes are equal', async () => {
        const seen: AnswerPair[] = []
        for (let after: AnswerPair | undefined; ; ) {
          const page = await store.versionPairs(COMPARED, { ...WANTED, limit: 1, after })
          if (page.length === 0) break
          seen.push(...page)
          after = page.at(-1)
        }
        expect(seen).toEqual(await store.versionPairs(COMPARED, WANTED))
      })

      it('are added up, prices only where both are known', async () => {
        const sums = await store.versionPairSums(COMPARED, WANTED)
        expect(sums).toMatchObject({ better: 1, worse: 2, same: 1 })
        expect(sumsOf(sums.marks.final)).toEqual([4, -5, 75])
        expect(sums.marks.clarity.sum).toBe(3)
        expect(sums.costUsd.count).toBe(3)
        expect(sums.costUsd.sum).toBeCloseTo(0.001, 12)
      })

      it('are narrowed to a model of a side, and are of the organisation alone', async () => {
        const larger = { ...WANTED, b: { promptVersion: '2', model: 'larger' } }
        expect(finals(await store.versionPairs(COMPARED, larger))).toEqual([['q4', 8, 3]])
        expect(await store.versionPairs(BESIDE, WANTED)).toHaveLength(1)
        expect(await store.versionPairs(undefined, WANTED)).toHaveLength(5)
        const nobody = await store.versionPairSums(organizationOf('nobody'), WANTED)
        expect(nobody).toMatchObject({ better: 0, marks: { final: { count: 0, sum: 0, squares: 0 } } })
      })
    })
  })
}

const sumsOf = (sums: Sums | undefined) => [sums?.count, sums?.sum, sums?.squares]
