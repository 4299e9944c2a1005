/** Pieces of an answer that come later than what the answer led to, and clients that come later than the pieces. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { realSystem } from '#core/system.ts'
import type { Log } from '#engine/log/log.ts'
import type { Model } from '#models/model.ts'
import { TokenFeed } from '#pipelines/token-feed.ts'
import { organizationOf } from '#stores/organization.ts'
import { REPLY } from '../operators/values.ts'
import { type Opened, openGateway, post } from './open-gateway.ts'

const NOBODY = organizationOf(undefined)
const PATIENCE = { timeout: 20_000 }
const TEXT = 'It cuts the current.'
const ASKED = { title: 'What is a fuse for?', stream: true }

const model: Model = {
  async complete(_, { stream }) {
    stream?.begin()
    stream?.text('It cuts ')
    return { ...REPLY, text: TEXT }
  },
}

let opened: Opened
beforeEach(async () => {
  opened = await openGateway(model)
})
afterEach(() => opened[Symbol.asyncDispose]())

/** Tells pieces only from when the promise resolves on. */
async function feedFrom(opening: Promise<void>, system = realSystem): Promise<TokenFeed> {
  const { log } = opened
  const late: Log = Object.create(log, {
    openReader: {
      value: (...place: Parameters<Log['openReader']>) => {
        const reader = log.openReader(...place)
        return { next: (max: number) => opening.then(() => reader.next(max)), close: () => reader.close() }
      },
    },
    bounds: { value: log.bounds.bind(log) },
    createTopics: { value: log.createTopics.bind(log) },
    describeTopics: { value: log.describeTopics.bind(log) },
  })
  const feed = new TokenFeed({ log: late, system })
  await feed.start()
  Object.assign(opened.gateway, { tokens: feed })
  return feed
}

async function asked(): Promise<string> {
  const { body } = await opened.ask(post('/query', ASKED))
  return String(body.task_id)
}

async function streamed(taskId: string) {
  const { body } = await opened.server.inject({ url: `/task/${taskId}/events` })
  return [...body.matchAll(/^event: (.*)\ndata: (.*)\n\n/gm)].map(([, kind = '', data = '']) => ({
    kind,
    data: JSON.parse(data),
  }))
}

const kindsOf = (events: readonly { readonly kind: string }[]): readonly string[] => [
  ...new Set(events.map(({ kind }) => kind)),
]

const textOf = (events: Awaited<ReturnType<typeof streamed>>): string =>
  events
    .filter(({ kind }) => kind === 'token')
    .reduce((before, { data }) => before.slice(0, data.at) + data.text, '')

describe('the stream of a task', () => {
  it('shows the pieces before the outcome, though the outcome is read first', async () => {
    const { promise: opening, resolve: open } = Promise.withResolvers<void>()
    // No time passes for the feed: it waits for the pieces alone.
    using _ = await feedFrom(opening, { ...realSystem, after: () => () => {} })
    const taskId = await asked()
    opened.gateway.feed.listen(NOBODY, taskId, ({ kind }) => {
      if (kind === 'delivered') setImmediate(open)
    })
    const events = await streamed(taskId)
    expect(kindsOf(events)).toEqual(['accepted', 'token', 'delivered'])
    expect(textOf(events)).toBe(TEXT)
  })

  it('opened after the outcome shows the pieces first', async () => {
    const taskId = await asked()
    await opened.gateway.service.outcome(taskId)
    await vi.waitFor(() => expect(opened.gateway.tokens.newestCall(NOBODY, taskId)).toBeDefined(), PATIENCE)
    const events = await streamed(taskId)
    expect(kindsOf(events)).toEqual(['accepted', 'token', 'delivered'])
    expect(textOf(events)).toBe(TEXT)
  })

  it('waits only a second for pieces that never come', async () => {
    using _ = await feedFrom(new Promise(() => {}))
    expect(kindsOf(await streamed(await asked()))).toEqual(['accepted', 'delivered'])
  })
})
