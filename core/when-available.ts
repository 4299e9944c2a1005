/** Repeats an operation until the log answers: at a start the log may be starting too. */
import { type ErrorCode, hasCode, reasonOf } from './errors.ts'
import type { Logger } from './loggers.ts'
import { RETRIES, whileUnavailable } from './retry.ts'
import type { System } from './system.ts'

/** How `whenAvailable` waits: by which clock, with which log, and for how long. */
export interface Patience {
  readonly system: System
  readonly logger: Logger
  readonly isWanted: () => boolean
  /** What passes by itself; LOG_UNAVAILABLE alone when left out. */
  readonly passing?: readonly ErrorCode[]
}

/** Stops asking, and resolves, when `isWanted` says no; rejects with any error that does not pass. */
export function whenAvailable(
  operation: () => Promise<void>,
  { system, logger, isWanted, passing = ['LOG_UNAVAILABLE'] }: Patience,
): Promise<void> {
  const unlessUnwanted = async () => {
    if (isWanted()) await operation()
  }
  return whileUnavailable(RETRIES.start, unlessUnwanted, {
    system,
    isPassing: error => passing.some(code => hasCode(error, code)),
    onPause: (waitMs, error) =>
      logger.warn('the start waits for the log', { waitMs, error: reasonOf(error) }),
  })
}
