/** What a caller gets while a store is away: nothing, or the problem where nothing would be taken for "there is none". */
import { hasCode } from '#core/errors.ts'
import { Problem } from './problem.ts'

/** Nothing while the store is away. */
export async function unlessAway<T>(asked: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (hasCode(error, 'UNAVAILABLE')) return undefined
    throw error
  }
}

/** The problem while the store is away. */
export async function orAway<T>(asked: Promise<T>): Promise<T | Problem> {
  try {
    return await asked
  } catch (error) {
    if (hasCode(error, 'UNAVAILABLE')) return new Problem('store_unavailable', { retryAfterS: 1 })
    throw error
  }
}
