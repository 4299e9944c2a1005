/** Whose trouble a failed call is: that of everybody who asks the provider, or that of the question. */
import { Breaker, type BreakerOptions, type Failed } from './breaker.ts'
import type { ModelError } from './model.ts'

/** A kind of trouble that concerns every call, each with a breaker of its own. */
export type Trouble = 'outage' | 'rate_limit' | 'invalid'

/** Every kind of trouble; each has a breaker of its own. */
export const TROUBLES: readonly Trouble[] = ['outage', 'rate_limit', 'invalid']

/** All requests are refused: a fault of the set-up, which a person fixes. */
const SETUP_PACES = [{ forMs: Number.POSITIVE_INFINITY, everyMs: 5_000 }]
/** A provider that refuses everybody for its rate is asked once a second whether it takes calls again. */
const REFUSAL_PACES = [{ forMs: Number.POSITIVE_INFINITY, everyMs: 1_000 }]
/** Refusals among different subjects, with no answer between, that are no chance. */
const REFUSALS_MAX = 10

/** The breakers of one provider. Options are for outages. */
export function breakersOf(options: BreakerOptions): Readonly<Record<Trouble, Breaker>> {
  return {
    outage: new Breaker(options),
    rate_limit: new Breaker({ failuresMax: REFUSALS_MAX, paces: REFUSAL_PACES }),
    invalid: new Breaker({ failuresMax: REFUSALS_MAX, paces: SETUP_PACES }),
  }
}

/** The kind of trouble that this may be, were it everybody's. A refusal that nobody knows is one of the request. */
export function troubleOf({ errorType, outage }: ModelError): Trouble {
  if (outage) return 'outage'
  return errorType === 'rate_limit' ? 'rate_limit' : 'invalid'
}

/** Refused so often while others were answered, or again after so many of them, a subject is refused for what it is. */
const OWN_REFUSALS = { timesMin: 10, answeredMin: 100 } as const

/**
 * Whether a failure is that of its subject, while no breaker says otherwise. For a refusal that a person must end, that
 * holds only where others were answered meanwhile. A model may be missing for one task type. A filter may forbid one text.
 */
export function isOwn(
  { times, between, isSuspect }: Failed,
  kind: Trouble,
  { needsPerson }: ModelError,
): boolean {
  if (kind === 'rate_limit')
    return (isSuspect && times >= OWN_REFUSALS.timesMin) || between >= OWN_REFUSALS.answeredMin
  return !needsPerson || isSuspect
}
