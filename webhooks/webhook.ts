/** The ports of webhooks: who has endpoints for what, who calls them, and how a call that failed is reported. */
import { CaudalError } from '#core/errors.ts'

/** What an endpoint can hear of. */
export const WEBHOOK_EVENTS = ['answer.delivered', 'answer.failed', 'batch.completed'] as const
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number]

/** Header of an event: the endpoint that is called with what becomes of it. */
export const CALLBACK_HEADER = 'webhook-callback'

/** Of each organisation, where it wants to be called. */
export interface Subscriptions {
  /** Endpoints that hear of the event. Nothing for an organisation without secrets: nothing could be signed. */
  endpointsOf(organization: string, event: WebhookEvent): Promise<readonly string[] | undefined>
}

/** Why an endpoint of a question cannot be called; nothing when it can, as far as its text says. */
export interface CallbackRules {
  faultOf(organization: string, url: string): Promise<string | undefined>
}

/** What is sent. */
export interface WebhookMessage {
  /** Identity of the message, the same in each attempt. */
  readonly id: string
  readonly url: string
  readonly organization: string
  /** The very text that is signed and sent. */
  readonly body: string
}

/** An endpoint has taken a message. */
export interface WebhookTaken {
  readonly status: number
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly latencyMs: number
}

export interface WebhookCaller {
  /** Rejects with a `WebhookFailure`, or with the signal's reason when it was aborted. */
  call(message: WebhookMessage, signal: AbortSignal): Promise<WebhookTaken>
}

export interface WebhookFailureDetails {
  /** The endpoint was called, so that the failure costs an attempt and says something about the endpoint. */
  readonly isCalled: boolean
  /** Nobody was asked, and it costs no attempt: the endpoint is called no more for now. */
  readonly isParked?: boolean
  /** No call before that. */
  readonly retryAfterMs?: number | undefined
  readonly cause?: unknown
}

/** A call that the endpoint has not taken. */
export class WebhookFailure extends CaudalError {
  readonly reason: string
  readonly isCalled: boolean
  readonly isParked: boolean
  readonly retryAfterMs: number | undefined

  constructor(url: string, reason: string, details: WebhookFailureDetails) {
    super('WEBHOOK_FAILED', { endpoint: endpointName(url), reason }, details.cause)
    this.name = 'WebhookFailure'
    this.reason = reason
    this.isCalled = details.isCalled
    this.isParked = details.isParked ?? false
    this.retryAfterMs = details.retryAfterMs
  }
}

/** An endpoint as people may read it: its query may hold a secret. */
export function endpointName(url: string): string {
  if (!URL.canParse(url)) return 'an address that cannot be read'
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}

/** The protocol, the machine and its port: what all paths of an endpoint share. */
export const originName = (url: string): string =>
  URL.canParse(url) ? new URL(url).origin : 'an address that cannot be read'

/** The machine alone, for metrics. */
export const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : 'none')

const URL_CHARACTERS_MAX = 2_000

/** What is wrong with the text of an endpoint; nothing where it can be one. */
export function urlFault(url: string): string | undefined {
  if (url.length > URL_CHARACTERS_MAX) return `has more than ${URL_CHARACTERS_MAX} characters`
  if (!/^[\x21-\x7e]+$/.test(url) || !URL.canParse(url)) return 'is no address of HTTP'
  const { protocol, username, password } = new URL(url)
  if (protocol !== 'https:' && protocol !== 'http:') return 'must begin with https:// or http://'
  return username === '' && password === '' ? undefined : 'must have no user and no password'
}
