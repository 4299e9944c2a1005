/** Replies that no provider should send, through the whole graph over real HTTP: each ends with a reason, none in a crash. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { Delivered, Failed } from '#answers/types.ts'
import { openAi } from '#models/openai.ts'
import { answers } from '#pipelines/answers.ts'
import { walk } from './walk.ts'

const releases: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const release of releases.splice(0)) await release()
})

/** One question against a server that answers every call alike. */
async function outcomeOf(answer: (response: ServerResponse) => void) {
  const server = createServer((request, response) => {
    request.resume()
    request.once('end', () => answer(response))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // It listens on TCP, where an address is always this.
  const connections = { replyBytesMax: 2_000_000 }
  const model = openAi({ baseUrl: `http://127.0.0.1:${port}/v1`, model: 'm', timeout: '2s', connections })
  releases.push(
    () => model.close(),
    () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  const event = Buffer.from(JSON.stringify({ id: 'q', title: 'Two and two?', best_answer: 'Four' }))
  const graph = answers({ model, judge: 'computed', threshold: 0, attemptsMax: 2 })
  const { topics, delaysMs } = await walk(graph, 'datos_crudos', [event])
  return {
    failed: (topics.get('llm.failed') ?? []) as Failed[],
    delivered: (topics.get('datos_procesados') ?? []) as Delivered[],
    retries: delaysMs.length,
  }
}

const send =
  (status: number, body: string | Uint8Array, headers: Record<string, string> = {}) =>
  (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(body)
  }
const saying = (message: object, more: object = {}) =>
  JSON.stringify({ choices: [{ message, finish_reason: 'stop' }], ...more })

/** More than `outcomeOf` allows attempts. */
const REFUSALS = 5
const PAGE = `<html>${'x'.repeat(1_000_000)}</html>`
const GARBAGE = Uint8Array.of(0x1f, 0x8b, 8, 0, 255, 254, 253, 0, 1, 2)

test.each<[string, (response: ServerResponse) => void, string]>([
  ['garbage said to be zipped', send(200, GARBAGE, { 'content-encoding': 'gzip' }), 'is not JSON'],
  [
    'a web page with 200',
    send(200, PAGE, { 'content-type': 'text/html' }),
    'a web page came instead of a reply',
  ],
  ['a web page as JSON', send(200, PAGE), 'a web page came instead of a reply'],
  [
    'half an answer',
    send(200, saying({ content: 'Fo' }).replace('"stop"', '"error"')),
    'finish_reason is error',
  ],
  [
    'an answer of a megabyte',
    send(200, saying({ content: 'x'.repeat(1_000_000) })),
    'has 1000000 bytes, an answer may',
  ],
  ['a failure with a huge page', send(500, PAGE, { 'content-type': 'text/html' }), '500 <html>xxx'],
  ['a refusal with a huge page', send(400, PAGE, { 'content-type': 'text/html' }), 'see its prompt'],
  ['a reply without end', send(200, saying({ content: PAGE.repeat(3) })), 'larger than replyBytesMax'],
  ['no choices', send(200, '{"choices":[]}'), 'has no choices'],
  ['no message', send(200, '{"choices":[{}]}'), 'has no choices'],
  ['null as content', send(200, saying({ content: null })), 'the reply is empty'],
  ['a list as content', send(200, saying({ content: [{ type: 'text' }] })), 'the reply is empty'],
  ['a refusal', send(200, saying({ content: null, refusal: 'I will not' })), 'withheld the reply'],
  ['nothing at all', send(204, ''), 'the reply was empty'],
])(
  'a question that gets %s as its reply is tried again, then given up with the reason',
  async (_, answer, reason) => {
    const { failed, delivered, retries } = await outcomeOf(answer)
    expect(delivered).toEqual([])
    expect(retries).toBe(1)
    expect(failed).toMatchObject([{ id: 'q', reason: 'attempts_used_up', request: { error_attempts: 2 } }])
    expect(failed[0]?.faults[0]).toContain(reason)
    expect(JSON.stringify(failed).length).toBeLessThan(10_000)
  },
)

test.each<[string, (response: ServerResponse) => void]>([
  ['a redirect', send(307, '', { location: 'https://example.com/' })],
  ['an empty account', send(402, '{}')],
  ['a method that is not allowed', send(405, '')],
])(
  'a question waits without spending an attempt after %s, which only a person can fix',
  async (_, refusal) => {
    let calls = 0
    const mended = send(200, saying({ content: 'Four' }))
    const { delivered, failed, retries } = await outcomeOf(response =>
      (calls++ < REFUSALS ? refusal : mended)(response),
    )
    expect(failed).toEqual([])
    expect(retries).toBe(REFUSALS)
    expect(delivered).toMatchObject([{ answer: 'Four', calls: 1 }])
  },
)

test.each<[string, (response: ServerResponse) => void]>([
  ['before', response => response.destroy()],
  [
    'after the headers of',
    response => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{"choices":', () => response.destroy())
    },
  ],
])(
  'a question whose connection is cut %s a reply is tried again, then given up with the reason',
  async (_, answer) => {
    const { failed, retries } = await outcomeOf(answer)
    expect(retries).toBe(1)
    expect(failed[0]?.faults[0]).toMatch(/by unavailable: .* cannot be reached \(/)
  },
)

test('an answer with nonsense for token counts is delivered', async () => {
  const usage = { prompt_tokens: 1e18, completion_tokens: 0.5 }
  const { delivered } = await outcomeOf(send(200, saying({ content: 'Four' }, { usage })))
  expect(delivered).toMatchObject([{ answer: 'Four', tokens_completion: 1 }])
  expect(delivered[0]?.tokens_prompt).toBeLessThan(10_000)
})

test('an answer is delivered in whatever form the provider wraps it', async () => {
  const wrapped = saying({ content: [{ type: 'text', text: '<think>hm</think>Four' }] })
  const { delivered } = await outcomeOf(send(200, wrapped, { 'content-type': 'text/plain' }))
  expect(delivered).toMatchObject([{ answer: 'Four', calls: 1 }])
})

test('useless replies are in the cost of their question', async () => {
  const usage = { prompt_tokens: 1_000, completion_tokens: 1_000 }
  const cut = saying({ content: null, tool_calls: [{}] }, { usage, model: 'gpt-4o-mini' })
  const { failed } = await outcomeOf(send(200, cut))
  expect(failed).toMatchObject([{ request: { spent: { calls: 2, tokens_prompt: 2_000, cost_usd: 0.0015 } } }])
})
