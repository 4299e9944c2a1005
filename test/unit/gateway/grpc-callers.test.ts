/** Who may call over gRPC and how much, what the port says of itself, and how it ends. */
import { type Metadata, status } from '@grpc/grpc-js'
import { afterEach, describe, expect, it } from 'vitest'
import { realSystem } from '#core/system.ts'
import type { ServedGrpc } from '#gateway/grpc/server.ts'
import { Rates } from '#gateway/rates.ts'
import type { Model } from '#models/model.ts'
import { manualTime } from '../models/manual-time.ts'
import { REPLY, scripted } from '../operators/values.ts'
import {
  clientOf,
  type GrpcClient,
  openRaw,
  promptBytes,
  rawCall,
  reflected,
  served,
} from './grpc-clients.ts'
import { bearer, HeldKeys, keyOf, ringOf } from './held-keys.ts'
import { type Opened, openGateway } from './open-gateway.ts'

const held = new HeldKeys()
held.set(
  keyOf('caudal_acme', 'acme', ['ask', 'read']),
  keyOf('caudal_globex', 'globex', ['ask', 'read']),
  keyOf('caudal_reader', 'acme', ['read']),
)
const ACME = { headers: bearer('caudal_acme') }
const GLOBEX = { headers: bearer('caudal_globex') }

let opened: Opened
let grpc: ServedGrpc
let client: GrpcClient

async function open(model: Model, more: Parameters<typeof served>[1] = {}): Promise<void> {
  opened = await openGateway(model, {}, {}, more.keys)
  grpc = await served(() => opened.gateway, more)
  client = clientOf(grpc.address)
}

afterEach(async () => {
  client[Symbol.dispose]()
  await grpc.close()
  await opened[Symbol.asyncDispose]()
})

const idle = scripted({ text: 'Fine.' })
const PATIENT = { timeout: 30_000 }
const first = (metadata: Metadata, name: string) => String(metadata.get(name)[0])

describe('a caller', () => {
  it.each([
    ['without a key', {}, status.UNAUTHENTICATED, 'unauthenticated'],
    ['with a wrong key', bearer('caudal_wrong'), status.UNAUTHENTICATED, 'unauthenticated'],
    ['with a key that may not ask', bearer('caudal_reader'), status.PERMISSION_DENIED, 'scope_missing'],
  ])('%s is refused, by both calls', async (_, headers, code, problem) => {
    await open(scripted({ text: 'Fine.' }), { keys: await ringOf(held) })
    for (const call of [client.generate, client.stream]) {
      const found = await call({ prompt: 'One?' }, { headers })
      expect(found.status.code).toBe(code)
      expect(first(found.status.metadata, 'caudal-code')).toBe(problem)
    }
  })

  it('gets the answer of its own organisation, which no other sees', async () => {
    const model = scripted({ text: 'For one.' }, { text: 'For the other.' })
    await open(model, { keys: await ringOf(held) })
    const mine = await client.generate({ prompt: 'One?' }, ACME)
    const theirs = await client.generate({ prompt: 'One?' }, GLOBEX)
    expect([mine.answer?.content, theirs.answer?.content]).toEqual(['For one.', 'For the other.'])
    const task = { url: `/task/${mine.answer?.task_id}` }
    expect((await opened.ask({ ...task, ...GLOBEX })).status).toBe(404)
    expect((await opened.ask({ ...task, ...ACME })).body).toMatchObject({ state: 'delivered' })
  })

  it('under the idempotency key of another organisation asks a question of its own', async () => {
    await open(scripted({ text: 'For one.' }, { text: 'For the other.' }), { keys: await ringOf(held) })
    const key = { 'idempotency-key': 'order-7' }
    const mine = await client.generate({ prompt: 'One?' }, { headers: { ...ACME.headers, ...key } })
    const theirs = await client.generate({ prompt: 'Two?' }, { headers: { ...GLOBEX.headers, ...key } })
    expect(theirs.answer?.content).toBe('For the other.')
    expect(theirs.answer?.task_id).not.toBe(mine.answer?.task_id)
  })

  it.each([
    ['of another host', { ':authority': 'gateway.example' }],
    ['behind a proxy', { 'x-forwarded-for': '10.0.0.7' }],
  ])('%s is refused without keys', async (_, headers) => {
    await open(scripted({ text: 'Fine.' }))
    const prompt = promptBytes('One?')
    expect((await rawCall(grpc.address, prompt, headers)).status).toBe(String(status.PERMISSION_DENIED))
    expect((await rawCall(grpc.address, prompt)).status).toBe(String(status.OK))
  })

  it.each([
    ['requests', { requestsAMinute: 1, questionsADay: 0 }, 'rate_limited'],
    ['questions', { requestsAMinute: 0, questionsADay: 1 }, 'quota_used_up'],
  ])('that has used up its %s learns when to come again', async (_, limits, problem) => {
    const rates = new Rates({ ...limits, shared: undefined, gateways: () => 1, system: realSystem })
    await open(scripted({ text: 'Fine.' }), { rates, keys: await ringOf(held) })
    expect((await client.generate({ prompt: 'One?' }, ACME)).status.code).toBe(status.OK)
    const { status: found } = await client.generate({ prompt: 'Two?' }, ACME)
    expect(found.code).toBe(status.RESOURCE_EXHAUSTED)
    expect(first(found.metadata, 'caudal-code')).toBe(problem)
    expect(Number(first(found.metadata, 'retry-after'))).toBeGreaterThan(0)
    expect((await client.generate({ prompt: 'Three?' }, GLOBEX)).status.code).toBe(status.OK)
  })

  it('is asked to come again while the gateway starts', async () => {
    await open(idle)
    const starting = await served(() => undefined)
    using early = clientOf(starting.address)
    const { status: found } = await early.generate({ prompt: 'One?' })
    expect([found.code, first(found.metadata, 'caudal-code')]).toEqual([status.UNAVAILABLE, 'starting'])
    expect((await early.check('')).answer?.status).toBe('NOT_SERVING')
    await starting.close()
  })
})

describe('the port', () => {
  it('tells whether questions are taken, as a whole and for the service alone', async () => {
    await open(idle)
    for (const name of ['', 'caudal.v1.LLMService'])
      expect((await client.check(name)).answer?.status).toBe('SERVING')
    expect((await client.check('other')).status.code).toBe(status.NOT_FOUND)
  })

  it('tells a client that watches of each change, and ends its call', async () => {
    let isReady = true
    const time = manualTime()
    await open(idle, { isReady: async () => isReady, system: time })
    const call = client.watch('')
    const seen: string[] = []
    const next = () => new Promise<void>(resolve => call.once('data', () => resolve()))
    call.on('data', ({ status: serving }) => seen.push(serving))
    call.on('error', () => undefined) // Its status is looked at below.
    const ended = new Promise<number>(resolve => call.on('status', ({ code }) => resolve(code)))
    await next()
    isReady = false
    const changed = next()
    await time.advance(2_000)
    await changed
    expect(seen).toEqual(['SERVING', 'NOT_SERVING'])
    const closed = grpc.close()
    expect(await ended).toBe(status.UNAVAILABLE)
    await closed
  })

  it('describes its services by reflection, with the numbers of their fields', async () => {
    await open(idle)
    const found = await reflected(grpc.address)
    expect(found.services).toEqual(expect.arrayContaining(['caudal.v1.LLMService', 'grpc.health.v1.Health']))
    expect(found.fields).toMatchObject({
      GenerateRequest: { prompt: 1, model: 2, temperature: 3 },
      GenerateResponse: { content: 1, tokens_used: 2 },
      GenerateChunk: { content: 1 },
    })
  })

  it('ends calls that are open with a reason, and closes though a client reads nothing', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    let calls = 0
    const model: Model = {
      async complete() {
        calls++
        if (calls > 1) await released
        return { ...REPLY, text: 'x'.repeat(99_000) }
      },
    }
    await open(model)
    const stuck = openRaw(grpc.address, 'StreamGenerate', promptBytes('One?'))
    const lost = expect(stuck.replied).rejects.toThrow()
    await expect.poll(() => stuck.stream.readableLength, PATIENT).toBeGreaterThan(15_000)
    const waiting = [client.generate({ prompt: 'Two?' }), client.stream({ prompt: 'Two?' })]
    await expect.poll(() => calls, PATIENT).toBe(2)
    await grpc.close()
    for (const { status: found } of await Promise.all(waiting)) {
      expect(found.code).toBe(status.UNAVAILABLE)
      expect(found.details).toContain('The gateway stops.')
    }
    await lost
    release()
    const deadline = realSystem.now() + 500
    expect((await client.generate({ prompt: 'Three?' }, { deadline })).status.code).not.toBe(status.OK)
  })
})
