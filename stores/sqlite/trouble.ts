/** What passes of the errors of SQLite, and what does not. */
import { reasonOf, unavailable } from '#core/errors.ts'
import { RETRIES } from '#core/retry.ts'
import { type System, sleep } from '#core/system.ts'

/** How long a statement waits for another process that writes. */
export const BUSY_MS = 2_000

/** Result codes that are no fault of a statement: busy, locked, read-only, input or output, full, not opened. */
const PASSING = [5, 6, 8, 10, 13, 14]

/** Throws UNAVAILABLE for a full disk or another process that writes for long. */
export function tried<T>(system: System, use: () => T): T {
  try {
    return use()
  } catch (error) {
    if (!isPassing(error)) throw error
    throw unavailable(`the file of answers: ${reasonOf(error)}`, sleep(system, RETRIES.store.firstMs))
  }
}

function isPassing(error: unknown): boolean {
  if (!(error instanceof Error) || !('errcode' in error)) return false
  return PASSING.includes(Number(error.errcode) & 0xff)
}
