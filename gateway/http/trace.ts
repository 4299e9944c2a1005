/** What ties a request to its log lines and records: W3C trace context and a request id, taken over where they are well formed. */
import { hash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type TraceContext, traceContextOf, traceparentOf } from '#core/trace-context.ts'

export interface Trace {
  readonly traceId: string
  readonly traceparent: string
  readonly requestId: string
  /** The span of the request: a caller's trace goes on beside its own. */
  readonly span: TraceContext & { readonly parentId: string | undefined }
}

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/

/** The traces of the requests of one gateway. */
export class Traces {
  readonly #name: string
  readonly #known = new WeakMap<FastifyRequest, Trace>()
  #count = 0

  /** The name is unique among the gateways that run at the same time. */
  constructor(name: string) {
    this.#name = name
  }

  of(request: FastifyRequest): Trace {
    const trace = this.#known.get(request) ?? traceOf(request, `${this.#name}/${this.#count++}`)
    this.#known.set(request, trace)
    return trace
  }
}

function traceOf({ headers }: FastifyRequest, unique: string): Trace {
  const given = headers.traceparent
  const digits = hash('sha256', unique)
  const requestId = headers['x-request-id']
  const known = traceContextOf(typeof given === 'string' ? given : undefined)
  const spanId = digits.slice(32, 48)
  const own = { traceId: known?.traceId ?? digits.slice(0, 32), spanId, isSampled: known?.isSampled ?? true }
  return {
    traceId: own.traceId,
    traceparent: known && typeof given === 'string' ? given : traceparentOf(own),
    span: { ...own, parentId: known?.spanId },
    requestId: typeof requestId === 'string' && REQUEST_ID.test(requestId) ? requestId : digits.slice(48, 64),
  }
}

export function answerTrace(reply: FastifyReply, trace: Trace): Trace {
  reply.header('x-request-id', trace.requestId).header('traceparent', trace.traceparent)
  return trace
}
