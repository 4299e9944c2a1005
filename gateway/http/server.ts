/** The gateway on HTTP: operations of the table of routes, beside what a process tells about itself. */
import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
} from 'fastify'
import { publish } from '#core/diagnostics.ts'
import { reasonOf } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import type { AnyRoute } from '#observability/http-server.ts'
import { runCharged } from '../charging.ts'
import type { KeyRing } from '../keys.ts'
import type { Answer, Gateway } from '../operation.ts'
import { invalid, Problem } from '../problem.ts'
import type { Rates } from '../rates.ts'
import { isUpgraded, serveWebSockets } from '../websocket/web-sockets.ts'
import { BodyFault, takeBodies } from './bodies.ts'
import { Callers } from './caller.ts'
import { type ConsoleMode, serveConsole } from './console-files.ts'
import { cookieHeader, cookieSessionOf } from './cookies.ts'
import { EventStreams } from './event-stream.ts'
import { inputReader } from './input.ts'
import { OPENAI_LINES } from './openai-dialect.ts'
import { openApi } from './openapi.ts'
import { endSocket, problemOf, sendProblem } from './problem-reply.ts'
import { limitRates } from './rate-limit.ts'
import { type HttpRoute, ROUTES } from './routes.ts'
import { secureReply } from './security-headers.ts'
import { answerTrace, Traces } from './trace.ts'
import { webSocketAdmission } from './web-socket-route.ts'

export interface GatewayServerOptions {
  /** Nothing while the log is not open yet: probes are answered before. */
  readonly gateway: () => Gateway | undefined
  /** Unique among the gateways that run at the same time. */
  readonly name: string
  /** Nothing where this machine alone is answered, without keys. */
  readonly keys?: KeyRing | undefined
  /** Any number of requests without. */
  readonly rates?: Rates | undefined
  readonly logger: Logger
  readonly system: System
  /** What the process tells about itself: probes and their kin, for everybody who reaches the port. */
  readonly routes: readonly AnyRoute[]
  /** Addresses and networks of proxies whose word counts on where a request comes from; none when left out. */
  readonly trustedProxies?: readonly string[]
  /** Share of the traces that begin here and are written, from 0 to 1; all when left out. */
  readonly traceShare?: number
  /** Off when left out. */
  readonly consoleMode?: ConsoleMode
  /** How long a request may take to arrive whole; 30 s when left out. */
  readonly arrivalMs?: number
}

const BODY_BYTES_MAX = 1_000_000
const HEADER_BYTES_MAX = 16_384
/** A request that has not arrived whole by then is ended. */
const ARRIVAL_MS = 30_000
/** So often in that time, requests are looked for that are late. */
const ARRIVAL_CHECKS = 6
const KEEP_ALIVE_MS = 72_000
const PARAMETER_CHARACTERS_MAX = 1_000
/** The status of a connection that went on as a WebSocket. */
const SWITCHED = 101
/** What nginx writes of a request whose caller left before the reply was sent. No caller ever sees this status. */
const CALLER_LEFT = 499

interface Serving extends GatewayServerOptions {
  readonly traces: Traces
  readonly streams: EventStreams
  readonly callers: Callers
}

/** Not listening yet: tests hand requests in without a socket. */
export function gatewayServer(options: GatewayServerOptions): FastifyInstance {
  const { keys, gateway, rates, arrivalMs = ARRIVAL_MS } = options
  const serving = {
    ...options,
    callers: new Callers(() => ({ keys, sessions: gateway()?.sessions })),
    traces: new Traces(options.name, options.traceShare),
    streams: new EventStreams(options.system),
  }
  const server = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: arrivalMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: true,
    trustProxy: options.trustedProxies?.length ? [...options.trustedProxies] : false,
    return503OnClosing: false,
    http: {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: arrivalMs,
      connectionsCheckingInterval: arrivalMs / ARRIVAL_CHECKS,
      shouldUpgradeCallback: isUpgraded,
    },
    routerOptions: { maxParamLength: PARAMETER_CHARACTERS_MAX },
    clientErrorHandler: (error, socket) => endSocket(socket, error),
    frameworkErrors: (error, request, reply) => answerError(error, request, reply, serving),
  })
  takeBodies(server, new Set(ROUTES.filter(({ wholeBody }) => wholeBody !== undefined).map(urlPattern)))
  server.addHook('onRequest', (request, reply, done) => {
    publish('caudal:http:asked', { method: request.method, endpoint: endpointOf(request) })
    publishEnd(request, reply, serving)
    answerTrace(reply, serving.traces.of(request))
    secureReply(request, reply)
    done()
  })
  // An open stream would keep the server from its end.
  server.addHook('preClose', async () => serving.streams.end('the gateway stops'))
  server.setErrorHandler((error: FastifyError, request, reply) => answerError(error, request, reply, serving))
  server.setNotFoundHandler((request, reply) => unrouted(request, reply, serving))
  for (const route of options.routes) serveRoute(server, route)
  if (rates && rates.requestsAMinute > 0)
    limitRates(server, rates, request => serving.callers.nameOf(request))
  serveWebSockets(server, { system: options.system, ...webSocketAdmission(serving) })
  // Behind the plug-in, which looks at routes as they are added.
  server.after(() => {
    for (const route of ROUTES) serveOperation(server, route, serving)
  })
  serveConsole(server, options.consoleMode ?? 'off', keys !== undefined)
  const document = openApi(ROUTES)
  server.get('/openapi.json', (_, reply) => reply.send(document))
  return server
}

/** Once, however the request ends: fastify calls no hook where the caller leaves, nor for a reply that it does not send. */
function publishEnd(request: FastifyRequest, reply: FastifyReply, { system, traces }: Serving): void {
  const from = system.monotonic()
  let isSent = false
  reply.raw.once('finish', () => {
    isSent = true
  })
  reply.raw.once('close', () =>
    publish('caudal:http:answered', {
      method: request.method,
      endpoint: endpointOf(request),
      status: isSent ? reply.statusCode : unsentStatus(request, reply),
      durationMs: system.monotonic() - from,
      trace: traces.of(request).span,
    }),
  )
}

/** A connection that became a WebSocket has no reply; any other caller without a whole one has left. */
const unsentStatus = ({ ws }: FastifyRequest, { raw, sent }: FastifyReply): number =>
  ws && sent && !raw.headersSent ? SWITCHED : CALLER_LEFT

/** The route as the documentation names it. */
const endpointOf = ({ routeOptions }: FastifyRequest): string =>
  routeOptions.url?.replace(/:(\w+)/g, '{$1}') ?? 'none'

/** The path as fastify writes it. */
const urlPattern = ({ path }: HttpRoute): string => path.replace(/\{(\w+)\}/g, ':$1')

/** Where it listens; empty while it does not. */
export function urlOf(server: FastifyInstance): string {
  const [first] = server.addresses()
  if (!first || typeof first === 'string') return ''
  const { address, family, port } = first
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

function serveRoute(server: FastifyInstance, { method, path, answer }: AnyRoute): void {
  server.route({
    method: method === 'GET' ? ['GET', 'HEAD'] : method,
    url: path,
    handler: async (request, reply) => {
      const answered = await answer(request.raw)
      if ('body' in answered) return reply.code(answered.status).send(answered.body)
      return reply.code(answered.status).type(answered.contentType).send(answered.text)
    },
  })
}

function serveOperation(
  server: FastifyInstance,
  route: HttpRoute,
  { gateway, callers, rates, traces, streams }: Serving,
): void {
  const read = inputReader(route)
  const config = { rateLimit: {}, ...(route.dialect && { dialect: route.dialect }) }
  server.route({
    method: route.method,
    url: urlPattern(route),
    config,
    // A stream has no end to wait for: nothing would answer HEAD.
    ...((route.operation.isStream || route.operation.mayStream) && { exposeHeadRoute: false }),
    ...(route.bodyBytesMax !== undefined && { bodyLimit: route.bodyBytesMax }),
    handler: async (request, reply) => {
      const trace = traces.of(request)
      const caller = await callers.with(route.operation.scope, request)
      if (caller instanceof Problem) return sendProblem(reply, caller, trace.traceId)
      const input = read(request)
      if (input instanceof Problem) return sendProblem(reply, input, trace.traceId)
      const opened = gateway()
      if (!opened) return sendProblem(reply, new Problem('starting', { retryAfterS: 1 }), trace.traceId)
      const signal = leavingOf(reply)
      const call = { caller, signal, address: request.ip, cookieSession: cookieSessionOf(request), ...trace }
      const answer = await runCharged(route.operation, opened, input, call, rates)
      if (answer instanceof Problem) return sendProblem(reply, answer, trace.traceId)
      const lines = route.dialect === 'openai' ? OPENAI_LINES : undefined
      const stream = (open: Opening) => streams.start(reply, open, () => callers.isInForce(caller), lines)
      return sendAnswer(request, reply, answer, stream)
    },
  })
}

type Opening = Extract<Answer, { readonly kind: 'stream' }>['open']

function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Exclude<Answer, Problem>,
  stream: (open: Opening) => void,
): FastifyReply {
  switch (answer.kind) {
    case 'found':
      if (answer.cookie) reply.header('set-cookie', cookieHeader(answer.cookie, request))
      return reply.send(answer.body)
    case 'accepted':
      return reply.code(202).send(answer.body)
    case 'over':
      return reply.code(204).send()
    case 'stream':
      stream(answer.open)
      return reply
  }
}

/** Aborted when the connection ends before the answer is sent. */
function leavingOf(reply: FastifyReply): AbortSignal {
  const leaving = new AbortController()
  reply.raw.once('close', () => leaving.abort())
  // It may have ended while its key was looked up.
  if (reply.raw.destroyed) leaving.abort()
  return leaving.signal
}

function unrouted(request: FastifyRequest, reply: FastifyReply, { routes, traces }: Serving) {
  const [path = ''] = request.url.split('?')
  const methods = [
    ...ROUTES.filter(each => isAt(each.path, path)).map(({ method }) => method),
    ...routes.filter(each => each.path === path).map(({ method }) => method),
  ]
  const { traceId } = traces.of(request)
  if (methods.length === 0)
    return sendProblem(
      reply,
      new Problem('route_unknown', { detail: 'GET /openapi.json names all routes.' }),
      traceId,
    )
  reply.header('allow', methods.join(', '))
  return sendProblem(
    reply,
    new Problem('method_not_allowed', { detail: `It takes ${methods.join(' and ')}.` }),
    traceId,
  )
}

const isAt = (pattern: string, path: string): boolean =>
  new RegExp(`^${pattern.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`).test(path)

function answerError(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  { logger, traces }: Serving,
) {
  const { traceId, requestId } = answerTrace(reply, traces.of(request))
  const problem = error instanceof BodyFault ? invalid([error.fault]) : problemOf(error)
  if (problem) return sendProblem(reply, problem, traceId)
  const { method, routeOptions } = request
  // A caller that has left gets no answer, and its leaving is no failure.
  if (!reply.raw.destroyed)
    logger.error('the gateway failed on a request', {
      method,
      route: routeOptions.url,
      request_id: requestId,
      trace_id: traceId,
      error: reasonOf(error),
    })
  return sendProblem(reply, new Problem('internal'), traceId)
}
