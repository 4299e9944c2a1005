/** Spans to a collector, by the SDK of OpenTelemetry and its exporter of OTLP over HTTP. Loaded only where a collector is named. */
import { type Context, ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { type ReadableSpan, TracerProvider } from '@opentelemetry/sdk-trace'
import type { System } from '#core/system.ts'
import { SendQueue } from './send-queue.ts'
import type { SpanRecord, SpanSink } from './span.ts'

export interface OtlpOptions {
  readonly system: System
  /** Address of the collector, without the path of traces. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  /** Of what the spans are: `service.name` and its kin. */
  readonly resource: Readonly<Record<string, string>>
}

export interface OtlpSink extends AsyncDisposable {
  readonly sink: SpanSink
}

const EXPORT_TIMEOUT_MS = 5_000
const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const

export function otlpSink({ system, endpoint, headers, resource }: OtlpOptions): OtlpSink {
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`
  const exporter = new OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis: EXPORT_TIMEOUT_MS })
  const queue = new SendQueue<ReadableSpan>({ system, send: spans => exported(exporter, spans) })
  const given = { traceId: '', spanId: '' }
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ ...resource }),
    // A span begins right after its identities were put here.
    idGenerator: { generateTraceId: () => given.traceId, generateSpanId: () => given.spanId },
    spanProcessors: [
      {
        onStart: () => undefined,
        onEnd: span => queue.add(span),
        forceFlush: async () => undefined,
        shutdown: async () => undefined,
      },
    ],
  })
  const tracer = provider.getTracer('caudal')
  const sink = (span: SpanRecord) => {
    Object.assign(given, { traceId: span.traceId, spanId: span.spanId })
    const { name, attributes, error, startMs, endMs } = span
    const links = (span.links ?? []).map(({ traceId, spanId }) => ({ context: contextOf(traceId, spanId) }))
    const options = { kind: KINDS[span.kind], startTime: startMs, attributes: { ...attributes }, links }
    const open = tracer.startSpan(name, options, parentOf(span))
    if (error !== undefined) open.setStatus({ code: SpanStatusCode.ERROR, message: error })
    open.end(endMs)
  }
  return {
    sink,
    [Symbol.asyncDispose]: async () => {
      await queue[Symbol.asyncDispose]()
      // It would wait for a collector that hangs.
      void exporter.shutdown().catch(() => undefined)
    },
  }
}

const contextOf = (traceId: string, spanId: string) => ({ traceId, spanId, traceFlags: TraceFlags.SAMPLED })

function parentOf({ traceId, parentId }: SpanRecord): Context {
  if (parentId === undefined) return ROOT_CONTEXT
  return trace.setSpanContext(ROOT_CONTEXT, contextOf(traceId, parentId))
}

function exported(exporter: OTLPTraceExporter, spans: readonly ReadableSpan[]): Promise<void> {
  return new Promise((resolve, reject) => {
    exporter.export([...spans], ({ code, error }) => (code === 0 ? resolve() : reject(error)))
  })
}
