/** A simulated provider over real HTTP, so that the whole path, SDK included, runs without a key and the same every time. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { realSystem, type System } from '#core/system.ts'
import type { Answering } from './asked.ts'
import { embed } from './embeddings.ts'
import { type Behaviour, behaviourOf, CALM, type Profile } from './profile.ts'
import { type ModelServerStats, Purchases } from './purchases.ts'
import {
  type ChatBody,
  type Completion,
  chatBody,
  completionJson,
  type Fault,
  fault,
  type Loose,
  readBody,
  sendFault,
  sendJson,
  tokensOf,
} from './wire.ts'
import { sendWords } from './word-stream.ts'

/** What the server answers, where it listens, and how it behaves. */
export interface ModelServerOptions {
  /** What the model says. */
  readonly answerTo: Answering
  /** 127.0.0.1 when left out, which only this machine reaches. */
  readonly host?: string
  /** 0 for any free port. */
  readonly port?: number
  readonly seed?: number | string
  readonly profile?: Partial<Profile>
  readonly system?: System
  /** Request ids whose calls are remembered; the oldest are forgotten first. */
  readonly requestIdsMax?: number | undefined
  /** Called with each completion right before it is sent, for a ledger that outlives this process. */
  readonly onPurchase?: (requestId: string) => void
}

/** A provider on this machine that speaks OpenAI's API. */
export interface ModelServer {
  /** Base URL for clients, `http://127.0.0.1:PORT/v1`. */
  readonly url: string
  stats(): ModelServerStats
  successesById(): Readonly<Record<string, number>>
  /** Request ids that were bought, asked for again and not answered the last time. */
  lostIds(): readonly string[]
  /** Connections accepted since the start. */
  connections(): number
  /** Changes the behaviour of the requests that arrive from now on. */
  setProfile(profile: Partial<Profile>): void
  /** Breaks off what is in flight and stops listening. */
  close(): Promise<void>
}

/**
 * Starts it on the loopback interface. Routes: `POST /v1/chat/completions` (`stream` too), `POST /v1/embeddings`,
 * `GET /v1/models`, `GET /stats` (`?ids=1` adds the successes by request id). The behaviour of a call depends on the seed,
 * its `X-Request-Id` and how often that id was asked before. So a run with the same seed meets the same faults, in whatever
 * order its calls arrive.
 *
 * ```ts
 * const server = await startModelServer({ answerTo, seed: 7, profile: { rateLimited: 0.05 } })
 * ```
 */
export async function startModelServer(options: ModelServerOptions): Promise<ModelServer> {
  const state: State = {
    answerTo: options.answerTo,
    system: options.system ?? realSystem,
    seed: String(options.seed ?? 1),
    profile: { ...CALM, ...options.profile },
    purchases: new Purchases(options.requestIdsMax),
    onPurchase: options.onPurchase ?? (() => {}),
    anonymous: 0,
    connections: 0,
  }
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    void handle(state, request, response)
  })
  server.requestTimeout = 0
  server.on('connection', () => {
    state.connections += 1
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: options.port ?? 0, host: options.host ?? '127.0.0.1', backlog: 4_096 }, resolve)
  })
  const { port } = server.address() as AddressInfo // It listens on TCP, where an address is always this.
  return {
    url: `http://127.0.0.1:${port}/v1`,
    stats: () => state.purchases.stats(),
    connections: () => state.connections,
    successesById: () => state.purchases.successesById(),
    lostIds: () => state.purchases.lostIds(),
    setProfile(profile) {
      state.profile = { ...state.profile, ...profile }
    },
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface State {
  readonly answerTo: Answering
  readonly system: System
  readonly seed: string
  profile: Profile
  readonly purchases: Purchases
  readonly onPurchase: (requestId: string) => void
  anonymous: number
  connections: number
}

async function handle(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path, query] = (request.url ?? '/').split('?')
  switch (`${request.method} ${path}`) {
    case 'GET /v1/models':
      sendJson(response, 200, MODELS)
      break
    case 'GET /stats':
      sendJson(response, 200, query === 'ids=1' ? withIds(state) : statsJson(state.purchases.stats()))
      break
    case 'POST /v1/chat/completions':
      await withBody(request, response, body => chat(state, body, requestIdOf(state, request), response))
      break
    case 'POST /v1/embeddings':
      await withBody(request, response, body => embeddings(state, body, response))
      break
    default:
      sendFault(response, fault(404, `there is no ${request.method} ${path}`, 'not_found'))
  }
}

async function withBody(
  request: IncomingMessage,
  response: ServerResponse,
  act: (body: Loose) => Fault | undefined,
): Promise<void> {
  const read = await readBody(request)
  const found = 'fault' in read ? read.fault : act(read.body)
  if (found) sendFault(response, found)
}

function chat(state: State, body: Loose, requestId: string, response: ServerResponse): Fault | undefined {
  const asked = chatBody(body)
  if ('status' in asked) return asked
  complete(state, asked, requestId, response)
  return undefined
}

function requestIdOf(state: State, request: IncomingMessage): string {
  const given = request.headers['x-request-id']
  if (typeof given === 'string' && given !== '') return given
  state.anonymous += 1
  return `anonymous-${state.anonymous}`
}

/** One timer a call in flight at a time, and nothing else: thousands of them cost little. */
function complete(state: State, chat: ChatBody, requestId: string, response: ServerResponse): void {
  const attempt = state.purchases.begin(requestId)
  const behaviour = behaviourOf(state.profile, state.seed, requestId, attempt)
  let ended = false
  const end = (act: () => void) => {
    if (ended) return
    ended = true
    act()
  }
  const isCut = behaviour.kind === 'malform' && behaviour.form === 'cut'
  const cancel =
    chat.stream && (behaviour.kind === 'answer' || isCut)
      ? stream(state, chat, requestId, { response, isCut, durationMs: behaviour.delayMs, end })
      : state.system.after(behaviour.delayMs, () =>
          end(() => finish(state, chat, requestId, behaviour, response)),
        )
  response.once('close', () =>
    end(() => {
      cancel()
      state.purchases.end(requestId, 'abandoned')
    }),
  )
}

interface Streaming {
  readonly response: ServerResponse
  readonly isCut: boolean
  readonly durationMs: number
  end(act: () => void): void
}

/** It is bought when its last word is sent. One that breaks off in the middle is none. */
function stream(
  state: State,
  chat: ChatBody,
  requestId: string,
  { response, isCut, durationMs, end }: Streaming,
): () => void {
  const onEnd = () =>
    end(() => {
      state.purchases.end(requestId, isCut ? 'malformed' : 'successes')
      if (!isCut) state.onPurchase(requestId)
    })
  const { system } = state
  const { includesUsage } = chat
  const options = { system, durationMs, includesUsage, isCut, onEnd }
  return sendWords(response, completionOf(state, chat, requestId), options)
}

function finish(
  { purchases, ...state }: State,
  chat: ChatBody,
  requestId: string,
  behaviour: Behaviour,
  response: ServerResponse,
): void {
  switch (behaviour.kind) {
    case 'refuse':
      purchases.end(requestId, 'refused')
      sendFault(response, fault(429, 'too many requests (simulated)', 'rate_limit_exceeded'), {
        'retry-after': String(Math.ceil(behaviour.retryAfterMs / 1000)),
        'retry-after-ms': String(behaviour.retryAfterMs),
      })
      break
    case 'fail':
      purchases.end(requestId, 'failed')
      sendFault(response, fault(behaviour.status, 'the server failed (simulated)', 'server_error'))
      break
    case 'malform':
      purchases.end(requestId, 'malformed')
      sendMalformed(response, behaviour.form)
      break
    case 'answer':
      purchases.end(requestId, 'successes')
      state.onPurchase(requestId)
      sendJson(response, 200, completionJson(completionOf(state, chat, requestId)), {
        'x-request-id': requestId,
      })
  }
}

const completionOf = (
  state: Pick<State, 'answerTo' | 'seed' | 'system'>,
  chat: ChatBody,
  requestId: string,
): Completion => ({
  id: `chatcmpl-${requestId}`,
  model: chat.model,
  created: Math.floor(state.system.now() / 1000),
  text: state.answerTo({ ...chat, seed: state.seed, requestId }),
  promptTokens: chat.messages.reduce((sum, message) => sum + tokensOf(message.content), 0),
})

function sendMalformed(response: ServerResponse, form: 'cut' | 'html' | 'empty'): void {
  const text = {
    cut: '{"id":"chatcmpl-1","choices":[{"message":{"conte',
    html: '<html><body>The gateway says hello.</body></html>',
    empty: '{"choices":[]}',
  }[form]
  sendJson(response, 200, text, form === 'html' ? { 'content-type': 'text/html' } : {})
}

function embeddings(state: State, body: Loose, response: ServerResponse): Fault | undefined {
  const inputs: readonly unknown[] = Array.isArray(body.input) ? body.input : [body.input]
  if (!inputs.every(input => typeof input === 'string')) return fault(400, 'input must be text')
  state.purchases.embedded()
  const asBase64 = body.encoding_format === 'base64'
  const data = inputs.map((input, index) => {
    const vector = embed(input)
    const embedding = asBase64 ? Buffer.from(Float32Array.from(vector).buffer).toString('base64') : vector
    return { object: 'embedding', index, embedding }
  })
  const tokens = inputs.reduce((sum, input) => sum + tokensOf(input), 0)
  sendJson(response, 200, {
    object: 'list',
    model: body.model ?? 'simulated',
    data,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  })
  return undefined
}

const MODELS = {
  object: 'list',
  data: [{ id: 'simulated', object: 'model', created: 0, owned_by: 'caudal' }],
}

/** As `GET /stats` has them. */
export function statsJson({ boughtTwice, inFlight, ...counts }: ModelServerStats): object {
  return { ...counts, bought_twice: boughtTwice, in_flight: inFlight }
}

function withIds({ purchases }: State): object {
  return { ...statsJson(purchases.stats()), successes_by_request_id: purchases.successesById() }
}
