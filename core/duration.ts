/** Durations as people write them: the one parser of every field that takes a duration. */
import { CaudalError } from './errors.ts'

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const MS_OF_UNIT: ReadonlyMap<string, number> = new Map(Object.entries(UNITS))

/** A number and its unit, as in `500ms`, `30s`, `2m`, `1.5h`, `30d`. */
export type DurationText = `${number}${keyof typeof UNITS}`

/** A text with its unit, or whole milliseconds. */
export type Duration = DurationText | number

/** Milliseconds since the epoch, or so long `after` the processing time of the record. */
export type Moment = number | { readonly after: Duration }

/** The remedy of every error about something that is no duration. */
export const DURATION_REMEDY =
  "write whole milliseconds, or a text such as '500ms', '30s', '15m', '2h' or '30d'"

/** Milliseconds of a duration; a number is taken as milliseconds. NaN for what cannot be read, so that validation reports it. */
export function durationMs(duration: Duration): number {
  if (typeof duration === 'number') return duration
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(duration) ?? []
  const unitMs = MS_OF_UNIT.get(unit)
  if (amount === undefined || unitMs === undefined) return Number.NaN
  // The decimals of a float are cut: 1.005 s are 1,005 ms.
  return Number((Number(amount) * unitMs).toFixed(6))
}

/** Whether it can be read, as whole milliseconds that are at least `least`. */
export function isDuration(duration: Duration, least = 0): boolean {
  const ms = durationMs(duration)
  return Number.isSafeInteger(ms) && ms >= least
}

/** What is wrong with the duration in a field, with what to write instead; nothing where it can be used. */
export function durationFault(field: string, duration: Duration, least = 0): string | undefined {
  if (isDuration(duration, least)) return undefined
  const bound = least > 0 ? `, at least ${durationText(least)}` : ''
  return `${field} is ${shown(duration)}; ${DURATION_REMEDY}${bound}`
}

/** Milliseconds of the duration in a field. Throws CONFIGURATION_INVALID, with the field's name, where it cannot be used. */
export function msOf(field: string, duration: Duration, least = 0): number {
  const fault = durationFault(field, duration, least)
  if (fault !== undefined) throw new CaudalError('CONFIGURATION_INVALID', { faults: fault })
  return durationMs(duration)
}

/** As it was written; a text in quotes. */
export function shown(duration: Duration): string {
  return typeof duration === 'string' ? `'${duration}'` : String(duration)
}

/**
 * The duration in the largest unit that divides it, hours at most: 120000 is `2m`, 1500 is `1500ms`. The names of the delay
 * topics are made from it, so what it gives for a length never changes.
 */
export function durationText(ms: number): string {
  if (ms !== 0 && ms % UNITS.h === 0) return `${ms / UNITS.h}h`
  if (ms !== 0 && ms % UNITS.m === 0) return `${ms / UNITS.m}m`
  if (ms !== 0 && ms % UNITS.s === 0) return `${ms / UNITS.s}s`
  return `${ms}ms`
}

/** Options that take durations, by name: what was given, or milliseconds by default. */
export type Durations<Name extends string> = Readonly<Record<Name, number>>

/**
 * The durations of several options in milliseconds, each under its name with `Ms` at the end; what was left out is as in
 * `defaults`. Throws CONFIGURATION_INVALID with every fault at once.
 */
export function inMs<Name extends string>(
  given: { readonly [N in NoInfer<Name>]?: Duration | undefined },
  defaults: Durations<Name>,
): Durations<`${Name}Ms`> {
  const faults: string[] = []
  const resolved: Record<string, number> = {}
  for (const name in defaults) {
    const duration = given[name] ?? defaults[name]
    const fault = durationFault(name, duration)
    if (fault !== undefined) faults.push(fault)
    resolved[`${name}Ms`] = durationMs(duration)
  }
  if (faults.length > 0) throw new CaudalError('CONFIGURATION_INVALID', { faults: faults.join('\n') })
  return resolved as Durations<`${Name}Ms`> // It has every name of the defaults, with the unit.
}
