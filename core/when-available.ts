/** Repeats an operation until the log answers: at a start it may be on its way up as well. */
import { type ErrorCode, hasCode, reasonOf } from './errors.ts'
import type { Logger } from './operator.ts'
import { type System, sleep } from './system.ts'

const WAIT_MIN_MS = 250
const WAIT_MAX_MS = 10_000

export interface Patience {
  readonly system: System
  readonly logger: Logger
  readonly isWanted: () => boolean
  /** What passes by itself; LOG_UNAVAILABLE alone when left out. */
  readonly passing?: readonly ErrorCode[]
}

/** Stops asking, and resolves, when `isWanted` says no; rejects with any error that does not pass. */
export async function whenAvailable(
  operation: () => Promise<void>,
  { system, logger, isWanted, passing = ['LOG_UNAVAILABLE'] }: Patience,
): Promise<void> {
  for (let waitMs = WAIT_MIN_MS; isWanted(); waitMs = Math.min(2 * waitMs, WAIT_MAX_MS)) {
    try {
      return await operation()
    } catch (error) {
      if (!passing.some(code => hasCode(error, code))) throw error
      logger.warn('the start waits for the log', { waitMs, error: reasonOf(error) })
      await sleep(system, waitMs)
    }
  }
}
