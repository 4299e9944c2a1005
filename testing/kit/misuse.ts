/** What the kit says when it is used in a way that cannot work. */
import { type Duration, durationFault, durationMs } from '#core/duration.ts'
import { CaudalError } from '#core/errors.ts'

export function misuse(reason: string): CaudalError {
  return new CaudalError('KIT_MISUSED', { reason })
}

/** Names in a message; says so when there are none. */
export function listed(names: Iterable<string>): string {
  return [...names].join(', ') || 'none'
}

/** Milliseconds of a duration that a call of the kit was given. Throws KIT_MISUSED, with the name of what takes it. */
export function msOf(field: string, duration: Duration): number {
  const fault = durationFault(field, duration)
  if (fault !== undefined) throw misuse(fault)
  return durationMs(duration)
}
