/** A load through the gateway, as callers ask: each question by a request, outcomes from the stream of events. */
import { CaudalError, reasonOf } from '#core/errors.ts'
import type { LoadEvent } from './questions.ts'
import type { Followed, OutcomeListener, Target } from './target.ts'

export interface HttpTargetOptions {
  /** Address of the gateway, without a path. */
  readonly url: string
  /** Of a caller who may ask and read; none where the gateway has no keys. */
  readonly key?: string | undefined
}

/** The gateway did not take a question. */
export class Refused extends CaudalError {
  readonly status: number

  constructor(status: number, reason: string) {
    super('REJECTED', { reason: `status ${status}: ${reason}` })
    this.status = status
  }
}

/** What a request may say of a question. */
const FIELDS = ['title', 'content', 'best_answer', 'task_type'] as const
const REASON_CHARACTERS_MAX = 200

/** Every question is asked afresh: an answer that exists is none of the pipeline's work, and an equal one would be joined. */
export class HttpTarget implements Target {
  readonly description: string
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>
  /** The name of an event in the pipeline to its name in the load. */
  readonly #ids = new Map<string, string>()
  /** Outcomes that came before the answer to their request did. */
  readonly #early = new Map<string, ((id: string) => void)[]>()
  /** Ends what is under way. */
  readonly #stop = new AbortController()
  #unanswered = 0

  constructor({ url, key }: HttpTargetOptions) {
    this.#url = url.replace(/\/+$/, '')
    this.#headers = key === undefined ? {} : { authorization: `Bearer ${key}` }
    this.description = `the gateway at ${this.#url}`
  }

  async send({ id, event }: LoadEvent): Promise<void> {
    const fields = FIELDS.flatMap(name => (event[name] === undefined ? [] : [[name, event[name]] as const]))
    this.#unanswered++
    try {
      const response = await fetch(`${this.#url}/query`, {
        method: 'POST',
        headers: { ...this.#headers, 'content-type': 'application/json', 'idempotency-key': id },
        body: JSON.stringify({ ...Object.fromEntries(fields), fresh: true }),
        signal: this.#stop.signal,
      })
      const text = await response.text()
      if (response.status !== 202) throw new Refused(response.status, text.slice(0, REASON_CHARACTERS_MAX))
      this.#taken(taskIn(text), id)
    } finally {
      this.#unanswered--
      // What no request waits for is another's.
      if (this.#unanswered === 0) this.#early.clear()
    }
  }

  async follow(listener: OutcomeListener): Promise<Followed> {
    const { signal } = this.#stop
    const response = await fetch(`${this.#url}/events`, { headers: this.#headers, signal })
    const { body, status } = response
    if (status !== 200 || !body)
      throw new Refused(status, (await response.text()).slice(0, REASON_CHARACTERS_MAX))
    const ended = this.#read(body, listener).catch(error => {
      if (!signal.aborted) throw error
    })
    return { ended, close: () => this.#stop.abort() }
  }

  #taken(task: string, id: string): void {
    this.#ids.set(task, id)
    for (const tell of this.#early.get(task) ?? []) tell(id)
    this.#early.delete(task)
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
    const tell = (id: string) => {
      if (kind === 'delivered') listener.delivered(id)
      else listener.failed(id, typeof reason === 'string' ? reason : 'failed')
    }
    const id = this.#ids.get(task)
    if (id !== undefined) tell(id)
    else if (this.#unanswered > 0) this.#early.set(task, [...(this.#early.get(task) ?? []), tell])
  }
}

function taskIn(text: string): string {
  const { task_id: task } = fieldsIn(text)
  if (typeof task === 'string') return task
  throw new CaudalError('REJECTED', {
    reason: `the gateway named no task: ${text.slice(0, REASON_CHARACTERS_MAX)}`,
  })
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
