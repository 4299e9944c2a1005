/** Pieces of answers from who writes them to who listens: in order, in batches, and marked where they begin again. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { decodeChunk, encodeChunk, type TokenChunk } from '#answers/tokens.ts'
import { TOPICS } from '#answers/topics.ts'
import { CaudalError } from '#core/errors.ts'
import { silent } from '#core/loggers.ts'
import { type LogRecord, NO_HEADERS } from '#core/record.ts'
import { realSystem } from '#core/system.ts'
import { openEmbeddedLog } from '#engine/log/embedded/embedded-log.ts'
import type { Log } from '#engine/log/log.ts'
import { readAll } from '#engine/log/read-topic.ts'
import { TokenFeed, type Tokens } from '#pipelines/token-feed.ts'
import { TokenTopic } from '#pipelines/token-topic.ts'
import { organizationOf } from '#stores/organization.ts'

const PATIENCE = { timeout: 20_000 }
const ACME = organizationOf('acme')
const FACTS = { id: 'q1', organization: 'acme', requestId: 'c1', attempt: 1, beganAt: 1_000 }

let folder: string
let log: Log
let topic: TokenTopic
let feed: TokenFeed
let heard: Tokens[]
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caudal-tokens-'))
  log = await openEmbeddedLog({ path: folder, system: realSystem })
  topic = new TokenTopic({ log, system: realSystem, logger: silent })
  feed = new TokenFeed({ log, system: realSystem })
  await feed.start()
  heard = []
})
afterEach(async () => {
  topic[Symbol.dispose]()
  feed[Symbol.dispose]()
  await log.close()
  rmSync(folder, { recursive: true, force: true })
})

/** As a client puts it together: what it has behind `at` is void. */
const textOf = (all: readonly Tokens[]): string =>
  all.reduce((before, { at, text }) => before.slice(0, at) + text, '')
const listening = () => feed.listen(ACME, 'q1', tokens => heard.push(tokens))

const put = (...chunks: readonly TokenChunk[]) =>
  log.append([
    {
      topic: TOPICS.tokens,
      partition: 0,
      records: chunks.map(chunk => ({
        key: Buffer.from(chunk.id),
        value: encodeChunk(chunk),
        headers: NO_HEADERS,
        timestamp: 1,
      })),
    },
  ])

describe('an answer while it is written', () => {
  it('reaches its listeners in numbered pieces, also one who begins to listen in the middle', async () => {
    listening()
    const writer = topic.open(FACTS)
    writer.begin()
    writer.text('Air ')
    await vi.waitFor(() => expect(heard).toHaveLength(1), PATIENCE)
    writer.text('scatters ')
    writer.text('light')
    await vi.waitFor(() => expect(textOf(heard)).toBe('Air scatters light'), PATIENCE)
    const late: Tokens[] = []
    feed.listen(ACME, 'q1', tokens => late.push(tokens))
    writer.whole('Air scatters light.')
    await vi.waitFor(() => expect(textOf(heard)).toBe('Air scatters light.'), PATIENCE)
    expect(heard.map(({ number }) => number)).toEqual(heard.map((_, index) => index))
    expect(heard.some(({ isRestart }) => isRestart)).toBe(false)
    expect(textOf(late)).toBe('Air scatters light.')
    expect(late[0]).toMatchObject({ at: 0, text: 'Air scatters light' })
  })

  it('travels in one record for all pieces of a batch, which is kept for five minutes', async () => {
    const writer = topic.open(FACTS)
    for (const piece of 'one two three four'.split(' ')) writer.text(piece)
    writer.whole('onetwothreefour')
    await vi.waitFor(async () => {
      const records: LogRecord[] = []
      await readAll(log, TOPICS.tokens, record => void records.push(record))
      expect(records.map(({ value }) => value && decodeChunk(value))).toEqual([
        { ...FACTS, number: 0, text: 'onetwothreefour', isLast: true },
      ])
      const shown: unknown = JSON.parse(Buffer.from(records[0]?.value ?? []).toString())
      expect(shown).toMatchObject({ judged: false })
    }, PATIENCE)
    expect(await log.describeTopics([TOPICS.tokens])).toMatchObject([{ retentionMs: 300_000 }])
  })

  it('is numbered from 0 again after a restart, with a mark of the restart', async () => {
    listening()
    const writer = topic.open(FACTS)
    writer.text('of a call that breaks')
    await vi.waitFor(() => expect(heard).toHaveLength(1), PATIENCE)
    writer.begin()
    writer.whole('Whole.')
    await vi.waitFor(() => expect(textOf(heard)).toBe('Whole.'), PATIENCE)
    expect(heard.at(-1)).toMatchObject({ at: 0, number: 0, isRestart: true })
  })

  it('after a failed call leaves out the pieces that were not sent yet', async () => {
    listening()
    const writer = topic.open(FACTS)
    writer.text('never')
    writer.close()
    topic.open({ ...FACTS, requestId: 'c2', attempt: 2, beganAt: 2_000 }).whole('told')
    await vi.waitFor(() => expect(heard).toHaveLength(1), PATIENCE)
    expect(heard).toMatchObject([{ requestId: 'c2', text: 'told', isRestart: true }])
  })

  it('is cut at its largest size, and its listeners stay', async () => {
    listening()
    const writer = topic.open(FACTS)
    writer.text('x'.repeat(60_000))
    writer.text('y'.repeat(60_000))
    writer.text('z')
    await vi.waitFor(() => expect(textOf(heard)).toHaveLength(60_000), PATIENCE)
  })
})

describe('the chunks of a call that a crash took back', () => {
  const chunk = (number: number, text: string, beganAt = 1_000): TokenChunk => ({
    ...FACTS,
    beganAt,
    number,
    text,
    isLast: false,
  })

  it('are ignored when the next call has begun', async () => {
    listening()
    await put(chunk(0, 'old '), chunk(0, 'new ', 2_000), chunk(1, 'late'), chunk(1, 'text', 2_000))
    await vi.waitFor(() => expect(heard).toHaveLength(3), PATIENCE)
    expect(textOf(heard)).toBe('new text')
    expect(heard.map(({ isRestart }) => isRestart)).toEqual([false, true, false])
  })

  it('are held back behind a missing chunk, until the text begins again', async () => {
    listening()
    await put(chunk(0, 'a'), chunk(2, 'c'), chunk(3, 'd'), chunk(0, 'again', 2_000))
    await vi.waitFor(() => expect(textOf(heard)).toBe('again'), PATIENCE)
    expect(heard.map(({ text }) => text)).toEqual(['a', 'again'])
  })

  it('arrive once although they are written twice', async () => {
    listening()
    await put(chunk(0, 'a'), chunk(1, 'b'), chunk(1, 'b'), chunk(2, 'c'))
    await vi.waitFor(() => expect(textOf(heard)).toBe('abc'), PATIENCE)
    expect(heard).toHaveLength(3)
  })
})

describe('a feed that starts in the middle of an answer', () => {
  it('knows the beginning of the answer', async () => {
    const writer = topic.open(FACTS)
    writer.text('Air scatters ')
    listening()
    await vi.waitFor(() => expect(textOf(heard)).toBe('Air scatters '), PATIENCE)
    using late = new TokenFeed({ log, system: realSystem })
    await late.start()
    const told: Tokens[] = []
    late.listen(ACME, 'q1', tokens => told.push(tokens))
    writer.whole('Air scatters light.')
    await vi.waitFor(() => expect(textOf(told)).toBe('Air scatters light.'), PATIENCE)
    expect(told.at(-1)).toMatchObject({ isLast: true })
  })
})

it('a listener hears no answer of another organisation under the same id', async () => {
  const theirs: Tokens[] = []
  feed.listen(organizationOf('other'), 'q1', tokens => theirs.push(tokens))
  listening()
  topic.open(FACTS).whole('secret')
  await vi.waitFor(() => expect(heard).toHaveLength(1), PATIENCE)
  feed.listen(organizationOf('other'), 'q1', tokens => theirs.push(tokens))
  expect(theirs).toEqual([])
})

it('the feed passes over bytes that are no chunk', async () => {
  listening()
  const record = { key: null, headers: NO_HEADERS, timestamp: 1 }
  const values = ['', '{', '[]', 'null', '{"id":"q1"}'].map(text => ({ ...record, value: Buffer.from(text) }))
  await log.append([{ topic: TOPICS.tokens, partition: 0, records: values }])
  topic.open(FACTS).whole('fine')
  await vi.waitFor(() => expect(textOf(heard)).toBe('fine'), PATIENCE)
})

it('a log that refuses chunks is logged once, and the answer goes on', async () => {
  const warnings: string[] = []
  const append = vi.fn(() => Promise.reject(new CaudalError('LOG_UNAVAILABLE', { reason: 'away' })))
  using away = new TokenTopic({
    log: { append, createTopics: () => Promise.resolve() },
    system: realSystem,
    logger: { warn: message => warnings.push(message) },
  })
  for (const requestId of ['c1', 'c2']) {
    away.open({ ...FACTS, requestId }).whole('text')
    await vi.waitFor(() => expect(append).toHaveBeenCalledTimes(requestId === 'c1' ? 1 : 2), PATIENCE)
  }
  expect(warnings).toHaveLength(1)
})
