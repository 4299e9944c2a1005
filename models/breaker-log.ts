/** What the log says of a provider that cannot be used: that it cannot, again while that lasts, and that it answers. */
import type { Logger } from '#core/loggers.ts'

/** A provider that fails every other call may open the breaker many times a second. One opening in this time is logged. */
const OPENING_TOLD_EVERY_MS = 10_000
/** Records may wait for days: who looks at the log of an hour must see why. */
const STILL_TOLD_EVERY_MS = 600_000

interface Away {
  readonly reason: string | undefined
  readonly awayMs: number
  readonly nextCallMs: number
}

/** Writes the log lines about one provider. A breaker that opens often is logged at most once in ten seconds. */
export class BreakerLog {
  readonly #provider: string
  readonly #logger: Pick<Logger, 'info' | 'warn'> | undefined
  #toldAt: number | undefined
  #quietUntil = 0

  constructor(provider: string, logger: Pick<Logger, 'info' | 'warn'> | undefined) {
    this.#provider = provider
    this.#logger = logger
  }

  /** Called at each failure while the provider cannot be used. */
  away(now: number, { reason, awayMs, nextCallMs }: Away): void {
    const isTold = this.#toldAt !== undefined
    if (now < (this.#toldAt === undefined ? this.#quietUntil : this.#toldAt + STILL_TOLD_EVERY_MS)) return
    this.#toldAt = now
    this.#quietUntil = now + OPENING_TOLD_EVERY_MS
    const fields = { provider: this.#provider, reason, next_call_in_ms: nextCallMs }
    if (isTold)
      this.#logger?.warn('the provider still answers nobody, and records wait', {
        ...fields,
        away_ms: awayMs,
      })
    else this.#logger?.warn('the provider cannot be used: it is called no more, and records wait', fields)
  }

  answers(): void {
    if (this.#toldAt === undefined) return
    this.#toldAt = undefined
    this.#logger?.info('the provider answers again', { provider: this.#provider })
  }
}
