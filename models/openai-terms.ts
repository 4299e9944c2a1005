/**
 * Finds out what a model takes, once for all calls.
 *
 * A refused request costs nothing, so it is sent again at once on other terms. A refusal that names a parameter removes
 * that parameter. A refusal that names nothing removes each parameter in turn. The result holds for every later call to
 * that model; a list of models would be out of date with the next one. A refusal may only quote the question. So what a
 * request is refused with and without is sent again with the next one.
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
import { isRefused, refusalOf } from './openai-errors.ts'
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
  /** The terms on which requests were answered, one thing at a time. */
  #proven: Terms = ALL_TERMS
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
    else this.#prove({ ...this.#terms, format: FEWER[this.#terms.format] }, ['format'])
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
    let first: Terms | undefined
    const isNew = () => !refused.has(JSON.stringify(bodyOf(request, this.#model, this.#terms)))
    for (;;) {
      const terms = this.#terms
      const body = bodyOf(request, this.#model, terms)
      try {
        const reply = await send(body)
        if (first) this.#prove(terms, changed(first, terms))
        return reply
      } catch (error) {
        const refusal = refusalOf(error)
        refused.add(JSON.stringify(body))
        first ??= terms
        if (refusal) {
          await this.#searching
          if (isNew() || (this.#learn(body, refusal.names) && isNew())) continue
          const isSearched = refusal.names.size === 0 && this.#searches < SEARCHES_MAX
          const found = isSearched ? await this.#search(request, terms, send) : undefined
          if (found) return found.reply
        }
        if (refusal || isRefused(error)) this.#restore(changed(first, this.#terms))
        throw error
      }
    }
  }

  /** A request was answered on these terms. */
  #prove(terms: Terms, names: readonly (keyof Terms)[]): void {
    this.#proven = taking(this.#proven, terms, names)
    this.#terms = taking(this.#terms, terms, names)
  }

  /** A request was refused with these and without them: they are not why. */
  #restore(names: readonly (keyof Terms)[]): void {
    if (names.length > 0) this.#terms = taking(this.#terms, this.#proven, names)
  }

  /** Whether the next body will be another. */
  #learn(body: Body, names: ReadonlySet<string>): boolean {
    const next = Object.entries(LEAVE_OUT).find(([name]) => names.has(name) && isSent(name, body))
    if (next === undefined) return false
    this.#terms = next[1](this.#terms)
    return true
  }

  /** Leaves out one thing after the other, then all of them; the terms of the first success are kept. */
  async #search<Reply>(
    request: Asked,
    from: Terms,
    send: (body: Body) => Promise<Reply>,
  ): Promise<{ readonly reply: Reply } | undefined> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#searching = promise
    this.#searches++
    try {
      const tried = new Set([JSON.stringify(bodyOf(request, this.#model, from))])
      for (const terms of fewer(from)) {
        const body = bodyOf(request, this.#model, terms)
        const text = JSON.stringify(body)
        if (tried.has(text)) continue
        tried.add(text)
        try {
          const reply = await send(body)
          this.#terms = terms
          this.#proven = terms
          this.#searches = 0
          return { reply }
        } catch (error) {
          if (!refusalOf(error)) throw error
        }
      }
      return undefined
    } finally {
      this.#searching = undefined
      resolve()
    }
  }
}

const LEAVE_OUT = {
  response_format: (terms: Terms): Terms => ({ ...terms, format: FEWER[terms.format] }),
  temperature: (terms: Terms): Terms => ({ ...terms, temperature: false }),
  max_tokens: (terms: Terms): Terms => ({ ...terms, tokens: 'max_completion_tokens' }),
  max_completion_tokens: (terms: Terms): Terms => ({ ...terms, tokens: 'none' }),
  system: (terms: Terms): Terms => ({ ...terms, system: false }),
  stream: (terms: Terms): Terms => ({ ...terms, stream: LESS[terms.stream] }),
} as const

/** Each thing left out alone, format first as it is refused most often; at last all of them. */
function fewer(terms: Terms): readonly Terms[] {
  const { response_format, temperature, max_tokens, max_completion_tokens, system, stream } = LEAVE_OUT
  const words = response_format(response_format(terms))
  return [
    response_format(terms),
    words,
    system(terms),
    temperature(terms),
    max_tokens(terms),
    max_completion_tokens(terms),
    stream(terms),
    stream(stream(terms)),
    system(temperature(max_completion_tokens(stream(stream(words))))),
  ]
}

const changed = (from: Terms, to: Terms): readonly (keyof Terms)[] =>
  NAMES.filter(name => from[name] !== to[name])
const NAMES: readonly (keyof Terms)[] = ['format', 'temperature', 'tokens', 'system', 'stream']

/** The terms, with those of the other that are named. */
const taking = (terms: Terms, other: Terms, names: readonly (keyof Terms)[]): Terms => ({
  ...terms,
  ...Object.fromEntries(names.map(name => [name, other[name]])),
})

function isSent(name: string, body: Body): boolean {
  return name === 'system' ? body.messages.some(({ role }) => role === 'system') : name in body
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
