/**
 * Stands before a caller, with a gate for each endpoint: a machine, its port and protocol, whatever the path. A gate has a
 * breaker, which different messages open that fail with no success between. While it is open, a call goes now and then and
 * tests whether the endpoint takes calls again. The calls in flight of a gate and of an organisation are bounded:
 * what is slow takes no turn of another. A message that may not go fails without an attempt, and waits in a
 * delay topic.
 */
import type { Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import { Breaker } from '#models/breaker.ts'
import {
  originName,
  type WebhookCaller,
  WebhookFailure,
  type WebhookMessage,
  type WebhookTaken,
} from './webhook.ts'

export interface GatedCallerOptions {
  readonly system: System
  readonly logger: Pick<Logger, 'info' | 'warn'>
}

/** Of one endpoint, in one pod. */
const CALLS_MAX = 20
/** Of one organisation, in one pod: many endpoints may be slow together. */
const ORGANIZATION_CALLS_MAX = 200
const BUSY_RETRY_MS = 1_000
const PACES = [{ forMs: Number.POSITIVE_INFINITY, everyMs: 10_000 }]
/** Endpoints that are remembered; the one called longest ago is forgotten first. */
const GATES_MAX = 10_000

interface Gate {
  readonly breaker: Breaker
  calls: number
}

export class GatedCaller implements WebhookCaller {
  readonly #caller: WebhookCaller
  readonly #options: GatedCallerOptions
  readonly #gates = new Map<string, Gate>()
  /** In flight, by organisation. */
  readonly #calls = new Map<string, number>()

  constructor(caller: WebhookCaller, options: GatedCallerOptions) {
    this.#caller = caller
    this.#options = options
  }

  async call(message: WebhookMessage, signal: AbortSignal): Promise<WebhookTaken> {
    const gate = this.#gateOf(message)
    const now = this.#options.system.monotonic()
    this.#refuse(gate, message, now)
    const isProbe = gate.breaker.started(now)
    this.#inFlight(gate, message, 1)
    try {
      const taken = await this.#caller.call(message, signal)
      this.#succeeded(gate, message)
      return taken
    } catch (error) {
      this.#failed(gate, message, { error, isProbe })
      throw error
    } finally {
      this.#inFlight(gate, message, -1)
    }
  }

  /** Throws where the message may not go now. */
  #refuse({ breaker, calls }: Gate, message: WebhookMessage, now: number): void {
    const waitMs = breaker.waitMs(now)
    if (waitMs > 0) throw parked(message, 'it failed for others, and is tried again in a while', waitMs)
    if (calls >= CALLS_MAX) throw parked(message, `${calls} calls are in flight`, BUSY_RETRY_MS)
    const own = this.#calls.get(message.organization) ?? 0
    if (own >= ORGANIZATION_CALLS_MAX)
      throw parked(message, `${own} calls of the organisation are in flight`, BUSY_RETRY_MS)
  }

  #inFlight(gate: Gate, { organization }: WebhookMessage, more: 1 | -1): void {
    gate.calls += more
    const own = (this.#calls.get(organization) ?? 0) + more
    if (own > 0) this.#calls.set(organization, own)
    else this.#calls.delete(organization)
  }

  #succeeded({ breaker }: Gate, { id, url }: WebhookMessage): void {
    const wasOpen = breaker.isOpen
    breaker.succeeded(id)
    if (wasOpen) this.#options.logger.info('an endpoint takes webhooks again', { endpoint: originName(url) })
  }

  #failed(
    { breaker }: Gate,
    { id, url }: WebhookMessage,
    { error, isProbe }: { readonly error: unknown; readonly isProbe: boolean },
  ): void {
    const { system, logger } = this.#options
    if (!(error instanceof WebhookFailure) || !error.isCalled) return breaker.withdrawn(isProbe)
    const wasOpen = breaker.isOpen
    breaker.failed(id, system.monotonic(), isProbe)
    if (!wasOpen && breaker.isOpen)
      logger.warn('an endpoint fails for every webhook: calls are reduced and its webhooks wait', {
        endpoint: originName(url),
        reason: error.reason,
      })
  }

  /**
   * Of the organisation: the endpoint may fail for one and take the messages of another. Not of the path: a path for each
   * message would be a gate for each message.
   */
  #gateOf({ organization, url }: WebhookMessage): Gate {
    const key = JSON.stringify([organization, originName(url)])
    const gate = this.#gates.get(key) ?? { breaker: new Breaker({ paces: PACES }), calls: 0 }
    this.#gates.delete(key)
    this.#gates.set(key, gate)
    const [oldest] = this.#gates.keys()
    if (this.#gates.size > GATES_MAX && oldest !== undefined) this.#gates.delete(oldest)
    return gate
  }
}

const parked = ({ url }: WebhookMessage, reason: string, retryAfterMs: number): WebhookFailure =>
  new WebhookFailure(url, reason, { isCalled: false, isParked: true, retryAfterMs })
