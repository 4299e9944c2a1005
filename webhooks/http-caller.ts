/**
 * Calls endpoints over HTTP. The name of an endpoint is looked up once. Each address that it has is checked, and the first
 * of them is connected to. So what the name becomes a moment later changes nothing. No redirect is followed.
 */
import { type IncomingMessage, request as plainRequest, type RequestOptions } from 'node:http'
import { request as secureRequest } from 'node:https'
import { isIP } from 'node:net'
import { codeOf, reasonOf } from '#core/errors.ts'
import type { System } from '#core/system.ts'
import type { AddressRules } from './addresses.ts'
import { signedHeaders } from './signature.ts'
import { type WebhookCaller, WebhookFailure, type WebhookMessage, type WebhookTaken } from './webhook.ts'

export interface HttpCallerOptions {
  /** Of the organisation: one, or two while they are changed. */
  readonly secretsOf: (organization: string) => Promise<readonly string[]>
  readonly addresses: AddressRules
  /** All addresses of a name. */
  readonly resolve: (name: string) => Promise<readonly string[]>
  readonly system: System
  /** For the whole call. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 10_000
/** A reply may say more; nobody reads it. */
const REPLY_BYTES_MAX = 4_096
const HEADER_BYTES_MAX = 16_384
const RETRY_AFTER_MAX_MS = 3_600_000
const NO_REPLY = 'the connection was closed before a reply'

export class HttpCaller implements WebhookCaller {
  readonly #options: HttpCallerOptions

  constructor(options: HttpCallerOptions) {
    this.#options = options
  }

  async call(message: WebhookMessage, signal: AbortSignal): Promise<WebhookTaken> {
    const { system, timeoutMs = TIMEOUT_MS } = this.#options
    const began = system.monotonic()
    const over = new AbortController()
    const cancel = system.after(timeoutMs, () => over.abort())
    try {
      const reply = await this.#post(message, AbortSignal.any([signal, over.signal]))
      if (reply.status >= 200 && reply.status < 300)
        return { status: reply.status, at: system.now(), latencyMs: system.monotonic() - began }
      const reason = `status ${reply.status}${isRedirect(reply.status) ? ', and redirects are not followed' : ''}`
      throw new WebhookFailure(message.url, reason, { isCalled: true, retryAfterMs: reply.retryAfterMs })
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof WebhookFailure) throw error
      const reason = over.signal.aborted ? `no reply within ${timeoutMs} ms` : shortReason(error)
      throw new WebhookFailure(message.url, reason, { isCalled: true, cause: error })
    } finally {
      cancel()
    }
  }

  async #post({ id, url, organization, body }: WebhookMessage, signal: AbortSignal): Promise<Reply> {
    const { secretsOf, system } = this.#options
    const secrets = await secretsOf(organization)
    if (secrets.length === 0)
      throw new WebhookFailure(url, 'its organisation has no secret to sign with', { isCalled: false })
    const target = new URL(url)
    const address = await unlessAborted(this.#addressOf(target), signal)
    const bytes = Buffer.from(body)
    const timestampS = Math.floor(system.now() / 1_000)
    const headers = {
      ...signedHeaders({ id, timestampS, body: bytes }, secrets),
      'content-type': 'application/json',
      'content-length': bytes.length,
      'user-agent': 'Caudal-Webhooks',
      host: target.host,
    }
    return send(target, { address, headers, signal }, bytes)
  }

  /** One that is refused refuses the name: which address is taken must not be a matter of luck. */
  async #addressOf({ href, hostname, protocol }: URL): Promise<string> {
    const { addresses, resolve } = this.#options
    const name = hostname.replace(/^\[|\]$/g, '')
    const found = isIP(name) > 0 ? [name] : await resolve(name)
    const [first] = found
    if (first === undefined) throw new WebhookFailure(href, `${name} has no address`, { isCalled: false })
    const refused = found.find(address => !addresses.isPermitted(address))
    if (refused !== undefined)
      throw new WebhookFailure(
        href,
        `${name} is at ${refused}, an address inside: WEBHOOK_ALLOW does not name it`,
        { isCalled: false },
      )
    if (protocol === 'http:' && !found.every(address => addresses.isAllowed(address)))
      throw new WebhookFailure(href, 'a public endpoint must be https', { isCalled: false })
    return first
  }
}

const isRedirect = (status: number): boolean => status >= 300 && status < 400

interface Reply {
  readonly status: number
  readonly retryAfterMs: number | undefined
}

interface Sending {
  readonly address: string
  readonly headers: Readonly<Record<string, string | number>>
  readonly signal: AbortSignal
}

/** Resolves when the status is there, and the reply has ended or was cut. */
function send(target: URL, { address, headers, signal }: Sending, body: Uint8Array): Promise<Reply> {
  const name = target.hostname.replace(/^\[|\]$/g, '')
  const isSecure = target.protocol === 'https:'
  const options: RequestOptions & { readonly servername?: string } = {
    method: 'POST',
    host: address,
    port: target.port === '' ? (isSecure ? 443 : 80) : Number(target.port),
    path: `${target.pathname}${target.search}`,
    headers,
    signal,
    // A connection of its own: none is kept that leads to where the name was before.
    agent: false,
    maxHeaderSize: HEADER_BYTES_MAX,
    // The certificate is that of the name, whatever address the name has.
    ...(isSecure && { servername: isIP(name) > 0 ? '' : name }),
  }
  return new Promise((resolve, reject) => {
    const request = (isSecure ? secureRequest : plainRequest)(options)
    request.on('error', reject)
    // The status counts from here on, however the rest of the reply ends.
    request.on('response', response => resolve(drained(response).finally(() => request.destroy())))
    // Nobody asked for another protocol: the status stands for the reply, and the connection is of no use.
    request.on('upgrade', (response, socket) => {
      resolve(replyOf(response))
      socket.destroy()
    })
    // What ends the connection ends the call; it changes nothing where there is a reply.
    request.on('close', () => reject(new WebhookFailure(target.href, NO_REPLY, { isCalled: true })))
    request.end(body)
  })
}

const replyOf = (response: IncomingMessage): Reply => ({
  status: response.statusCode ?? 0,
  retryAfterMs: retryAfterOf(response),
})

/** Resolves at the end of the reply, when it breaks off, or when enough of it was read. */
function drained(response: IncomingMessage): Promise<Reply> {
  return new Promise(resolve => {
    const done = () => resolve(replyOf(response))
    let bytes = 0
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > REPLY_BYTES_MAX) done()
    })
    response.on('end', done)
    response.on('error', done)
    response.on('close', done)
  })
}

function retryAfterOf({ headers }: IncomingMessage): number | undefined {
  const seconds = Number(headers['retry-after'])
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1_000, RETRY_AFTER_MAX_MS) : undefined
}

/** The look-up of a name cannot be aborted; it is left alone then. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** What a system call says of an endpoint, such as ECONNREFUSED. */
const shortReason = (error: unknown): string => codeOf(error) ?? reasonOf(error)
