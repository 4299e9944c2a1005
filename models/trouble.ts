/** Whose trouble a failed call is: that of everybody who asks the provider, or that of the question. */
import type { Failed } from './breaker.ts'
import type { ModelError } from './model.ts'

/** A kind of trouble that concerns every call, each with a breaker of its own. */
export type Trouble = 'outage' | 'rate_limit' | 'invalid'

/** Every kind of trouble; each has a breaker of its own. */
export const TROUBLES: readonly Trouble[] = ['outage', 'rate_limit', 'invalid']

/** The kind of trouble that this may be, were it everybody's. */
export function troubleOf({ errorType, outage }: ModelError): Trouble | undefined {
  if (outage) return 'outage'
  return errorType === 'rate_limit' || errorType === 'invalid' ? errorType : undefined
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
