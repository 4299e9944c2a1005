/** Provider trouble as flow control: calls wait, are slowed and are parked, instead of failing records. */
import { publish } from '#core/diagnostics.ts'
import type { Logger } from '#core/loggers.ts'
import { realSystem, type System } from '#core/system.ts'
import { AdaptiveLimit, type AdaptiveLimitOptions } from './adaptive-limit.ts'
import type { Breaker, BreakerOptions } from './breaker.ts'
import { BreakerLog } from './breaker-log.ts'
import { FirstFailures } from './first-failures.ts'
import { HeardStream } from './heard-stream.ts'
import type { Model, ModelCall, ModelReply, ModelRequest } from './model.ts'
import { asModelError, ModelError, Withheld } from './model.ts'
import { breakersOf, isOwn, TROUBLES, type Trouble, troubleOf } from './trouble.ts'

/** How `limited` slows down, waits and opens its breaker. */
export interface LimitOptions extends AdaptiveLimitOptions, BreakerOptions {
  /** Name in errors. */
  readonly name?: string
  /** The model that is asked where a request names none. */
  readonly model?: string | undefined
  /** How long a call may wait for its turn before its record is sent off to wait elsewhere. */
  readonly waitMaxMs?: number
  /** A `Retry-After` above this is taken for this. */
  readonly pauseMaxMs?: number
  /** Gets a warning with the reason when the breaker opens, and a line when it closes. */
  readonly logger?: Pick<Logger, 'info' | 'warn'>
}

/** The state of one provider now, for metrics and the log. */
export interface LimitFigures {
  readonly limit: number
  readonly inFlight: number
  readonly waiting: number
  readonly breakerOpen: boolean
  /** How long the breaker has been open; 0 while it is closed. */
  readonly breakerOpenForMs: number
  /** The last failure while the breaker is open. */
  readonly breakerReason: string | undefined
  /** Waiting ends nothing: a login that is refused, an account without credit, a model that is not there, requests at fault. */
  readonly needsPerson: boolean
}

/**
 * Calls begun in one turn of the event loop. Building a request takes a good part of a millisecond. A thousand requests in
 * one turn would hold up commits: a commit needs several answers of its log, one after another.
 */
const STARTS_PER_TURN_MAX = 64

/** Records that wait for a provider come back after a tenth of the time that it was away, within these bounds. */
const PARKED_MS = { max: 10_000, share: 0.1 } as const

interface Ticket {
  readonly epoch: number
  readonly startedAt: number
  readonly probes: readonly Trouble[]
}

interface Ended {
  readonly firstAt: number | undefined
  readonly errorType?: string
}

type Go = (ticket: Ticket) => void

/**
 * One gate before one provider. A call starts when no breaker is open or the call is a probe. No `Retry-After` may be
 * running, and fewer calls than the adaptive limit must be in flight. Each turn of the event loop starts a few.
 * Other calls wait in arrival order. A waiting call holds its record's slot, and that pauses the intake. After `waitMaxMs`
 * the call fails with a `ModelError` that costs the record no attempt, and the record waits in a delay topic instead.
 * Failures that arrive while a breaker is open cost no attempt either.
 *
 * Three kinds of trouble may be everybody's: the provider is out, it refuses for its rate, it refuses the requests as such.
 * Each has a breaker, which opens when *different* subjects meet it and nobody is answered between. Such trouble can
 * therefore fail nothing, which is why the log says it: nothing else would say that a key is wrong. A subject that fails
 * while others are answered pays for it with its own attempts. What a person must correct, such as a login,
 * costs no attempt before that. It opens the breaker also where few subjects meet it again and again.
 *
 * Trade-off: one slow-down for all requests of a provider; providers that limit per model want one gate per model.
 */
export class LimitedModel implements Model {
  readonly #model: Model
  readonly #system: System
  readonly #name: string
  readonly #defaultModel: string | undefined
  readonly #waitMaxMs: number
  readonly #pauseMaxMs: number
  readonly #limit: AdaptiveLimit
  readonly #breakers: Readonly<Record<Trouble, Breaker>>
  readonly #log: BreakerLog
  readonly #firstFailures: FirstFailures
  readonly #waiting = new Set<Go>()
  #inFlight = 0
  #pausedUntil = 0
  /** Calls refused for their rate since the last answer. */
  #refusedSince = 0
  #startsThisTurn = 0
  #cancelWake: (() => void) | undefined
  #breakerReason: string | undefined
  #needsPerson = false

  constructor(model: Model, options: LimitOptions = {}, system: System = realSystem) {
    this.#model = model
    this.#system = system
    this.#name = options.name ?? 'provider'
    this.#defaultModel = options.model
    this.#waitMaxMs = options.waitMaxMs ?? 10_000
    this.#pauseMaxMs = options.pauseMaxMs ?? 60_000
    this.#limit = new AdaptiveLimit(options)
    this.#breakers = breakersOf(options)
    this.#log = new BreakerLog(this.#name, options.logger)
    this.#firstFailures = new FirstFailures(system)
  }

  async complete(request: ModelRequest, call: ModelCall): Promise<ModelReply> {
    call.signal.throwIfAborted()
    const subject = request.subject ?? call.requestId
    const ticket = this.#mayGo() && this.#waiting.size === 0 ? this.#take() : await this.#wait(call.signal)
    const heard = call.stream && new HeardStream(call.stream, this.#system)
    let failed: ModelError
    try {
      call.mayBegin?.(request.model ?? this.#defaultModel)
      const reply = await this.#model.complete(request, heard ? { ...call, stream: heard } : call)
      const now = this.#system.monotonic()
      this.#limit.succeeded(now, now - ticket.startedAt)
      this.#called(request, ticket, { firstAt: heard?.firstAt })
      this.#refusedSince = 0
      for (const kind of TROUBLES) this.#change(kind, breaker => breaker.succeeded(subject))
      this.#firstFailures.decide()
      this.#tellClosing()
      return reply
    } catch (error) {
      if (call.signal.aborted || error instanceof Withheld) {
        for (const kind of ticket.probes) this.#breakers[kind].withdrawn(true)
        throw error
      }
      const failure = asModelError(error, this.#name)
      this.#called(request, ticket, { firstAt: heard?.firstAt, errorType: failure.errorType })
      failed = this.#failed(failure, subject, ticket)
    } finally {
      this.#inFlight -= 1
      this.#pump()
    }
    throw await this.#decided(failed)
  }

  figures(): LimitFigures {
    return {
      limit: this.#limit.value,
      inFlight: this.#inFlight,
      waiting: this.#waiting.size,
      breakerOpen: this.#isOpen,
      breakerOpenForMs: this.#openForMs(this.#system.monotonic()),
      breakerReason: this.#breakerReason,
      needsPerson: this.#isOpen && this.#needsPerson,
    }
  }

  #failed(error: ModelError, subject: string, ticket: Ticket): ModelError {
    const now = this.#system.monotonic()
    const kind = troubleOf(error)
    for (const probed of ticket.probes) if (probed !== kind) this.#breakers[probed].withdrawn(true)
    // Whatever it says, it is there.
    if (kind !== 'outage') this.#change('outage', breaker => breaker.succeeded(subject))
    const breaker = this.#breakers[kind]
    const wasOpen = breaker.isOpen
    // Refusals come at once and answers take their time: refused are all only when hardly anybody is left to be answered.
    const failuresMin = kind === 'rate_limit' ? this.#inFlight : 0
    const wasProbe = ticket.probes.includes(kind)
    // No call has succeeded since. So these failures are the provider's, and few of them open the breaker.
    const countsEach = kind === 'rate_limit' || (kind === 'outage' && (error.needsPerson || !error.spent))
    const fail = () => breaker.failed(subject, now, wasProbe, { failuresMin, countsEach })
    const failed = this.#change(kind, fail, error.reason)
    const opened = breaker.isOpen && !wasOpen
    if (opened) this.#firstFailures.decide()
    if (kind === 'rate_limit') this.#slowDown(error, ticket, now, opened)
    if (!breaker.isOpen) {
      this.#tellClosing()
      if (!isOwn(failed, kind, error)) return error.unspent()
      // The provider answers others: what it refuses is this subject, whatever its word for it is.
      return failed.isSuspect && error.status !== undefined ? error.counted() : error
    }
    this.#breakerReason = error.reason
    this.#needsPerson = kind === 'invalid' || error.needsPerson
    const awayMs = this.#openForMs(now)
    this.#log.away(now, { reason: error.reason, awayMs, nextCallMs: breaker.waitMs(now) })
    return error.unspent(Math.max(this.#parkedMs(now), error.retryAfterMs ?? 0))
  }

  /** What would cost an attempt costs none where an outage has begun with it. */
  async #decided(error: ModelError): Promise<ModelError> {
    if (!error.spent || !error.outage || this.#isOpen || this.#inFlight === 0) return error
    await this.#firstFailures.undecided()
    const { isOpen } = this.#breakers.outage
    return isOpen ? error.unspent(this.#parkedMs(this.#system.monotonic())) : error
  }

  #called(request: ModelRequest, { startedAt }: Ticket, { firstAt, errorType }: Ended): void {
    const durationMs = this.#system.monotonic() - startedAt
    const firstTextMs = firstAt === undefined ? undefined : firstAt - startedAt
    const model = request.model ?? this.#defaultModel
    publish('caudal:model:call', { provider: this.#name, model, durationMs, firstTextMs, errorType })
  }

  /** Changes a breaker, and publishes whether that has opened or closed it. */
  #change<T>(trouble: Trouble, change: (breaker: Breaker) => T, reason?: string): T {
    const breaker = this.#breakers[trouble]
    const wasOpen = breaker.isOpen
    const result = change(breaker)
    const { isOpen } = breaker
    if (isOpen !== wasOpen) publish('caudal:model:breaker', { provider: this.#name, trouble, isOpen, reason })
    return result
  }

  #slowDown(error: ModelError, ticket: Ticket, now: number, opened: boolean): void {
    const isOpen = this.#breakers.rate_limit.isOpen
    if (opened) this.#limit.restore()
    const cut = !isOpen && this.#limit.refused(ticket.epoch, this.#inFlight - 1, now)
    this.#refusedSince += 1
    const holdsForAll = isOpen || (cut && this.#refusedSince >= this.#inFlight)
    if (!holdsForAll) return
    const untilMs = now + Math.min(error.retryAfterMs ?? 0, this.#pauseMaxMs)
    this.#pausedUntil = Math.max(this.#pausedUntil, untilMs)
  }

  get #isOpen(): boolean {
    return Object.values(this.#breakers).some(breaker => breaker.isOpen)
  }

  /** How long a record that gets no turn stays away: longer, the longer the provider was. */
  #parkedMs(now: number): number {
    const awayMs = Math.min(PARKED_MS.max, this.#openForMs(now) * PARKED_MS.share)
    return Math.max(this.#blockedMs(), Math.ceil(awayMs))
  }

  #tellClosing(): void {
    if (this.#isOpen) return
    this.#breakerReason = undefined
    this.#log.answers()
  }

  #openForMs(now: number): number {
    return Math.max(...Object.values(this.#breakers).map(breaker => breaker.openForMs(now)))
  }

  #blockedMs(): number {
    const now = this.#system.monotonic()
    const waits = Object.values(this.#breakers).map(breaker => breaker.waitMs(now))
    return Math.max(this.#pausedUntil - now, ...waits)
  }

  #mayGo(): boolean {
    const { value } = this.#limit
    return this.#inFlight < value && this.#startsThisTurn < STARTS_PER_TURN_MAX && this.#blockedMs() <= 0
  }

  #take(): Ticket {
    this.#inFlight += 1
    if (this.#startsThisTurn === 0) this.#system.defer(() => this.#nextTurn())
    this.#startsThisTurn += 1
    const now = this.#system.monotonic()
    const probes = TROUBLES.filter(kind => this.#breakers[kind].started(now))
    return { epoch: this.#limit.epoch, startedAt: now, probes }
  }

  #wait(signal: AbortSignal): Promise<Ticket> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(go)
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
      const go: Go = ticket => {
        leave()
        resolve(ticket)
      }
      signal.addEventListener('abort', abort, { once: true })
      this.#waiting.add(go)
      this.#pump()
    })
  }

  #parked(): ModelError {
    const retryAfterMs = Math.max(0, this.#parkedMs(this.#system.monotonic()))
    const common = { model: this.#name, spent: false, retryAfterMs }
    if (this.#isOpen)
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
    for (const go of this.#waiting) {
      if (!this.#mayGo()) break
      go(this.#take())
    }
    const blockedMs = this.#blockedMs()
    if (this.#waiting.size === 0 || blockedMs <= 0) return
    this.#cancelWake?.()
    this.#cancelWake = this.#system.after(blockedMs, () => this.#pump())
  }
}

/**
 * Limits a model: calls wait for their turn, a breaker stops them in an outage, and trouble of the provider costs no
 * attempt.
 */
export function limited(model: Model, options: LimitOptions = {}, system: System = realSystem): LimitedModel {
  return new LimitedModel(model, options, system)
}
