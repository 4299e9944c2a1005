/** What a refusal means by its words, where its status says something else: providers give one fault many statuses. */
import { isFields, type Loose } from './loose-values.ts'

interface Meaning {
  /** The status that the fault has where the provider follows HTTP. */
  readonly status: number
  /** Statuses under which it comes. */
  readonly under: ReadonlySet<number>
  readonly words: RegExp
}

/** Each with the providers whose words they are; the first that fits counts. */
const MEANINGS: readonly Meaning[] = [
  // Gemini and Cohere refuse a key by 400.
  {
    status: 401,
    under: new Set([400, 403]),
    words:
      /(?:invalid|incorrect|missing|expired|no)\W+(?:\w+\W+)?api.?key|api.?key\W+(?:\w+\W+)?(?:not valid|invalid|incorrect|expired|missing|required)|invalid.?authentication|invalid api token/i,
  },
  // OpenAI (429), Anthropic and DashScope (400), xAI and Moonshot (403, 429): an account that must be paid for.
  {
    status: 402,
    under: new Set([400, 403, 429]),
    words:
      /insufficient.?(?:quota|balance|funds|credits?)\b|credit balance is too low|billing_(?:hard_limit_reached|not_active)|account is not active|arrear|in good standing|exceeded_current_quota|used all available credits|out of credits/i,
  },
  // Groq, Mistral, OpenRouter, DeepSeek and Gemini refuse a model by 400; a model that was retired is 410 elsewhere.
  {
    status: 404,
    under: new Set([400, 410, 422]),
    words:
      /model\b.{0,120}\b(?:not exist|not found|decommissioned|has been (?:deprecated|retired))|model_(?:not_found|decommissioned)|(?:invalid|unknown|unexpected|unsupported) model\b|not a valid model|no such model/is,
  },
  // Gemini by 400: nobody is served from there.
  {
    status: 451,
    under: new Set([400, 403]),
    words: /location is not supported|unsupported_country|country.{0,40}not supported/i,
  },
  // NVIDIA NIM by 400: its servers are away.
  { status: 503, under: new Set([400, 404]), words: /\bDEGRADED function\b/ },
  // OpenAI by 429: a question that is larger than a whole minute's tokens is refused for ever.
  {
    status: 413,
    under: new Set([429]),
    words: /request too large|too large for .{0,80}(?:tpm|tokens per min)/i,
  },
]

/** The status that says what happened. */
export function meantBy(status: number, words: string): number {
  const found = MEANINGS.find(each => each.under.has(status) && each.words.test(words))
  return found?.status ?? status
}

/** Other names of "refused for its rate" and of "away", in the bodies of errors that name no status. */
const IN_WORDS: readonly (readonly [status: number, words: RegExp])[] = [
  [402, /insufficient.?(?:quota|balance|funds|credits?)\b/i],
  [
    429,
    /rate.?limit|too.?many|\bqps\b|throttl|resource.?exhausted|overload.*quota|limit reached|requests per/i,
  ],
  [401, /unauthori[sz]ed|invalid.{0,20}(?:api.?key|token)|authentication/i],
  [400, /invalid.?request|context.?length|bad.?request/i],
  [503, /overload|capacity|unavailable|temporar|try again|loading|busy|upstream|timed? ?out/i],
]
/** A fault inside: nobody says that nothing was bought. */
const UNKNOWN = 500

/** The status of an error that came under 200: the one that it names, as a number or in words. */
export function statusNamed(error: unknown): number {
  const fields = typeof error === 'object' && error !== null ? Object.values(error) : []
  const named = fields.map(Number).find(code => Number.isInteger(code) && code >= 400 && code < 600)
  if (named !== undefined) return named
  const words = JSON.stringify(error) ?? ''
  return IN_WORDS.find(([, pattern]) => pattern.test(words))?.[0] ?? UNKNOWN
}

/**
 * The error in a body, in the shape of any provider. Cloudflare has `errors`, MiniMax `base_resp`, Baidu `error_msg`.
 * FastAPI has `detail`, Zhipu `code` with `msg`. Gemini puts it into an array. A body with choices is a reply.
 */
export function errorIn(body: unknown): unknown {
  const json = Array.isArray(body) && body.length === 1 ? body[0] : body
  if (!isFields(json) || choicesIn(json).length > 0) return undefined
  if (json.error) return json.error
  if (Array.isArray(json.errors) && json.errors.length > 0) return json.errors[0]
  const { base_resp: base } = json
  if (isFields(base) && Number(base.status_code) !== 0) return base
  if (json.error_msg || json.error_code || json.detail) return json
  const isFailure = ['code', 'status', 'type', 'object', 'success'].some(name => isFault(json[name]))
  const said = json.message ?? json.msg
  return isFailure && said && !isSuccess(said) ? json : undefined
}

/** The choices of a reply or of a piece of one: a list, a single one, or an object of them. */
export function choicesIn({ choices }: Loose): readonly Loose[] {
  if (!isFields(choices)) return Array.isArray(choices) ? choices.filter(isFields) : []
  const isOne = ['message', 'delta', 'text'].some(name => name in choices)
  return isOne ? [choices] : Object.values(choices).filter(isFields)
}

/** The error that came together with a reply or a piece of one, in the body or, as of OpenRouter, in the choice. */
export function errorBeside(reply: unknown): unknown {
  if (!isFields(reply)) return undefined
  const { choices: _, ...rest } = reply
  const ofChoices = choicesIn(reply).map(({ error }) => error)
  return [errorIn(rest), ...ofChoices].find(error => error && !isNone(error))
}

/** Some gateways send the field of an error always: there is one only if something is said in it. */
function isNone(error: unknown): boolean {
  if (!isFields(error)) return /^(?:none|null|ok|success)$/i.test(String(error))
  return Object.values(error).every(each => !each || /^(?:0|200|none|null|ok|success)$/i.test(String(each)))
}

/** Many a gateway has a number of its own for success. */
const isSuccess = (said: unknown): boolean => /^\W*(?:ok|success\w*|succeeded)\W*$/i.test(String(said))

/** Of a field that says how it went: anything but success. */
function isFault(value: unknown): boolean {
  if (typeof value === 'string') return /error|fail|^\d+$/i.test(value) && !/^(?:0+|200)$/.test(value)
  return typeof value === 'number' ? value !== 0 && value !== 200 : value === false
}

/** The sentence of an error, whatever the name of its field. */
export function saidIn(error: unknown): string {
  if (typeof error === 'string') return error
  const fields = isFields(error)
    ? [error.message, error.msg, error.status_msg, error.error_msg, error.detail]
    : []
  const said = fields.find(field => typeof field === 'string' && field !== '')
  return typeof said === 'string' ? said : (JSON.stringify(error) ?? String(error))
}
