/** What the SDK throws, as the port's errors, each with a message that says what to do. Imported by openai.ts alone. */
import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai'
import { reasonOf } from '#core/errors.ts'
import { isFields } from './loose-values.ts'
import { briefly, ModelError } from './model.ts'
import { isFiltered, meantBy } from './openai-meanings.ts'
import { retryAfterMs, waitNamedMs } from './retry-after.ts'

/** The call that failed, for the message of its error. `now` is in milliseconds since the epoch. */
export interface Asked {
  readonly model: string
  readonly baseUrl: string
  /** The proxy that calls go through, as words after the address; empty without one. */
  readonly by: string
  readonly timeoutMs: number
  readonly now: number
}

/** Leaves room for the advice. */
const SAID_CHARACTERS_MAX = 1_000
const ADDRESS_CHARACTERS_MAX = 300

/** The `ModelError` for whatever the SDK has thrown. Its message names the endpoint and what to do, and holds no secret. */
export function modelErrorOf(error: unknown, asked: Asked): ModelError {
  if (error instanceof ModelError) return error
  if (error instanceof APIConnectionTimeoutError && !rootCode(error)?.startsWith('UND_ERR_CONNECT'))
    return timedOut(error, asked)
  if (error instanceof APIConnectionError && OWN_LIMITS.has(rootCode(error) ?? ''))
    return ownLimit(error, asked)
  if (error instanceof APIConnectionError)
    return rootCode(error) === 'UND_ERR_RES_EXCEEDED_MAX_SIZE'
      ? tooLarge(error, asked)
      : unreachable(error, asked)
  if (error instanceof APIError && typeof error.status === 'number')
    return refused(error, error.status, asked)
  if (error instanceof SyntaxError) return malformed(error, asked)
  return new ModelError('other', { model: asked.model, reason: reasonOf(error), cause: error })
}

/** What this machine refuses its own process. */
const OWN_LIMITS: ReadonlySet<string> = new Set([
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'EADDRNOTAVAIL',
  'EAGAIN',
])

/** This machine's limit, not the provider's. It is reported as a rate limit, because fewer calls at a time solve it too. */
function ownLimit(error: Error, { model }: Asked): ModelError {
  const reason = `this machine has no connection left for the call (${rootCode(error)}): raise its limit (ulimit -n) or lower MAX_IN_FLIGHT`
  return new ModelError('rate_limit', { model, reason, spent: false, cause: error })
}

function timedOut(error: unknown, { model, timeoutMs, baseUrl, by }: Asked): ModelError {
  const reason = `no answer from ${baseUrl}${by} within ${timeoutMs} ms`
  return new ModelError('timeout', { model, reason, cause: error })
}

function unreachable(error: Error, { model, baseUrl, by }: Asked): ModelError {
  const code = rootCode(error)
  const common = { model, cause: error }
  const told = `${baseUrl} cannot be reached${by} (${code ?? rootMessage(error)})`
  const [, setupAdvice] = OF_THE_SETUP.find(([codes]) => codes.test(code ?? '')) ?? []
  if (setupAdvice !== undefined) {
    const reason = `${told}; ${setupAdvice}`
    return new ModelError('unavailable', { ...common, reason, spent: false, needsPerson: true })
  }
  const reason = `${told}; ${adviceToReach(by)}`
  return new ModelError('unavailable', { ...common, reason, spent: !UNSENT.has(code ?? '') })
}

/** No connection came to be: nobody has seen the question, whatever it is. */
const UNSENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
])
/** Nor did it here, and it will not by itself. */
const OF_THE_SETUP: readonly (readonly [codes: RegExp, advice: string])[] = [
  [/^ENOTFOUND$/, 'no such host is known: check the host name in OPENAI_BASE_URL'],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    'its certificate is for another name: check the host in OPENAI_BASE_URL',
  ],
  [
    /^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/,
    'its certificate is not valid today: renew it, or check the clock here',
  ],
  [
    /CERT|ISSUER|SIGNATURE|CHAIN/,
    'where its certificate is of an authority of your own, name that in NODE_EXTRA_CA_CERTS',
  ],
  [
    /^(EPROTO|ERR_SSL_\w+)$/,
    'it does not speak TLS there: check http or https and the port in OPENAI_BASE_URL',
  ],
]

const adviceToReach = (by: string): string =>
  by === ''
    ? 'check OPENAI_BASE_URL and the server'
    : 'check OPENAI_BASE_URL, HTTP_PROXY, HTTPS_PROXY and NO_PROXY'

function tooLarge(error: Error, { model, baseUrl }: Asked): ModelError {
  const reason = `the reply of ${baseUrl} is larger than replyBytesMax and was not read to its end`
  return new ModelError('invalid', { model, reason, cause: error })
}

function malformed(error: SyntaxError, { model, baseUrl }: Asked): ModelError {
  const reason = `the reply of ${baseUrl} is not JSON: ${error.message}`
  return new ModelError('invalid', { model, reason, cause: error })
}

function refused(error: APIError, sent: number, { model, baseUrl, now }: Asked): ModelError {
  const words = `${error.code} ${error.type} ${error.message}`
  const status = meantBy(sent, words)
  const wait = retryAfterMs(error.headers, now) ?? waitNamedMs(`${words} ${JSON.stringify(error.error)}`)
  const common = { model, status: sent, cause: error, retryAfterMs: wait }
  const said = briefly(error.message, SAID_CHARACTERS_MAX)
  if (status === 429) return new ModelError('rate_limit', { ...common, reason: said })
  if (status === 408 || status === 504) return new ModelError('timeout', { ...common, reason: said })
  if (status >= 500 || AWAY.has(status))
    return new ModelError('unavailable', { ...common, reason: said, spent: !AWAY.has(status) })
  if (isFiltered(words) && !NOT_OF_CONTENTS.has(status) && !isPage(error))
    return new ModelError('invalid', {
      ...common,
      reason: `${said}; the provider's content filter withheld the answer to this question`,
    })
  const place = { model, baseUrl, location: error.headers?.get('location'), isPage: isPage(error) }
  const advice = adviceOn(status, place)
  if (advice) {
    const spent = OF_WHAT_IS_ASKED.has(status)
    return new ModelError('other', { ...common, reason: `${said}; ${advice}`, ...SETUP, spent })
  }
  if (status === 400 || status === 413 || status === 422)
    return new ModelError('invalid', {
      ...common,
      reason: `${said}; the request itself was refused: see its prompt`,
    })
  const reason = `${said}; where every call is refused so, check OPENAI_BASE_URL and LLM_MODEL`
  return new ModelError('other', { ...common, reason })
}

/**
 * The server, or what stands before it, says that it took nothing. 529 is Anthropic's word for overloaded, 498 that of
 * Groq. From 521 on they are Cloudflare's, for origins that it did not reach. A 500 may be the fault of the question. 504,
 * 520 and 524 may come while the answer is being written, and paid for.
 */
const AWAY: ReadonlySet<number> = new Set([425, 498, 502, 503, 521, 522, 523, 525, 526, 527, 529, 530])

const SETUP = { outage: true, needsPerson: true }
/** The model of one task type alone may be missing or forbidden. The gate tells whose fault that is. */
const OF_WHAT_IS_ASKED: ReadonlySet<number> = new Set([403, 404, 406, 410])
/** The form of a call is refused: its address, headers and protocol, which all calls share. Firewalls say 406 of a text. */
const OF_THE_FORM: ReadonlySet<number> = new Set([406, 411, 414, 415, 417, 421, 426, 428, 431])

/** Of who asks and how, whatever is quoted. */
const NOT_OF_CONTENTS: ReadonlySet<number> = new Set([401, 402, 404, 407])

/** A provider answers in JSON. */
const isPage = ({ error }: APIError): boolean =>
  isFields(error) && typeof error.message === 'string' && /^\s*<(?:!doctype|html)/i.test(error.message)

interface Place {
  readonly model: string
  readonly baseUrl: string
  /** Where a redirect leads. */
  readonly location: string | null | undefined
  /** The refusal is a web page. */
  readonly isPage: boolean
}

/** Faults of the set-up: every request would fail, so they count as an outage and spend no record's attempts. */
function adviceOn(status: number, { model, baseUrl, location, isPage }: Place): string | undefined {
  if (status >= 300 && status < 400) {
    const target = location ? briefly(location, ADDRESS_CHARACTERS_MAX) : 'an address that it does not name'
    return `${baseUrl} redirects to ${target}, which is not followed: set OPENAI_BASE_URL to where it leads`
  }
  if (status === 401) return 'check OPENAI_API_KEY'
  if (status === 407)
    return 'the proxy wants a login: put it into HTTP_PROXY or HTTPS_PROXY, as http://USER:PASSWORD@HOST'
  if (status === 451)
    return 'the provider serves nobody from where this machine is: name another in OPENAI_BASE_URL'
  if (status === 402) return 'the account has no credit left or is suspended: top it up'
  if (status === 405) return `${baseUrl} takes no calls there: check OPENAI_BASE_URL`
  if (status === 403 && isPage)
    return `a firewall in front of ${baseUrl} refused the call: let this machine through, or check OPENAI_BASE_URL`
  if (status === 403) return `the key may not use ${model}: check its permissions`
  if (OF_THE_FORM.has(status))
    return `${baseUrl} does not take calls in this form: check OPENAI_BASE_URL, and what stands before the provider`
  if (status === 404 || status === 410)
    return `${baseUrl} does not have ${model}: check LLM_MODEL and OPENAI_BASE_URL`
  return undefined
}

function rootMessage(error: Error): string {
  return error.cause instanceof Error ? rootMessage(error.cause) : error.message
}

function rootCode(error: Error): string | undefined {
  if (error.cause instanceof Error) return rootCode(error.cause)
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
