/** A chain of providers: the next one is asked when one cannot answer anybody now, or asks to be left alone. */
import { type Model, ModelError, Withheld } from './model.ts'

/**
 * Asks the providers in order. A wrong key, a missing model or an empty account moves on to the next one. A timeout does
 * not: that provider may still be working on an answer that is paid for. A refused request does not either: the next
 * provider would refuse it as well. However the chain ends, the record spends an attempt if any provider was really asked.
 * What a later provider says, or a brake before it, does not undo a purchase. When all fail, the record waits for the
 * provider that is ready first.
 *
 * Give every provider but the last `limited(..., { waitMaxMs: 0 })`, so that a full one is passed over at once.
 */
export function fallback(first: Model, ...others: readonly Model[]): Model {
  return {
    async complete(request, call) {
      let failure: ModelError | undefined
      for (const model of [first, ...others]) {
        try {
          return await model.complete(request, call)
        } catch (error) {
          if (!(error instanceof ModelError)) throw error
          if (error instanceof Withheld) throw failure?.spent ? failure : error
          failure = failure ? combined(failure, error) : error
          if (!movesOn(error)) throw failure
        }
      }
      throw failure
    },
  }
}

function movesOn({ errorType, outage }: ModelError): boolean {
  return errorType === 'unavailable' || errorType === 'rate_limit' || (outage && errorType !== 'timeout')
}

function combined(earlier: ModelError, later: ModelError): ModelError {
  const waits = [earlier.retryAfterMs, later.retryAfterMs].filter(wait => wait !== undefined)
  return new ModelError(later.errorType, {
    model: String(later.details.model),
    reason: `${earlier.reason}; then ${later.reason}`,
    retryAfterMs: waits.length > 0 ? Math.min(...waits) : undefined,
    status: later.status,
    spent: earlier.spent || later.spent,
    outage: earlier.outage && later.outage,
    needsPerson: earlier.needsPerson && later.needsPerson,
    cause: later,
  })
}
