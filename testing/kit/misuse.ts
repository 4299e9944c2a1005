/** What the kit says when it is used in a way that cannot work. */
import { CaudalError } from '#core/errors.ts'
import { type DurationText, durationMs } from '#topology/duration.ts'

/** A duration as people write it, or milliseconds. */
export type Duration = DurationText | number

export function misuse(reason: string): CaudalError {
  return new CaudalError('KIT_MISUSED', { reason })
}

/** Names in a message; says so when there are none. */
export function listed(names: Iterable<string>): string {
  return [...names].join(', ') || 'none'
}

export function msOf(duration: Duration): number {
  const ms = durationMs(duration)
  if (ms >= 0) return ms
  throw misuse(
    `'${duration}' is no duration; write milliseconds, or a text such as '500ms', '30s', '2m', '1h'`,
  )
}
