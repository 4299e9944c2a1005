/** Durations as people write them, to milliseconds and back. */

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const

/** A number and its unit, as in `500ms`, `30s`, `2m`, `1.5h`. */
export type DurationText = `${number}${keyof typeof UNITS}`

/** Milliseconds of a duration; a number is taken as milliseconds. What cannot be read is NaN, for validation to report. */
export function durationMs(duration: DurationText | number): number {
  if (typeof duration === 'number') return duration
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(duration) ?? []
  if (amount === undefined) return Number.NaN
  return Number(amount) * UNITS[unit as keyof typeof UNITS] // The pattern above admits these units only.
}

/** The duration in the largest unit that divides it: 120000 is `2m`, 1500 is `1500ms`. */
export function durationText(ms: number): string {
  if (ms !== 0 && ms % UNITS.h === 0) return `${ms / UNITS.h}h`
  if (ms !== 0 && ms % UNITS.m === 0) return `${ms / UNITS.m}m`
  if (ms !== 0 && ms % UNITS.s === 0) return `${ms / UNITS.s}s`
  return `${ms}ms`
}
