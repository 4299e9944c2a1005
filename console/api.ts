/** What the console asks of the gateway: its documented routes, and nothing else. */
import { signal } from '@preact/signals-core'
import { after, learnTime } from './clock.ts'
import { eventIn, type StreamEvent } from './event-block.ts'
import { Silence } from './silence.ts'

/** What the gateway says is wrong, or why it could not be asked. */
export class Refusal {
  readonly code: string
  readonly title: string
  readonly detail: string | undefined

  constructor(code: string, title: string, detail?: string) {
    this.code = code
    this.title = title
    this.detail = detail
  }
}

export type Asked<T> = T | Refusal

/** The gateway knows nobody by this browser's cookie: the reader has to log in. */
export const isLoggedOut = signal(false)

const UNAUTHENTICATED = 401
/** An answer that takes longer is given up. */
const ANSWER_MS = 30_000
/** Two heartbeats of a stream, and what they may be late. */
const HEARTBEATS_MS = 35_000

export async function ask<T extends object>(path: string, options: RequestInit = {}): Promise<Asked<T>> {
  const silence = new Silence()
  silence.within(ANSWER_MS)
  try {
    const response = await fetched(path, { ...options, signal: silence.signal })
    const body = await response.json()
    return response.ok ? body : refusalIn(body)
  } catch {
    return new Refusal('unreachable', '')
  } finally {
    silence.end()
  }
}

async function fetched(path: string, options: RequestInit): Promise<Response> {
  const response = await fetch(path, options)
  learnTime(response.headers.get('date'))
  if (response.status === UNAUTHENTICATED) isLoggedOut.value = true
  return response
}

export const send = <T extends object>(method: 'POST' | 'PUT' | 'DELETE', path: string, body: object) =>
  ask<T>(path, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

function refusalIn({ code, title, detail, faults }: Record<string, unknown>): Refusal {
  const all = Array.isArray(faults) ? faults.map(({ pointer, reason }) => `${pointer} ${reason}`) : []
  const said = [...(typeof detail === 'string' ? [detail] : []), ...all].join('; ')
  return new Refusal(String(code), String(title), said || undefined)
}

export type Link = 'connecting' | 'live' | 'lost'

export interface StreamOptions<D> {
  readonly onEvent: (kind: string, data: D) => void
  /** With what the gateway says where it refuses the stream. */
  readonly onLink?: (link: Link, refusal?: Refusal) => void
  /** Called behind the last event of a stream that has an end. */
  readonly onOver?: () => void
  /** A stream that says nothing for so long is lost. */
  readonly silenceMs?: number
}

const RETRY_MS = 1_000
const RETRY_MAX_MS = 10_000

/** Follows a stream of events, and takes it up again behind the last one where it breaks; the returned function ends it. */
export function stream<D>(path: string, options: StreamOptions<D>): () => void {
  const followed = new Followed(path, options)
  void followed.round()
  return () => followed.end()
}

/** Streams that wait before they are taken up again. */
const waiting = new Set<{ retry(): void }>()

/** Takes them up at once. */
export function retryNow(): void {
  for (const each of [...waiting]) each.retry()
}

class Followed<D> {
  readonly #path: string
  readonly #options: StreamOptions<D>
  readonly #ending = new AbortController()
  #lastId = ''
  #tries = 0
  #cancel = () => {}

  constructor(path: string, options: StreamOptions<D>) {
    this.#path = path
    this.#options = options
    options.onLink?.('connecting')
  }

  end(): void {
    this.#ending.abort()
    this.#cancel()
    waiting.delete(this)
  }

  async round(): Promise<void> {
    const silence = new Silence()
    const came = await this.#read(silence).catch(() => undefined) // Whatever breaks it, it is taken up again.
    silence.end()
    if (this.#ending.signal.aborted) return
    if (came === 'over') return this.#options.onOver?.()
    this.#options.onLink?.('lost', came)
    waiting.add(this)
    this.#cancel = after(Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** this.#tries++), () => this.retry())
  }

  retry(): void {
    this.#cancel()
    waiting.delete(this)
    void this.round()
  }

  /** Over where there will be no more; why, where the gateway refuses it. */
  async #read(silence: Silence): Promise<'over' | Refusal | undefined> {
    const headers = this.#lastId === '' ? {} : { 'last-event-id': this.#lastId }
    const signal = AbortSignal.any([this.#ending.signal, silence.signal])
    const { silenceMs = HEARTBEATS_MS } = this.#options
    silence.within(ANSWER_MS)
    const response = await fetched(this.#path, { headers, signal })
    if (response.status === 204) return 'over'
    if (!response.ok || !response.body) return refusalIn(await response.json())
    this.#options.onLink?.('live')
    let wasLast = false
    for await (const { id, kind, data } of eventsIn<D>(response.body, () => silence.within(silenceMs))) {
      this.#tries = 0
      if (id !== '') this.#lastId = id
      wasLast = kind === 'delivered' || kind === 'failed'
      if (kind !== 'end') this.#options.onEvent(kind, data)
    }
    return wasLast ? 'over' : undefined
  }
}

/** Reads a stream that has an end of its own, once. Resolves with what ended it before, and with nothing at its end. */
export async function readOnce<D extends object>(
  path: string,
  onEvent: (kind: string, data: D) => void,
  signal: AbortSignal,
): Promise<Refusal | undefined> {
  const silence = new Silence()
  silence.within(ANSWER_MS)
  try {
    const response = await fetched(path, { signal: AbortSignal.any([signal, silence.signal]) })
    if (!response.ok || !response.body) return refusalIn(await response.json())
    let isWhole = false
    for await (const { kind, data } of eventsIn<D>(response.body, () => silence.within(HEARTBEATS_MS))) {
      if (kind === 'end') return new Refusal('ended', 'reason' in data ? String(data.reason) : '')
      isWhole = kind === 'done'
      onEvent(kind, data)
    }
    return isWhole ? undefined : new Refusal('unreachable', '')
  } catch {
    return new Refusal('unreachable', '')
  } finally {
    silence.end()
  }
}

/** Comments are heard too: the gateway sends one where nothing else happens. */
async function* eventsIn<D>(
  body: ReadableStream<Uint8Array>,
  heard: () => void,
): AsyncGenerator<StreamEvent<D>> {
  const decoder = new TextDecoder()
  let rest = ''
  heard()
  for await (const bytes of body) {
    heard()
    const blocks = (rest + decoder.decode(bytes, { stream: true })).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const found = eventIn<D>(block)
      if (found) yield found
    }
  }
}
