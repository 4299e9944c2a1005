/** Calls of gRPC are counted and timed by method and status, and each has a span in the trace of its caller. */
import { status } from '@grpc/grpc-js'
import { expect, it, vi } from 'vitest'
import { realSystem } from '#core/system.ts'
import type { Model } from '#models/model.ts'
import { Metrics } from '#observability/metrics/metrics.ts'
import type { SpanRecord } from '#observability/traces/span.ts'
import { Traces } from '#observability/traces/traces.ts'
import { seriesOf } from '../observability/metrics/scraped.ts'
import { modelError, scripted } from '../operators/values.ts'
import { clientOf, served } from './grpc-clients.ts'
import { openGateway } from './open-gateway.ts'

const GENERATE = 'caudal.v1.LLMService/Generate'
const STREAM = 'caudal.v1.LLMService/StreamGenerate'
const PARENT = 'c'.repeat(16)
const TRACE = 'a'.repeat(32)

async function observed(model: Model) {
  const opened = await openGateway(model)
  const grpc = await served(() => opened.gateway)
  const client = clientOf(grpc.address)
  const spans: SpanRecord[] = []
  const metrics = new Metrics({ system: realSystem })
  const traces = new Traces({ system: realSystem, sink: span => void spans.push(span) })
  metrics.start()
  traces.start()
  return {
    ...{ client, spans },
    series: async () => seriesOf((await metrics.scrape()).text),
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]()
      await grpc.close()
      await opened[Symbol.asyncDispose]()
      traces[Symbol.dispose]()
      metrics[Symbol.dispose]()
    },
  }
}

it('calls of gRPC are counted and timed by method and status, and none is left in flight', async () => {
  await using gateway = await observed(scripted({}))
  await gateway.client.generate({ prompt: 'What is a fuse for?' })
  await gateway.client.generate({ prompt: '' })
  await gateway.client.stream({ prompt: 'What is a valve for?' })
  const series = await gateway.series()
  const total = (method: string, code: string) =>
    series.get(`grpc_requests_total{method="${method}",code="${code}"}`)
  expect([total(GENERATE, 'OK'), total(GENERATE, 'INVALID_ARGUMENT'), total(STREAM, 'OK')]).toEqual([1, 1, 1])
  expect(series.get(`grpc_request_duration_seconds_count{method="${GENERATE}",code="OK"}`)).toBe(1)
  expect(series.get(`grpc_requests_in_flight{method="${GENERATE}"}`)).toBe(0)
  expect(series.get(`grpc_requests_in_flight{method="${STREAM}"}`)).toBe(0)
})

it('a call of gRPC is a span under the one that its metadata names', async () => {
  await using gateway = await observed(scripted({}))
  const headers = { traceparent: `00-${TRACE}-${PARENT}-01` }
  await gateway.client.generate({ prompt: 'What is a fuse for?' }, { headers })
  const found = gateway.spans.filter(({ name }) => name === GENERATE)
  expect(found).toMatchObject([{ kind: 'server', traceId: TRACE, parentId: PARENT }])
})

it('a call whose client leaves is counted as cancelled', async () => {
  const { promise, reject } = Promise.withResolvers<never>()
  const silent: Model = { complete: () => promise }
  await using gateway = await observed(silent)
  const call = gateway.client.open({ prompt: 'What is a fuse for?' })
  call.on('error', error => expect(error).toMatchObject({ code: status.CANCELLED }))
  const inFlight = async () => (await gateway.series()).get(`grpc_requests_in_flight{method="${STREAM}"}`)
  await vi.waitFor(async () => expect(await inFlight()).toBe(1), { timeout: 30_000 })
  call.cancel()
  await vi.waitFor(async () => expect(await inFlight()).toBe(0), { timeout: 30_000 })
  const name = `grpc_requests_total{method="${STREAM}",code="CANCELLED"}`
  expect((await gateway.series()).get(name)).toBe(1)
  reject(modelError('timeout'))
})
