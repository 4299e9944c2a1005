/** Tokens in the stream of a task: as they come, marked as unjudged, and never instead of the events. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { answerTo } from '#answers/simulated/answers.ts'
import { openAi, type Provider } from '#models/openai.ts'
import { type ModelServer, startModelServer } from '#models/simulated/server.ts'
import { type Opened, openGateway, post } from './open-gateway.ts'

const ASKED = { title: 'What is a fuse for?', best_answer: 'It cuts the current when there is too much.' }

/** The stream is opened meanwhile, also by a busy machine. */
const ANSWER_MS = 2_500

let server: ModelServer
let model: Provider
let opened: Opened
beforeEach(async () => {
  server = await startModelServer({
    answerTo,
    seed: 1,
    profile: { latency: { kind: 'fixed', ms: ANSWER_MS } },
  })
  model = openAi({ baseUrl: server.url, model: 'simulated', sendHints: true })
  opened = await openGateway(model)
})
afterEach(async () => {
  await opened[Symbol.asyncDispose]()
  await model.close()
  await server.close()
})

interface Told {
  readonly id: string | undefined
  readonly kind: string
  readonly data: Readonly<Record<string, unknown>>
}

async function streamed(id: unknown): Promise<readonly Told[]> {
  const { body } = await opened.server.inject({ url: `/task/${id}/events` })
  return [...body.matchAll(/^(?:id: (.*)\n)?event: (.*)\ndata: (.*)\n\n/gm)].map(
    ([, eventId, kind = '', data = '']) => ({ id: eventId, kind, data: JSON.parse(data) }),
  )
}

describe('GET /task/{id}/events', () => {
  it('has the tokens of a question that asked for them, and the tokens make the answer', async () => {
    const { body } = await opened.ask(post('/query', { ...ASKED, stream: true }))
    const events = await streamed(body.task_id)
    const tokens = events.filter(({ kind }) => kind === 'token')
    expect(tokens.length).toBeGreaterThan(1)
    const text = tokens.reduce((before, { data }) => before.slice(0, Number(data.at)) + String(data.text), '')
    const delivered = events.at(-1)
    expect(delivered).toMatchObject({ kind: 'delivered', data: { answer: text.trim() } })
    for (const { id, data } of tokens) {
      expect(id).toBeUndefined()
      expect(data).toMatchObject({ judged: false, attempt: 1, request_id: expect.any(String) })
    }
    expect(tokens.map(({ data }) => data.number)).toEqual(tokens.map((_, index) => index))
    expect(server.stats()).toMatchObject({ successes: 1, boughtTwice: 0 })
  })

  it('has no tokens for any other question', async () => {
    const { body } = await opened.ask(post('/query', ASKED))
    const kinds = (await streamed(body.task_id)).map(({ kind }) => kind)
    expect(kinds).toEqual(['accepted', 'delivered'])
  })

  it('begins again with a new attempt, with an event that says so', async () => {
    server.setProfile({ failing: 0, malformed: 1 })
    const { body } = await opened.ask(post('/query', { ...ASKED, stream: true }))
    const watched = streamed(body.task_id)
    await expect.poll(() => server.stats().malformed, { timeout: 20_000 }).toBeGreaterThan(0)
    server.setProfile({ malformed: 0 })
    const events = await watched
    const tokens = events.filter(({ kind }) => kind === 'token')
    const again = tokens.filter(({ data }) => data.restart === true)
    expect(again.length).toBeGreaterThan(0)
    for (const { data } of again) expect(data).toMatchObject({ at: 0, number: 0 })
    expect(events.at(-1)?.kind).toBe('delivered')
  })
})

it('POST /query refuses a `stream` that is no truth value', async () => {
  const { status, body } = await opened.ask(post('/query', { ...ASKED, stream: 'yes' }))
  expect(status).toBe(400)
  expect(body.faults).toMatchObject([{ pointer: '/stream' }])
})
