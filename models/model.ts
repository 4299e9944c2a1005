/** The model port: what an operator asks of any language model, and how a failure is reported. */
import { beginning } from '#core/cut.ts'
import { CaudalError, reasonOf } from '#core/errors.ts'

/** One turn of a conversation. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** A JSON schema as plain data, in the strict subset that providers take (every property required, no additional ones). */
export interface JsonSchema {
  readonly [keyword: string]: unknown
}

/** What a model is asked. Only messages are required. */
export interface ModelRequest {
  /** Name of the model; the provider's default when left out. */
  readonly model?: string | undefined
  readonly messages: readonly Message[]
  /** The reply must be JSON of this schema. Providers may ignore it, so the caller validates the reply. */
  readonly schema?: { readonly name: string; readonly schema: JsonSchema } | undefined
  /** Whether something can be made of a reply; where it is left out, any JSON will do. Never sent. */
  readonly isReadable?: ((text: string) => boolean) | undefined
  readonly temperature?: number | undefined
  readonly tokensMax?: number | undefined
  /** What the request is about, the same for each attempt at it: tells trouble of one question from trouble of the provider. */
  readonly subject?: string | undefined
  /** Whom the cost is counted for; never sent to the provider. */
  readonly labels?: UsageLabels | undefined
  /** Read by the simulated model alone, which knows nothing; a provider's adapter sends them only if set up to do so. */
  readonly hints?: { readonly reference?: string | undefined; readonly attempt?: number } | undefined
}

/** Whose tokens and cost a call counts as. */
export interface UsageLabels {
  readonly taskType: string
  readonly organization?: string | undefined
}

/** One call of a request: how it is cancelled, named and heard. */
export interface ModelCall {
  readonly signal: AbortSignal
  /** Identity of the call, the same after a crash; sent as `X-Request-Id`. */
  readonly requestId: string
  /** Hears the reply while it comes. The call is one purchase all the same, and fails as any other. */
  readonly stream?: TextStream | undefined
  /**
   * Asked right before the call is made, with the model that it is for. Throws a `Withheld` where none may be made. A call
   * that waited for its turn is thus asked about when its turn comes.
   */
  readonly mayBegin?: ((model: string | undefined) => void) | undefined
}

/** Hears a reply while it is written. The reply itself is what `complete` resolves to; a model may tell nothing before. */
export interface TextStream {
  /** A reply begins. What was heard of an earlier one, of a call that broke off, is void. */
  begin(): void
  /** What has come since. */
  text(piece: string): void
}

/** Tokens of a call as the provider bills them. */
export interface Usage {
  readonly promptTokens: number
  readonly completionTokens: number
  /** The provider did not count: the numbers are taken from the length of the texts. */
  readonly isEstimate?: boolean | undefined
}

/** A reply that was paid for, whether it is of use or not. */
export interface ModelReply {
  readonly text: string
  readonly usage: Usage
  /** The model that answered, as the provider names it. */
  readonly model: string
  readonly latencyMs: number
  /** `length`: cut, at `tokensMax` or before its end; `refused`: the provider withheld the answer. Both were paid for. */
  readonly finish: 'stop' | 'length' | 'refused'
  /** Why nothing can be made of the reply, though it was paid for; absent for an answer. */
  readonly fault?: string | undefined
}

/** Why a reply that was paid for is of no use, apart from its content. */
export function faultOf({ finish, text, fault }: ModelReply): string | undefined {
  if (fault !== undefined) return fault
  if (finish === 'length') return 'the reply was cut at its token limit'
  if (finish === 'refused') return 'the provider withheld the reply'
  return text.trim() === '' ? 'the reply is empty' : undefined
}

/** The port of language models. Implementations are safe to call many times at once. */
export interface Model {
  /** Throws a `ModelError`, or the signal's reason when it was aborted. */
  complete(request: ModelRequest, call: ModelCall): Promise<ModelReply>
}

/**
 * Why a call failed. `rate_limit`, `timeout` and `unavailable` pass; `invalid` blames the request; `other` is everything
 * else.
 */
export type ModelErrorType = 'rate_limit' | 'timeout' | 'unavailable' | 'invalid' | 'other'

/** What a `ModelError` is made of. `retryAfterMs` is the wait that the provider named, `status` its HTTP status. */
export interface ModelErrorDetails {
  readonly model: string
  readonly reason: string
  readonly retryAfterMs?: number | undefined
  readonly status?: number | undefined
  /** False when no call was made, or when an outage is to blame: it then costs the record no attempt. */
  readonly spent?: boolean
  /** True when any other request would have failed as well: what a breaker counts. */
  readonly outage?: boolean
  /** True when a person must correct the set-up, and waiting ends nothing. */
  readonly needsPerson?: boolean
  readonly cause?: unknown
}

/** Reasons travel in records, and what a provider says of an error may be a web page of megabytes. */
export const REASON_CHARACTERS_MAX = 2_000

/** At most so many characters, as Unicode text: a record takes no other. */
export function briefly(text: string, charactersMax = REASON_CHARACTERS_MAX): string {
  return text.length > charactersMax ? `${beginning(text, charactersMax - 3)}...` : text.toWellFormed()
}

/** A call that brought no answer. `errorType` decides the wait before the next attempt; see operators/retry.ts. */
export class ModelError extends CaudalError {
  readonly errorType: ModelErrorType
  readonly retryAfterMs: number | undefined
  readonly status: number | undefined
  readonly spent: boolean
  readonly outage: boolean
  readonly needsPerson: boolean
  readonly reason: string

  constructor(errorType: ModelErrorType, details: ModelErrorDetails) {
    const { model, retryAfterMs, status } = details
    const reason = briefly(details.reason)
    const refused = errorType === 'invalid' || errorType === 'other'
    super(
      refused ? 'MODEL_REFUSED' : 'MODEL_UNAVAILABLE',
      { model, errorType, reason, status },
      details.cause,
    )
    this.name = 'ModelError'
    this.errorType = errorType
    this.retryAfterMs = retryAfterMs
    this.status = status
    this.spent = details.spent ?? true
    this.outage = details.outage ?? (errorType === 'timeout' || errorType === 'unavailable')
    this.needsPerson = details.needsPerson ?? false
    this.reason = reason
  }

  /** The same failure at no cost to the record. */
  unspent(retryAfterMs: number | undefined = this.retryAfterMs): ModelError {
    return new ModelError(this.errorType, { ...this.#facts(), retryAfterMs, spent: false, cause: this })
  }

  /** The same failure, counted against the record. */
  counted(): ModelError {
    return this.spent ? this : new ModelError(this.errorType, { ...this.#facts(), spent: true, cause: this })
  }

  /** The same failure without secrets; what it was caused by may quote them, and is left out. */
  redacted(redact: (text: string) => string): ModelError {
    const reason = redact(this.reason)
    const model = redact(String(this.details.model))
    return new ModelError(this.errorType, { ...this.#facts(), model, reason })
  }

  #facts(): ModelErrorDetails {
    const { status, outage, needsPerson, reason, retryAfterMs, spent } = this
    return { model: String(this.details.model), reason, status, outage, needsPerson, retryAfterMs, spent }
  }
}

/** No call was made, since a person has stopped such calls: it says nothing about the provider. */
export class Withheld extends ModelError {
  constructor(model: string, reason: string) {
    super('other', { model, reason, spent: false, outage: false })
    this.name = 'Withheld'
  }
}

/** Anything that a model threw, as a `ModelError`. */
export function asModelError(error: unknown, model = 'unknown'): ModelError {
  if (error instanceof ModelError) return error
  return new ModelError('other', { model, reason: reasonOf(error), cause: error })
}
