/**
 * Finds out what a model takes, once for all calls.
 *
 * A refused request costs nothing, so it is sent again at once on other terms. A refusal that names a parameter removes
 * that parameter. A refusal that names nothing removes each parameter in turn. The result holds for every later call to
 * that model; a list of models would be out of date with the next one.
 *
 * A refusal may be of one question, or of one moment. So terms are kept for later calls only once a request is answered
 * on them. Before others are tried, a refusal without a word is checked by the same request, sent once more.
 * - a refusal of what was taken before is checked in the same way
 * - it takes two requests to leave that out for all, refused with it and answered without it
 * - a request that is answered with it in between begins the count again
 * - a limit of tokens that was taken before is left out only where it is said to be unknown
 *
 * The first call of a kind (with a schema, with a temperature, ...) goes alone, and others wait a moment for its result.
 * So each refusal happens once for a provider, and not once for each question in flight.
 */
import { type System, sleep } from '#core/system.ts'
import {
  ALL_TERMS,
  type Asked,
  type Body,
  bodyOf,
  type Format,
  type Streaming,
  type Terms,
} from './openai-body.ts'
import { type Refusal, refusalOf } from './openai-refusals.ts'
import { readJson } from './structured.ts'

/** How long others wait for the first call of their kind; a slow answer must not hold up everybody. */
const FIRST_CALL_WAIT_MS = 5_000
/** Searches that found nothing: the requests themselves are at fault, and each search costs some refused calls. */
const SEARCHES_MAX = 2

const FEWER: Readonly<Record<Format, Format>> = {
  json_schema: 'json_object',
  json_object: 'words',
  words: 'words',
}

const LESS: Readonly<Record<Streaming, Streaming>> = { 'with usage': 'plain', plain: 'none', none: 'none' }

/** The terms of one model at one provider, learned from its refusals; see the head of this file. */
export class ModelTerms {
  readonly #system: System
  readonly #model: string
  #terms: Terms = ALL_TERMS
  /** What was in requests that were answered. */
  readonly #taken = new Set<string>()
  /** One request was refused with what was taken before, and answered on these terms. */
  #doubt: Doubt | undefined
  /** By kind of request: the first call is under way, or has been answered. */
  readonly #firsts = new Map<string, Promise<void> | 'answered'>()
  #searching: Promise<void> | undefined
  #searches = 0
  #readable = false

  constructor(model: string, system: System) {
    this.#model = model
    this.#system = system
  }

  /** Sends the request, and again on other terms for as long as something is learned from its refusal. */
  async ask<Reply>(
    request: Asked,
    send: (body: Body) => Promise<Reply>,
    signal: AbortSignal,
  ): Promise<Reply> {
    const answered = await this.#turn(kindOf(request), signal)
    try {
      return await this.#negotiate(request, send)
    } finally {
      answered?.()
    }
  }

  /** A whole reply came to a request that asked for JSON: without any, the format was ignored. */
  replied(text: string): void {
    if (this.#readable) return
    if ('value' in readJson(text)) this.#readable = true
    else this.#terms = { ...this.#terms, format: FEWER[this.#terms.format] }
  }

  /** Resolves when the call may go: with a function to call at its end when it is the first of its kind. */
  async #turn(kind: string, signal: AbortSignal): Promise<(() => void) | undefined> {
    const first = this.#firsts.get(kind)
    if (first === 'answered') return undefined
    if (first) {
      const waited = new AbortController()
      await Promise.race([
        first,
        sleep(this.#system, FIRST_CALL_WAIT_MS, AbortSignal.any([signal, waited.signal])),
      ]).finally(() => waited.abort())
      return undefined
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#firsts.set(kind, promise)
    return () => {
      this.#firsts.set(kind, 'answered')
      resolve()
    }
  }

  async #negotiate<Reply>(request: Asked, send: (body: Body) => Promise<Reply>): Promise<Reply> {
    const refused = new Set<string>()
    let from = this.#terms
    let terms = from
    let isRepeated = false
    for (;;) {
      const body = bodyOf(request, this.#model, terms)
      try {
        const reply = await send(body)
        this.#answered(request, from, terms)
        return reply
      } catch (error) {
        const refusal = refusalOf(error)
        if (!refusal) throw error
        refused.add(JSON.stringify(body))
        await this.#searching
        const isNew = (other: Terms) => !refused.has(JSON.stringify(bodyOf(request, this.#model, other)))
        if (isNew(this.#terms)) {
          from = this.#terms
          terms = from
          continue
        }
        const others = (
          refusal.names.size > 0 ? this.#without(terms, body, refusal) : this.#fewer(terms, body, refusal)
        ).filter(isNew)
        const [next] = others
        if (!next) throw error
        const wasTaken = featuresOf(body).every(each => this.#taken.has(each))
        const maySearch = refusal.names.size === 0 && this.#searches < SEARCHES_MAX
        if (!isRepeated && terms === from && (wasTaken || maySearch)) isRepeated = true
        else if (refusal.names.size > 0) terms = next
        else if (maySearch) return await this.#search(request, { from, others, error }, send)
        else throw error
      }
    }
  }

  /** A request was answered on these terms, and not on those from which it came to them. */
  #answered(request: Asked, from: Terms, terms: Terms): void {
    const taken = featuresOf(bodyOf(request, this.#model, terms))
    const left = featuresOf(bodyOf(request, this.#model, from)).filter(each => !taken.includes(each))
    for (const each of taken) this.#taken.add(each)
    if (left.length === 0) {
      if (this.#doubt?.left.every(each => taken.includes(each))) this.#doubt = undefined
      return
    }
    const names = changed(from, terms)
    const doubt = { left, to: JSON.stringify(names.map(name => terms[name])) }
    const isFirst = this.#doubt?.to !== doubt.to
    if (left.every(each => this.#taken.has(each)) && isFirst) this.#doubt = doubt
    else {
      this.#terms = taking(this.#terms, terms, names)
      this.#doubt = undefined
    }
  }

  /** Without the first of the named things that was sent. */
  #without(terms: Terms, body: Body, refusal: Refusal): readonly Terms[] {
    const name = LEFT_OUT.find(each => refusal.names.has(each) && this.#mayLeave(each, body, refusal))
    return name === undefined ? [] : [this.#leaving(name, terms, body, refusal)]
  }

  /** Each thing left out alone, format first as it is refused most often; at last all of them. */
  #fewer(terms: Terms, body: Body, refusal: Refusal): readonly Terms[] {
    const names = LEFT_OUT.filter(name => this.#mayLeave(name, body, refusal))
    const once = (name: Name, from: Terms) => this.#leaving(name, from, body, refusal)
    const singles = names.flatMap(name => {
      const first = once(name, terms)
      return [first, once(TWICE[name] ?? name, first)]
    })
    const all = names.reduce((from, name) => once(TWICE[name] ?? name, once(name, from)), terms)
    return [...singles, all]
  }

  #mayLeave(name: Name, body: Body, { isNotTaken }: Refusal): boolean {
    return isSent(name, body) && (!name.startsWith('max_') || isNotTaken || !this.#taken.has(name))
  }

  #leaving(name: Name, terms: Terms, body: Body, { isOfTemperature }: Refusal): Terms {
    const value = name === 'temperature' ? body.temperature : undefined
    const wasOther = [...this.#taken].some(
      each => each.startsWith('temperature=') && each !== `temperature=${value}`,
    )
    if (value === undefined || !(isOfTemperature || wasOther)) return LEAVE_OUT[name](terms)
    const temperaturesRefused = [...new Set([...terms.temperaturesRefused, value])]
    return { ...terms, temperaturesRefused }
  }

  /** Sends the request on the other terms in turn, until it is answered. */
  async #search<Reply>(
    request: Asked,
    { from, others, error }: Search,
    send: (body: Body) => Promise<Reply>,
  ): Promise<Reply> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#searching = promise
    this.#searches++
    try {
      const tried = new Set<string>()
      for (const terms of others) {
        const body = bodyOf(request, this.#model, terms)
        const text = JSON.stringify(body)
        if (tried.has(text)) continue
        tried.add(text)
        try {
          const reply = await send(body)
          this.#answered(request, from, terms)
          this.#searches = 0
          return reply
        } catch (failure) {
          if (!refusalOf(failure)) throw failure
        }
      }
      throw error
    } finally {
      this.#searching = undefined
      resolve()
    }
  }
}

interface Doubt {
  /** What was left out. */
  readonly left: readonly string[]
  /** The terms that were changed, as JSON. */
  readonly to: string
}

interface Search {
  readonly from: Terms
  readonly others: readonly Terms[]
  /** The refusal, for the case that nothing is found. */
  readonly error: unknown
}

const LEAVE_OUT = {
  response_format: (terms: Terms): Terms => ({ ...terms, format: FEWER[terms.format] }),
  temperature: (terms: Terms): Terms => ({ ...terms, temperature: false }),
  max_tokens: (terms: Terms): Terms => ({ ...terms, tokens: 'max_completion_tokens' }),
  max_completion_tokens: (terms: Terms): Terms => ({ ...terms, tokens: 'none' }),
  system: (terms: Terms): Terms => ({ ...terms, system: false }),
  stream: (terms: Terms): Terms => ({ ...terms, stream: LESS[terms.stream] }),
} as const

type Name = keyof typeof LEAVE_OUT
const LEFT_OUT: readonly Name[] = [
  'response_format',
  'system',
  'temperature',
  'max_tokens',
  'max_completion_tokens',
  'stream',
]
/** What is left out next where that is another thing. */
const TWICE: Readonly<Partial<Record<Name, Name>>> = { max_tokens: 'max_completion_tokens' }

const changed = (from: Terms, to: Terms): readonly (keyof Terms)[] =>
  NAMES.filter(name => from[name] !== to[name])
const NAMES: readonly (keyof Terms)[] = [
  'format',
  'temperature',
  'temperaturesRefused',
  'tokens',
  'system',
  'stream',
]

/** The terms, with those of the other that are named. */
const taking = (terms: Terms, other: Terms, names: readonly (keyof Terms)[]): Terms => ({
  ...terms,
  ...Object.fromEntries(names.map(name => [name, other[name]])),
})

function isSent(name: string, body: Body): boolean {
  return name === 'system' ? body.messages.some(({ role }) => role === 'system') : name in body
}

/** What a provider may refuse of a body, each as one word. A limit may have any value, a schema and a temperature not. */
function featuresOf(body: Body): readonly string[] {
  const { response_format: format, temperature, stream_options: options } = body
  const schema = format && 'json_schema' in format ? format.json_schema.name : ''
  return [
    ...(format ? [`${format.type}=${schema}`] : []),
    ...(temperature === undefined ? [] : [`temperature=${temperature}`]),
    ...['max_tokens', 'max_completion_tokens', 'system', 'stream'].filter(name => isSent(name, body)),
    ...(options ? ['usage'] : []),
  ]
}

function kindOf({ schema, temperature, tokensMax, messages, isStreamed }: Asked): string {
  const hasSystem = messages.some(({ role }) => role === 'system')
  return [
    schema !== undefined,
    temperature !== undefined,
    tokensMax !== undefined,
    hasSystem,
    isStreamed,
  ].join()
}
