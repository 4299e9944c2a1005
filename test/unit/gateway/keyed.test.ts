/** What a request under an Idempotency-Key is, when it comes again. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { questionHash } from '#answers/question-hash.ts'
import { realSystem } from '#core/system.ts'
import { RunIndex } from '#pipelines/run-index.ts'
import { LmdbCache } from '#stores/lmdb/cache.ts'
import { organizationOf } from '#stores/organization.ts'
import { answerKey } from '#stores/stored-answer.ts'
import { type ScriptedModel, scripted } from '../operators/values.ts'
import { asked, type Opened, openGateway, post, serverOf } from './open-gateway.ts'

const NOBODY = organizationOf(undefined)
const A = { title: 'What is a fuse for?' }
const B = { title: 'What is a valve for?' }
const KEY = { 'idempotency-key': 'order-7' }

let folder: string
let model: ScriptedModel
let cache: LmdbCache
let opened: Opened
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caudal-keyed-'))
  cache = new LmdbCache({ path: folder, system: realSystem })
  model = scripted({ text: 'It cuts the current.' })
  opened = await openGateway(model, { cache })
})
afterEach(async () => {
  await opened[Symbol.asyncDispose]()
  await cache.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The answer to the question is in the cache. */
async function known(question: { readonly title: string }): Promise<void> {
  await opened.ask(post('/query?wait=30s', question))
  const key = answerKey(questionHash({ task_type: 'qa', ...question }))
  await vi.waitFor(async () => expect(await cache.get(NOBODY, key)).toBeDefined())
}

const chat = ({ title }: { readonly title: string }) => ({
  model: 'caudal/qa',
  messages: [{ role: 'user', content: title }],
})

describe('a question whose key may have been used before', () => {
  it('is joined by nobody before it was let in', async () => {
    // As admission does with a key that it knows, nothing comes of the event.
    vi.spyOn(opened.gateway.service, 'append').mockResolvedValueOnce()
    expect((await opened.ask(post('/query', A, KEY))).status).toBe(202)
    const { status, body } = await opened.ask(post('/query?wait=30s', A))
    expect([status, body.state, body.joined]).toEqual([200, 'delivered', undefined])
  })
})

describe('another body under an Idempotency-Key is refused', () => {
  it.each<[string, string, object, string, object]>([
    ['although its answer is known', '/query', A, '/query', B],
    ['where the answer of the first was known', '/query', B, '/query', A],
    ['where best_answer alone differs', '/query', A, '/query', { ...A, best_answer: 'x' }],
    ['where fresh alone differs', '/query', A, '/query', { ...A, fresh: true }],
    ['by a chat', '/query', A, '/v1/chat/completions', chat(B)],
    ['behind a chat', '/v1/chat/completions', chat(B), '/query', A],
  ])('%s', async (_, firstUrl, first, secondUrl, second) => {
    await known(B)
    expect((await opened.ask(post(firstUrl, first, KEY))).status).toBeLessThan(300)
    for (const runs of [opened.gateway.runs, new RunIndex()]) {
      const other = await asked(serverOf({ ...opened.gateway, runs }), post(secondUrl, second, KEY))
      const { code } = { ...other.body, ...Object(other.body.error) }
      expect([other.status, code]).toEqual([422, 'key_reused'])
    }
    expect((await opened.ask(post(firstUrl, first, KEY))).status).toBeLessThan(300)
  })
})
