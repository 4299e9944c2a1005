/** A record that nobody can read ends no view of the gateway: it is logged, counted and left out. */
import { describe, expect, it, test, vi } from 'vitest'
import { DeliveredAvro, FailedAvro, IntakeAvro } from '#answers/codecs.ts'
import { TOPICS } from '#answers/topics.ts'
import { NO_HEADERS } from '#core/record.ts'
import { realSystem } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import { Metrics } from '#observability/metrics/metrics.ts'
import { AnswersService } from '#pipelines/answers-service.ts'
import { EventFeed } from '#pipelines/event-feed.ts'
import { loggedLeftOut } from '#pipelines/left-out.ts'
import { RunIndex } from '#pipelines/run-index.ts'
import { organizationOf } from '#stores/organization.ts'
import { dataFolder, of, plan, withLog } from '../cli/data-folder.ts'
import { delivered, failed } from '../cli/outcomes.ts'
import { seriesOf } from '../observability/metrics/scraped.ts'

const STRAY = { key: null, value: Buffer.from('no Avro'), headers: NO_HEADERS, timestamp: 0 }
const ASKED = { id: 'q1', task_type: 'qa', title: 'What is a fuse for?', asked_at: 1 }
const LAST = of(DeliveredAvro, delivered({ id: 'last' }))
const NOBODY = organizationOf(undefined)

/** A stray record in each topic of outcomes and intakes, then one of the pipeline. */
const putBehindStrays = (log: Log) =>
  log.append([
    { topic: TOPICS.intake, partition: 0, records: [STRAY, of(IntakeAvro, ASKED)] },
    { topic: TOPICS.delivered, partition: 0, records: [STRAY, of(DeliveredAvro, delivered())] },
    { topic: TOPICS.failed, partition: 0, records: [STRAY, of(FailedAvro, failed())] },
    { topic: plan.deadLetterTopic, partition: 0, records: [STRAY] },
  ])

function logging() {
  const lines: unknown[] = []
  const leftOut = loggedLeftOut({ warn: (_, fields) => void lines.push(fields) })
  return { lines, leftOut }
}

describe('a stray record', () => {
  it('does not stop the start or the waits of a service, which logs the place of the record', async () => {
    await withLog(dataFolder(), async log => {
      const { lines, leftOut } = logging()
      const runs = new RunIndex()
      await putBehindStrays(log)
      for (let start = 0; start < 2; start++) {
        using service = new AnswersService({ log, plan, name: 'gate', runs, leftOut })
        await service.start()
        expect((await service.outcome('q1')).status).toBe('delivered')
        expect((await service.outcome('q2')).status).toBe('failed')
        expect(runs.get(NOBODY, ASKED.id)).toBeDefined()
        const next = service.outcome(`next ${start}`)
        await log.append([
          {
            topic: TOPICS.delivered,
            partition: 0,
            records: [STRAY, of(DeliveredAvro, delivered({ id: `next ${start}` }))],
          },
        ])
        expect((await next).status).toBe('delivered')
      }
      expect(lines).toContainEqual({
        topic: TOPICS.delivered,
        partition: 0,
        offset: 0,
        reason: expect.any(String),
      })
      expect(new Set(lines.map(line => (line as { readonly topic: string }).topic))).toEqual(
        new Set([TOPICS.intake, TOPICS.delivered, TOPICS.failed, plan.deadLetterTopic]),
      )
    })
  })

  it('does not stop a stream of events, and is counted', async () => {
    using metrics = new Metrics({ system: realSystem })
    metrics.start()
    await withLog(dataFolder(), async log => {
      using feed = new EventFeed({ log, plan, system: realSystem, leftOut: logging().leftOut })
      await feed.start()
      await putBehindStrays(log)
      await vi.waitFor(() => expect(feed.recent(NOBODY, 'q1')).toHaveLength(2))
      await vi.waitFor(() => expect(feed.recent(NOBODY, 'q2')).toHaveLength(1))
    })
    const series = seriesOf((await metrics.scrape()).text)
    expect(series.get(`caudal_left_out_total{topic="${TOPICS.delivered}",what="record"}`)).toBe(1)
  })

  it('is reported and counted once, however many views of the process read its topic', async () => {
    using metrics = new Metrics({ system: realSystem })
    metrics.start()
    const { lines, leftOut } = logging()
    await withLog(dataFolder(), async log => {
      await putBehindStrays(log)
      using feed = new EventFeed({ log, plan, system: realSystem, leftOut })
      using service = new AnswersService({ log, plan, name: 'gate', runs: new RunIndex(), leftOut })
      using other = new AnswersService({ log, plan, name: 'other', runs: new RunIndex(), leftOut })
      await feed.start()
      await Promise.all([service.start(), other.start()])
      await log.append([{ topic: TOPICS.delivered, partition: 0, records: [STRAY, LAST] }])
      await vi.waitFor(() => expect(feed.recent(NOBODY, 'last')).not.toHaveLength(0))
      for (const each of [service, other]) expect((await each.outcome('last')).status).toBe('delivered')
    })
    const places = lines.map(line => {
      const { topic, offset } = line as { readonly topic: string; readonly offset: number }
      return `${topic}/${offset}`
    })
    expect(places.filter(each => each.startsWith(`${TOPICS.delivered}/`)).sort()).toEqual([
      ...[`${TOPICS.delivered}/0`, `${TOPICS.delivered}/2`],
    ])
    expect(new Set(places).size).toBe(places.length)
    const series = seriesOf((await metrics.scrape()).text)
    expect(series.get(`caudal_left_out_total{topic="${TOPICS.delivered}",what="record"}`)).toBe(2)
  })

  it('stops a service without a listener for what it leaves out', async () => {
    await withLog(dataFolder(), async log => {
      await putBehindStrays(log)
      using service = new AnswersService({ log, plan, name: 'gate' })
      await expect(service.start()).rejects.toThrow()
      await expect(service.ended).rejects.toThrow()
    })
  })
})

test('a gap is reported once, and again as far as it has grown meanwhile', () => {
  const { lines, leftOut } = logging()
  const place = { topic: TOPICS.intake, partition: 1 }
  leftOut.gap(place, 0, 10)
  leftOut.gap(place, 4, 10)
  leftOut.gap({ ...place, partition: 2 }, 0, 5)
  leftOut.gap(place, 2, 12)
  expect(lines).toMatchObject([
    { partition: 1, to: 10 },
    { partition: 2, to: 5 },
    { partition: 1, to: 12 },
  ])
})
