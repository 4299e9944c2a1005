/** A load through the gateway, as callers ask: each question by a request, outcomes from the stream of events. */
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import type { LoadEvent } from './questions.ts'
import type { Followed, OutcomeListener, Target } from './target.ts'

export interface HttpTargetOptions {
  /** Address of the gateway, with the path that its routes begin with; most have none. */
  readonly url: string
  /** Of a caller who may ask and read; none where the gateway has no keys. */
  readonly key?: string | undefined
  /** Whether an answer that exists is not good enough; true when left out. */
  readonly fresh?: boolean
  readonly system: System
  /** How long the gateway may take for its reply to a question; 30 s when left out. */
  readonly answerMs?: number
  /** How long it may take to begin the stream of events; 10 s when left out. */
  readonly streamMs?: number
}

/** The gateway did not take a question. */
export class Refused extends CaudalError {
  readonly status: number

  constructor(status: number, reason: string) {
    super('REJECTED', { reason: `status ${status}: ${reason}` })
    this.status = status
  }

  /** A server in trouble may have taken the question before. */
  get isDoubtful(): boolean {
    return this.status >= 500
  }
}

/** What a request may say of a question. */
const FIELDS = ['title', 'content', 'best_answer', 'task_type'] as const
const REASON_CHARACTERS_MAX = 200
const ANSWER_MS = 30_000
const STREAM_MS = 10_000

type Outcome = (id: string) => void

/** Questions are asked afresh: an answer that exists is none of the pipeline's work, and an equal question would be joined. */
export class HttpTarget implements Target {
  readonly description: string
  readonly #options: HttpTargetOptions
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>
  /** The name of an event in the pipeline to its names in the load: equal questions are one event. */
  readonly #ids = new Map<string, string[]>()
  /** Outcomes of those events so far. */
  readonly #outcomes = new Map<string, Outcome>()
  /** Outcomes that came before the answer to their request did. */
  readonly #early = new Map<string, Outcome[]>()
  /** Events of the load of which nobody knows whether the gateway took them. */
  readonly #doubtful = new Set<string>()
  /** Requests that are under way. */
  readonly #requests = new Set<AbortController>()
  #listener: OutcomeListener | undefined
  #unanswered = 0

  constructor(options: HttpTargetOptions) {
    this.#options = options
    this.#url = options.url.replace(/\/+$/, '')
    this.#headers = options.key === undefined ? {} : { authorization: `Bearer ${options.key}` }
    this.description = `the gateway at ${this.#url}`
  }

  async send({ id, event }: LoadEvent): Promise<void> {
    const { fresh = true, answerMs = ANSWER_MS } = this.#options
    const fields = FIELDS.flatMap(name => (event[name] === undefined ? [] : [[name, event[name]] as const]))
    const url = `${this.#url}/query`
    const request = this.#request(url, answerMs)
    this.#unanswered++
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { ...this.#headers, 'content-type': 'application/json', 'idempotency-key': id },
        body: JSON.stringify({ ...Object.fromEntries(fields), ...(fresh && { fresh }) }),
        signal: request.signal,
      })
      const text = await response.text()
      const { status } = response
      if (status !== 202 && status !== 200) throw new Refused(status, `${url}: ${shortened(text)}`)
      this.#answered(text, id)
    } catch (error) {
      if (!(error instanceof Refused) || error.isDoubtful) this.#doubt(id)
      throw faultOf(url, error)
    } finally {
      request.over()
      this.#unanswered--
      // What no request waits for is another's.
      if (this.#unanswered === 0) this.#early.clear()
    }
  }

  async follow(listener: OutcomeListener): Promise<Followed> {
    this.#listener = listener
    const url = `${this.#url}/events`
    const request = this.#request(url, this.#options.streamMs ?? STREAM_MS)
    const { signal } = request
    try {
      const body = await streamOf(await fetch(url, { headers: this.#headers, signal }))
      request.begun()
      const ended = this.#read(body, listener).catch(error => {
        if (!signal.aborted) throw error
      })
      return { ended, close: () => this.#close() }
    } catch (error) {
      request.over()
      throw faultOf(url, error)
    }
  }

  /** Rejects what is asked with its signal, where nothing has begun within the time, or when the load ends. */
  #request(url: string, withinMs: number) {
    const own = new AbortController()
    const late = () =>
      own.abort(
        new CaudalError('UNAVAILABLE', { reason: `${url} has not replied within ${withinMs / 1_000} s` }),
      )
    const begun = this.#options.system.after(withinMs, late)
    this.#requests.add(own)
    const over = () => {
      begun()
      this.#requests.delete(own)
    }
    return { signal: own.signal, begun, over }
  }

  #close(): void {
    for (const request of this.#requests) request.abort()
  }

  #answered(text: string, id: string): void {
    const { task_id: task, hit, state, reason } = fieldsIn(text)
    if (typeof task !== 'string')
      throw new CaudalError('REJECTED', { reason: `the gateway named no task: ${shortened(text)}` })
    const isOver = hit === true || (typeof state === 'string' && keyIn(task) !== id)
    // What another question was answered with before has its event behind it.
    if (!isOver) this.#taken(task, id)
    else if (state === 'failed') this.#listener?.failed(id, typeof reason === 'string' ? reason : 'failed')
    else this.#listener?.delivered(id)
  }

  #taken(task: string, id: string): void {
    const ids = this.#ids.get(task) ?? []
    this.#ids.set(task, ids)
    ids.push(id)
    this.#outcomes.get(task)?.(id)
    for (const report of this.#early.get(task) ?? []) this.#end(task, report)
    this.#early.delete(task)
  }

  /** Its key names the event in the pipeline, behind the organisation of the caller. */
  #doubt(id: string): void {
    this.#doubtful.add(id)
    const early = [...this.#early.keys()].find(task => keyIn(task) === id)
    if (early !== undefined) this.#taken(early, id)
  }

  #end(task: string, report: Outcome): void {
    this.#outcomes.set(task, report)
    for (const id of this.#ids.get(task) ?? []) report(id)
  }

  /** Until the stream is closed here. One that ends by itself rejects, since later outcomes would be missed. */
  async #read(body: ReadableStream<Uint8Array>, listener: OutcomeListener): Promise<void> {
    let rest = ''
    const decoder = new TextDecoder()
    for await (const bytes of body) {
      const blocks = (rest + decoder.decode(bytes, { stream: true })).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) this.#event(block, listener)
    }
    throw new CaudalError('LOG_CLOSED')
  }

  #event(block: string, listener: OutcomeListener): void {
    const [, kind] = /^event: (\w+)$/m.exec(block) ?? []
    if (kind === 'gap' || kind === 'end')
      throw new CaudalError('REJECTED', { reason: `the stream of events: ${block}` })
    if (kind !== 'delivered' && kind !== 'failed') return
    const { task_id: task, reason } = fieldsIn(/^data: (.*)$/m.exec(block)?.[1] ?? '')
    if (typeof task !== 'string') return
    const report = (id: string) => {
      if (kind === 'delivered') listener.delivered(id)
      else listener.failed(id, typeof reason === 'string' ? reason : 'failed')
    }
    if (this.#ids.has(task)) this.#end(task, report)
    else if (this.#doubtful.has(keyIn(task))) report(keyIn(task))
    else if (this.#unanswered > 0) this.#early.set(task, [...(this.#early.get(task) ?? []), report])
  }
}

const keyIn = (task: string): string => task.slice(task.lastIndexOf('.') + 1)

const shortened = (text: string): string => text.slice(0, REASON_CHARACTERS_MAX)

/** A page of a proxy, or of another server, is no stream: nothing would ever come. */
async function streamOf(response: Response): Promise<ReadableStream<Uint8Array>> {
  const { body, status, headers } = response
  const type = headers.get('content-type') ?? 'nothing'
  if (status === 200 && body && type.startsWith('text/event-stream')) return body
  const reader = body?.getReader()
  const beginning = shortened(new TextDecoder().decode((await reader?.read())?.value))
  await reader?.cancel()
  throw new Refused(status, `${response.url} is ${type} instead of text/event-stream: ${beginning}`)
}

/** What `fetch` throws where there is no connection names neither the address nor the reason. */
function faultOf(url: string, error: unknown): unknown {
  if (!(error instanceof TypeError)) return error
  return new CaudalError(
    'UNAVAILABLE',
    { reason: `${url} does not answer: ${reasonOf(error.cause ?? error)}` },
    error,
  )
}

function fieldsIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch (error) {
    throw new CaudalError(
      'REJECTED',
      { reason: `the gateway answers with what is no JSON: ${reasonOf(error)}` },
      error,
    )
  }
}
