/** A question over HTTP: taken, joined, answered, found again. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { TOPICS } from '#answers/topics.ts'
import { CaudalError } from '#core/errors.ts'
import { realSystem } from '#core/system.ts'
import { readAll } from '#engine/log/read-topic.ts'
import type { Model } from '#models/model.ts'
import { RunIndex } from '#pipelines/run-index.ts'
import { LmdbCache } from '#stores/lmdb/cache.ts'
import { REPLY } from '../operators/values.ts'
import { asked, type Opened, openGateway, post, serverOf } from './open-gateway.ts'

/** Answers when the test says so. */
class HeldModel implements Model {
  calls = 0
  #release = Promise.withResolvers<void>()

  async complete() {
    this.calls++
    await this.#release.promise
    return { ...REPLY, text: 'It cuts the current.' }
  }

  release(): void {
    this.#release.resolve()
  }
}

let model: HeldModel
let opened: Opened
beforeEach(async () => {
  model = new HeldModel()
  opened = await openGateway(model)
})
afterEach(async () => {
  model.release()
  await opened[Symbol.asyncDispose]()
})

const FUSE = { title: 'What is a fuse for?' }

async function rawEvents(): Promise<readonly string[]> {
  const found: string[] = []
  await readAll(opened.log, TOPICS.raw, ({ value }) => value && found.push(Buffer.from(value).toString()))
  return found
}

describe('a question by POST /query', () => {
  it('is accepted when the log holds it, and its task shows the answer', async () => {
    const { status, body } = await opened.ask(post('/query', FUSE))
    expect(status).toBe(202)
    expect(body).toEqual({
      queued: true,
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      task_id: expect.any(String),
    })
    expect(await rawEvents()).toHaveLength(1)
    const early = await opened.ask({ url: `/task/${body.task_id}` })
    expect(early.body).toMatchObject({ id: body.id, title: FUSE.title })
    expect(early.body.state).toMatch(/^(accepted|generating)$/)
    await vi.waitFor(async () =>
      expect((await opened.ask({ url: `/task/${body.task_id}` })).body.state).toBe('generating'),
    )
    model.release()
    const done = await opened.ask({ url: `/task/${body.task_id}?wait=30s` })
    expect(done.body).toMatchObject({
      state: 'delivered',
      result: { answer: 'It cuts the current.', scores: { exactness: expect.any(Number) } },
    })
    expect((await opened.ask({ url: `/task/${body.id}` })).body).toEqual(done.body)
  })

  it('with a wait is answered as soon as the answer is delivered', async () => {
    const waiting = opened.ask(post('/query?wait=30s', FUSE))
    await vi.waitFor(() => expect(model.calls).toBe(1))
    model.release()
    const { status, body } = await waiting
    expect(status).toBe(200)
    expect(body).toMatchObject({ hit: false, state: 'delivered', answer: 'It cuts the current.' })
  })

  it('with a wait that is too short is accepted', async () => {
    expect((await opened.ask(post('/query?wait=1ms', FUSE))).status).toBe(202)
  })

  it('joins an equal question under way, and one answer is bought for both', async () => {
    const [first, second] = await Promise.all([
      opened.ask(post('/query', FUSE)),
      opened.ask(post('/query', { title: '  What is  a fuse for?\n' })),
    ])
    expect(second.body).toEqual({ ...first.body, joined: true })
    model.release()
    await opened.ask({ url: `/task/${first.body.task_id}?wait=30s` })
    expect(await rawEvents()).toHaveLength(1)
    expect(model.calls).toBe(1)
  })

  it('is another question when it must be fresh, has another task type or has more content', async () => {
    const first = await opened.ask(post('/query', FUSE))
    const fresh = await opened.ask(post('/query', { ...FUSE, fresh: true }))
    expect(fresh.body.id).toBe(first.body.id)
    expect(fresh.body.task_id).not.toBe(first.body.task_id)
    const typed = await opened.ask(post('/query', { ...FUSE, task_type: 'summarization' }))
    const more = await opened.ask(post('/query', { ...FUSE, content: 'In a car.' }))
    expect(new Set([first, typed, more].map(({ body }) => body.id)).size).toBe(3)
  })

  it('is one question under one Idempotency-Key, also for a second gateway without memory of it', async () => {
    const keyed = post('/query', FUSE, { 'idempotency-key': 'order-7' })
    const first = await opened.ask(keyed)
    expect(first.body.task_id).toBe('order-7')
    expect((await opened.ask(keyed)).body).toEqual(first.body)
    // What a gateway does that was started since: the event goes in once more, and admission drops it.
    await opened.gateway.service.submit({ id: 'order-7', ...FUSE })
    model.release()
    await opened.ask({ url: '/task/order-7?wait=30s' })
    expect(await rawEvents()).toHaveLength(2)
    expect(model.calls).toBe(1)
  })

  it('keeps the ended run that it had joined under its Idempotency-Key, also at a second gateway', async () => {
    const first = await opened.ask(post('/query', FUSE))
    const folder = mkdtempSync(join(tmpdir(), 'caudal-joined-'))
    const cache = new LmdbCache({ path: folder, system: realSystem })
    const headers = { 'idempotency-key': 'order-8' }
    const joining = await asked(serverOf({ ...opened.gateway, cache }), post('/query', FUSE, headers))
    const keyed = post('/query?wait=20s', FUSE, headers)
    expect(joining.body).toMatchObject({ task_id: first.body.task_id, joined: true })
    model.release()
    await opened.ask({ url: `/task/${first.body.task_id}?wait=20s` })
    expect((await opened.ask(keyed)).body).toMatchObject({ task_id: first.body.task_id, hit: false })
    const second = serverOf({ ...opened.gateway, cache, runs: new RunIndex() })
    expect((await asked(second, keyed)).body).toMatchObject({ task_id: first.body.task_id, hit: false })
    expect(await rawEvents()).toHaveLength(1)
    await cache.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('is refused under the Idempotency-Key of another question', async () => {
    const headers = { 'idempotency-key': 'order-7' }
    await opened.ask(post('/query', FUSE, headers))
    const { status, body } = await opened.ask(post('/query', { title: 'What is a valve for?' }, headers))
    expect([status, body.code]).toEqual([422, 'key_reused'])
    expect(await rawEvents()).toHaveLength(1)
  })

  it('is not accepted before the log has taken it, nor when the log refuses it', async () => {
    const { promise, reject } = Promise.withResolvers<void>()
    const appending = vi.spyOn(opened.log, 'append').mockReturnValueOnce(promise)
    let isAnswered = false
    const both = [opened.ask(post('/query', FUSE)), opened.ask(post('/query', FUSE))]
    for (const each of both) void each.then(() => (isAnswered = true))
    await vi.waitFor(() => expect(appending).toHaveBeenCalled())
    expect(isAnswered).toBe(false)
    reject(new CaudalError('LOG_UNAVAILABLE', { reason: 'no broker' }))
    const answers = await Promise.all(both)
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
      [503, 'log_unavailable'],
      [503, 'log_unavailable'],
    ])
    expect((await opened.ask(post('/query', FUSE))).body.joined).toBeUndefined()
  })
})

describe('GET /task', () => {
  it('knows no task for a question that nobody asked', async () => {
    const { status, type, body } = await opened.ask({ url: '/task/nothing' })
    expect([status, type, body.code]).toEqual([404, 'application/problem+json', 'task_unknown'])
  })

  it('shows no task of an organisation to a caller without a key', async () => {
    await opened.gateway.service.submit({ id: 'theirs', ...FUSE, organization_id: 'acme' })
    model.release()
    await opened.gateway.service.outcome('theirs')
    expect((await opened.ask({ url: '/task/theirs' })).status).toBe(404)
  })

  it('names the reason of a failed question', async () => {
    // Its answer must be JSON, which the model does not write.
    const queued = await opened.ask(post('/query', { ...FUSE, task_type: 'moderation' }))
    model.release()
    const { body } = await opened.ask({ url: `/task/${queued.body.task_id}?wait=50s` })
    expect(body).toMatchObject({ state: 'failed', reason: 'attempts_used_up', faults: [expect.any(String)] })
  })

  it('ends its wait when the gateway stops', async () => {
    const { body } = await opened.ask(post('/query', FUSE))
    const waiting = opened.ask({ url: `/task/${body.task_id}?wait=5m` })
    opened.gateway.service.close()
    expect((await waiting).body.code).toBe('stopping')
  })
})
