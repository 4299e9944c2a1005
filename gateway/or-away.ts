/** What a caller gets while a store is away, where nothing would be taken for "there is none". */
import { hasCode } from '#core/errors.ts'
import { Problem } from './problem.ts'

/** The problem while the store is away. */
export async function orAway<T>(asked: Promise<T>): Promise<T | Problem> {
  try {
    return await asked
  } catch (error) {
    if (hasCode(error, 'UNAVAILABLE')) return new Problem('store_unavailable', { retryAfterS: 1 })
    throw error
  }
}
