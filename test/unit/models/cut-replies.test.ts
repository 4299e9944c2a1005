/** Replies whose connection ends before the server sent what it had announced. */
import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { answering, call, failureOf, REQUEST } from './answering.ts'

const WHOLE = JSON.stringify({ choices: [{ message: { content: 'Four' }, finish_reason: 'stop' }] })
const EVENT = `data: {"choices":[{"delta":{"content":"Four"},"finish_reason":"stop"}]}\n\n`

/** Announces more than it sends, or leaves out the last chunk. */
function cutAfter(text: string, headers: Record<string, string>) {
  return (response: ServerResponse) => {
    response.writeHead(200, headers)
    response.write(text, () => response.destroy())
  }
}

const LONGER = { 'content-length': '5000' }
const JSON_TYPE = { 'content-type': 'application/json' }
const EVENTS_TYPE = { 'content-type': 'text/event-stream' }

test.each([
  ['JSON shorter than its content-length', WHOLE, { ...JSON_TYPE, ...LONGER }],
  ['a list shorter than its content-length', `[${WHOLE}]`, { ...JSON_TYPE, ...LONGER }],
  ['a string shorter than its content-length', JSON.stringify(WHOLE), { ...JSON_TYPE, ...LONGER }],
  ['JSON without its last chunk', `${WHOLE}\n`, JSON_TYPE],
  ['a stream after [DONE], without its last chunk', `${EVENT}data: [DONE]\n\n`, EVENTS_TYPE],
])('a reply that is whole although its connection was cut is taken: %s', async (_, text, headers) => {
  const { model, seen } = await answering(cutAfter(text, headers))
  expect(await model.complete(REQUEST, call())).toMatchObject({ text: 'Four', finish: 'stop' })
  expect(seen).toHaveLength(1)
})

test.each([
  ['half of JSON', WHOLE.slice(0, -3), { ...JSON_TYPE, ...LONGER }],
  ['no byte', '', { ...JSON_TYPE, ...LONGER }],
  ['a number, which may have had more digits', '12', { ...JSON_TYPE, ...LONGER }],
  ['text', 'Four', { 'content-type': 'text/plain', ...LONGER }],
])('a reply that was cut before its end is unavailable: %s', async (_, text, headers) => {
  const { model } = await answering(cutAfter(text, headers))
  expect(await failureOf(model.complete(REQUEST, call()))).toMatchObject({ errorType: 'unavailable' })
})
