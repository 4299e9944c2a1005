/** Times that a user gives: whole milliseconds since the epoch. No log stores others exactly, and some refuse them. */
import { CaudalError } from '#core/errors.ts'

/** Throws TIME_INVALID; a time that was left out is none. `time` may be of any type: not every user has a compiler. */
export function checkTime(node: string, field: string, time: unknown): void {
  if (time === undefined || isTime(time)) return
  const shown = typeof time === 'bigint' ? `${time}n` : String(time)
  throw new CaudalError('TIME_INVALID', { node, field, time: shown })
}

export function isTime(time: unknown): time is number {
  return typeof time === 'number' && Number.isSafeInteger(time) && time >= 0
}
