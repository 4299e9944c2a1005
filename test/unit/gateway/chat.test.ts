/** Chat completions, asked by the client of OpenAI over HTTP. */
import OpenAI, { APIError } from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { TOPICS } from '#answers/topics.ts'
import { readAll } from '#engine/log/read-topic.ts'
import { SCOPES } from '#gateway/keys.ts'
import type { Model } from '#models/model.ts'
import { modelError, REPLY, scripted } from '../operators/values.ts'
import { HeldKeys, keyOf, ringOf } from './held-keys.ts'
import { type Opened, openGateway, post } from './open-gateway.ts'

const TEXT = `${'It cuts the current. '.repeat(120)}🌋`
const FUSE: OpenAI.ChatCompletionCreateParamsNonStreaming = {
  model: 'caudal/qa',
  messages: [{ role: 'user', content: 'What is a fuse for?' }],
}

let opened: Opened
afterEach(() => opened[Symbol.asyncDispose]())

interface Client {
  readonly openai: OpenAI
  /** Requests so far, those that the client repeats by itself too. */
  readonly requests: () => number
}

/** As anybody makes one: it repeats a request twice where the reply lets it. */
async function clientOf(more: ConstructorParameters<typeof OpenAI>[0] = {}): Promise<Client> {
  const url = await opened.server.listen({ host: '127.0.0.1', port: 0 })
  let requests = 0
  const counted: typeof fetch = (...of) => {
    requests++
    return fetch(...of)
  }
  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', fetch: counted, ...more })
  return { openai, requests: () => requests }
}

const ask = ({ openai }: Client, content: string, headers: Record<string, string> = {}) =>
  openai.chat.completions.create({ ...FUSE, messages: [{ role: 'user', content }] }, { headers })

/** Body of a request as somebody writes it who has other wishes. */
const raw = ({ openai }: Client, body: object): Promise<unknown> =>
  openai.post('/chat/completions', { body: { ...FUSE, ...body } })

async function errorOf(asked: Promise<unknown>): Promise<InstanceType<typeof APIError>> {
  const error = await asked.then(
    () => undefined,
    reason => reason,
  )
  if (error instanceof APIError) return error
  throw new TypeError(`expected an error of the API, not ${error}`)
}

/** A model that answers when it is let. */
function held() {
  const { promise, resolve } = Promise.withResolvers<void>()
  let calls = 0
  const model: Model = {
    async complete() {
      calls++
      await promise
      return { ...REPLY, text: TEXT }
    },
  }
  return { model, release: resolve, calls: () => calls }
}

describe('a completion', () => {
  it('holds the delivered answer, with its tokens and its cost', async () => {
    opened = await openGateway(scripted({ text: TEXT }))
    const client = await clientOf()
    const completion = await client.openai.chat.completions.create(FUSE)
    expect(completion).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-/),
      object: 'chat.completion',
      model: 'caudal/qa',
      choices: [{ index: 0, message: { role: 'assistant', content: TEXT }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 },
    })
    const taskId = completion.id.slice('chatcmpl-'.length)
    expect((await opened.ask({ url: `/task/${taskId}` })).body).toMatchObject({ state: 'delivered' })
  })

  it('is bought once for equal questions: at the same time, later, and by another route', async () => {
    const model = scripted({ text: TEXT })
    opened = await openGateway(model)
    const client = await clientOf()
    const all = await Promise.all(
      Array.from({ length: 5 }, () => client.openai.chat.completions.create(FUSE)),
    )
    expect(new Set(all.map(({ id }) => id)).size).toBe(1)
    const parts = [{ type: 'text', text: 'What is a fuse for?' }] as const
    const later = await client.openai.chat.completions.create({
      ...FUSE,
      messages: [{ role: 'user', content: [...parts] }],
    })
    expect(later.id).toBe(all[0]?.id)
    expect(model.calls).toHaveLength(1)
  })

  it('is the same under its Idempotency-Key, which no other question may use', async () => {
    const model = scripted({ text: TEXT })
    opened = await openGateway(model)
    const client = await clientOf()
    const key = { 'Idempotency-Key': 'chat-1' }
    const [first, again] = [await ask(client, 'One?', key), await ask(client, 'One?', key)]
    expect([first.id, again.id]).toEqual(['chatcmpl-chat-1', 'chatcmpl-chat-1'])
    expect(await errorOf(ask(client, 'Two?', key))).toMatchObject({ status: 422, code: 'key_reused' })
    expect(model.calls).toHaveLength(1)
  })

  it('is asked for once when it comes too late, and a second request finds its answer', async () => {
    const { model, release, calls } = held()
    opened = await openGateway(model)
    const client = await clientOf({ defaultQuery: { wait: '1ms' } })
    const error = await errorOf(client.openai.chat.completions.create(FUSE))
    expect(error).toMatchObject({ status: 504, code: 'not_in_time', type: 'server_error' })
    expect(client.requests()).toBe(1)
    const { body } = await opened.ask(post('/query', { title: 'What is a fuse for?' }))
    expect(body).toMatchObject({ joined: true })
    release()
    await opened.gateway.service.outcome(String(body.task_id))
    const completion = await client.openai.chat.completions.create(FUSE)
    expect(completion.choices[0]?.message.content).toBe(TEXT)
    expect(calls()).toBe(1)
  })

  it('is completed after its client has left, and the next request of that client does not buy it again', async () => {
    const { model, release, calls } = held()
    opened = await openGateway(model)
    const client = await clientOf()
    const leaving = new AbortController()
    const left = client.openai.chat.completions.create(FUSE, { signal: leaving.signal }).catch(() => 'left')
    await expect.poll(calls).toBe(1)
    leaving.abort()
    expect(await left).toBe('left')
    const again = client.openai.chat.completions.create(FUSE)
    release()
    expect((await again).choices[0]?.message.content).toBe(TEXT)
    expect(calls()).toBe(1)
  })

  it('ends in an error that no client repeats, where there will never be an answer', async () => {
    const model = scripted(modelError('invalid'))
    opened = await openGateway(model)
    const client = await clientOf()
    const error = await errorOf(client.openai.chat.completions.create(FUSE))
    expect(error).toMatchObject({ status: 422, code: 'question_failed', type: 'invalid_request_error' })
    expect(client.requests()).toBe(1)
  })

  it('requires a key where the gateway has keys', async () => {
    const keys = new HeldKeys()
    keys.set(keyOf('caudal_one', 'acme', SCOPES), keyOf('caudal_reader', 'acme', ['read']))
    opened = await openGateway(scripted({ text: TEXT }), {}, {}, await ringOf(keys))
    const client = await clientOf({ apiKey: 'caudal_one' })
    expect((await ask(client, 'One?')).choices[0]?.message.content).toBe(TEXT)
    const as = (apiKey: string) =>
      errorOf(ask({ ...client, openai: client.openai.withOptions({ apiKey }) }, 'One?'))
    expect(await as('none')).toMatchObject({ status: 401, code: 'invalid_api_key' })
    expect(await as('caudal_reader')).toMatchObject({ status: 403, type: 'permission_error' })
  })
})

describe('a streamed completion', () => {
  it('sends the delivered answer in chunks with its end and its usage, and nothing of earlier attempts', async () => {
    const [low, high] = [3, 9].map(score => JSON.stringify(verdict(score)))
    opened = await openGateway(
      scripted({ text: 'No idea.' }, { text: TEXT }),
      {},
      { judge: scripted({ text: low ?? '' }, { text: high ?? '' }), threshold: 8 },
    )
    const client = await clientOf()
    const chunks: OpenAI.ChatCompletionChunk[] = []
    const stream = await client.openai.chat.completions.create({
      ...FUSE,
      stream: true,
      stream_options: { include_usage: true },
    })
    for await (const chunk of stream) chunks.push(chunk)
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' })
    expect(chunks.length).toBeGreaterThan(4)
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(TEXT)
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop')
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 4_000, completion_tokens: 400 },
    })
    expect(new Set(chunks.map(({ id, object }) => `${id} ${object}`)).size).toBe(1)
  })

  it('ends with an error where there will never be an answer', async () => {
    opened = await openGateway(scripted(modelError('invalid')))
    const client = await clientOf()
    const read = async () => {
      const stream = await client.openai.chat.completions.create({ ...FUSE, stream: true })
      for await (const _ of stream);
    }
    expect(await errorOf(read())).toMatchObject({ code: 'question_failed' })
    expect(client.requests()).toBe(1)
  })
})

const verdict = (score: number) => ({
  scores: { exactness: score, completeness: score, clarity: score, concision: score, usefulness: score },
  feedback: 'fine',
})

describe('a chat request that the pipeline cannot fulfil', () => {
  const user = { role: 'user', content: 'One?' }
  const image = { type: 'image_url', image_url: { url: 'data:,' } }

  it.each<[string, object, string]>([
    ['a turn of the system', { messages: [{ role: 'system', content: 'Be brief.' }] }, 'messages[0].role'],
    ['two turns', { messages: [user, user] }, 'messages'],
    ['no turn', { messages: [] }, 'messages'],
    ['an image', { messages: [{ role: 'user', content: [image] }] }, 'messages[0].content[0]'],
    ['content that is a number', { messages: [{ role: 'user', content: 7 }] }, 'messages[0].content'],
    ['an empty text', { messages: [{ role: 'user', content: '' }] }, 'messages[0].content'],
    ['a long text', { messages: [{ role: 'user', content: 'x'.repeat(10_001) }] }, 'messages[0].content'],
    ['a character of code 0', { messages: [{ role: 'user', content: 'a\0' }] }, 'messages[0].content'],
    ['two choices', { n: 2 }, 'n'],
    ['a temperature', { temperature: 0.2 }, 'temperature'],
    ['tools', { tools: [] }, 'tools'],
    ['a stream that is no truth value', { stream: 'yes' }, 'stream'],
  ])('with %s gets an error that names the field, and puts in no question', async (_, body, param) => {
    opened = await openGateway(scripted({ text: TEXT }))
    const client = await clientOf()
    expect(await errorOf(raw(client, body))).toMatchObject({
      ...{ status: 400, code: 'invalid_request', type: 'invalid_request_error', param },
      message: expect.stringContaining(param),
    })
    let count = 0
    await readAll(opened.log, TOPICS.raw, () => count++)
    expect([count, client.requests()]).toEqual([0, 1])
  })

  it.each(['gpt-4o', 'caudal/', 'caudal/nonsense', 'caudal/QA'])(
    'for the model %s gets an error for an unknown model',
    async model => {
      opened = await openGateway(scripted({ text: TEXT }))
      expect(await errorOf(raw(await clientOf(), { model }))).toMatchObject({
        ...{ status: 404, code: 'model_not_found', param: 'model' },
      })
    },
  )
})
