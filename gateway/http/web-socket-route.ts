/** Who may open a WebSocket: a caller with the scope read, and no page of another origin. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Gateway } from '../operation.ts'
import { Problem } from '../problem.ts'
import type { Rates } from '../rates.ts'
import type { Admitted } from '../websocket/channel.ts'
import type { WebSocketsOptions } from '../websocket/web-sockets.ts'
import type { Callers } from './caller.ts'
import { cookieOf } from './cookies.ts'
import { sendProblem } from './problem-reply.ts'
import type { Traces } from './trace.ts'

interface Parts {
  readonly gateway: () => Gateway | undefined
  readonly callers: Callers
  readonly traces: Traces
  readonly rates?: Rates | undefined
}

export function webSocketAdmission(parts: Parts): Omit<WebSocketsOptions, 'system'> {
  const { traces } = parts
  const send = (request: FastifyRequest, reply: FastifyReply, problem: Problem) =>
    sendProblem(reply, problem, traces.of(request).traceId)
  return {
    admit: async (request, reply) => {
      const found = await admission(request, parts)
      if (!(found instanceof Problem)) return found
      send(request, reply, found)
      return undefined
    },
    refuse: (request, reply) =>
      send(request, reply, new Problem('upgrade_needed', { detail: 'Connect with ws:// or wss://.' })),
  }
}

async function admission(
  request: FastifyRequest,
  { gateway, callers, traces, rates }: Parts,
): Promise<Admitted | Problem> {
  const caller = await callers.with('read', request)
  if (caller instanceof Problem) return caller
  if (isOfOtherPage(request))
    return new Problem('origin_refused', { detail: 'A page opens it from the origin of this host.' })
  const opened = gateway()
  if (!opened) return new Problem('starting', { retryAfterS: 1 })
  const name = await callers.nameOf(request)
  return {
    gateway: opened,
    call: { caller, address: request.ip, ...traces.of(request) },
    isInForce: () => callers.isInForce(caller),
    count: async () => rates?.overLimit(name),
  }
}

/** No browser asks before it opens a WebSocket to another site, and it sends what it knows of that site. */
function isOfOtherPage({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  const { origin, host } = headers
  if (origin === undefined) return headers.authorization === undefined && cookieOf({ headers }) !== undefined
  return !URL.canParse(origin) || new URL(origin).host !== host
}
