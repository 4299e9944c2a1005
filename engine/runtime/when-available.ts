/** Repeats an operation until the log answers: at a start it may be on its way up as well. */
import { hasCode, reasonOf } from '#engine/core/errors.ts'
import type { Logger } from '#engine/core/operator.ts'
import { type System, sleep } from '#engine/core/system.ts'

const WAIT_MIN_MS = 250
const WAIT_MAX_MS = 10_000

/** Stops asking, and resolves, when `isWanted` says no; rejects with any error but LOG_UNAVAILABLE. */
export async function whenAvailable(
  operation: () => Promise<void>,
  { system, logger, isWanted }: { system: System; logger: Logger; isWanted: () => boolean },
): Promise<void> {
  for (let waitMs = WAIT_MIN_MS; isWanted(); waitMs = Math.min(2 * waitMs, WAIT_MAX_MS)) {
    try {
      return await operation()
    } catch (error) {
      if (!hasCode(error, 'LOG_UNAVAILABLE')) throw error
      logger.warn('the log does not answer: trying again', { waitMs, error: reasonOf(error) })
      await sleep(system, waitMs)
    }
  }
}
