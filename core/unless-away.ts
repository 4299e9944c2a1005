/** What a caller gets while a store is away: nothing, where that is as good as an answer. */
import { hasCode } from './errors.ts'

/** Nothing while the store is away. */
export async function unlessAway<T>(asked: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (hasCode(error, 'UNAVAILABLE')) return undefined
    throw error
  }
}
