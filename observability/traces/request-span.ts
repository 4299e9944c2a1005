/** The span of a request that the gateway has answered, over HTTP or gRPC. */
import type { DiagnosticEvents } from '#core/diagnostics.ts'
import type { SpanRecord } from './span.ts'

/** Where a request is in its trace. */
export type RequestTrace = DiagnosticEvents['caudal:grpc:answered']['trace']

/** Nothing for a request without a trace. */
export function httpSpan(
  { method, endpoint, status, durationMs, trace }: DiagnosticEvents['caudal:http:answered'],
  endMs: number,
): SpanRecord | undefined {
  return (
    trace && {
      ...served(`${method} ${endpoint}`, trace, { durationMs, endMs }),
      attributes: {
        'http.request.method': method,
        'http.route': endpoint,
        'http.response.status_code': status,
      },
      error: status >= 500 ? `status ${status}` : undefined,
    }
  )
}

/** The statuses that are the fault of a server, after the semantic conventions of OpenTelemetry. */
const FAULTS: ReadonlySet<string> = new Set([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
])

export function grpcSpan(
  { method, code, durationMs, trace }: DiagnosticEvents['caudal:grpc:answered'],
  endMs: number,
): SpanRecord {
  return {
    ...served(method, trace, { durationMs, endMs }),
    attributes: { 'rpc.system.name': 'grpc', 'rpc.method': method, 'rpc.response.status_code': code },
    error: FAULTS.has(code) ? `status ${code}` : undefined,
  }
}

function served(
  name: string,
  { traceId, spanId, parentId }: RequestTrace,
  { durationMs, endMs }: { readonly durationMs: number; readonly endMs: number },
) {
  return { name, kind: 'server', startMs: endMs - durationMs, endMs, traceId, spanId, parentId } as const
}
