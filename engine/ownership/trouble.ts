/**
 * Failures of what a pod does for all of its tasks.
 *
 * A failing operation is logged once, not ten times a second for as long as the log is away. If the same refusal repeats and
 * nothing is committed for `noProgress`, the pod fails, so that its supervisor restarts it. The limit is long, because a
 * restart loses paid results that are not committed. Failures that pass by themselves, such as an outage, never count.
 */
import { actionOf, CaudalError, type ErrorCode, hasCode, reasonOf } from '#core/errors.ts'
import type { PodContext } from '#engine/record/pod-context.ts'

/** A refusal must come so often before the pod fails, each time within a session of the time before. */
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
  /** Bytes of the effects of records. Markers do not count as progress. */
  readonly #progress: { readonly committedBytes: number }
  /** The failure that was logged last. It goes on as long as it returns within a session. */
  #logged: { readonly kind: string; lastAt: number } | undefined
  /** Reasons that block tasks until somebody acts. Each is logged once. */
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
    if (hasCode(error, 'LOG_REMOVED')) return this.#pod.fail(error)
    if (actionOf(error) === 'blockTask') return this.#blocked(reasonOf(error))
    const { system, limits, logger } = this.#pod
    const [kind, now] = [kindOf(error), system.monotonic()]
    const goesOn = this.#logged?.kind === kind && now - this.#logged.lastAt < limits.sessionTimeoutMs
    this.#logged = { kind, lastAt: now }
    logger[goesOn ? 'debug' : 'warn']('an operation of ownership failed and is repeated', {
      error: String(error),
    })
    this.record(error)
  }

  #blocked(reason: string): void {
    if (!this.#blocks.has(reason))
      this.#pod.logger.error('an operation of ownership is blocked: a person must act', { error: reason })
    this.#blocks.add(reason)
  }

  /** Counts a failure. Fails the pod with NO_PROGRESS if the same refusal repeats without progress. */
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
