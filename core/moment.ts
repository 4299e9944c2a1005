/** Moments, in milliseconds since 1970 as `Date` counts them. */

/** The last moment that a `Date` can show; as many milliseconds before 1970 is the first. Source: ECMA-262, Time Values and Time Range. */
export const MOMENT_MAX = 8.64e15

/** Whether a `Date` can show it. */
export const isMoment = (value: unknown): value is number =>
  typeof value === 'number' && Math.abs(value) <= MOMENT_MAX
