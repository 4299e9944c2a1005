/** Requests over HTTP and gRPC and look-ups in the cache, counted from the channels of the gateway. */
import { subscribe } from '#core/diagnostics.ts'
import { ClosedSet, Counts, Distributions } from './counts.ts'
import type { Family } from './family.ts'
import { HTTP_ROWS } from './table.ts'

const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
/** Routes are few by nature, and methods that a client invents have none. */
const ENDPOINTS_MAX = 40
const METHODS_MAX = 9
const NAMESPACES_MAX = 10

export class HttpCounts {
  readonly #endpoints = new ClosedSet(ENDPOINTS_MAX)
  readonly #methods = new ClosedSet(METHODS_MAX)
  readonly #requests = new Counts(...HTTP_ROWS.requests.labels)
  readonly #durations = new Distributions(BOUNDS, ...HTTP_ROWS.duration.labels)
  readonly #inFlight = new Counts(...HTTP_ROWS.inFlight.labels)
  readonly #calls = new Counts(...HTTP_ROWS.grpcRequests.labels)
  readonly #callDurations = new Distributions(BOUNDS, ...HTTP_ROWS.grpcDuration.labels)
  readonly #callsInFlight = new Counts(...HTTP_ROWS.grpcInFlight.labels)
  readonly #namespaces = new ClosedSet(NAMESPACES_MAX)
  readonly #hits = new Counts(...HTTP_ROWS.cacheHits.labels)
  readonly #misses = new Counts(...HTTP_ROWS.cacheMisses.labels)
  #ends: readonly (() => void)[] = []

  /** Counts from here on. */
  start(): void {
    const asked = subscribe('caudal:http:asked', ({ endpoint }) =>
      this.#inFlight.add(1, this.#endpoints.take(endpoint)),
    )
    const requests = subscribe('caudal:http:answered', ({ method, endpoint, status, durationMs }) => {
      const labels = [this.#methods.take(method), this.#endpoints.take(endpoint)] as const
      this.#requests.add(1, ...labels, String(status))
      this.#durations.add(durationMs / 1_000, ...labels)
      this.#inFlight.add(-1, labels[1])
    })
    const called = subscribe('caudal:grpc:asked', ({ method }) => this.#callsInFlight.add(1, method))
    const calls = subscribe('caudal:grpc:answered', ({ method, code, durationMs }) => {
      this.#calls.add(1, method, code)
      this.#callDurations.add(durationMs / 1_000, method, code)
      this.#callsInFlight.add(-1, method)
    })
    const looks = subscribe('caudal:cache:looked', ({ namespace, isHit }) => {
      const counts = isHit ? this.#hits : this.#misses
      counts.add(1, this.#namespaces.take(namespace))
    })
    this.#ends = [asked, requests, called, calls, looks]
  }

  stop(): void {
    for (const end of this.#ends) end()
  }

  get families(): readonly Family[] {
    return [
      { row: HTTP_ROWS.requests, children: this.#requests.children },
      { row: HTTP_ROWS.duration, children: this.#durations.children },
      { row: HTTP_ROWS.inFlight, children: this.#inFlight.children },
      { row: HTTP_ROWS.grpcRequests, children: this.#calls.children },
      { row: HTTP_ROWS.grpcDuration, children: this.#callDurations.children },
      { row: HTTP_ROWS.grpcInFlight, children: this.#callsInFlight.children },
      { row: HTTP_ROWS.cacheHits, children: this.#hits.children },
      { row: HTTP_ROWS.cacheMisses, children: this.#misses.children },
    ]
  }
}
