/** What the SDK throws, as the port's errors, each with a message that says what to do. Imported by openai.ts alone. */
import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai'
import { reasonOf } from '#engine/core/errors.ts'
import { briefly, ModelError } from './model.ts'
import { retryAfterMs } from './retry-after.ts'

export interface Asked {
  readonly model: string
  readonly baseUrl: string
  readonly timeoutMs: number
  readonly now: number
}

/** Leaves room for the advice. */
const SAID_CHARACTERS_MAX = 1_000
const ADDRESS_CHARACTERS_MAX = 300

export function modelErrorOf(error: unknown, asked: Asked): ModelError {
  if (error instanceof ModelError) return error
  if (error instanceof APIConnectionTimeoutError && !rootCode(error)?.startsWith('UND_ERR_CONNECT'))
    return timedOut(error, asked)
  if (error instanceof APIConnectionError)
    return rootCode(error) === 'UND_ERR_RES_EXCEEDED_MAX_SIZE'
      ? tooLarge(error, asked)
      : unreachable(error, asked)
  if (error instanceof APIError && typeof error.status === 'number')
    return refused(error, error.status, asked)
  if (error instanceof SyntaxError) return malformed(error, asked)
  return new ModelError('other', { model: asked.model, reason: reasonOf(error), cause: error })
}

function timedOut(error: unknown, { model, timeoutMs, baseUrl }: Asked): ModelError {
  const reason = `no answer from ${baseUrl} within ${timeoutMs} ms`
  return new ModelError('timeout', { model, reason, cause: error })
}

function unreachable(error: Error, { model, baseUrl }: Asked): ModelError {
  const reason = `${baseUrl} cannot be reached (${rootCode(error) ?? error.message}); check OPENAI_BASE_URL and the server`
  return new ModelError('unavailable', { model, reason, cause: error })
}

function tooLarge(error: Error, { model, baseUrl }: Asked): ModelError {
  const reason = `the reply of ${baseUrl} is larger than replyBytesMax and was not read to its end`
  return new ModelError('invalid', { model, reason, cause: error })
}

function malformed(error: SyntaxError, { model, baseUrl }: Asked): ModelError {
  const reason = `the reply of ${baseUrl} is not JSON: ${error.message}`
  return new ModelError('invalid', { model, reason, cause: error })
}

function refused(error: APIError, status: number, { model, baseUrl, now }: Asked): ModelError {
  const common = { model, status, cause: error, retryAfterMs: retryAfterMs(error.headers, now) }
  const said = briefly(error.message, SAID_CHARACTERS_MAX)
  if (status === 429) {
    const broke = error.code === 'insufficient_quota'
    const advice = broke ? '; the account has no credit left: top it up' : ''
    return new ModelError('rate_limit', { ...common, reason: said + advice, outage: broke })
  }
  if (status === 408 || status === 504) return new ModelError('timeout', { ...common, reason: said })
  if (status >= 500) return new ModelError('unavailable', { ...common, reason: said })
  const advice = adviceOn(status, { model, baseUrl, location: error.headers?.get('location') })
  if (advice) return new ModelError('other', { ...common, reason: `${said}; ${advice}`, outage: true })
  if (status === 400 || status === 413 || status === 422)
    return new ModelError('invalid', {
      ...common,
      reason: `${said}; the request itself was refused: see its prompt`,
    })
  return new ModelError('other', { ...common, reason: said })
}

interface Place {
  readonly model: string
  readonly baseUrl: string
  /** Where a redirect leads. */
  readonly location: string | null | undefined
}

/** Faults of the set-up: every request would fail, so they count as an outage and spend no record's attempts for long. */
function adviceOn(status: number, { model, baseUrl, location }: Place): string | undefined {
  if (status >= 300 && status < 400) {
    const target = location ? briefly(location, ADDRESS_CHARACTERS_MAX) : 'an address that it does not name'
    return `${baseUrl} redirects to ${target}, which is not followed: set OPENAI_BASE_URL to where it leads`
  }
  if (status === 401) return 'check OPENAI_API_KEY'
  if (status === 402) return 'the account has no credit left: top it up'
  if (status === 405) return `${baseUrl} takes no calls there: check OPENAI_BASE_URL`
  if (status === 403) return `the key may not use ${model}: check its permissions`
  if (status === 404) return `${baseUrl} does not have ${model}: check LLM_MODEL and OPENAI_BASE_URL`
  return undefined
}

const NOT_TAKEN =
  /unsupported|not (?:be )?support|not (?:allowed|permitted)|unrecognized|unknown|unexpected|deprecated/i

/** Which of these parameters the model does not take at all, where that is what a request was refused for. */
export function refusedParameter<Name extends string>(
  error: unknown,
  names: readonly Name[],
): Name | undefined {
  if (!(error instanceof APIError) || error.status !== 400) return undefined
  const { code, param, message } = error
  if (!NOT_TAKEN.test(`${code} ${message}`)) return undefined
  return names.find(name => (param ? param === name : message.includes(name)))
}

function rootCode(error: Error): string | undefined {
  if (error.cause instanceof Error) return rootCode(error.cause)
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
