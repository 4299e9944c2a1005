/**
 * The fixes for kafkajs. Its request queue arms a timer only while requests wait, and leaves quotas to the brokers. It logs in
 * again late.
 */
import { createRequire } from 'node:module'
import { expect, it } from 'vitest'
import { createBroker, type RequestQueue, scheduleOfLibrary } from '#engine/log/kafka/library.ts'

interface WorkingQueue extends RequestQueue {
  push(request: object): void
  fulfillRequest(answer: object): void
  destroy(): void
}

const Queue: new (options: object) => WorkingQueue = createRequire(import.meta.url)(
  'kafkajs/src/network/requestQueue',
)
const Long: { fromValue(value: number): unknown } = createRequire(import.meta.url)('kafkajs/src/utils/long')
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

it('without the fix, kafkajs would arm a timer for ever', () => {
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

interface LoggedIn {
  authenticatedAt: [seconds: number, nanoseconds: number]
  sessionLifetime: unknown
  isAuthenticated(): boolean
}

/** A connection that was logged in so long ago, for a session of so many milliseconds. */
function loggedIn(agoMs: number, sessionMs: number): LoggedIn {
  const settings = { host: 'broker', port: 9_092, clientId: 'pod', connectionTimeout: 1_000, ssl: undefined }
  const broker = createBroker({ ...settings, sasl: undefined, socketFactory: () => expect.unreachable() })
  const pool: object = broker.connectionPool
  if (!('pool' in pool) || !Array.isArray(pool.pool)) return expect.unreachable()
  const [connection]: LoggedIn[] = pool.pool
  if (!connection) return expect.unreachable()
  const [seconds, nanoseconds] = process.hrtime()
  connection.authenticatedAt = [seconds - agoMs / 1_000, nanoseconds]
  connection.sessionLifetime = Long.fromValue(sessionMs)
  return connection
}

it('stays logged in for the larger part of a session of 10 s or less', () => {
  expect(loggedIn(0, 10_000).isAuthenticated()).toBe(true)
  expect(loggedIn(3_000, 5_000).isAuthenticated()).toBe(true)
})

it('logs in again before the session ends', () => {
  expect(loggedIn(9_000, 10_000).isAuthenticated()).toBe(false)
  expect(loggedIn(4_000, 5_000).isAuthenticated()).toBe(false)
})
