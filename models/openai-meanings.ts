/** What a refusal means by its words, where its status says something else: providers give one fault many statuses. */
import { isFields, isObject, type Loose } from './loose-values.ts'
import { isWhole } from './openai-finish.ts'

interface Meaning {
  /** The status that the fault has where the provider follows HTTP. */
  readonly status: number
  /** Statuses under which it comes. */
  readonly under: ReadonlySet<number>
  readonly words: RegExp
}

/** An account that must be paid for, in words of many providers. */
const OF_PAYMENT = [
  'insufficient.?(?:quota|balance|funds|credits?)\\b',
  'balance\\W+(?:is\\W+)?(?:insufficient|too low|not enough)',
  'not.?enough.?(?:balance|funds|credits?)',
  'billing_(?:hard_limit_reached|not_active)',
  'account is not active',
  'in good standing',
  'arrear',
  'overdue',
  'exceeded_current_quota',
  'used all available credits',
  "(?:out of|(?:does|do|has|have)(?:n't| not| no)(?: have)?(?: any)?) credits",
  'budget.?(?:has been.?)?exceeded',
  'exceeded.?budget',
  'over budget',
  '(?:spending|key) limit',
  '(?:account|organization)\\b.{0,80}(?:suspended|restricted|disabled)',
  '余额不足',
  '欠费',
].join('|')

/** The first that fits counts. */
const MEANINGS: readonly Meaning[] = [
  // OpenAI (429), Anthropic, DashScope and LiteLLM (400), xAI, SiliconFlow and Moonshot (403, 429), Fireworks (412).
  {
    status: 402,
    under: new Set([400, 401, 403, 412, 429, 500, 503]),
    words: new RegExp(OF_PAYMENT, 'is'),
  },
  // Gemini and Cohere refuse a key by 400.
  {
    status: 401,
    under: new Set([400, 403]),
    words:
      /(?:invalid|incorrect|missing|expired|no)\W+(?:\w+\W+)?api.?key|api.?key\W+(?:\w+\W+)?(?:not valid|invalid|incorrect|expired|missing|required)|invalid.?authentication|invalid (?:api|proxy server) token/i,
  },
  // LiteLLM by 500, of the provider behind it.
  {
    status: 401,
    under: new Set([500, 502, 503]),
    words: /AuthenticationError|(?:incorrect|invalid) api key/i,
  },
  // Groq, Mistral, OpenRouter, DeepSeek, Hugging Face, Bedrock and Gemini refuse a model by 400, others by 410.
  {
    status: 404,
    under: new Set([400, 410, 422]),
    words:
      /model\b.{0,120}\b(?:not exist|not found|decommissioned|has been (?:deprecated|retired)|not supported by any provider)|model_(?:not_found|not_supported|decommissioned)|(?:invalid|unknown|unexpected|unsupported) model\b|not a valid model|no such model|model identifier is invalid|on-demand throughput isn.t supported|OperationNotSupported|not work with the specified model|no models? (?:is |are )?loaded|\bmodel must be one of/is,
  },
  // new-api by 503: none of its channels has the model.
  { status: 404, under: new Set([500, 502, 503]), words: /\bmodel_not_found\b|无可用渠道/ },
  // Gemini by 400: nobody is served from there.
  {
    status: 451,
    under: new Set([400, 403]),
    words: /location is not supported|unsupported_country|country.{0,40}not supported/i,
  },
  // Bedrock by 400 and 500, Azure's gateway by 403.
  {
    status: 429,
    under: new Set([400, 403, 500]),
    words:
      /Throttling\w*Exception|RateLimitError|too many (?:requests|tokens, please wait)|quota will be replenished/i,
  },
  // NVIDIA NIM and Moonshot by 400: the servers are away.
  {
    status: 503,
    under: new Set([400, 404]),
    words: /\bDEGRADED function\b|\boverloaded\b.{0,40}try again|\bserver\w* (?:is|are) (?:busy|overloaded)/i,
  },
  // llama.cpp and LiteLLM by 500: the question is too long.
  {
    status: 413,
    under: new Set([500]),
    words:
      /context size has been exceeded|exceeds the available context size|ContextWindowExceeded|context_length_exceeded/i,
  },
  // LM Studio by 400.
  { status: 500, under: new Set([400]), words: /\bmodel has crashed\b/i },
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

const FILTERED =
  /content.?filter|content management policy|content.?policy|usage polic|ResponsibleAIPolicyViolation|Content Exists Risk|data.?inspection.?failed|\b(?:was|were|been|is) flagged\b|inappropriate content|(?:prompt|input|content)\W+(?:\w+\W+){0,3}blocked|sensitive (?:content|words?)|敏感|违规/i

/** A filter of contents withheld an answer: this one question is refused, on any terms. */
export const isFiltered = (words: string): boolean => FILTERED.test(words)

/** Other names of "refused for its rate" and of "away", in the bodies of errors that name no status. */
const IN_WORDS: readonly (readonly [status: number, words: RegExp])[] = [
  [400, FILTERED],
  [402, new RegExp(OF_PAYMENT, 'is')],
  [
    429,
    /rate.?limit|too.?many|\bqps\b|throttl|resource.?exhausted|overload.*quota|limit reached|requests per|速率限制|频率|限流/i,
  ],
  [401, /unauthori[sz]ed|invalid.{0,20}(?:api.?key|token|credential)|authentication/i],
  [400, /invalid.?(?:request|argument|param)|\bvalidation|context.?(?:length|size)|bad.?request/i],
  [503, /overload|capacity|unavailable|temporar|try again|loading|busy|upstream|timed? ?out/i],
]
/** A fault inside: nobody says that nothing was bought. */
const UNKNOWN = 500
/** A number elsewhere, such as a limit of 500, is no status. */
const STATUSES = ['code', 'status', 'statusCode', 'status_code', 'http_status_code'] as const
const statusesIn = (fields: Loose): readonly number[] =>
  STATUSES.map(name => Number(fields[name])).filter(
    code => Number.isInteger(code) && code >= 400 && code < 600,
  )

/** The status of an error that came under 200: the one that it names, as a number or in words. */
export function statusNamed(error: unknown): number {
  const [named] = isFields(error) ? statusesIn(error) : []
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
  if (json.error) return withMore(json)
  if (Array.isArray(json.errors) && json.errors.length > 0) return json.errors[0]
  const { base_resp: base } = json
  if (isFields(base) && Number(base.status_code) !== 0) return base
  if (json.error_msg || json.error_code || json.errorMessage || json.detail) return json
  if (statusesIn({ ...json, code: undefined, status: undefined }).length > 0) return json
  const isFailure = ['code', 'status', 'type', 'object', 'success', 'errcode'].some(name =>
    isFault(json[name]),
  )
  const said = json.message ?? json.msg ?? json.errmsg
  return isFailure && said && !isSuccess(said) ? json : undefined
}

/** Where the error is a word or `true`, what stands beside it says more. */
function withMore(json: Loose): unknown {
  const { error } = json
  if (isObject(error) || isNone(error)) return error
  const beside = BESIDE.filter(name => json[name] !== undefined && json[name] !== null)
  return beside.length === 0
    ? error
    : { error, ...Object.fromEntries(beside.map(name => [name, json[name]])) }
}
const BESIDE = [
  ...STATUSES,
  'message',
  'msg',
  'detail',
  'type',
  'error_type',
  'reason',
  'metadata',
  'failed_generation',
] as const

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
  const { error, base_resp, x_groq: groq } = rest
  // Fields beside a whole text are a gateway's own: only an error by that name, or by MiniMax's, is one.
  const own = errorIn(choicesIn(reply).some(isGood) ? { error, base_resp } : rest)
  const ofChoices = choicesIn(reply).map(choice => choice.error)
  return [own, isFields(groq) ? groq.error : undefined, ...ofChoices].find(each => each && !isNone(each))
}

/** A choice that came to its own end, or a piece of one that says something. */
function isGood({ finish_reason, delta }: Loose): boolean {
  return (
    isWhole(finish_reason) || (isFields(delta) && typeof delta.content === 'string' && delta.content !== '')
  )
}

const NOTHING = /^\W*(?:0+|200|none|null|ok|success\w*|no.?errors?|)\W*$/i

/** Some gateways send the field of an error always: there is one only if something is said in it. */
function isNone(error: unknown): boolean {
  if (!isObject(error)) return NOTHING.test(String(error))
  return Object.values(error).every(each => !each || NOTHING.test(String(each)))
}

/** Many a gateway has a number of its own for success. */
const isSuccess = (said: unknown): boolean => /^\W*(?:ok|success\w*|succeeded)\W*$/i.test(String(said))

/** Of a field that says how it went: anything but success. */
function isFault(value: unknown): boolean {
  if (typeof value === 'string') return /error|fail|^\d+$/i.test(value) && !/^(?:0+|200)$/.test(value)
  return typeof value === 'number' ? value !== 0 && value !== 200 : value === false
}
