/** Problems as HTTP shows them: RFC 9457, and what errors of fastify and Node mean. */
import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'
import { Problem, type ProblemCode } from '../problem.ts'
import { sendOpenAiError } from './openai-dialect.ts'

export const PROBLEM_TYPE = 'application/problem+json'

export function problemBody({ code, status, title, details }: Problem, traceId?: string): object {
  const { detail, faults } = details
  return {
    type: `urn:caudal:problem:${code}`,
    title,
    status,
    code,
    ...(detail !== undefined && { detail }),
    ...(faults && { faults }),
    ...(traceId !== undefined && { trace_id: traceId }),
  }
}

export function sendProblem(reply: FastifyReply, problem: Problem, traceId: string): FastifyReply {
  const { retryAfterS } = problem.details
  if (retryAfterS !== undefined) reply.header('retry-after', retryAfterS)
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer')
  // A request that met no route has none.
  const config: object = reply.routeOptions.config ?? {}
  if ('dialect' in config && config.dialect === 'openai') return sendOpenAiError(reply, problem)
  return reply
    .code(problem.status)
    .type(PROBLEM_TYPE)
    .send(`${JSON.stringify(problemBody(problem, traceId))}\n`)
}

const BY_CODE: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media_type_unknown',
  FST_ERR_CTP_BODY_TOO_LARGE: 'too_large',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'not_json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'not_json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'request_malformed',
  CAUDAL_RATE_LIMITED: 'rate_limited',
  FST_ERR_BAD_URL: 'request_malformed',
  FST_ERR_MAX_PARAM_LENGTH: 'address_too_long',
  FST_ERR_ASYNC_CONSTRAINT: 'request_malformed',
  ERR_HTTP_REQUEST_TIMEOUT: 'too_slow',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
}

interface Coded {
  readonly code?: unknown
  readonly statusCode?: unknown
}

/** The problem that an error stands for; nothing for one that nobody foresaw. */
export function problemOf({ code, statusCode }: Coded): Problem | undefined {
  const known = typeof code === 'string' ? BY_CODE[code] : undefined
  if (known) return new Problem(known)
  const isOfCaller = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
  return isOfCaller ? new Problem('request_malformed') : undefined
}

/** For bytes that are no request: there is no reply yet, only the connection, which ends with this answer. */
export function endSocket(socket: Socket, error: Coded): void {
  const problem = problemOf(error) ?? new Problem('request_malformed')
  const body = `${JSON.stringify(problemBody(problem))}\n`
  if (socket.writable)
    socket.end(
      `HTTP/1.1 ${problem.status} Refused\r\ncontent-type: ${PROBLEM_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    )
  else socket.destroy()
}
