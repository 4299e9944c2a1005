/** Refusals of a request as it was put: nothing was bought, and on other terms it may be taken. */
import { APIError } from 'openai'
import { isFiltered, meantBy } from './openai-meanings.ts'

/** Words by which a refusal names what was sent, whatever the provider's own are. */
const NAMED: Readonly<Record<string, RegExp>> = {
  response_format: /response_format|json_schema|json_object|json mode|structured|guided|schema/i,
  temperature: /temperature/i,
  max_tokens: /max_tokens/i,
  max_completion_tokens: /max_completion_tokens/i,
  stream: /\bstream|include_usage/i,
  system: /system\W+(?:role|message|prompt|instruction)|role\W+(?:\w+\W+){0,3}system|developer instruction/i,
}
/** The value is refused and not the parameter: leaving the limit out would buy what nobody wanted to pay for. */
const OF_A_VALUE =
  /too (?:large|high|many|long|small)|at (?:most|least)|(?:less|greater) than|exceed|maximum|context|range|between|[<>]=?\s*\d/i
/** This question is too long, whatever else is sent. */
const OF_LENGTH =
  /max_(?:new|total)_tokens|\btoo long\b|\btoo many tokens|(?:input|prompt|context|sequence|message)s?\W.{0,12}(?:length|size|window|tokens?)\b|tokens?\b.{0,60}(?:exceed|limit|maximum|[<>])|(?:exceed|limit|maximum).{0,60}\b(?:tokens?|length|context)\b|context.?length|\d\W{0,3}[<>]=?\s*\d/i
const OF_A_TEMPERATURE =
  /(?:must|should|has to) be|positive|(?:greater|less|larger|smaller) than|between|range|at (?:most|least)|[<>]=?\s*\d/i

/** A refusal of parameters, before anything was bought. */
export interface Refusal {
  /** What it names, of all that may be left out; empty where it names nothing. */
  readonly names: ReadonlySet<string>
  /** It says that a parameter is not taken at all. */
  readonly isNotTaken: boolean
  /** It says which temperatures are taken: another may be. */
  readonly isOfTemperature: boolean
}

/** Statuses that refuse a request. Others do so where the words name a parameter that is not taken. */
const REFUSALS: ReadonlySet<number> = new Set([400, 422])
/** They say of a login, an account, a rate or a time-out, whatever their words quote. */
const OF_OTHER_THINGS: ReadonlySet<number> = new Set([401, 402, 407, 408, 429, 504, 524])
const NOT_TAKEN =
  /unsupported|not.{0,20}(?:support|allow|implement|permit)|(?:unknown|unrecognized|invalid|extra).{0,20}(?:param|field|argument|name)|no endpoints found/i

/** The refusal that an error is. Nothing where it is of a filter, an account, a model or the length of this one question. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof APIError) || typeof error.status !== 'number') return undefined
  const { status } = error
  const said = `${error.code} ${error.param} ${error.message}`
  const names = Object.keys(NAMED).filter(name => NAMED[name]?.test(said))
  const isNotTaken = NOT_TAKEN.test(said)
  const mayBe = status >= 400 && !OF_OTHER_THINGS.has(status) && names.length > 0 && isNotTaken
  if (!REFUSALS.has(status) && !mayBe) return undefined
  // On other terms a filter may be passed by, which nobody wants.
  if (isFiltered(said)) return undefined
  // A wrong key or a missing model is refused on all terms.
  if (names.length === 0 && meantBy(status, said) !== status) return undefined
  if (isOfLength(said, names)) return undefined
  return { names: new Set(names), isNotTaken, isOfTemperature: OF_A_TEMPERATURE.test(said) }
}

function isOfLength(said: string, names: readonly string[]): boolean {
  const others = names.filter(name => !name.startsWith('max_'))
  if (names.length > 0 && others.length === 0) return OF_A_VALUE.test(said) || OF_LENGTH.test(said)
  if (names.length === 0) return OF_LENGTH.test(said)
  return others.every(name => name === 'system') && OF_LENGTH.test(said) && !NOT_TAKEN.test(said)
}
