/** What a stream of events answers besides its events. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Rates } from '#gateway/rates.ts'
import { manualTime } from '../models/manual-time.ts'
import { scripted } from '../operators/values.ts'
import { type Opened, openGateway, post, serverOf } from './open-gateway.ts'
import { openStream } from './streams.ts'

let opened: Opened
beforeAll(async () => {
  opened = await openGateway(scripted({ text: 'Fine.' }))
})
afterAll(() => opened[Symbol.asyncDispose]())

it('A stream has the headers of the rate limit.', async () => {
  const system = manualTime()
  const limits = { requestsAMinute: 100, questionsADay: 0, shared: undefined, gateways: () => 1, system }
  const server = serverOf(opened.gateway, undefined, new Rates(limits))
  const { body } = await opened.ask(post('/query?wait=30s', { title: 'One?' }))
  const plain = await server.inject({ url: `/task/${body.task_id}` })
  const names = Object.keys(plain.headers).filter(name => /ratelimit/.test(name))
  expect(names.length).toBeGreaterThan(1)
  using stream = await openStream(server, { url: `/task/${body.task_id}/events` })
  expect(Object.keys(stream.headers)).toEqual(expect.arrayContaining(names))
})

it.each(['/events', '/task/any/events'])('HEAD of the stream %s is answered.', async url => {
  const { statusCode } = await opened.server.inject({ method: 'HEAD', url })
  expect(statusCode).toBeGreaterThanOrEqual(404)
})
