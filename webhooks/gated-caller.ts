/**
 * Stands before a caller, with a gate for each endpoint. A gate has a breaker, which different messages open that fail with
 * no success between. While it is open, a call goes now and then and tests whether the endpoint takes calls again. A gate
 * also bounds the calls in flight, so that a slow endpoint does not take the turns of all others. A message that may not
 * go fails without an attempt, and waits in a delay topic.
 */
import type { Logger } from '#core/loggers.ts'
import type { System } from '#core/system.ts'
import { Breaker } from '#models/breaker.ts'
import {
  endpointName,
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

  constructor(caller: WebhookCaller, options: GatedCallerOptions) {
    this.#caller = caller
    this.#options = options
  }

  async call(message: WebhookMessage, signal: AbortSignal): Promise<WebhookTaken> {
    const { system } = this.#options
    const gate = this.#gateOf(message)
    const now = system.monotonic()
    const waitMs = gate.breaker.waitMs(now)
    if (waitMs > 0) throw parked(message, 'it failed for others, and is tried again in a while', waitMs)
    if (gate.calls >= CALLS_MAX) throw parked(message, `${gate.calls} calls are in flight`, BUSY_RETRY_MS)
    const isProbe = gate.breaker.started(now)
    gate.calls += 1
    try {
      const taken = await this.#caller.call(message, signal)
      this.#succeeded(gate, message)
      return taken
    } catch (error) {
      this.#failed(gate, message, { error, isProbe })
      throw error
    } finally {
      gate.calls -= 1
    }
  }

  #succeeded({ breaker }: Gate, { id, url }: WebhookMessage): void {
    const wasOpen = breaker.isOpen
    breaker.succeeded(id)
    if (wasOpen)
      this.#options.logger.info('an endpoint takes webhooks again', { endpoint: endpointName(url) })
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
      logger.warn('an endpoint fails for every webhook: it is called less, and what is for it waits', {
        endpoint: endpointName(url),
        reason: error.reason,
      })
  }

  /** Of the organisation: the endpoint may fail for one and take the messages of another. */
  #gateOf({ organization, url }: WebhookMessage): Gate {
    const key = JSON.stringify([organization, endpointName(url)])
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
