/** The one mended module of kafkajs: its request queue arms a timer only while requests wait, and leaves quotas to the brokers. */
import { createRequire } from 'node:module'
import { expect, it } from 'vitest'
import { type RequestQueue, scheduleOfLibrary } from '#engine/log/kafka/library.ts'

interface WorkingQueue extends RequestQueue {
  push(request: object): void
  fulfillRequest(answer: object): void
  destroy(): void
}

const Queue: new (options: object) => WorkingQueue = createRequire(import.meta.url)(
  'kafkajs/src/network/requestQueue',
)
const SILENCE = { debug() {}, warn() {} }

function answered(maxInFlightRequests: number | null, requests: number): WorkingQueue {
  const queue = new Queue({ maxInFlightRequests, enforceRequestTimeout: false, logger: SILENCE })
  for (let correlationId = 0; correlationId < requests; correlationId++) {
    const entry = { correlationId, resolve() {}, reject() {} }
    queue.push({ entry, expectResponse: true, sendRequest() {} })
  }
  queue.fulfillRequest({ correlationId: 0, size: 0, payload: null })
  return queue
}

it('arms no timer when nothing waits', () => {
  const queue = answered(null, 1)
  expect(queue.throttleCheckTimeoutId).toBeNull()
  queue.destroy()
})

it('would arm one for ever without the mending', () => {
  const queue = answered(null, 1)
  scheduleOfLibrary.call(queue)
  expect(queue.throttleCheckTimeoutId).not.toBeNull()
  queue.destroy()
})

it('is not held up for an hour by a quota when the wall clock goes back an hour', () => {
  const queue = new Queue({ maxInFlightRequests: null, enforceRequestTimeout: false, logger: SILENCE })
  queue.maybeThrottle(3_600_000)
  let sent = 0
  const entry = { correlationId: 0, resolve() {}, reject() {} }
  queue.push({ entry, expectResponse: true, sendRequest: () => sent++ })
  expect(sent).toBe(1)
  queue.destroy()
})

it('still sends what waits', () => {
  const queue = answered(1, 3)
  expect(queue.pending.length).toBe(1)
  expect(queue.throttleCheckTimeoutId).not.toBeNull()
  queue.destroy()
})
