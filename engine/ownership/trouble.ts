/**
 * Failures of what a pod does for all of its tasks. A failing operation is told once, not ten times a second for as long as
 * the log is away. The same refusal again and again, while nothing is committed, is a circle that the pod does not find
 * out of: it ends, so that its supervisor starts it anew; late, as its end throws away what it has bought and not
 * committed. What passes by itself, as an outage does, never counts.
 */
import { actionOf, CaudalError, type ErrorCode, reasonOf } from '#core/errors.ts'
import type { PodContext } from '#engine/record/pod-context.ts'

/** A refusal that came so often, for so long, each time within a session of the last, does not pass. */
const TIMES_MIN = 3

const PASSING: ReadonlySet<ErrorCode> = new Set([
  'LOG_UNAVAILABLE',
  'LOG_FULL',
  'LOG_CLOSED',
  'COMMIT_ABORTED',
  'OUTCOME_UNKNOWN',
])

interface Circle {
  readonly kind: string
  readonly since: number
  readonly committedBytes: number
  lastAt: number
  times: number
}

export class Trouble {
  readonly #pod: Pick<PodContext, 'system' | 'logger' | 'limits' | 'fail'>
  /** Of the effects of records: markers do not count as progress. */
  readonly #progress: { readonly committedBytes: number }
  /** What was told last; it goes on as long as it is met within a session of the last time. */
  #told: { readonly kind: string; lastAt: number } | undefined
  /** What blocks tasks until somebody acts, told once each. */
  readonly #blocks = new Set<string>()
  #circle: Circle | undefined

  constructor(
    pod: Pick<PodContext, 'system' | 'logger' | 'limits' | 'fail'>,
    progress: { readonly committedBytes: number },
  ) {
    this.#pod = pod
    this.#progress = progress
  }

  operationFailed(error: unknown): void {
    if (actionOf(error) === 'blockTask') return this.#blocked(reasonOf(error))
    const { system, limits, logger } = this.#pod
    const [kind, now] = [kindOf(error), system.monotonic()]
    const goesOn = this.#told?.kind === kind && now - this.#told.lastAt < limits.sessionTimeoutMs
    this.#told = { kind, lastAt: now }
    logger[goesOn ? 'debug' : 'warn']('taking over tasks: trying again', { error: String(error) })
    this.record(error)
  }

  #blocked(reason: string): void {
    if (!this.#blocks.has(reason)) this.#pod.logger.error('taking over tasks is blocked', { error: reason })
    this.#blocks.add(reason)
  }

  /** Ends the pod with NO_PROGRESS when it goes round in a circle. */
  record(error: unknown): void {
    const kind = kindOf(error)
    if (error instanceof CaudalError && PASSING.has(error.code)) return
    const { system, limits } = this.#pod
    const { committedBytes } = this.#progress
    const now = system.monotonic()
    const isSame = (circle: Circle) =>
      circle.kind === kind &&
      circle.committedBytes === committedBytes &&
      now - circle.lastAt < limits.sessionTimeoutMs
    if (!this.#circle || !isSame(this.#circle))
      this.#circle = { kind, since: now, committedBytes, lastAt: now, times: 0 }
    this.#circle.lastAt = now
    this.#circle.times++
    const forMs = now - this.#circle.since
    if (this.#circle.times < TIMES_MIN || forMs < limits.noProgressMs) return
    this.#pod.fail(
      new CaudalError('NO_PROGRESS', { times: this.#circle.times, forMs, reason: reasonOf(error) }, error),
    )
  }
}

const kindOf = (error: unknown): string => (error instanceof CaudalError ? error.code : reasonOf(error))
