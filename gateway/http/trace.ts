/** The trace of each request, and what its reply says of it. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Trace, traceOf } from '../trace.ts'

/** The traces of the requests of one gateway. */
export class Traces {
  readonly #name: string
  readonly #share: number | undefined
  readonly #known = new WeakMap<FastifyRequest, Trace>()
  #count = 0

  /** The name is unique among the gateways that run at the same time. All traces are written without a share. */
  constructor(name: string, share?: number) {
    this.#name = name
    this.#share = share
  }

  of(request: FastifyRequest): Trace {
    const trace =
      this.#known.get(request) ?? traceOf(givenIn(request), `${this.#name}/${this.#count++}`, this.#share)
    this.#known.set(request, trace)
    return trace
  }
}

const givenIn = ({ headers }: FastifyRequest) => ({
  traceparent: headers.traceparent,
  requestId: headers['x-request-id'],
})

export function answerTrace(reply: FastifyReply, trace: Trace): Trace {
  reply.header('x-request-id', trace.requestId).header('traceparent', trace.traceparent)
  return trace
}
