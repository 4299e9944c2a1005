/** The limit of requests, by @fastify/rate-limit: its headers and its refusals, over the gateway's own counts. */
import rateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { MINUTE_MS, type Rates } from '../rates.ts'

/** By the key of a request, and by its address where it has none. Probes and metrics are not limited. */
export function limitRates(
  server: FastifyInstance,
  rates: Rates,
  keyOf: (request: FastifyRequest) => Promise<string>,
): void {
  server.register(rateLimit, {
    global: false,
    max: rates.requestsAMinute,
    timeWindow: MINUTE_MS,
    enableDraftSpec: true,
    keyGenerator: keyOf,
    store: storeOver(rates),
    errorResponseBuilder: () =>
      Object.assign(new TypeError('the limit'), { code: 'CAUDAL_RATE_LIMITED', statusCode: 429 }),
  })
}

function storeOver(rates: Rates): new () => FastifyRateLimitStore {
  return class Counts implements FastifyRateLimitStore {
    incr(
      key: string,
      callback: (error: Error | null, result?: { current: number; ttl: number }) => void,
    ): void {
      rates.request(key).then(
        ({ total, resetMs }) => callback(null, { current: total, ttl: resetMs }),
        error => callback(error),
      )
    }

    child(): FastifyRateLimitStore {
      return this
    }
  }
}
