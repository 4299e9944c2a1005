/** Topics over HTTP: listed with what they hold, and looked into a page at a time, whatever the records are. */
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { LOOKED_AT_MAX } from '#admin/record-scan.ts'
import { SCANS_MAX, TopicDesk } from '#admin/topic-desk.ts'
import { TOPICS } from '#answers/topics.ts'
import { type NewRecord, NO_HEADERS } from '#core/record.ts'
import { realSystem } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import { urlOf } from '#gateway/http/server.ts'
import { scripted } from '../operators/values.ts'
import { bearer, HeldKeys, keyOf, ringOf } from './held-keys.ts'
import { asked, type Opened, openGateway, post, registryOf, serverOf } from './open-gateway.ts'
import { openStream, type Sent } from './streams.ts'

const PATIENCE = { timeout: 20_000 }
/** Beside the graph, so that no pod reads it. */
let topic: string

let opened: Opened
beforeAll(async () => {
  opened = await openGateway(scripted())
  topic = `${opened.running.plan.application}.looked-at`
  await opened.log.createTopics([{ name: topic, partitions: 2, compacted: false, retentionMs: undefined }])
})
afterAll(() => opened[Symbol.asyncDispose]())

const MINUTE_MS = 60_000
const START = Date.parse('2026-01-01T00:00:00Z')

const recordOf = (value: unknown, more: Partial<NewRecord> = {}): NewRecord => ({
  key: Buffer.from('k'),
  value: value === null ? null : Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value)),
  headers: NO_HEADERS,
  timestamp: START,
  ...more,
})

const put = (records: readonly NewRecord[], partition = 0, name = topic) =>
  opened.log.append([{ topic: name, partition, records }])

const ofKind = (sent: readonly Sent[], kind: string) =>
  sent.flatMap(each => (each.kind === kind ? [each.data] : []))

interface Page {
  readonly records: readonly Readonly<Record<string, unknown>>[]
  readonly gaps: readonly Readonly<Record<string, unknown>>[]
  readonly done: Readonly<Record<string, unknown>>
}

const addressOf = (query: Readonly<Record<string, string>>, name = topic) =>
  `/topics/${encodeURIComponent(name)}/records?${new URLSearchParams(query)}`

async function pageOf(query: Readonly<Record<string, string>>, name = topic): Promise<Page> {
  using stream = await openStream(opened.server, { url: addressOf(query, name) })
  expect(stream.status).toBe(200)
  const sent = await stream.until(all => all.some(({ kind }) => kind === 'done'))
  const [done = {}] = ofKind(sent, 'done')
  return { records: ofKind(sent, 'record'), gaps: ofKind(sent, 'gap'), done }
}

const offsetsOf = ({ records }: Page) => records.map(({ partition, offset }) => `${partition}:${offset}`)

describe('GET /topics', () => {
  it('lists the topics of the application alone, with kind, offsets and the lag of who reads them', async () => {
    await opened.log.createTopics([
      { name: 'of.others', partitions: 1, compacted: false, retentionMs: undefined },
    ])
    await opened.ask(post('/query?wait=30s', { title: 'What is a fuse for?' }))
    await vi.waitFor(async () => {
      const { status, body } = await opened.ask({ url: '/topics' })
      expect(status).toBe(200)
      const topics = body.topics as readonly Readonly<Record<string, unknown>>[]
      const named = (name: string) => topics.find(each => each.topic === name)
      expect(named('of.others')).toBeUndefined()
      expect(named(TOPICS.raw)).toMatchObject({
        ...{ kind: 'source', compacted: false, offsets_max: 1 },
        readers: [{ stage: 'ingest', lag: 0 }],
      })
      expect(named(TOPICS.config)).toMatchObject({ kind: 'table', compacted: true })
      expect(named(`${opened.running.plan.application}.ingest.state`)).toMatchObject({ kind: 'state' })
      expect(named(opened.running.plan.deadLetterTopic)).toMatchObject({
        kind: 'dead_letters',
        offsets_max: 0,
      })
      expect(named(topic)).toMatchObject({
        kind: 'internal',
        partitions: [{ partition: 0 }, { partition: 1 }],
      })
    }, PATIENCE)
  })
})

describe('GET /topics/{topic}/records', () => {
  it('gives the newest page first, merged by time, and each record once over the pages', async () => {
    const minute = (n: number) => ({ timestamp: START + n * MINUTE_MS })
    await put([0, 2, 4, 6].map(n => recordOf({ n }, minute(n))))
    await put(
      [1, 3, 5].map(n => recordOf({ n }, minute(n))),
      1,
    )
    const first = await pageOf({ limit: '3' })
    expect(first.records.map(({ value }) => value)).toEqual([{ n: 6 }, { n: 5 }, { n: 4 }])
    expect(first.done).toMatchObject({ ended_by: 'page', found: 3, looked_at: 3 })
    const second = await pageOf({ limit: '3', cursor: String(first.done.next) })
    expect(second.records.map(({ value }) => value)).toEqual([{ n: 3 }, { n: 2 }, { n: 1 }])
    const last = await pageOf({ limit: '3', cursor: String(second.done.next) })
    expect(offsetsOf(last)).toEqual(['0:0'])
    expect(last.done).toMatchObject({ ended_by: 'end', looked_at: 1 })
    expect(last.done).not.toHaveProperty('next')
    const oldest = await pageOf({ from: 'oldest', limit: '2' })
    expect(offsetsOf(oldest)).toEqual(['0:0', '1:0'])
    const later = await pageOf({ from: 'oldest', limit: '200', cursor: String(oldest.done.next) })
    expect(later.records.map(({ value }) => value)).toEqual([2, 3, 4, 5, 6].map(n => ({ n })))
  })

  it('begins at an offset of a partition, or at a time', async () => {
    expect(offsetsOf(await pageOf({ partition: '1', from: '1' }))).toEqual(['1:1', '1:2'])
    const since = await pageOf({ from: new Date(START + 3 * MINUTE_MS).toISOString() })
    expect(since.records.map(({ value }) => value)).toEqual([3, 4, 5, 6].map(n => ({ n })))
  })

  it('finds by key, and by a field of value, key, header or place, and says how many it has looked at', async () => {
    const headers = { 'x-request-id': Buffer.from('r7') }
    await put([
      recordOf({ deep: { title: 'A Fuse', score: 6.5 } }, { key: Buffer.from('ada'), headers }),
      recordOf({ deep: { title: 'a relay', score: 9 }, offset: 'own' }),
    ])
    const found = async (query: Readonly<Record<string, string>>) => offsetsOf(await pageOf(query))
    expect(await found({ record_key: 'ada' })).toEqual(['0:4'])
    expect(await found({ filter: 'deep.title contains fuse' })).toEqual(['0:4'])
    expect(await found({ filter: 'deep.score>=9' })).toEqual(['0:5'])
    expect(await found({ filter: 'header.x-request-id = r7' })).toEqual(['0:4'])
    expect(await found({ filter: 'value.offset = own' })).toEqual(['0:5'])
    expect(await found({ filter: 'offset = 5' })).toEqual(['0:5'])
    expect(await found({ filter: 'constructor.name contains O' })).toEqual([])
    const { records, done } = await pageOf({ record_key: 'nobody' })
    expect(records).toEqual([])
    expect(done).toEqual({ looked_at: 9, found: 0, ended_by: 'end' })
  })

  it('shows tombstones, bytes that are nothing, long texts and unknown schemas as what they are', async () => {
    const unknown = Buffer.from([0, 0, 0, 9, 9, 1, 2])
    const long = 'é'.repeat(400_000)
    await put([
      recordOf(null),
      recordOf(Buffer.from([0xff, 0xfe]), { key: Buffer.from([0xff]) }),
      recordOf(unknown),
      recordOf({ long }, { timestamp: Number.NaN, key: null }),
    ])
    const [big, schema, bytes, tombstone] = (await pageOf({ partition: '0', limit: '4' })).records
    expect(tombstone).toMatchObject({ form: 'tombstone', key: 'k', size: 1 })
    expect(tombstone).not.toHaveProperty('value')
    expect(bytes).toMatchObject({
      form: 'bytes',
      key: '0xff',
      hex: 'fffe',
      unread: 'it is neither Avro nor text',
    })
    expect(schema).toMatchObject({ form: 'bytes', hex: '00000009090102' })
    expect(schema?.unread).toMatch(/there is no schema 2313 in /)
    expect(big).toMatchObject({ form: 'json', key: null, left_out: 380_011 })
    expect(String(big?.text)).toHaveLength(20_000)
    // Through a socket, whose reader takes its time.
    const query = { partition: '0', limit: '2', whole: 'true' }
    const text = await (await fetch(`${await listening(opened.server)}${addressOf(query)}`)).text()
    expect(text).toContain(long)
    expect(text).toMatch(/event: done\ndata: .*"found":2/)
  })

  it('reads a value by the schema that it was written with, and a state by its entry', async () => {
    const { records } = await pageOf({ limit: '1' }, TOPICS.delivered)
    expect(records[0]).toMatchObject({
      ...{ form: 'avro', schema: { id: expect.any(Number), name: expect.stringContaining('elivered') } },
      value: { title: 'What is a fuse for?' },
    })
    const stage = opened.running.plan.stages.find(({ operators }) => operators.has('admit'))
    const state = await pageOf({ filter: 'key contains admit/' }, stage?.stateTopic)
    expect(state.records.length).toBeGreaterThan(0)
    for (const { form } of state.records) expect(['avro', 'timer', 'tombstone']).toContain(form)
    expect(state.records.map(({ form }) => form)).toContain('avro')
  })

  it('says what a topic has dropped before it was looked at', async () => {
    await put(
      [1, 2, 3].map(n => recordOf({ n })),
      1,
    )
    await opened.log.trim({ topic, partition: 1 }, 4)
    const { records, gaps } = await pageOf({ partition: '1', from: '1' })
    expect(gaps).toEqual([{ partition: 1, first: 1, next: 4 }])
    expect(records.map(({ offset }) => offset)).toEqual([4, 5])
  })

  it('goes on when records vanish while it reads', async () => {
    const { log, running, server } = opened
    const dropping = dropBefore(log, 5)
    const desk = new TopicDesk({
      log: dropping,
      plan: running.plan,
      registry: registryOf(running.plan),
      system: realSystem,
    })
    using stream = await openStream(serverOf({ ...opened.gateway, topics: desk }), {
      url: addressOf({ partition: '1', from: 'oldest' }),
    })
    expect(server).toBeDefined()
    const sent = await stream.until(all => all.some(({ kind }) => kind === 'done'))
    expect(ofKind(sent, 'gap')).toEqual([{ partition: 1, first: 4, next: 5 }])
    expect(ofKind(sent, 'record').map(({ offset }) => offset)).toEqual([5])
  })

  it('refuses what is no topic of the application, no partition, no filter, no place and no cursor', async () => {
    const code = async (url: string) => (await opened.ask({ url })).body.code
    expect(await code(addressOf({}, 'of.others'))).toBe('topic_unknown')
    expect(await code(addressOf({}, '../etc'))).toBe('topic_unknown')
    const wrong = [
      { partition: '2' },
      { partition: '-1' },
      { from: '3' },
      { from: 'yesterday' },
      { filter: 'title' },
      { limit: '201' },
      { cursor: 'x.0:1' },
      { cursor: 'f.0:a' },
    ]
    for (const query of wrong)
      expect([query, await code(addressOf(query))]).toEqual([query, 'invalid_request'])
    const again = await opened.ask({ url: addressOf({}), headers: { 'last-event-id': '3' } })
    expect(again.status).toBe(204)
  })

  it('is for who sees all organisations, and for so many at once', async () => {
    const held = new HeldKeys()
    held.set(keyOf('caudal_acme', 'acme', ['ask', 'read', 'operate', 'admin']))
    const server = serverOf(opened.gateway, await ringOf(held))
    for (const url of ['/topics', addressOf({}), addressOf({}, 'of.others')])
      expect((await asked(server, { url, headers: bearer('caudal_acme') })).body.code).toBe(
        'organization_bound',
      )
    const { log, running } = opened
    const desk = new TopicDesk({
      log: stuck(log),
      plan: running.plan,
      registry: registryOf(running.plan),
      system: realSystem,
    })
    const busy = serverOf({ ...opened.gateway, topics: desk })
    const url = `${await listening(busy)}${addressOf({})}`
    const leaving = new AbortController()
    await Promise.all(Array.from({ length: SCANS_MAX }, () => fetch(url, { signal: leaving.signal })))
    expect(desk.isBusy).toBe(true)
    expect((await asked(busy, { url: addressOf({}) })).body.code).toBe('too_many_streams')
    leaving.abort()
    await vi.waitFor(() => expect(desk.isBusy).toBe(false), PATIENCE)
    await busy.close()
  })

  it('stops at a bound, says so, and goes on behind it', async () => {
    const name = `${topic}-much`
    await opened.log.createTopics([{ name, partitions: 1, compacted: true, retentionMs: undefined }])
    const many = Array.from({ length: 5_000 }, (_, n) => recordOf({ n }, { key: Buffer.from(`${n}`) }))
    for (let batch = 0; batch * 5_000 <= LOOKED_AT_MAX; batch += 1) await put(many, 0, name)
    const looks: Page[] = []
    for (let next = ''; looks.length === 0 || next !== ''; next = String(looks.at(-1)?.done.next ?? ''))
      looks.push(await pageOf({ filter: 'n = -1', ...(next !== '' && { cursor: next }) }, name))
    expect(looks.length).toBeGreaterThan(1)
    expect(looks[0]?.done).toMatchObject({ ended_by: 'bound', found: 0 })
    expect(looks.at(-1)?.done).toMatchObject({ ended_by: 'end' })
    expect(looks.reduce((sum, { done }) => sum + Number(done.looked_at), 0)).toBe(105_000)
  })
})

async function listening(server: FastifyInstance): Promise<string> {
  if (!server.server.listening) await server.listen({ host: '127.0.0.1', port: 0 })
  return urlOf(server)
}

/** The log drops what is below an offset once a reader has been opened. */
function dropBefore(log: Log, offset: number): Log {
  return overLog(log, {
    openReader: (place, from) => {
      const reader = log.openReader(place, from)
      let isFirst = true
      return {
        async next(recordsMax) {
          if (isFirst) await log.trim(place, offset)
          isFirst = false
          return reader.next(recordsMax)
        },
        close: () => reader.close(),
      }
    },
  })
}

/** No read ends until its reader is closed. */
const stuck = (log: Log): Log =>
  overLog(log, {
    openReader: (place, from) => {
      const reader = log.openReader(place, from)
      const closed = Promise.withResolvers<never>()
      return {
        next: () => closed.promise,
        close: () => {
          reader.close()
          closed.reject(new TypeError('closed'))
        },
      }
    },
  })

const overLog = (log: Log, other: Partial<Log>): Log =>
  new Proxy(log, {
    get: (target, name) => {
      const own = Reflect.get(other, name)
      const found = own ?? Reflect.get(target, name)
      return typeof found === 'function' && !own ? found.bind(target) : found
    },
  })
