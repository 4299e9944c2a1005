/** The gateway over gRPC, asked by the client of the library over a socket. */
import type { ClientHttp2Stream } from 'node:http2'
import { type Metadata, status } from '@grpc/grpc-js'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { TOPICS } from '#answers/topics.ts'
import { realSystem } from '#core/system.ts'
import { readAll } from '#engine/log/read-topic.ts'
import type { ServedGrpc } from '#gateway/grpc/server.ts'
import type { Model } from '#models/model.ts'
import { manualTime } from '../models/manual-time.ts'
import { modelError, REPLY, scripted } from '../operators/values.ts'
import { clientOf, type GrpcClient, openRaw, promptBytes, rawCall, served } from './grpc-clients.ts'
import { type Opened, openGateway } from './open-gateway.ts'

let opened: Opened
let grpc: ServedGrpc
let client: GrpcClient

async function open(model: Model, more: Parameters<typeof served>[1] = {}): Promise<void> {
  opened = await openGateway(model)
  grpc = await served(() => opened.gateway, more)
  client = clientOf(grpc.address)
}

afterEach(async () => {
  client[Symbol.dispose]()
  await grpc.close()
  await opened[Symbol.asyncDispose]()
})

/** A model that answers when it is let. */
function held(text = 'At last.') {
  const { promise, resolve } = Promise.withResolvers<void>()
  let calls = 0
  const model: Model = {
    async complete() {
      calls++
      await promise
      return { ...REPLY, text }
    },
  }
  return { model, release: resolve, calls: () => calls }
}

const PATIENT = { timeout: 30_000 }
const soon = (delayMs: number) => realSystem.now() + delayMs
const first = (metadata: Metadata, name: string) => String(metadata.get(name)[0])
const taskOf = ({ metadata }: { readonly metadata: Metadata }) => first(metadata, 'caudal-task-id')
const stateOf = async (id: string, wait = '0ms') =>
  (await opened.ask({ url: `/task/${id}?wait=${wait}` })).body.state

describe('Generate', () => {
  it('answers with the delivered answer, what it took and its verdict', async () => {
    await open(scripted({ text: 'It cuts the current.' }))
    const found = await client.generate(
      { prompt: 'What is a fuse for?' },
      { headers: { 'x-request-id': 'mine' } },
    )
    expect(found.status.code).toBe(status.OK)
    expect(found.answer).toMatchObject({ content: 'It cuts the current.', tokens_used: 1_100 })
    expect(found.answer?.final).toBeGreaterThan(0)
    expect(found.answer?.task_id).toBe(taskOf(found))
    expect(first(found.metadata, 'x-request-id')).toBe('mine')
    expect(first(found.metadata, 'traceparent')).toMatch(/^00-[0-9a-f]{32}-/)
    expect(await stateOf(taskOf(found))).toBe('delivered')
  })

  it('asks for the task type that its model names, and joins an equal question under way', async () => {
    const { model, release, calls } = held()
    await open(model)
    const asked = { prompt: 'The parcel came late.', model: 'caudal/summarization' }
    const both = Promise.all([client.generate(asked), client.generate(asked)])
    await vi.waitFor(() => expect(calls()).toBe(1), PATIENT)
    release()
    const [one, two] = await both
    expect(taskOf(one)).toBe(taskOf(two))
    expect((await opened.ask({ url: `/task/${taskOf(one)}` })).body.task_type).toBe('summarization')
    expect(calls()).toBe(1)
  })

  it('is the same question under the same idempotency key, and refused for another', async () => {
    await open(scripted({ text: 'Once.' }))
    const headers = { 'idempotency-key': 'order-7' }
    const one = await client.generate({ prompt: 'One?' }, { headers })
    expect(taskOf(one)).toBe('order-7')
    const other = await client.generate({ prompt: 'Another?' }, { headers })
    expect(other.status.code).toBe(status.FAILED_PRECONDITION)
    expect(first(other.status.metadata, 'caudal-code')).toBe('key_reused')
  })

  it.each([
    [{ prompt: '' }, status.INVALID_ARGUMENT, '/prompt'],
    [{ prompt: 'x'.repeat(10_001) }, status.INVALID_ARGUMENT, '/prompt'],
    [{ prompt: 'a\0b' }, status.INVALID_ARGUMENT, 'character of code 0'],
    [{ prompt: 'One?', temperature: 0.7 }, status.INVALID_ARGUMENT, '/temperature'],
    [{ prompt: 'One?', temperature: Number.NaN }, status.INVALID_ARGUMENT, '/temperature'],
    [{ prompt: 'One?', model: 'gpt-4o' }, status.NOT_FOUND, 'gpt-4o'],
    [{ prompt: 'One?', model: 'caudal/unknown' }, status.NOT_FOUND, 'task type'],
  ])('refuses %j and names the fault', async (asked, code, named) => {
    const { model, calls } = held()
    await open(model)
    const { status: found } = await client.generate(asked)
    expect(found.code).toBe(code)
    expect(found.details).toContain(named)
    expect(calls()).toBe(0)
  })

  it('says why there will be no answer', async () => {
    await open(scripted(modelError('invalid')))
    const { status: found, metadata } = await client.generate({ prompt: 'One?' })
    expect(found.code).toBe(status.FAILED_PRECONDITION)
    expect(found.details).toMatch(/^question_failed: /)
    expect(first(found.metadata, 'caudal-task-id')).toBe(taskOf({ metadata }))
  })
})

describe('a deadline', () => {
  it('that passes ends the call, whose metadata has the task; the question goes on', async () => {
    const { model, release, calls } = held()
    await open(model)
    const found = await client.generate({ prompt: 'One?' }, { deadline: soon(1_500) })
    expect(found.status.code).toBe(status.DEADLINE_EXCEEDED)
    expect(await stateOf(taskOf(found))).toBe('generating')
    release()
    expect(await stateOf(taskOf(found), '30s')).toBe('delivered')
    expect((await client.generate({ prompt: 'One?' })).answer?.content).toBe('At last.')
    expect(calls()).toBe(1)
  })

  it('of 0 asks nothing', async () => {
    const { model, calls } = held()
    await open(model)
    const { status: code } = await rawCall(grpc.address, promptBytes('One?'), { 'grpc-timeout': '0m' })
    expect(Number(code)).toBe(status.DEADLINE_EXCEEDED)
    const { status: local } = await client.generate({ prompt: 'One?' }, { deadline: soon(-1) })
    expect(local.code).toBe(status.DEADLINE_EXCEEDED)
    let count = 0
    await readAll(opened.log, TOPICS.raw, () => count++)
    expect([count, calls()]).toEqual([0, 0])
  })
})

/** Resolves when as much lies unread as the client lets come. */
const filled = (stream: ClientHttp2Stream) =>
  vi.waitFor(() => expect(stream.readableLength).toBeGreaterThan(15_000), { timeout: 30_000 })

describe('StreamGenerate', () => {
  /** As long as an answer may be. */
  const MUCH = 'abcdefghij'.repeat(9_900)
  const LONG = `${'It cuts the current. '.repeat(500)}🌋`

  it('sends the delivered answer in pieces, in order', async () => {
    await open(scripted({ text: LONG }))
    const found = await client.stream({ prompt: 'What is a fuse for?' })
    expect(found.status.code).toBe(status.OK)
    expect(found.answer?.join('')).toBe(LONG)
    expect(found.answer?.length).toBeGreaterThan(10)
    expect(await stateOf(taskOf(found))).toBe('delivered')
  })

  it('holds back what a client does not read, and sends all of it once the client reads', async () => {
    await open(scripted({ text: MUCH }))
    const { stream, replied } = openRaw(grpc.address, 'StreamGenerate', promptBytes('One?'))
    await filled(stream)
    let bytes = 0
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    expect((await replied).status).toBe(String(status.OK))
    expect(bytes).toBeGreaterThan(MUCH.length)
  })

  it('ends the call of a client that reads nothing for half a minute', async () => {
    const time = manualTime()
    await open(scripted({ text: MUCH }), { system: time })
    const { stream, replied } = openRaw(grpc.address, 'StreamGenerate', promptBytes('One?'))
    await filled(stream)
    await time.advance(30_000)
    let bytes = 0
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    expect(await replied).toMatchObject({ status: String(status.UNAVAILABLE) })
    // What was under way, and what the library held.
    expect(bytes).toBeLessThan(65_536 + 16_384)
  })

  it('goes on for the others when a client leaves', async () => {
    const { model, release, calls } = held()
    await open(model)
    const left = client.open({ prompt: 'One?' })
    left.on('error', () => undefined) // It is cancelled below.
    const metadata = await new Promise<Metadata>(resolve => left.once('metadata', resolve))
    const stayed = client.stream({ prompt: 'One?' })
    await vi.waitFor(() => expect(calls()).toBe(1), PATIENT)
    left.cancel()
    release()
    expect((await stayed).answer?.join('')).toBe('At last.')
    expect(await stateOf(taskOf({ metadata }))).toBe('delivered')
  })
})

describe('bytes', () => {
  it('of unknown fields change nothing', async () => {
    await open(scripted({ text: 'Fine.' }))
    // prompt, then field 15 with a text, then field 99 with a number.
    const bytes = Buffer.concat([
      promptBytes('One?'),
      Buffer.from([0x7a, 0x02, 0x68, 0x69]),
      Buffer.from([0x98, 0x06, 0x01]),
    ])
    expect((await rawCall(grpc.address, bytes)).status).toBe(String(status.OK))
  })

  it.each([
    ['half a surrogate pair as model', Buffer.from([0x0a, 0x01, 0x61, 0x12, 0x03, 0xed, 0xa0, 0x80])],
    ['no UTF-8 as model', Buffer.from([0x0a, 0x01, 0x61, 0x12, 0x02, 0xff, 0xfe])],
    ['no message that protobuf knows', Buffer.from([0xff, 0xff, 0xff])],
  ])('of %s are refused, and the next call is answered', async (_, bytes) => {
    await open(scripted({ text: 'Fine.' }))
    expect((await rawCall(grpc.address, bytes)).status).not.toBe(String(status.OK))
    expect((await client.generate({ prompt: 'One?' })).status.code).toBe(status.OK)
  })

  it('of more than a megabyte are refused', async () => {
    await open(scripted({ text: 'Fine.' }))
    const { status: found } = await client.generate({ prompt: 'x'.repeat(1_100_000) })
    expect(found.code).toBe(status.RESOURCE_EXHAUSTED)
  })
})
