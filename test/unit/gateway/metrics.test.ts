/** What the gateway counts of its requests, by route, as Prometheus reads it. */
import { describe, expect, it, vi } from 'vitest'
import { silent } from '#core/loggers.ts'
import { realSystem } from '#core/system.ts'
import { gatewayServer } from '#gateway/http/server.ts'
import type { Model } from '#models/model.ts'
import { Metrics } from '#observability/metrics/metrics.ts'
import { Traces } from '#observability/traces/traces.ts'
import { seriesOf } from '../observability/metrics/scraped.ts'
import { modelError } from '../operators/values.ts'
import { openGateway } from './open-gateway.ts'
import { openClient } from './web-sockets.ts'

it('the gateway counts requests by route, method and status, and unknown paths as one', async () => {
  using metrics = new Metrics({ system: realSystem })
  metrics.start()
  const routes = [
    {
      path: '/metrics',
      method: 'GET' as const,
      answer: async () => ({ status: 200, ...(await metrics.scrape()) }),
    },
  ]
  const server = gatewayServer({
    gateway: () => undefined,
    name: 'gate',
    logger: silent,
    system: realSystem,
    routes,
  })
  for (const url of ['/task/one', '/task/two', '/task/%00?secret=1', '/wp-admin.php', '/metrics', '/task/%'])
    await server.inject({ url })
  await server.inject({ method: 'POST', url: '/query', payload: { title: 'x' } })
  const { body, headers } = await server.inject({ url: '/metrics' })
  expect(headers['content-type']).toContain('text/plain')
  const counted = [...seriesOf(body)].filter(([series]) => series.startsWith('http_requests_total'))
  expect(Object.fromEntries(counted)).toEqual({
    'http_requests_total{method="GET",endpoint="/task/{id}",status_code="503"}': 2,
    'http_requests_total{method="GET",endpoint="/task/{id}",status_code="400"}': 1,
    'http_requests_total{method="GET",endpoint="none",status_code="404"}': 1,
    'http_requests_total{method="GET",endpoint="/metrics",status_code="200"}': 1,
    'http_requests_total{method="POST",endpoint="/query",status_code="503"}': 1,
  })
  expect(seriesOf(body).get('http_request_duration_seconds_count{method="GET",endpoint="/task/{id}"}')).toBe(
    3,
  )
  // The scrape that says it is under way itself, and all others are answered.
  const underWay = [...seriesOf(body)].filter(([series]) => series.startsWith('http_requests_in_flight'))
  expect(Object.fromEntries(underWay.filter(([, value]) => value !== 0))).toEqual({
    'http_requests_in_flight{endpoint="/metrics"}': 1,
  })
  expect(body).not.toMatch(/secret|wp-admin|task\/one/)
  await server.close()
})

/** A gateway on a port, whose model and whose page of metrics answer nobody. */
async function unanswering() {
  const { promise, reject } = Promise.withResolvers<never>()
  const model: Model = { complete: () => promise }
  const opened = await openGateway(model)
  const metrics = new Metrics({ system: realSystem })
  const spans: string[] = []
  const traces = new Traces({ system: realSystem, sink: ({ name }) => void spans.push(name) })
  metrics.start()
  traces.start()
  const server = gatewayServer({
    gateway: () => opened.gateway,
    name: 'gate',
    logger: silent,
    system: realSystem,
    routes: [{ path: '/metrics', method: 'GET', answer: () => promise }],
  })
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  return {
    ...{ url, spans },
    series: async () => seriesOf((await metrics.scrape()).text),
    async [Symbol.asyncDispose]() {
      reject(modelError('timeout'))
      await server.close()
      await opened[Symbol.asyncDispose]()
      traces[Symbol.dispose]()
      metrics[Symbol.dispose]()
    },
  }
}

type Unanswering = Awaited<ReturnType<typeof unanswering>>

async function expectInFlight({ series }: Unanswering, endpoint: string, count: number): Promise<void> {
  const name = `http_requests_in_flight{endpoint="${endpoint}"}`
  await vi.waitFor(async () => expect((await series()).get(name)).toBe(count), { timeout: 30_000 })
}

describe('a request is counted once, timed and traced', () => {
  it('when its caller leaves', async () => {
    await using gateway = await unanswering()
    const headers = { 'content-type': 'application/json' }
    const asked = { method: 'POST', headers, body: JSON.stringify({ title: 'What is a fuse for?' }) }
    const requests = [
      ['/query', '/query?wait=30s', asked],
      ['/events', '/events', { method: 'GET' }],
      ['/metrics', '/metrics', { method: 'GET' }],
    ] as const
    for (const [endpoint, path, { method, ...init }] of requests) {
      const leaving = new AbortController()
      const left = fetch(`${gateway.url}${path}`, { method, ...init, signal: leaving.signal })
        .then(({ text }) => text())
        .catch(() => 'left')
      await expectInFlight(gateway, endpoint, 1)
      leaving.abort()
      expect(await left).toBe('left')
      await expectInFlight(gateway, endpoint, 0)
      const labels = `method="${method}",endpoint="${endpoint}"`
      const series = await gateway.series()
      expect(series.get(`http_requests_total{${labels},status_code="499"}`)).toBe(1)
      expect(series.get(`http_request_duration_seconds_count{${labels}}`)).toBe(1)
    }
    expect(gateway.spans).toEqual(['POST /query', 'GET /events', 'GET /metrics'])
  })

  it('when it was a WebSocket', async () => {
    await using gateway = await unanswering()
    const client = await openClient(`${gateway.url.replace('http', 'ws')}/ws`)
    await expectInFlight(gateway, '/ws', 1)
    client.close()
    await expectInFlight(gateway, '/ws', 0)
    const total = 'http_requests_total{method="GET",endpoint="/ws",status_code="101"}'
    expect((await gateway.series()).get(total)).toBe(1)
  })
})
