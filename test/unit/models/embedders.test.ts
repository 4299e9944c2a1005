/** Embedders: the hashing one by its nature, and the provider's over real HTTP. */
import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import type { Embedder } from '#models/embedder.ts'
import { hashingEmbedder } from '#models/hashing-embedder.ts'
import { ModelError } from '#models/model.ts'
import { openAiEmbedder } from '#models/openai-embeddings.ts'
import { answering, call, failureOf, json, releases, simulated } from './answering.ts'

const cosine = (a: Float32Array, b: Float32Array): number => {
  const product = (x: Float32Array, y: Float32Array) =>
    x.reduce((sum, each, at) => sum + each * (y[at] ?? 0), 0)
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b))
}

function embedder(baseUrl: string, more: { readonly dimensions?: number; readonly apiKey?: string } = {}) {
  const made = openAiEmbedder({ baseUrl, model: 'text-embedding', dimensions: 3, ...more })
  releases.push(() => made.close())
  return made
}

const vectors = (embedding: unknown) => json(200, { data: [{ object: 'embedding', index: 0, embedding }] })
const embedded = (from: Embedder, text = 'Why?') => from.embed(text, call())

test('the hashing embedder gives texts that share words the nearer vectors', async () => {
  const [a, b, c] = await Promise.all(
    ['Why is the sky blue?', 'why the SKY is blue', 'How do I cook rice?'].map(text =>
      embedded(hashingEmbedder, text),
    ),
  )
  expect(a).toHaveLength(512)
  expect(cosine(a as Float32Array, b as Float32Array)).toBeGreaterThan(0.99)
  expect(cosine(a as Float32Array, c as Float32Array)).toBeLessThan(0.5)
})

test.each(['', '?', '日本', '😀', '\ud800', 'x'.repeat(10_000)])(
  'the hashing embedder gives a usable vector for %j',
  async text => {
    const vector = await embedded(hashingEmbedder, text)
    expect(vector.every(Number.isFinite) && vector.some(component => component !== 0)).toBe(true)
  },
)

test("the provider's embedder sends one text and returns the vector of that text", async () => {
  const { baseUrl, seen } = await answering(vectors([0.5, -1, 0]))
  const vector = await embedded(embedder(baseUrl, { apiKey: 'secret' }))
  expect([...vector]).toEqual([0.5, -1, 0])
  expect(seen[0]?.path).toBe('/v1/embeddings')
  expect(seen[0]?.headers).toMatchObject({ authorization: 'Bearer secret', 'x-request-id': 'r1' })
  expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
    model: 'text-embedding',
    input: 'Why?',
    encoding_format: 'float',
  })
})

test('the simulated server returns embeddings in the form of a provider', async () => {
  const { server } = await simulated()
  expect(await embedded(embedder(server.url, { dimensions: 256 }), 'Why is the sky blue?')).toHaveLength(256)
})

test.each([
  ['another length', [1, 2], 'a vector of 2 dimensions came instead of 3'],
  ['nothing', undefined, 'a vector of 0 dimensions came instead of 3'],
  ['what is no number', [1, 'NaN', 3], 'component 1 is NaN, which is no number'],
  ['null', [1, null, {}], 'which is no number'],
  ['more than a float holds', [1, 1e39, 3], 'component 1 is 1e+39, which is no number'],
  ['zeros alone', [0, 0, 0], 'all components are 0'],
])('a vector of %s is refused, and the error says what to do', async (_, embedding, reason) => {
  const { baseUrl } = await answering(vectors(embedding))
  await expect(embedded(embedder(baseUrl))).rejects.toMatchObject({
    code: 'EMBEDDING_INVALID',
    message: expect.stringContaining(reason),
  })
})

test.each([
  [401, 'other'],
  [429, 'rate_limit'],
  [503, 'unavailable'],
])(
  'the status %i of an embeddings call becomes the error of a model, without the key',
  async (status, type) => {
    const refusing = (response: ServerResponse) =>
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end('{"error":{"message":"secret-of-16-letters"}}')
    const { baseUrl } = await answering(refusing)
    const error = await failureOf(embedded(embedder(baseUrl, { apiKey: 'secret-of-16-letters' })))
    expect(error).toBeInstanceOf(ModelError)
    expect(error).toMatchObject({ errorType: type })
    expect(String(error)).not.toContain('secret-of-16-letters')
  },
)

test('a search that is cancelled ends with the reason of its signal', async () => {
  const { baseUrl } = await answering(() => {})
  const giving = new AbortController()
  const waiting = embedder(baseUrl).embed('Why?', { signal: giving.signal, requestId: 'r1' })
  giving.abort(new TypeError('given up'))
  await expect(waiting).rejects.toThrow('given up')
})
