/** What `caudal database rebuild` promises of any database: the rows that the topics tell of, however often and beside whatever. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Access } from '#admin/access.ts'
import { failuresIn, replayFailures } from '#admin/failures.ts'
import { type RebuildOptions, type RebuiltTopic, rebuild } from '#admin/rebuild.ts'
import { TOPICS } from '#answers/topics.ts'
import { Values } from '#answers/values.ts'
import { NO_HEADERS } from '#core/record.ts'
import { realSystem } from '#core/system.ts'
import type { AnswerStore } from '#stores/answers.ts'
import type { HistoryStore } from '#stores/history.ts'
import { organizationOf } from '#stores/organization.ts'
import { type Opened, openGateway, post } from '../unit/gateway/open-gateway.ts'
import { Switch, unsteadyAnswers } from '../unit/gateway/unsteady-stores.ts'
import { modelError, REPLY } from '../unit/operators/values.ts'

export interface RebuildFixture {
  readonly answers: AnswerStore
  readonly history: HistoryStore
  /** The rows of a statement, run as a person runs it. */
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** Gives everything back. */
  close(): Promise<void>
}

export const KEPT_MS = 86_400_000
const PATIENCE = { timeout: 20_000 }
const NOBODY = organizationOf(undefined)
const BROKEN = 'Why is it broken?'

const rowsOf = async ({ query }: RebuildFixture) => ({
  answers: await query('SELECT * FROM response_event ORDER BY id'),
  events: await query('SELECT * FROM task_event ORDER BY at, record_id'),
})

/** Runs the suite; `open` makes a database that holds nothing. */
export function describeRebuild(name: string, open: () => Promise<RebuildFixture>): void {
  describe(`a rebuild of ${name}`, () => {
    let live: RebuildFixture
    let again: RebuildFixture
    let opened: Opened
    let access: Access
    let isBroken = true
    const others: RebuildFixture[] = []

    beforeAll(async () => {
      live = await open()
      const { answers, history } = live
      const model = {
        complete: async ({ messages }: { readonly messages: readonly object[] }) => {
          if (isBroken && JSON.stringify(messages).includes(BROKEN))
            throw modelError('other', { spent: true })
          return REPLY
        },
      }
      opened = await openGateway(model, { answers, history }, { attemptsMax: 1 })
      const { plan } = opened.running
      access = { log: opened.log, plan, values: new Values(plan), isOwn: false }
      await asked('One?', 'Two?', BROKEN)
      await replayed()
    })
    afterEach(async () => {
      for (const each of others.splice(0)) await each.close()
    })
    afterAll(async () => {
      await opened[Symbol.asyncDispose]()
      await live.close()
    })

    async function emptied(): Promise<RebuildFixture> {
      again = await open()
      others.push(again)
      return again
    }

    const asked = (...titles: readonly string[]) =>
      Promise.all(titles.map(title => opened.ask(post('/query?wait=30s', { title }))))

    /** Its question has failed once, and is delivered by the replay. */
    async function replayed(): Promise<void> {
      isBroken = false
      const options = { application: access.plan.application, system: realSystem }
      await replayFailures(opened.log, await failuresIn(access), options)
      await vi.waitFor(
        async () => expect(await live.answers.page(NOBODY, { limit: 9 })).toHaveLength(3),
        PATIENCE,
      )
    }

    const rebuilt = (
      { answers, history }: Pick<RebuildFixture, 'answers' | 'history'>,
      more: Partial<RebuildOptions> = {},
    ): Promise<readonly RebuiltTopic[]> => {
      const { signal } = new AbortController()
      return rebuild(access, { answers, history, system: realSystem, historyMs: KEPT_MS, signal, ...more })
    }

    /** The pods write behind the answer: what they wrote is whole once it is what the topics say. */
    const expectAsLive = (fixture: RebuildFixture) =>
      vi.waitFor(async () => {
        await rebuilt(fixture)
        expect(await rowsOf(fixture)).toEqual(await rowsOf(live))
      }, PATIENCE)

    it('gives an empty database the rows that the pods wrote, those of a replayed question too', async () => {
      await expectAsLive(await emptied())
      const { answers, events } = await rowsOf(again)
      expect(answers).toHaveLength(3)
      const kinds = new Set(events.map(({ kind }) => kind))
      expect([...kinds].sort()).toEqual([
        'accepted',
        'call_failed',
        'delivered',
        'failed',
        'generated',
        'scored',
      ])
    })

    it('changes nothing in a complete database, and adds missing rows to another one', async () => {
      await expectAsLive(await emptied())
      const before = await rowsOf(again)
      await rebuilt(again)
      expect(await rowsOf(again)).toEqual(before)
      await again.query(`DELETE FROM task_event WHERE kind = 'delivered'`)
      await again.query(`DELETE FROM response_event WHERE title = 'One?'`)
      await rebuilt(again)
      expect(await rowsOf(again)).toEqual(before)
    })

    it('keeps a newer answer, and replaces an older one', async () => {
      await rebuilt(await emptied())
      const [one, two] = await again.answers.page(NOBODY, { limit: 2 })
      if (!one || !two) throw new TypeError('two answers were expected')
      const newer = { ...one, answer: 'of later', deliveredAt: one.deliveredAt + 1 }
      const other = await emptied()
      await other.answers.save([newer, { ...two, answer: 'of before', deliveredAt: two.deliveredAt - 1 }])
      await rebuilt(other)
      expect(await other.answers.get(NOBODY, one.id)).toEqual(newer)
      expect(await other.answers.get(NOBODY, two.id)).toEqual(two)
    })

    it('completes a database when it begins again after a stop in the middle', async () => {
      const { answers, history } = await emptied()
      const stopping = new AbortController()
      const append = history.append.bind(history)
      vi.spyOn(history, 'append').mockImplementationOnce(async events => {
        await append(events)
        stopping.abort(new TypeError('stopped'))
      })
      await expect(rebuilt({ answers, history }, { signal: stopping.signal })).rejects.toThrow('stopped')
      const part = await rowsOf(again)
      expect(part.events.length).toBeGreaterThan(0)
      expect(part.answers).toEqual([])
      await expectAsLive(again)
    })

    it('reports that the database failed in the middle, and blames no record', async () => {
      const { answers, history } = await emptied()
      const lever = new Switch()
      lever.off()
      await expect(rebuilt({ answers: unsteadyAnswers(answers, lever), history })).rejects.toMatchObject({
        code: 'UNAVAILABLE',
      })
    })

    it('gives a database that the pods write every row, with answers that arrive meanwhile', async () => {
      await live.query('DELETE FROM response_event')
      await live.query('DELETE FROM task_event')
      const titles = Array.from({ length: 12 }, (_, n) => `Beside ${n}?`)
      await Promise.all([asked(...titles), rebuilt(live), rebuilt(live)])
      await rebuilt(live)
      await expectAsLive(await emptied())
      expect((await rowsOf(again)).answers).toHaveLength(15)
    })

    it('leaves out events that are older than the history, and keeps all answers', async () => {
      const ahead = { ...realSystem, now: () => realSystem.now() + KEPT_MS + 60_000 }
      const topics = await rebuilt(await emptied(), { system: ahead })
      expect(topics.map(({ read, tooOld }) => read - tooOld)).toEqual(topics.map(() => 0))
      const { answers, events } = await rowsOf(again)
      expect(events).toEqual([])
      expect(answers).toEqual((await rowsOf(live)).answers)
    })

    it('leaves out topics that the log does not have yet', async () => {
      const { topics } = access.plan
      const notices = topics.get(TOPICS.failed)
      if (!notices) throw new TypeError('there is no topic of failures')
      const plan = { ...access.plan, topics: new Map([...topics, [TOPICS.notices, notices]]) }
      const { answers, history } = await emptied()
      const { signal } = new AbortController()
      const options = { answers, history, system: realSystem, historyMs: KEPT_MS, signal }
      const found = await rebuild({ ...access, plan }, options)
      expect(found.map(({ topic }) => topic)).not.toContain(TOPICS.notices)
      expect(await rowsOf(again)).toEqual(await rowsOf(live))
    })

    it('removes no row for a tombstone, and counts records that no codec reads', async () => {
      const [answered] = await live.answers.page(NOBODY, { limit: 1 })
      const key = Buffer.from(String(answered?.id))
      const shared = { key, headers: NO_HEADERS, timestamp: 1 }
      const records = [
        { ...shared, value: null },
        { ...shared, value: Buffer.from('no answer') },
      ]
      const before = await rebuilt(await emptied())
      await opened.log.append([{ topic: TOPICS.delivered, partition: 0, records }])
      const of = (topics: readonly RebuiltTopic[]) => topics.find(({ topic }) => topic === TOPICS.delivered)
      const after = of(await rebuilt(again))
      expect(after).toEqual({ ...of(before), read: Number(of(before)?.read) + 1, refused: 1 })
      expect(await rowsOf(again)).toEqual(await rowsOf(live))
    })
  })
}
