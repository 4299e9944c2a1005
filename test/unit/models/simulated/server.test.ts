/** The simulated provider over HTTP: OpenAI's shapes, drawn faults, and the count of what was bought. */

import { afterEach, expect, test } from 'vitest'
import { answerTo } from '#answers/simulated/answers.ts'
import { type ModelServerOptions, startModelServer } from '#models/simulated/server.ts'
import { manualTime, settle } from '../manual-time.ts'

const releases: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const release of releases.splice(0)) await release()
})

async function start(options: Partial<ModelServerOptions> = {}) {
  const server = await startModelServer({ answerTo, seed: 1, ...options })
  releases.push(server.close)
  const post = (path: string, body: unknown, requestId?: string, signal?: AbortSignal) =>
    fetch(`${server.url}${path}`, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: requestId === undefined ? {} : { 'x-request-id': requestId },
      ...(signal && { signal }),
    })
  const chat = (requestId?: string, more: object = {}, signal?: AbortSignal) =>
    post('/chat/completions', { ...CHAT, ...more }, requestId, signal)
  return { server, post, chat }
}

const CHAT = {
  model: 'simulated',
  messages: [
    { role: 'user', content: '<question>Two and two?</question> <reference>It is four.</reference>' },
  ],
}

/** What the tests read of an answer. */
interface Completion {
  readonly model: string
  readonly choices: readonly {
    readonly finish_reason: string
    readonly message: { readonly content: string }
  }[]
  readonly usage: { readonly total_tokens: number }
}
const completion = async (response: Response) => (await response.json()) as Completion
const contentOf = async (response: Response) => (await completion(response)).choices[0]?.message.content

test('the simulated server listens on the loopback interface alone', async () => {
  const { server } = await start()
  expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1$/)
})

test('the simulated server answers a chat completion in the form of OpenAI', async () => {
  const { chat } = await start()
  const response = await chat('r1')
  expect(response.status).toBe(200)
  expect(response.headers.get('x-request-id')).toBe('r1')
  expect(await completion(response)).toMatchObject({
    object: 'chat.completion',
    model: 'simulated',
    choices: [
      { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: expect.any(String) } },
    ],
    usage: { prompt_tokens: 17, total_tokens: expect.any(Number) },
  })
})

test('the simulated server gives the same request the same answer, also another server with the seed', async () => {
  const contents = async (seed: number) => {
    const { chat } = await start({ seed })
    return Promise.all([1, 2, 3, 4, 5, 6].map(async n => contentOf(await chat(`r${n}`))))
  }
  const first = await contents(1)
  expect(await contents(1)).toEqual(first)
  expect(await contents(2)).not.toEqual(first)
})

test('an answer of the simulated server gets better with feedback and with attempts', async () => {
  const { chat } = await start()
  const reference = 'one two three four five six seven eight nine ten eleven twelve'
  const lengthOf = async (n: number, caudal: object) =>
    (await contentOf(await chat(`r${n}`, { caudal: { reference, ...caudal } })))?.split(/\s+/).length ?? 0
  let better = 0
  for (let n = 0; n < 10; n += 1) {
    const [first, second, fourth] = [
      await lengthOf(n, { attempt: 1 }),
      await lengthOf(n, { attempt: 2 }),
      await lengthOf(n, { attempt: 4 }),
    ]
    expect(second).toBeGreaterThanOrEqual(first)
    expect(fourth).toBe(12)
    if (second > first) better += 1
  }
  expect(better).toBeGreaterThan(3)
})

test('a streamed answer is the same answer in chunks, with its usage and [DONE] at the end', async () => {
  const { chat, server } = await start()
  const whole = await contentOf(await chat('r1'))
  const response = await chat('r1', { stream: true, stream_options: { include_usage: true } })
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const events = (await response.text()).trim().split('\n\n')
  expect(events.at(-1)).toBe('data: [DONE]')
  const chunks = events.slice(0, -1).map(event => JSON.parse(event.replace('data: ', '')))
  expect(chunks.map(chunk => chunk.choices[0]?.delta.content ?? '').join('')).toBe(whole)
  expect(chunks.at(-1).usage.completion_tokens).toBeGreaterThan(0)
  expect(server.stats()).toMatchObject({ successes: 2, boughtTwice: 1 })
})

test('a request id that was answered, asked for again and refused counts as lost until it is answered again', async () => {
  const { server, chat } = await start()
  await chat('a')
  await chat('b')
  expect(server.lostIds()).toEqual([])
  server.setProfile({ rateLimited: 1 })
  await chat('a')
  await chat('never answered')
  expect(server.lostIds()).toEqual(['a'])
  server.setProfile({ rateLimited: 0 })
  await chat('a')
  expect(server.lostIds()).toEqual([])
})

test('the simulated server counts every success by its request id, and a second one as bought twice', async () => {
  const { server, chat } = await start()
  await chat('a')
  await chat('b')
  await chat('b')
  await chat()
  expect(server.successesById()).toEqual({ a: 1, b: 2, 'anonymous-1': 1 })
  const url = server.url.replace('/v1', '/stats')
  const stats = await (await fetch(`${url}?ids=1`)).json()
  expect(stats).toMatchObject({
    calls: 4,
    successes: 4,
    bought_twice: 1,
    in_flight: 0,
    successes_by_request_id: { b: 2 },
  })
  expect(await (await fetch(url)).json()).not.toHaveProperty('successes_by_request_id')
})

test('the simulated server meets the shares of its profile, differently for each attempt and alike in each run', async () => {
  const profile = { rateLimited: 0.2, failing: 0.2, malformed: 0.2, retryAfterMs: 1_500 }
  const run = async () => {
    const { chat } = await start({ profile })
    const statuses: number[] = []
    for (let n = 0; n < 100; n += 1) statuses.push((await chat(`r${n % 50}`)).status)
    return statuses
  }
  const first = await run()
  expect(await run()).toEqual(first)
  expect(first.slice(0, 50)).not.toEqual(first.slice(50))
  const share = (status: (status: number) => boolean) => first.filter(status).length
  expect(share(status => status === 429)).toBeGreaterThan(8)
  expect(share(status => status >= 500)).toBeGreaterThan(8)
  expect(share(status => status === 200)).toBeGreaterThan(40)
})

test('a refusal of the simulated server names the wait in seconds and in milliseconds', async () => {
  const { chat, server } = await start({ profile: { rateLimited: 1, retryAfterMs: 1_500 } })
  const response = await chat('r1')
  expect([
    response.status,
    response.headers.get('retry-after'),
    response.headers.get('retry-after-ms'),
  ]).toEqual([429, '2', '1500'])
  expect(await response.json()).toMatchObject({ error: { code: 'rate_limit_exceeded' } })
  expect(server.stats()).toMatchObject({ refused: 1, successes: 0 })
})

test('the simulated server delays each answer, holds thousands at once, and does not sell to a client that left', async () => {
  const time = manualTime()
  const { server, chat } = await start({
    system: time,
    profile: { latency: { kind: 'fixed', ms: 800 }, hanging: 0 },
  })
  const waiting = Array.from({ length: 50 }, (_, n) => chat(`r${n}`))
  const controller = new AbortController()
  const leaving = chat('leaving', {}, controller.signal)
  await expect.poll(() => server.stats().inFlight).toBe(51)
  controller.abort()
  await expect(leaving).rejects.toThrow()
  await expect.poll(() => server.stats().abandoned).toBe(1)
  await time.advance(799)
  expect(server.stats().successes).toBe(0)
  await time.advance(1)
  expect((await Promise.all(waiting)).every(({ status }) => status === 200)).toBe(true)
  expect(server.stats()).toMatchObject({ calls: 51, successes: 50, inFlight: 0 })
})

test('the simulated server answers a hanging call after its time, if the client still waits', async () => {
  const time = manualTime()
  const { server, chat } = await start({ system: time, profile: { hanging: 1, hangMs: 60_000 } })
  const pending = chat('r1')
  await expect.poll(() => server.stats().inFlight).toBe(1)
  await time.advance(59_999)
  await settle()
  expect(server.stats().successes).toBe(0)
  await time.advance(1)
  expect((await pending).status).toBe(200)
})

test('the profile of the simulated server can be changed while the server runs', async () => {
  const { server, chat } = await start({ profile: { failing: 1 } })
  expect((await chat('r1')).status).toBeGreaterThanOrEqual(500)
  server.setProfile({ failing: 0 })
  expect((await chat('r1')).status).toBe(200)
})

test('the end of the simulated server breaks off calls in flight and leaves nothing behind', async () => {
  const { server, chat } = await start({ profile: { hanging: 1 } })
  const pending = chat('r1')
  await expect.poll(() => server.stats().inFlight).toBe(1)
  await server.close()
  await expect(pending).rejects.toThrow()
  await expect(chat('r2')).rejects.toThrow()
})

test.each([
  ['no JSON', '{"model":', 400],
  ['a list', '[]', 400],
  ['null', 'null', 400],
  ['no model', { messages: CHAT.messages }, 400],
  ['no messages', { model: 'm', messages: [] }, 400],
  ['messages of another shape', { model: 'm', messages: [{ role: 'user' }] }, 400],
])('%s is refused in the form of OpenAI, and counts as no call', async (_, body, status) => {
  const { server, post } = await start()
  const response = await post('/chat/completions', body)
  expect(response.status).toBe(status)
  expect(await response.json()).toMatchObject({ error: { message: expect.any(String) } })
  expect(server.stats().calls).toBe(0)
})

test('the simulated server refuses a body that is too large', async () => {
  const { post } = await start()
  expect((await post('/chat/completions', `"${'x'.repeat(5_000_000)}"`)).status).toBe(413)
})

test('the simulated server lists its models, and answers 404 at other addresses', async () => {
  const { server, post } = await start()
  expect(await (await fetch(`${server.url}/models`)).json()).toMatchObject({ data: [{ id: 'simulated' }] })
  expect((await post('/nothing', {})).status).toBe(404)
  expect((await fetch(`${server.url}/chat/completions`)).status).toBe(404)
})

test('the simulated server gives texts that share words near embeddings, in either encoding', async () => {
  const { server, post } = await start()
  const input = ['Why is the sky blue?', 'The sky is blue, but why?', 'Bread rises with yeast']
  const embeddings = async (more: object = {}) => {
    const response = await post('/embeddings', { model: 'simulated', input, ...more })
    return ((await response.json()) as { data: { embedding: number[] | string }[] }).data.map(
      ({ embedding }) => embedding,
    )
  }
  const plain = (await embeddings()) as number[][]
  const dot = (a: number, b: number) =>
    (plain[a] ?? []).reduce((sum, x, place) => sum + x * (plain[b]?.[place] ?? 0), 0)
  expect(dot(0, 0)).toBeCloseTo(1, 10)
  expect(dot(0, 1)).toBeGreaterThan(0.9)
  expect(dot(0, 2)).toBeLessThan(0.5)
  const [encoded] = (await embeddings({ encoding_format: 'base64' })) as string[]
  const decoded = new Float32Array(new Uint8Array(Buffer.from(encoded ?? '', 'base64')).buffer)
  expect([...decoded]).toEqual([...Float32Array.from(plain[0] ?? [])])
  expect(server.stats()).toMatchObject({ calls: 0, embeddings: 2 })
  expect((await post('/embeddings', { model: 'm', input: [1] })).status).toBe(400)
})
