/** Provider trouble as flow control: calls wait, are slowed and are parked, instead of failing records. */
import type { Logger } from '#engine/core/operator.ts'
import { realSystem, type System } from '#engine/core/system.ts'
import { AdaptiveLimit, type AdaptiveLimitOptions } from './adaptive-limit.ts'
import { Breaker, type BreakerOptions } from './breaker.ts'
import type { Model, ModelCall, ModelReply, ModelRequest } from './model.ts'
import { asModelError, ModelError } from './model.ts'

export interface LimitOptions extends AdaptiveLimitOptions, BreakerOptions {
  /** Name in errors. */
  readonly name?: string
  /** How long a call may wait for its turn before its record is sent off to wait elsewhere. */
  readonly waitMaxMs?: number
  /** A `Retry-After` above this is taken for this. */
  readonly pauseMaxMs?: number
  /** Warned when the breaker opens, with the reason, and told when it closes. */
  readonly logger?: Pick<Logger, 'info' | 'warn'>
}

export interface LimitFigures {
  readonly limit: number
  readonly inFlight: number
  readonly waiting: number
  readonly breakerOpen: boolean
  /** The last failure while the breaker is open. */
  readonly breakerReason: string | undefined
}

/**
 * Calls begun between two looks at what has arrived. Building a request takes a good part of a millisecond; a thousand of them
 * in one go would keep the commits of the process waiting, each of which needs several answers of its log in turn.
 */
const STARTS_PER_TURN_MAX = 64

/** A provider that fails every other call may open the breaker many times a second: one opening in that time is told. */
const OPENING_TOLD_EVERY_MS = 10_000

interface Ticket {
  readonly epoch: number
  readonly probe: boolean
}

interface Waiter {
  readonly go: (ticket: Ticket) => void
}

/**
 * One gate before one provider. A call goes when the breaker lets it, no `Retry-After` is running, and fewer than the
 * adaptive limit are in flight, a few at each turn of the event loop; otherwise it waits in arrival order. Waiting holds the
 * record's slot, which is what pauses the intake. After `waitMaxMs` the call is given up as a `ModelError` that costs the record no attempt, so that it waits in a
 * delay topic instead; so do failures that arrive while the breaker is open. An outage can therefore fail nothing, which is
 * why it is told in the log: nothing else would say that a key is wrong.
 *
 * Trade-off: one slow-down for all requests of a provider; providers that limit per model want one gate per model.
 */
export class LimitedModel implements Model {
  readonly #model: Model
  readonly #system: System
  readonly #name: string
  readonly #waitMaxMs: number
  readonly #pauseMaxMs: number
  readonly #limit: AdaptiveLimit
  readonly #breaker: Breaker
  readonly #logger: LimitOptions['logger']
  readonly #waiting = new Set<Waiter>()
  #inFlight = 0
  #pausedUntil = 0
  #startsThisTurn = 0
  #cancelWake: (() => void) | undefined
  #breakerReason: string | undefined
  #openingTold = false
  #quietUntil = 0

  constructor(model: Model, options: LimitOptions = {}, system: System = realSystem) {
    this.#model = model
    this.#system = system
    this.#name = options.name ?? 'provider'
    this.#waitMaxMs = options.waitMaxMs ?? 10_000
    this.#pauseMaxMs = options.pauseMaxMs ?? 60_000
    this.#limit = new AdaptiveLimit(options)
    this.#breaker = new Breaker(options)
    this.#logger = options.logger
  }

  async complete(request: ModelRequest, call: ModelCall): Promise<ModelReply> {
    call.signal.throwIfAborted()
    const ticket = this.#mayGo() && this.#waiting.size === 0 ? this.#take() : await this.#wait(call.signal)
    try {
      const reply = await this.#model.complete(request, call)
      this.#limit.succeeded()
      this.#answered()
      return reply
    } catch (error) {
      if (call.signal.aborted) {
        this.#breaker.withdrawn(ticket.probe)
        throw error
      }
      throw this.#failed(asModelError(error, this.#name), ticket)
    } finally {
      this.#inFlight -= 1
      this.#pump()
    }
  }

  figures(): LimitFigures {
    return {
      limit: this.#limit.value,
      inFlight: this.#inFlight,
      waiting: this.#waiting.size,
      breakerOpen: this.#breaker.isOpen,
      breakerReason: this.#breakerReason,
    }
  }

  #failed(error: ModelError, ticket: Ticket): ModelError {
    const now = this.#system.monotonic()
    if (error.errorType === 'rate_limit') {
      const cut = this.#limit.refused(ticket.epoch, this.#inFlight - 1)
      if (cut) this.#pausedUntil = now + Math.min(error.retryAfterMs ?? 0, this.#pauseMaxMs)
    }
    if (!error.outage) {
      this.#answered()
      return error
    }
    this.#breaker.failed(now, ticket.probe)
    if (!this.#breaker.isOpen) return error
    const waitMs = this.#breaker.waitMs(now)
    this.#breakerReason = error.reason
    this.#tellOpening(now, waitMs)
    return error.unspent(waitMs)
  }

  #answered(): void {
    this.#breaker.succeeded()
    this.#breakerReason = undefined
    if (!this.#openingTold) return
    this.#openingTold = false
    this.#logger?.info('the provider answers again', { provider: this.#name })
  }

  #tellOpening(now: number, waitMs: number): void {
    if (this.#openingTold || now < this.#quietUntil) return
    this.#openingTold = true
    this.#quietUntil = now + OPENING_TOLD_EVERY_MS
    const fields = { provider: this.#name, reason: this.#breakerReason, next_call_in_ms: waitMs }
    this.#logger?.warn('the provider cannot be used: it is called no more, and records wait', fields)
  }

  #blockedMs(): number {
    const now = this.#system.monotonic()
    return Math.max(this.#pausedUntil - now, this.#breaker.waitMs(now))
  }

  #mayGo(): boolean {
    const { value } = this.#limit
    return this.#inFlight < value && this.#startsThisTurn < STARTS_PER_TURN_MAX && this.#blockedMs() <= 0
  }

  #take(): Ticket {
    this.#inFlight += 1
    if (this.#startsThisTurn === 0) this.#system.defer(() => this.#nextTurn())
    this.#startsThisTurn += 1
    return { epoch: this.#limit.epoch, probe: this.#breaker.started() }
  }

  #wait(signal: AbortSignal): Promise<Ticket> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(waiter)
        cancel()
        signal.removeEventListener('abort', abort)
      }
      const abort = () => {
        leave()
        reject(signal.reason)
      }
      const cancel = this.#system.after(this.#waitMaxMs, () => {
        leave()
        reject(this.#parked())
      })
      const waiter: Waiter = {
        go: ticket => {
          leave()
          resolve(ticket)
        },
      }
      signal.addEventListener('abort', abort, { once: true })
      this.#waiting.add(waiter)
      this.#pump()
    })
  }

  #parked(): ModelError {
    const retryAfterMs = Math.max(0, this.#blockedMs())
    const common = { model: this.#name, spent: false, retryAfterMs }
    if (this.#breaker.isOpen)
      return new ModelError('unavailable', {
        ...common,
        reason: `no call was made, the last one brought: ${this.#breakerReason}`,
      })
    return new ModelError('rate_limit', {
      ...common,
      outage: false,
      reason: `no turn within ${this.#waitMaxMs} ms; no call was made`,
    })
  }

  #nextTurn(): void {
    this.#startsThisTurn = 0
    this.#pump()
  }

  /** Lets go whom it can, and comes back when the time that blocks the rest is over. */
  #pump(): void {
    for (const waiter of this.#waiting) {
      if (!this.#mayGo()) break
      waiter.go(this.#take())
    }
    const blockedMs = this.#blockedMs()
    if (this.#waiting.size === 0 || blockedMs <= 0) return
    this.#cancelWake?.()
    this.#cancelWake = this.#system.after(blockedMs, () => this.#pump())
  }
}

export function limited(model: Model, options: LimitOptions = {}, system: System = realSystem): LimitedModel {
  return new LimitedModel(model, options, system)
}
