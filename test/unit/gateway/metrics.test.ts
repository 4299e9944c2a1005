/** What the gateway counts of its requests, by route, as Prometheus reads it. */
import { expect, it } from 'vitest'
import { silent } from '#core/loggers.ts'
import { realSystem } from '#core/system.ts'
import { gatewayServer } from '#gateway/http/server.ts'
import { Metrics } from '#observability/metrics/metrics.ts'
import { seriesOf } from '../observability/metrics/scraped.ts'

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
