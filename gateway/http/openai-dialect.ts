/** Problems and streams as clients of OpenAI's API read them. */
import type { FastifyReply } from 'fastify'
import { Problem, type ProblemCode } from '../problem.ts'
import type { StreamLines } from './event-stream.ts'

/** Where that API has a word of its own. */
const CODES: Partial<Readonly<Record<ProblemCode, string>>> = {
  unauthenticated: 'invalid_api_key',
  model_unknown: 'model_not_found',
  rate_limited: 'rate_limit_exceeded',
  quota_used_up: 'insufficient_quota',
}

/** Its clients ask again after these statuses, though that helps nobody: the header tells them not to. */
const FINAL: readonly ProblemCode[] = ['quota_used_up', 'not_in_time', 'question_failed', 'internal']

export function sendOpenAiError(reply: FastifyReply, problem: Problem): FastifyReply {
  if (FINAL.includes(problem.code)) reply.header('x-should-retry', 'false')
  return reply
    .code(problem.status)
    .type('application/json; charset=utf-8')
    .send(`${JSON.stringify(errorBody(problem))}\n`)
}

function errorBody({ code, status, title, details }: Problem): object {
  const { detail, faults = [] } = details
  const named = faults.map(({ pointer, reason }) => `${nameOf(pointer) ?? 'the body'} ${reason}`)
  const message = [title, ...(detail === undefined ? [] : [detail]), ...named].join(' ')
  const [first] = faults
  const param = code === 'model_unknown' ? 'model' : first ? nameOf(first.pointer) : null
  return { error: { message, type: typeOf(code, status), param: param ?? null, code: CODES[code] ?? code } }
}

/** A JSON pointer as that API names fields. */
function nameOf(pointer: string): string | undefined {
  const [, ...names] = pointer.split('/')
  const text = names.reduce((before, name) => before + (/^\d+$/.test(name) ? `[${name}]` : `.${name}`), '')
  return text === '' ? undefined : text.slice(1)
}

function typeOf(code: ProblemCode, status: number): string {
  if (code === 'quota_used_up') return 'insufficient_quota'
  if (status === 429) return 'rate_limit_error'
  if (status === 403) return 'permission_error'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}

const dataOf = (value: object): string => `data: ${JSON.stringify(value)}\n\n`

export const OPENAI_LINES: StreamLines = {
  begin: () => '',
  event: ({ data }) => dataOf(data),
  end: reason =>
    reason === undefined
      ? 'data: [DONE]\n\n'
      : OPENAI_LINES.failure(new Problem('stopping', { detail: reason })),
  failure: problem => dataOf(errorBody(problem)),
}
