/** The door of the pipeline for a program: what is submitted comes to an outcome, which is known by its id. */
import { describe, expect, it, vi } from 'vitest'
import { failuresIn, replayFailures } from '#admin/failures.ts'
import { DeliveredAvro, FailedAvro } from '#answers/codecs.ts'
import { TOPICS } from '#answers/topics.ts'
import { Values } from '#answers/values.ts'
import { asText } from '#core/codec.ts'
import { hasCode } from '#core/errors.ts'
import { HEADER, type NewRecord } from '#core/record.ts'
import { realSystem } from '#core/system.ts'
import { run } from '#engine/client/run.ts'
import type { Log } from '#engine/log/log.ts'
import { readAll } from '#engine/log/read-topic.ts'
import { encodeDeadLetter } from '#engine/record/dead-letter.ts'
import { answers } from '#pipelines/answers.ts'
import { AnswersService } from '#pipelines/answers-service.ts'
import { OutcomeIndex } from '#pipelines/outcome-index.ts'
import { dataFolder, of, plan, withLog } from '../cli/data-folder.ts'
import { delivered, failed, invalid } from '../cli/outcomes.ts'
import { scripted } from '../operators/values.ts'

const put = (log: Log, topic: string, ...records: readonly NewRecord[]) =>
  log.append([{ topic, partition: 0, records }])
const q2 = { key: Buffer.from('q2') }

const served = (use: (service: AnswersService, log: Log) => Promise<void>) =>
  withLog(dataFolder(), async log => {
    using service = new AnswersService({ log, plan, name: 'gate' })
    await use(service, log)
  })

async function rawIn(log: Log): Promise<readonly (readonly [string, string])[]> {
  const found: [string, string][] = []
  await readAll(log, TOPICS.raw, ({ value, headers }) => {
    const id = headers[HEADER.id]
    if (value) found.push([id ? asText(id) : '', asText(value)])
  })
  return found
}

describe('AnswersService.submit', () => {
  it('puts an event in unchanged, and answers with the id of its outcome', async () => {
    await served(async (service, log) => {
      expect(await service.submit({ id: 41, title: 'What is a fuse for?' })).toBe('41')
      const given = await service.submit({ title: 'What is a fuse for?' })
      expect(given).toMatch(/^gate\/\d+\/1$/)
      const raw = await rawIn(log)
      expect(raw.map(([, text]) => text).sort()).toEqual([
        '{"id":41,"title":"What is a fuse for?"}',
        '{"title":"What is a fuse for?"}',
      ])
      expect(raw.map(([id]) => id)).toContain(given)
    })
  })

  it('refuses an invalid event with every fault, and writes nothing', async () => {
    await served(async (service, log) => {
      const refused = service.submit({ title: 7, task_type: 'nonsense' })
      await expect(refused).rejects.toMatchObject({
        code: 'REJECTED',
        details: { reason: expect.stringMatching(/title must be text.*; task_type "nonsense" is not known/) },
      })
      await expect(service.submit('a text')).rejects.toMatchObject({ code: 'REJECTED' })
      expect(await rawIn(log)).toEqual([])
    })
  })

  it('refuses an event that is larger than the log takes', async () => {
    await served(async (service, log) => {
      const event = { title: 'x', user_data: 'x'.repeat(log.recordBytesMax) }
      await expect(service.submit(event)).rejects.toMatchObject({ code: 'REJECTED' })
      expect(await rawIn(log)).toEqual([])
    })
  })
})

describe('the outcome of an id', () => {
  it('is the outcome that the pipeline wrote', async () => {
    const model = scripted({ text: 'It cuts the current.' })
    await withLog(dataFolder(), async log => {
      const running = await run(answers({ model, judge: 'computed', threshold: 0 }), { log, name: 'pod' })
      using service = new AnswersService({ log, plan: running.plan, name: 'gate' })
      await service.start()
      const id = await service.submit({ title: 'What is a fuse for?', best_answer: 'It cuts the current.' })
      expect(await service.outcome(id)).toMatchObject({
        status: 'delivered',
        id,
        delivered: { answer: 'It cuts the current.' },
      })
      await service.put('no event', 'typed')
      expect(await service.outcome('typed')).toMatchObject({ status: 'failed', failed: { id: 'typed' } })
      await running.stop()
    })
  })

  it('is known for earlier records, and a wait for an outcome reads no topic again', async () => {
    await withLog(dataFolder(), async log => {
      await put(log, TOPICS.delivered, of(DeliveredAvro, delivered()))
      await put(log, TOPICS.failed, of(FailedAvro, invalid))
      const opening = vi.spyOn(log, 'openReader')
      using service = new AnswersService({ log, plan, name: 'gate' })
      await service.start()
      const opened = opening.mock.calls.length
      expect(await service.outcome('q1')).toMatchObject({ status: 'delivered' })
      expect(await service.outcome('raw/1')).toMatchObject({ status: 'failed', failed: invalid })
      const both = [service.outcome('q2'), service.outcome('q2')]
      expect(service.outcomeNow('q2')).toBeUndefined()
      await put(log, TOPICS.failed, of(FailedAvro, failed(), q2))
      expect((await Promise.all(both)).map(({ status }) => status)).toEqual(['failed', 'failed'])
      expect(opening).toHaveBeenCalledTimes(opened)
    })
  })

  it('is unknown again once its failure was sent again, and then the new outcome', async () => {
    await served(async (service, log) => {
      await put(log, TOPICS.failed, of(FailedAvro, failed(), q2))
      await service.start()
      expect(service.outcomeNow('q2')?.status).toBe('failed')
      const access = { log, plan, values: new Values(plan), isOwn: false }
      await replayFailures(log, await failuresIn(access), {
        application: access.plan.application,
        system: realSystem,
      })
      await service.caughtUp()
      expect(service.outcomeNow('q2')).toBeUndefined()
      const next = service.outcome('q2')
      await put(log, TOPICS.delivered, of(DeliveredAvro, delivered({ id: 'q2' })))
      expect((await next).status).toBe('delivered')
    })
  })

  it('may be a dead letter, under the id of its question', async () => {
    await served(async (service, log) => {
      const origin = {
        topic: TOPICS.generated,
        partition: 0,
        offset: 0,
        timestamp: 1,
        headers: {},
        value: null,
      }
      const value = encodeDeadLetter({
        id: 'record-1',
        application: plan.application,
        origin: { ...origin, key: Buffer.from('q3') },
        node: 'score',
        code: 'DECODE_FAILED',
        message: 'is none',
        stack: undefined,
        attempts: 1,
        failedAt: 4,
      })
      await put(log, plan.deadLetterTopic, { key: null, value, headers: {}, timestamp: 1 })
      await service.start()
      expect(service.outcomeNow('q3')).toMatchObject({ status: 'dead', letter: { node: 'score' } })
    })
  })

  it('is known although its copy could not be written', async () => {
    await withLog(dataFolder(), async log => {
      await put(log, TOPICS.delivered, of(DeliveredAvro, delivered()))
      const value = encodeDeadLetter({
        ...{
          id: 'record-1',
          application: plan.application,
          node: 'persist',
          code: 'REJECTED',
          message: 'no',
        },
        origin: {
          topic: TOPICS.delivered,
          partition: 0,
          offset: 0,
          timestamp: 1,
          headers: {},
          value: null,
          key: Buffer.from('q1'),
        },
        ...{ stack: undefined, attempts: 1, failedAt: Date.now() + 1e9 },
      })
      await put(log, plan.deadLetterTopic, { key: null, value, headers: {}, timestamp: 1 })
      using service = new AnswersService({ log, plan, name: 'gate' })
      await service.start()
      expect(service.outcomeNow('q1')?.status).toBe('delivered')
    })
  })

  it('is no longer waited for when the caller cancels or the service is closed', async () => {
    await served(async service => {
      await service.start()
      const reason = new Error('enough')
      await expect(service.outcome('q1', AbortSignal.abort(reason))).rejects.toBe(reason)
      const giving = new AbortController()
      const given = service.outcome('q1', giving.signal)
      giving.abort(reason)
      await expect(given).rejects.toBe(reason)
      const waiting = service.outcome('q1')
      service.close()
      await expect(waiting).rejects.toSatisfy(error => hasCode(error, 'LOG_CLOSED'))
      await expect(service.outcome('q1')).rejects.toSatisfy(error => hasCode(error, 'LOG_CLOSED'))
    })
  })
})

describe('an index of outcomes', () => {
  const q = (id: string, at: number) => delivered({ id, delivered_at: at })

  it('keeps the latest outcome of an id, in whatever order its topics are read', () => {
    const index = new OutcomeIndex(10)
    index.delivered(q('q2', 9))
    index.failed(failed({ failed_at: 5 }), '0/1')
    expect(index.get('q2')?.status).toBe('delivered')
    index.unfailed('0/1')
    expect(index.get('q2')?.status).toBe('delivered')
    index.failed(failed({ failed_at: 11 }), '0/3')
    expect(index.get('q2')?.status).toBe('failed')
  })

  it('forgets the ids whose outcomes are the oldest', () => {
    const index = new OutcomeIndex(2)
    for (const [at, id] of ['a', 'b', 'a', 'c'].entries()) index.delivered(q(id, at))
    expect(['a', 'b', 'c'].map(id => index.get(id)?.id)).toEqual(['a', undefined, 'c'])
  })
})
