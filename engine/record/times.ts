/** Times from programs: whole milliseconds since the epoch. No log stores other times exactly, and some refuse them. */
import { DURATION_REMEDY, durationMs, isDuration, type Moment, shown } from '#core/duration.ts'
import { CaudalError } from '#core/errors.ts'

/** Throws TIME_INVALID, but not for a time that was left out. `time` may have any type: not every program is type-checked. */
export function checkTime(node: string, field: string, time: unknown): void {
  if (time === undefined || isTime(time)) return
  const remedy = 'give a whole number of milliseconds from 0 on'
  throw new CaudalError('TIME_INVALID', { node, field, time: timeText(time), remedy })
}

/** As `checkTime`, for a time that may be given as a duration after the processing time. */
export function checkMoment(node: string, field: string, moment: Moment | undefined, now: number): void {
  if (moment === undefined) return
  if (hasUnreadable(moment))
    throw new CaudalError('TIME_INVALID', { node, field, time: timeText(moment), remedy: DURATION_REMEDY })
  checkTime(node, field, timeOf(moment, now))
}

export function isTime(time: unknown): time is number {
  return typeof time === 'number' && Number.isSafeInteger(time) && time >= 0
}

/** The time of a moment, for work whose processing time is `now`. Returns a value that is no moment as it is. */
export function timeOf(moment: Moment, now: number): number {
  return isRelative(moment) ? now + durationMs(moment.after) : moment
}

/** Whether the moment has an `after` that is no duration. */
export function hasUnreadable(moment: Moment): boolean {
  return isRelative(moment) && !isDuration(moment.after)
}

/** A time of any type, as an error message shows it. */
export function timeText(time: unknown): string {
  if (typeof time === 'bigint') return `${time}n`
  return isRelative(time) ? `{ after: ${shown(time.after)} }` : String(time)
}

type Relative = Exclude<Moment, number>

function isRelative(moment: unknown): moment is Relative {
  return typeof moment === 'object' && moment !== null && 'after' in moment
}
