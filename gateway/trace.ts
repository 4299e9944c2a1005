/** What ties a request to its log lines and records: W3C trace context and a request id, taken over where they are well formed. */
import { hash } from 'node:crypto'
import { isWithinShare, type TraceContext, traceContextOf, traceparentOf } from '#core/trace-context.ts'

export interface Trace {
  readonly traceId: string
  readonly traceparent: string
  readonly requestId: string
  /** The span of the request: a caller's trace goes on beside its own. */
  readonly span: TraceContext & { readonly parentId: string | undefined }
}

/** What a caller gave, whatever it is. */
export interface GivenTrace {
  readonly traceparent: unknown
  readonly requestId: unknown
}

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/

/**
 * `unique` is the request's own name, among those of all gateways that run at the same time. `share` of the traces that begin
 * here are written; a trace that came with the request keeps its own decision.
 */
export function traceOf({ traceparent, requestId }: GivenTrace, unique: string, share = 1): Trace {
  const digits = hash('sha256', unique)
  const known = traceContextOf(typeof traceparent === 'string' ? traceparent : undefined)
  const spanId = digits.slice(32, 48)
  const traceId = known?.traceId ?? digits.slice(0, 32)
  const own = { traceId, spanId, isSampled: known?.isSampled ?? isWithinShare(traceId, share) }
  return {
    traceId: own.traceId,
    traceparent: known && typeof traceparent === 'string' ? traceparent : traceparentOf(own),
    span: { ...own, parentId: known?.spanId },
    requestId: typeof requestId === 'string' && REQUEST_ID.test(requestId) ? requestId : digits.slice(48, 64),
  }
}
